"""Errors by words, frequency, length and speaker; utterances that systems hear differently."""

from __future__ import annotations

import pytest

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate import ErrorReport, word_errors
from fsaasr.evaluate.breakdown import (
    confusions,
    disagreements,
    errors_by_frequency,
    errors_by_length,
    errors_by_speaker,
)

SAID = {"u1": ["a", "b", "c"], "u2": ["a", "a"], "u3": ["d"], "u4": ["a", "b", "c", "d", "a", "b", "c", "d"]}
SPEAKERS = {"u1": "ann", "u2": "bob", "u3": "ann", "u4": "bob"}


def report(**heard: str) -> ErrorReport:
    texts = {name: heard.get(name, " ".join(words)).split() for name, words in SAID.items()}
    return word_errors(SAID, texts, SPEAKERS)


def test_confusions_are_counted_over_trainings() -> None:
    found = confusions([report(u1="a x c", u2="a"), report(u1="a x c", u3="d d")])
    assert found[0] == ("b", "x", 2)
    assert sorted(found[1:]) == [("", "d", 1), ("a", "", 1)]


def test_bands_add_up_to_the_whole() -> None:
    reports = [report(u1="a x c", u2="a", u4="a b c d a b x x"), report(u1="a x c")]
    for bands in (errors_by_length(reports), errors_by_speaker(reports), errors_by_frequency(reports, {})):
        assert sum(band.words for band in bands) == reports[0].words == 14
        assert sum(band.errors for band in bands) == (reports[0].errors + reports[1].errors) / 2 == 2.5


def test_words_are_put_together_by_their_count_in_training() -> None:
    counts = {"a": 100, "b": 9, "c": 1}
    bands = errors_by_frequency([report(u1="a x c", u3="oh", u2="a a oh")], counts)
    assert [(band.name, band.words, band.errors) for band in bands] == [
        ("0", 3, 1.0),
        ("1", 3, 0.0),
        ("2 – 9", 3, 1.0),
        ("100 +", 5, 0.0),
    ]
    assert bands[0].rate == 1 / 3


def test_utterances_are_put_together_by_their_length() -> None:
    bands = errors_by_length([report(u1="a x c", u2="", u4="a b c d a b c d d")])
    assert [(band.name, band.words, band.errors) for band in bands] == [
        ("1 – 2", 3, 2.0),
        ("3 – 4", 3, 1.0),
        ("8 – 11", 8, 1.0),
    ]


def test_disagreements_begin_with_the_largest() -> None:
    systems = {"gmm": report(u1="a x c", u2="x x"), "ctc": report(u1="a x x"), "attention": report(u2="x a")}
    found = disagreements(systems)
    assert [(one.utterance, one.spread) for one in found] == [("u1", 2), ("u2", 2)]
    assert {name: entry.counts.errors for name, entry in found[1].errors.items()} == {
        "gmm": 2,
        "ctc": 0,
        "attention": 1,
    }
    assert disagreements({"gmm": report(), "ctc": report()}) == ()


def test_other_utterances_are_refused() -> None:
    other = word_errors({"v": ["a"]}, {"v": ["a"]})
    with pytest.raises(EvaluationError, match="'u1' of one report stands beside another utterance"):
        disagreements({"one": report(), "two": other})
