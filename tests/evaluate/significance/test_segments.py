"""Segments of words: against string matching, which shares no code with them, and against NIST's sc_stats."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate.significance import segment_errors
from tests.evaluate.significance.reports import marked, random_patterns


def slots(pattern: str) -> list[int]:
    """Errors between the words (even places) and at them (odd ones)."""
    found = [0]
    for letter in pattern:
        if letter == "i":
            found[-1] += 1
        else:
            found += [int(letter != "."), 0]
    return found


def by_regex(first: list[str], second: list[str], buffer: int) -> list[list[float]]:
    """Writes an utterance as a string of `g` (right word), `x` (wrong one), `i` (insertion) and splits it."""
    rows = []
    for patterns in zip(*first_and_second(first, second)):
        errors = [slots(pattern) for pattern in patterns]
        text, places = "", []
        for place in range(len(errors[0])):
            bad = any(one[place] for one in errors)
            if place % 2:
                text += "x" if bad else "g"
                places.append(place)
            elif bad:
                text += "i"
                places.append(place)
        for match in re.finditer(rf"[xi](?:g{{0,{buffer - 1}}}[xi])*", text):
            inside = places[match.start() : match.end()]
            rows.append([float(sum(one[place] for place in inside)) for one in errors])
    return rows


def first_and_second(first: list[str], second: list[str]) -> list[list[str]]:
    return [list(first), list(second)]


@pytest.mark.parametrize("buffer", [1, 2, 3])
@pytest.mark.parametrize("seed", range(8))
def test_segments_are_those_of_a_regular_expression(seed: int, buffer: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 15, 20).tolist()
    first, second = (random_patterns(rng, lengths, 0.25) for _ in range(2))
    found = segment_errors([marked(first)], [marked(second)], buffer=buffer)
    assert found.tolist() == by_regex(list(first), list(second), buffer)


def test_two_right_words_end_a_segment_and_one_does_not() -> None:
    table = segment_errors([marked(["s..s.s"])], [marked(["......"])])
    assert table.tolist() == [[1, 0], [2, 0]]


def test_both_systems_must_have_the_words_right() -> None:
    assert segment_errors([marked(["s..s"])], [marked([".s.."])]).tolist() == [[2, 1]]
    assert segment_errors([marked(["s.i.s"])], [marked(["...."])]).tolist() == [[3, 0]]


def test_whole_utterances_are_segments_where_asked() -> None:
    first, second = marked(["s....s", "...", "i."]), marked(["......", "...", "."])
    assert segment_errors([first], [second], "utterance").tolist() == [[2, 0], [1, 0]]


def test_trainings_count_by_their_mean_and_share_segments() -> None:
    first = [marked(["s....."]), marked(["...s.."])]
    assert segment_errors(first, [marked(["......"])]).tolist() == [[0.5, 0.0], [0.5, 0.0]]
    assert segment_errors(first, [marked([".s...."])]).tolist() == [[1.0, 1.0]]


def test_without_errors_there_is_no_segment() -> None:
    assert segment_errors([marked(["..."])], [marked(["..."])]).shape == (0, 2)


def test_what_does_not_fit_is_refused() -> None:
    one = marked(["..", "."])
    with pytest.raises(EvaluationError, match=r"report 2 is not of the references of the first \(e.g. 'u0'\)"):
        segment_errors([one], [marked(["...", "."])])
    with pytest.raises(EvaluationError, match="report 2 is not of the references"):
        segment_errors([one], [marked([".."])])
    with pytest.raises(EvaluationError, match="without report"):
        segment_errors([one], [])
    with pytest.raises(EvaluationError, match="cut 'words', buffer 0"):
        segment_errors([one], [one], buffer=0)
