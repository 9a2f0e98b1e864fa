"""Depth and density against counts arc by arc and frame by frame."""

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.lattice import frame_depth, lattice_density, lattice_depth, prune
from fsaasr.testing import random_word_lattice, word_paths


@pytest.mark.parametrize("seed", range(40))
def test_depth_counts_arcs_frame_by_frame(seed):
    lattice = random_word_lattice(np.random.default_rng(seed), num_states=8)
    spans = list(zip(lattice.state_frame[lattice.source].tolist(), lattice.state_frame[lattice.target].tolist()))
    counts = [sum(begin <= t < end for begin, end in spans) for t in range(lattice.num_frames)]
    assert frame_depth(lattice).tolist() == counts
    if counts:
        # Kaldi's definition: frames on all arcs for each frame of the utterance.
        assert lattice_depth(lattice) == pytest.approx(sum(end - begin for begin, end in spans) / lattice.num_frames)
        assert lattice_depth(lattice) >= 1


@pytest.mark.parametrize("seed", range(20))
def test_density_is_word_arcs_for_each_word(seed):
    lattice = random_word_lattice(np.random.default_rng(seed), empty=0.0)
    arcs = sum(label > 0 for label in lattice.output_label.tolist())
    assert lattice_density(lattice, 4) == arcs / 4
    best = max(word_paths(lattice), key=lambda path: path.acoustic + path.graph)
    assert lattice_density(lattice) == arcs / len(best.words)


def test_a_single_path_has_depth_and_density_one():
    lattice = prune(random_word_lattice(np.random.default_rng(2), empty=0.0), 0.0)
    assert len(list(word_paths(lattice))) == 1
    assert (lattice_depth(lattice), lattice_density(lattice)) == (1.0, 1.0)


def test_what_has_no_frames_or_words_has_no_size():
    lattice = random_word_lattice(np.random.default_rng(0), empty=1.0)
    with pytest.raises(LatticeError, match="'random' has 0 words"):
        lattice_density(lattice)
    still = random_word_lattice(np.random.default_rng(0))
    object.__setattr__(still, "num_frames", 0)
    with pytest.raises(LatticeError, match="has no frames"):
        lattice_depth(still)
