"""Scales written into scores: what is asked without them is what they would have given."""

from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.lattice import PartScales, check, scaled, with_part_scales
from fsaasr.testing import random_word_lattice, word_paths
from tests.lattice.paths import random_parts


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("scales", [(0.5, 2.0, 0.25), (0.0, 1.0, -0.5), (1.0, 0.0, 0.0)])
def test_scaled_scores_are_scores_under_scales(seed, scales):
    rng = np.random.default_rng(seed)
    lattice = random_word_lattice(rng)
    lattice = replace(lattice, parts=random_parts(lattice, rng)) if seed % 2 else lattice
    other = scaled(lattice, *scales)
    check(other)
    acoustic, lm, penalty = scales
    wanted = [(p.arcs, acoustic * p.acoustic + lm * p.graph - penalty * len(p.words)) for p in word_paths(lattice)]
    assert [(p.arcs, p.acoustic + p.graph) for p in word_paths(other)] == wanted
    assert other.total_score() == pytest.approx(lattice.total_score(*scales))
    assert other.best_path().words == lattice.best_path(*scales).words
    assert other.arc_posteriors() == pytest.approx(lattice.arc_posteriors(*scales))


@pytest.mark.parametrize("seed", range(30))
def test_parts_have_scales_of_their_own(seed):
    rng = np.random.default_rng(seed)
    lattice = random_word_lattice(rng)
    lattice = replace(lattice, parts=random_parts(lattice, rng))
    other = with_part_scales(lattice, PartScales(2.0, 0.0, 0.5, 1.0))
    check(other)
    p = lattice.parts
    for path, was in zip(word_paths(other), word_paths(lattice)):
        k = list(was.arcs)
        ends = lattice.final_score[lattice.target[k[-1]] if k else 0]
        wanted = 2 * (p.lm[k].sum() + ends) + 0.5 * p.silence[k].sum() + p.topology[k].sum()
        assert (path.acoustic, path.graph) == (was.acoustic, pytest.approx(float(wanted)))


def test_what_cannot_be_scaled_is_refused():
    lattice = random_word_lattice(np.random.default_rng(0))
    with pytest.raises(LatticeError, match="acoustic_scale -1"):
        scaled(lattice, -1.0)
    with pytest.raises(LatticeError, match="are not known"):
        with_part_scales(lattice, PartScales())
    known = replace(lattice, parts=random_parts(lattice, np.random.default_rng(0)))
    with pytest.raises(LatticeError, match="finite and >= 0"):
        with_part_scales(known, PartScales(lm=-1.0))
