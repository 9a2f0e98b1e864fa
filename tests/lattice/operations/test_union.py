"""Union: all paths of all lattices, by enumeration."""

from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice import SEARCH_DIED, check, union, with_frame_shift
from fsaasr.testing import random_word_lattice
from tests.lattice.paths import facts, random_parts


def systems(seed, count=3):
    """Random lattices with as many frames."""
    rng = np.random.default_rng(seed)
    found = [random_word_lattice(rng)]
    while len(found) < count:
        lattice = random_word_lattice(rng)
        if lattice.num_frames == found[0].num_frames:
            found.append(lattice)
    return found


@pytest.mark.parametrize("seed", range(100))
def test_paths_are_those_of_all_and_totals_add(seed):
    lattices = systems(seed)
    both = union(lattices)
    check(both)
    assert facts(both) == sorted(path for lattice in lattices for path in facts(lattice))
    totals = [lattice.total_score() for lattice in lattices]
    assert both.total_score() == pytest.approx(np.logaddexp.reduce(totals))
    assert both.best_path().score == max(lattice.best_path().score for lattice in lattices)
    assert np.all(np.diff(both.state_frame) >= 0)


@pytest.mark.parametrize("seed", range(30))
def test_weights_make_systems_as_probable_as_they_say(seed):
    lattices = systems(seed, 2)
    weights = [np.log(share) - lattice.total_score() for share, lattice in zip((0.75, 0.25), lattices)]
    both = union(lattices, weights)
    assert both.total_score() == pytest.approx(0, abs=1e-4)
    first = (both.source == 0) & (both.output_label == 0) & (both.acoustic_score == 0)
    posteriors = both.arc_posteriors()[first]
    assert sorted(posteriors) == pytest.approx([0.25, 0.75], abs=1e-4)


@pytest.mark.parametrize("seed", range(30))
def test_words_are_the_same_that_have_the_same_name(seed):
    one, two = systems(seed, 2)
    two = replace(two, words=SymbolTable(["w3", "other", "w1"]))
    both = union([one, two])
    assert both.words == SymbolTable(["w1", "w2", "w3", "other"])
    assert facts(both) == sorted([*facts(one), *facts(two)])


def test_columns_and_parts_stay_where_all_have_them():
    rng = np.random.default_rng(0)
    one, two = (replace(lattice, parts=random_parts(lattice, rng)) for lattice in systems(3, 2))
    both = union([one, two], [-0.5, -0.25])
    check(both)
    assert both.parts is not None
    assert both.columns is not None
    assert union([one, replace(two, parts=None)]).parts is None
    foreign = union([one, replace(two, tokens=SymbolTable(["x", "y", "z"]))])
    assert foreign.columns is None is foreign.column_flags
    flagless = union([one, replace(two, column_flags=None)])
    assert flagless.columns is not None
    assert flagless.column_flags is None


def test_troubles_add():
    one, two = systems(3, 2)
    both = union([replace(one, reached_final=False, flags=("odd",)), two])
    assert (both.reached_final, both.flags, both.evidence) == (False, ("odd",), None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"utterance": "u2"}, "'u2', .* after 'random'"),
        ({"frame_shift": 0.02}, "see with_frame_shift"),
        ({"flags": (SEARCH_DIED,)}, "died before its end"),
    ],
)
def test_what_cannot_be_united_is_refused(change, message):
    one, two = systems(3, 2)
    with pytest.raises(LatticeError, match=message):
        union([one, replace(two, **change)])


@pytest.mark.parametrize("weights", [[0.0], [0.0, float("nan")]])
def test_weights_are_finite_and_one_each(weights):
    with pytest.raises(LatticeError, match="2 finite ones are expected"):
        union(systems(3, 2), weights)
    with pytest.raises(LatticeError, match="no lattices"):
        union([])


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("ratio", [1, 3, 0.4])
def test_another_grid_keeps_words_scores_and_times_to_half_a_frame(seed, ratio):
    lattice = random_word_lattice(np.random.default_rng(seed), 8, 16)
    frames = round(lattice.num_frames / ratio)
    other = with_frame_shift(lattice, 0.01 * ratio, frames)
    check(other)
    assert (other.num_frames, other.columns) == (frames, None)
    times = lattice.state_frame * 0.01
    assert np.all(np.abs(other.state_frame * 0.01 * ratio - times) <= 0.005 * ratio + 1e-9)
    assert other.total_score() == lattice.total_score()


def test_a_grid_of_another_length_is_refused():
    lattice = random_word_lattice(np.random.default_rng(3))
    with pytest.raises(LatticeError, match="both must cover the utterance"):
        with_frame_shift(lattice, 0.04, 40 * lattice.num_frames)
    with pytest.raises(LatticeError, match="died before its end"):
        with_frame_shift(replace(lattice, flags=(SEARCH_DIED,)), 0.01, lattice.num_frames)
