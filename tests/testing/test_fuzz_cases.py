"""The fuzzer's referee agrees with enumeration, and its cases hold what they promise."""

import math

import numpy as np
import pytest
from hypothesis import given

from fsaasr.testing import (
    best_and_total,
    best_score_of,
    enumerate_partial_paths,
    enumerate_paths,
    fuzz_case,
    search_trellis,
)
from fsaasr.testing.strategies import fsts, matrices


def paths_of(fst, matrix):
    """Complete paths, or else the longest partial ones."""
    complete = enumerate_paths(fst, matrix)
    return (len(matrix), complete) if complete else enumerate_partial_paths(fst, matrix)


@given(fsts(), matrices())
def test_the_trellis_is_that_of_all_paths(fst, matrix):
    trellis = search_trellis(fst, matrix)
    reached, paths = paths_of(fst, matrix)
    expected = best_and_total(paths)
    assert (trellis.best, trellis.reached) == (expected.best, reached)
    assert trellis.total == pytest.approx(expected.total, abs=1e-9)
    assert trellis.reached_final == bool(enumerate_paths(fst, matrix))


@given(fsts(), matrices())
def test_arcs_and_ends_are_those_of_the_paths_through_them(fst, matrix):
    trellis = search_trellis(fst, matrix)
    _, paths = paths_of(fst, matrix)
    through, ends = {}, {}
    for path in paths:
        ends[path.state] = max(path.score, ends.get(path.state, -math.inf))
        frames = np.cumsum([0, *(fst.input_label[list(path.arcs)] > 0)])
        for timed in zip(frames.tolist(), path.arcs):
            through[timed] = max(path.score, through.get(timed, -math.inf))
    for beam in (0.0, 1.0, math.inf):
        cutoff = trellis.best - beam
        assert trellis.arcs_within(beam) == {timed for timed, score in through.items() if score >= cutoff}
        assert set(trellis.ends_within(beam)) == {state for state, score in ends.items() if score >= cutoff}


@given(fsts(), matrices())
def test_the_score_of_words_and_columns_is_that_of_their_best_path(fst, matrix):
    trellis = search_trellis(fst, matrix)
    best = {}
    for path in paths_of(fst, matrix)[1][:200]:
        columns = tuple(int(label) - 1 for label in fst.input_label[list(path.arcs)] if label)
        key = (columns, path.words(fst))
        best[key] = max(path.score, best.get(key, -math.inf))
    for (columns, words), score in best.items():
        assert best_score_of(fst, matrix, columns, words, trellis.end_score) >= score
        assert best_score_of(fst, matrix, columns, (*words, 9), trellis.end_score) == -math.inf


def test_a_seed_makes_the_same_case_again():
    one, other = fuzz_case(7), fuzz_case(7)
    assert one.graph.hash == other.graph.hash
    assert np.array_equal(one.matrix, other.matrix)
    assert fuzz_case(8).graph.hash != one.graph.hash


def test_cases_are_sound_and_of_all_kinds():
    cases = [fuzz_case(seed) for seed in range(300)]
    kinds = dict.fromkeys(
        ["epsilon", "parallel", "impossible arc", "impossible score", "finals", "positive", "word on epsilon"], 0
    )
    outcomes = []
    for case in cases:
        case.graph.check()
        fst = case.graph.fst
        source = np.repeat(np.arange(fst.num_states), np.diff(fst.arc_offsets))
        triples = list(zip(source.tolist(), fst.next_state.tolist(), fst.input_label.tolist()))
        kinds["epsilon"] += bool((fst.input_label == 0).any())
        kinds["parallel"] += len(set(triples)) < len(triples)
        kinds["impossible arc"] += bool(np.isneginf(fst.score).any())
        kinds["impossible score"] += bool(np.isneginf(case.matrix).any())
        kinds["finals"] += int((fst.final_score > -math.inf).sum() > 1)
        kinds["positive"] += bool((fst.score > 0).any())
        kinds["word on epsilon"] += bool(((fst.input_label == 0) & (fst.output_label > 0)).any())
        trellis = search_trellis(fst, case.matrix)
        outcomes.append((trellis.reached_final, trellis.reached < len(case.matrix)))
    assert min(kinds.values()) >= 30, kinds
    assert min(outcomes.count(outcome) for outcome in set(outcomes)) >= 10
    assert set(outcomes) == {(True, False), (False, False), (False, True)}
