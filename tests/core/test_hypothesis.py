from __future__ import annotations

import json

import pytest

from fsaasr.core import Hypothesis, Span

HYPOTHESIS = Hypothesis(
    utterance="utt1",
    words=(Span("one", 0.0, 0.25, 0.5), Span("two", 0.25, 0.75)),
    tokens=(Span("W", 0.0, 0.125), Span("T", 0.25, 0.5)),
    columns=(1, 1, 0),
    acoustic_score=-2.5,
    graph_score=-0.25,
    reached_final=False,
    rule="MBR",
)


def test_text_and_score() -> None:
    assert HYPOTHESIS.text == "one two"
    assert HYPOTHESIS.score == -2.75  # -2.5 - 0.25


def test_json_gives_the_same_back() -> None:
    assert Hypothesis.from_dict(json.loads(json.dumps(HYPOTHESIS.to_dict()))) == HYPOTHESIS


def test_no_words_is_an_empty_text() -> None:
    empty = Hypothesis("utt", (), (), (0, 0), 0.0, 0.0)
    assert empty.text == ""
    assert empty.reached_final
    assert empty.rule == "MAP"


def test_it_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        HYPOTHESIS.utterance = "other"  # type: ignore[misc]
