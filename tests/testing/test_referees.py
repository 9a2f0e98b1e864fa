"""The two referees agree with each other and with sums worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given

from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.testing import (
    best_and_total,
    enumerate_partial_paths,
    enumerate_paths,
    exact_search,
    linear_ctc_fst,
    random_fst,
    random_matrix,
)
from fsaasr.testing.strategies import fsts, matrices

# 0 -1:1/-0.5-> 1 -eps/-0.25-> 2(final 1.0);  1 loops on label 2
EPSILON_FST = FstArrays.from_arcs([(0, 1, 1, 1, -0.5), (1, 2, 0, 2, -0.25), (1, 1, 2, 0, 0.0)], [(2, 1.0)])
TWO_FRAMES = [[-1.0, -3.0], [-3.0, -2.0]]


def test_the_only_path_has_the_score_of_its_parts():
    (path,) = enumerate_paths(EPSILON_FST, TWO_FRAMES)
    # -0.5 - 1 (arc 0), -2 (loop), -0.25 (epsilon), final 1
    assert path.score == -0.5 - 1.0 - 2.0 - 0.25 + 1.0
    assert path.words(EPSILON_FST) == (1, 2)


def test_a_path_that_misses_a_frame_is_no_path():
    single = FstArrays.from_arcs([(0, 1, 1, 0, 0.0)], [(1, 0.0)])
    assert enumerate_paths(single, [[0.0], [0.0]]) == []
    assert exact_search(single, [[0.0], [0.0]]).best == -math.inf


def test_partial_paths_end_where_the_last_path_dies():
    single = FstArrays.from_arcs([(0, 1, 1, 0, -0.5)], [(1, 0.0)])
    reached, paths = enumerate_partial_paths(single, [[-1.0], [0.0]])
    assert reached == 1
    assert [(path.arcs, path.score) for path in paths] == [((0,), -1.5)]


@given(fsts(), matrices())
def test_enumeration_and_matrices_agree(fst, matrix):
    paths = enumerate_paths(fst, matrix)
    enumerated = best_and_total(paths)
    exact = exact_search(fst, matrix)
    assert exact.best == enumerated.best
    assert exact.total == pytest.approx(enumerated.total, abs=1e-9)
    if paths:
        np.testing.assert_allclose(exact.occupancy.sum(axis=1), 1.0, atol=1e-9)


@given(fsts(), matrices())
def test_best_partial_is_the_best_of_the_enumerated(fst, matrix):
    reached, paths = enumerate_partial_paths(fst, matrix)
    expected = best_and_total(paths).best if reached == len(matrix) else -math.inf
    assert exact_search(fst, matrix).best_partial == expected


def test_linear_ctc_graph_accepts_what_collapses_to_its_labels():
    fst = linear_ctc_fst([1, 1, 2])
    found = {
        tuple(int(fst.input_label[arc]) - 1 for arc in path.arcs) for path in enumerate_paths(fst, np.zeros((5, 3)))
    }
    expected = set()
    for code in range(3**5):
        columns = tuple(code // 3**t % 3 for t in range(5))
        collapsed = [c for t, c in enumerate(columns) if c and (t == 0 or c != columns[t - 1])]
        if collapsed == [1, 1, 2]:
            expected.add(columns)
    assert found == expected
    assert len(enumerate_paths(fst, np.zeros((5, 3)))) == len(expected)


def test_random_fst_depends_on_the_seed_alone():
    first, second = (random_fst(np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first.score, second.score)
    assert np.array_equal(first.next_state, second.next_state)
    first.check(3)
    assert random_matrix(np.random.default_rng(1), 4).shape == (4, 3)
