"""Word and character errors: laws of the edit distance, an independent distance, sums, refusals."""

from __future__ import annotations

import copy
import json
from typing import Any, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate import ErrorCounts, ErrorReport, character_errors, word_errors

from .strategies import WORDS, scored_sets


def levenshtein(one: Sequence[str], other: Sequence[str]) -> int:
    """Edit distance by the recurrence of Wagner and Fischer 1974, full table."""
    table = [[i + j if i * j == 0 else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            change = table[i - 1][j - 1] + (one[i - 1] != other[j - 1])
            table[i][j] = min(change, table[i - 1][j] + 1, table[i][j - 1] + 1)
    return table[-1][-1]


def counts_of(reference: Sequence[str], hypothesis: Sequence[str]) -> ErrorCounts:
    # A second utterance keeps an empty reference legal.
    report = word_errors({"u": reference, "v": ["x"]}, {"u": hypothesis, "v": ["x"]})
    return report.utterances[0].counts


@given(WORDS, WORDS)
def test_errors_are_the_edit_distance(reference: list[str], hypothesis: list[str]) -> None:
    counts = counts_of(reference, hypothesis)
    assert counts.errors == levenshtein(reference, hypothesis)
    assert counts.words == len(reference)
    assert counts.insertions - counts.deletions == len(hypothesis) - len(reference)
    assert min(counts.substitutions, counts.insertions, counts.deletions) >= 0


@given(WORDS, WORDS)
def test_swapping_the_sides_swaps_insertions_and_deletions_in_sum(one: list[str], other: list[str]) -> None:
    there, back = counts_of(one, other), counts_of(other, one)
    assert there.errors == back.errors
    assert there.insertions - there.deletions == back.deletions - back.insertions


@given(WORDS, WORDS, WORDS)
def test_triangle_inequality(one: list[str], two: list[str], three: list[str]) -> None:
    assert counts_of(one, three).errors <= counts_of(one, two).errors + counts_of(two, three).errors


@given(scored_sets())
def test_rate_is_zero_exactly_for_equal_texts(texts: Any) -> None:
    references, hypotheses, _ = texts
    assert (word_errors(references, hypotheses).wer == 0) == (references == hypotheses)
    assert word_errors(references, copy.deepcopy(references)).wer == 0


@given(scored_sets())
def test_alignment_reads_back_both_sides(texts: Any) -> None:
    references, hypotheses, _ = texts
    for entry in word_errors(references, hypotheses).utterances:
        assert [r for r, _ in entry.alignment if r] == references[entry.utterance]
        assert [h for _, h in entry.alignment if h] == hypotheses[entry.utterance]
        assert ("", "") not in entry.alignment
        assert sum(r != h for r, h in entry.alignment) == entry.counts.errors


@given(scored_sets())
def test_sums_over_utterances_and_over_speakers_are_the_total(texts: Any) -> None:
    report = word_errors(*texts)
    assert ErrorCounts.sum(entry.counts for entry in report.utterances) == report.total
    assert ErrorCounts.sum(report.per_speaker.values()) == report.total
    assert report.errors == report.substitutions + report.insertions + report.deletions
    assert report.words == sum(map(len, texts[0].values()))
    assert list(report.per_speaker) == sorted(set(texts[2].values()))


@given(scored_sets())
def test_order_of_utterances_changes_no_sum_and_inputs_stay(texts: Any) -> None:
    before = copy.deepcopy(texts)
    report = word_errors(*texts)
    backwards = word_errors(*(dict(reversed(side.items())) for side in texts))
    assert backwards.total == report.total
    assert backwards.per_speaker == report.per_speaker
    assert texts == before


@given(scored_sets())
def test_dict_form_round_trips_through_json(texts: Any) -> None:
    report = word_errors(*texts)
    value = json.loads(json.dumps(report.to_dict()))
    assert ErrorReport.from_dict(value) == report
    assert value["rate"] == report.wer


@given(scored_sets(), st.booleans())
def test_character_errors_are_the_edit_distance_of_the_joined_words(texts: Any, spaces: bool) -> None:
    references, hypotheses, _ = texts
    joint = " " if spaces else ""
    report = character_errors(references, hypotheses, spaces=spaces)
    for entry in report.utterances:
        sides = [joint.join(side[entry.utterance]) for side in (references, hypotheses)]
        assert entry.counts.errors == levenshtein(*sides)
        assert entry.counts.words == len(sides[0])


def test_worked_example() -> None:
    # the cat sat on the mat / the cat sat mat: `on the` deleted; one two / one too two: `too` inserted; b -> c.
    report = word_errors(
        {"u1": ["the", "cat", "sat", "on", "the", "mat"], "u2": ["one", "two"], "u3": ["a", "b"], "u4": []},
        {"u1": ["the", "cat", "sat", "mat"], "u2": ["one", "too", "two"], "u3": ["a", "c"], "u4": []},
        {"u1": "ann", "u2": "bob", "u3": "bob", "u4": "cem", "not scored": "dan"},
    )
    assert (report.words, report.substitutions, report.insertions, report.deletions) == (10, 1, 1, 2)
    assert report.wer == 4 / 10
    assert report.per_speaker["bob"] == ErrorCounts(4, 1, 1, 0)
    assert report.per_speaker["cem"].rate is None
    assert list(report.per_speaker) == ["ann", "bob", "cem"]
    assert report.empty_references == ("u4",)
    assert (report.wrong_utterances, report.utterance_error_rate) == (3, 0.75)
    assert report.utterances[1].alignment == (("one", "one"), ("", "too"), ("two", "two"))


def test_characters_count_spaces_unless_told() -> None:
    texts = {"u": ["a", "cat"]}, {"u": ["acat"]}
    assert character_errors(*texts).total == ErrorCounts(5, 0, 0, 1)
    assert character_errors(*texts, spaces=False).total == ErrorCounts(4, 0, 0, 0)


def test_words_heard_in_an_empty_reference_are_insertions() -> None:
    report = word_errors({"u1": ["a"], "u2": []}, {"u1": ["a"], "u2": ["b", "c"]})
    assert report.empty_references == ("u2",)
    assert report.total == ErrorCounts(1, 0, 2, 0)


def test_rate_may_exceed_one() -> None:
    assert word_errors({"u": ["a"]}, {"u": ["b", "c", "d"]}).wer == 3.0


def test_rate_of_the_other_unit_is_refused() -> None:
    texts = {"u": ["a"]}, {"u": ["b"]}
    assert word_errors(*texts).wer == character_errors(*texts).cer == 1.0
    with pytest.raises(EvaluationError, match="words has no character error rate; use character_errors"):
        _ = word_errors(*texts).cer
    with pytest.raises(EvaluationError, match="characters has no word error rate; use word_errors"):
        _ = character_errors(*texts).wer


@pytest.mark.parametrize("score", [word_errors, character_errors])
@pytest.mark.parametrize(
    ("references", "hypotheses", "speakers", "message"),
    [
        ({"u1": ["a"], "u2": ["b"]}, {"u1": ["a"]}, None, r"1 \('u2'\) without hypothesis, 0 without reference"),
        ({"u1": ["a"]}, {"u1": ["a"], "u2": []}, None, r"0 without hypothesis, 1 \('u2'\) without reference"),
        ({str(i): ["a"] for i in range(9)}, {}, None, r"9 \('0', '1', '2', '3', '4', ...\) without hypothesis"),
        ({}, {}, None, "no reference has a word"),
        ({"u1": [], "u2": []}, {"u1": ["a"], "u2": []}, None, "no reference has a word"),
        ({"u1": ["a"]}, {"u1": ["a"]}, {"u2": "ann"}, r"1 \('u1'\) without speaker"),
        ({"u1": "a b"}, {"u1": ["a"]}, None, r"reference of 'u1' is the string 'a b'.*use .split\(\)"),
        ({"u1": ["a"]}, {"u1": "a b"}, None, "hypothesis of 'u1' is the string"),
        ({"u1": ["a", ""]}, {"u1": ["a"]}, None, "reference of 'u1' holds ''"),
        ({"u1": ["a"]}, {"u1": ["a b"]}, None, "hypothesis of 'u1' holds 'a b'"),
        ({"u1": ["a"]}, {"u1": [1]}, None, "hypothesis of 'u1' holds 1"),
    ],
)
def test_refused_input(score: Any, references: Any, hypotheses: Any, speakers: Any, message: str) -> None:
    with pytest.raises(EvaluationError, match=f"{score.__name__}: .*{message}"):
        score(references, hypotheses, speakers)
