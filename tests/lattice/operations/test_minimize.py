"""Minimization and pushing: the same paths, by enumeration."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.lattice import check, frame_lattice, minimized, pushed
from fsaasr.testing import random_word_lattice, word_paths
from tests.lattice.paths import facts, random_parts

SEEDS = range(150)


def prefix_tree(lattice):
    """All paths side by side from one start: as far from minimal as can be."""
    rows, frames, final = [], [0], [-np.inf]
    for path in word_paths(lattice):
        state = 0
        for k in path.arcs:
            frames.append(int(lattice.state_frame[lattice.target[k]]))
            final.append(-np.inf)
            rows.append((state, len(frames) - 1, k))
            state = len(frames) - 1
        final[state] = float(lattice.final_score[lattice.target[path.arcs[-1]] if path.arcs else 0])
    rows.sort()
    source, target, arcs = np.array(rows, dtype=np.int32).reshape(-1, 3).T
    places = lattice.frames_of(arcs)
    return replace(
        lattice,
        source=source,
        target=target,
        output_label=lattice.output_label[arcs],
        acoustic_score=lattice.acoustic_score[arcs],
        graph_score=lattice.graph_score[arcs],
        state_frame=np.array(frames, dtype=np.int32),
        final_score=np.array(final, dtype=np.float32),
        columns=lattice.columns[places],
        column_flags=lattice.column_flags[places],
        parts=None if lattice.parts is None else lattice.parts.take(arcs),
    )


def futures(lattice):
    """Of each state, from the definition, a value that equal futures share."""
    found = {}
    for s in reversed(range(lattice.num_states)):
        arcs = np.flatnonzero(lattice.source == s)
        follows = Counter()
        for k in arcs:
            places = lattice.frames_of(np.array([k], dtype=np.int32))
            spelled = tuple(zip(lattice.columns[places].tolist(), lattice.column_flags[places].tolist()))
            scores = (float(lattice.acoustic_score[k]), float(lattice.graph_score[k]))
            follows[(int(lattice.output_label[k]), spelled, scores, found[int(lattice.target[k])])] += 1
        key = (int(lattice.state_frame[s]), float(lattice.final_score[s]), frozenset(follows.items()))
        found[s] = key
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_paths_stay_and_no_two_states_have_equal_futures(seed):
    rng = np.random.default_rng(seed)
    lattice = random_word_lattice(rng, 6, 10, num_words=2, num_columns=2)
    lattice = replace(lattice, column_flags=np.zeros_like(lattice.column_flags))
    lattice = prefix_tree(lattice) if seed % 2 else lattice
    small = minimized(lattice)
    check(small)
    assert facts(small) == facts(lattice)
    assert len(set(futures(small).values())) == small.num_states
    assert small.total_score() == pytest.approx(lattice.total_score())
    assert small.num_states <= len(set(futures(lattice).values()))
    again = minimized(small)
    for name in ("source", "target", "output_label", "acoustic_score", "state_frame", "final_score", "columns"):
        assert np.array_equal(getattr(again, name), getattr(small, name))


def test_a_tree_of_paths_becomes_small():
    sizes = [(lat.num_states, minimized(lat).num_states) for lat in map(prefix_tree, map(lattice_of, SEEDS))]
    assert sum(small for _, small in sizes) < 0.6 * sum(large for large, _ in sizes)


def lattice_of(seed):
    return random_word_lattice(np.random.default_rng(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_pushing_keeps_paths_and_leaves_nothing_ahead(seed):
    lattice = lattice_of(seed)
    early = pushed(lattice)
    check(early)
    assert facts(early) == facts(lattice)
    best = np.where(np.isneginf(early.final_score), -np.inf, early.final_score).astype(np.float64)
    for k in reversed(range(early.num_arcs)):
        if lattice.final_score[early.source[k]] == -np.inf:
            score = early.acoustic_score[k] + early.graph_score[k] + best[early.target[k]]
            best[early.source[k]] = max(best[early.source[k]], score)
    assert np.all(best[1:] == 0)
    assert early.arc_posteriors() == pytest.approx(lattice.arc_posteriors())


@pytest.mark.parametrize("seed", SEEDS)
def test_pushed_trees_become_as_small_or_smaller(seed):
    lattice = prefix_tree(lattice_of(seed))
    small = minimized(pushed(lattice))
    check(small)
    assert facts(small) == facts(lattice)
    assert small.num_states <= minimized(lattice).num_states


@pytest.mark.parametrize("seed", range(40))
def test_parts_stay_parts(seed):
    rng = np.random.default_rng(seed)
    lattice = random_word_lattice(rng)
    tree = prefix_tree(replace(lattice, parts=random_parts(lattice, rng)))
    for small in (minimized(tree), minimized(pushed(tree))):
        check(small)
        assert facts(small) == facts(tree)


@pytest.mark.parametrize("seed", range(40))
def test_times_keep_states_apart_where_columns_are_not_known(seed):
    bare = replace(prefix_tree(lattice_of(seed)), columns=None, column_flags=None)
    zero = np.zeros(bare.num_arcs, dtype=np.float32)
    tree = replace(bare, acoustic_score=zero, graph_score=zero)
    small = minimized(tree)
    check(small)
    assert [path.words for path in facts(small)] == [path.words for path in facts(tree)]


@pytest.mark.parametrize("seed", range(40))
def test_frames_of_a_lattice_merge_too(seed):
    lattice = prefix_tree(lattice_of(seed))
    spelled = frame_lattice(lattice)
    small = minimized(spelled)
    check(small)
    assert small.num_states <= spelled.num_states
    assert small.total_score() == pytest.approx(spelled.total_score())
    assert [h.text for h in small.nbest(5)] == [h.text for h in spelled.nbest(5)]


def test_close_scores_are_equal_up_to_the_tolerance():
    tree = prefix_tree(lattice_of(8))
    noise = np.random.default_rng(0).uniform(-4e-4, 4e-4, size=tree.num_arcs).astype(np.float32)
    noisy = replace(tree, acoustic_score=tree.acoustic_score + noise)
    assert minimized(noisy, 1e-3).num_states == minimized(tree).num_states < minimized(noisy, 0.0).num_states
    assert minimized(noisy, 1e-3).total_score() == pytest.approx(tree.total_score(), abs=1e-2)


def test_a_negative_tolerance_is_refused():
    with pytest.raises(LatticeError, match="tolerance is -1"):
        minimized(lattice_of(0), -1.0)
