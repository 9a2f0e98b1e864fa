"""What is written is read again: words, times and confidences, as far as each format holds them."""

from __future__ import annotations

import math
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core import Hypothesis, HypothesisError, Span
from fsaasr.hypotheses import (
    FORMATS,
    Placement,
    export_hypotheses,
    format_of,
    grouped,
    numbered,
    read_hypotheses,
    read_nbest,
    read_placed,
    words_without_times,
    write_hypotheses,
    write_nbest,
)

from .strategies import hypothesis_sets

Found = Dict[str, Tuple[Hypothesis, Placement]]


def exported(hypotheses: Any, placements: Any, name: str) -> Found:
    """What is read from all files of a format (of CTM, words and tokens joined)."""
    found: Found = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = export_hypotheses(hypotheses, folder, [name], placements)
        assert sorted(paths) == sorted(path for path in Path(folder).rglob("*") if path.is_file())
        for path in paths:
            for hypothesis, placement in read_placed(path):
                if path.name == "tokens.ctm":
                    hypothesis = replace(found[hypothesis.utterance][0], tokens=hypothesis.tokens)
                found[hypothesis.utterance] = (hypothesis, placement)
    return found


def without(spans: Any, confidence: bool = True) -> Any:
    return tuple(span._replace(confidence=None) for span in spans)


@pytest.mark.parametrize("name", ["ctm", "textgrid", "supervisions"])
@given(drawn=hypothesis_sets())
@settings(max_examples=60, deadline=None)
def test_words_tokens_times_confidences_and_places_come_back(name: str, drawn: Any) -> None:
    hypotheses, placements = drawn
    found = exported(hypotheses, placements, name)
    assert found.keys() == placements.keys()
    for hypothesis in hypotheses:
        assert found[hypothesis.utterance] == (hypothesis, placements[hypothesis.utterance])


@given(drawn=hypothesis_sets(points=False))
@settings(max_examples=60, deadline=None)
def test_webvtt_gives_back_words_with_times(drawn: Any) -> None:
    hypotheses, placements = drawn
    found = exported(hypotheses, placements, "vtt")
    for hypothesis in hypotheses:
        read, placement = found[hypothesis.utterance]
        assert read == replace(hypothesis, words=without(hypothesis.words), tokens=())
        assert placement == placements[hypothesis.utterance]


@given(drawn=hypothesis_sets())
@settings(max_examples=60, deadline=None)
def test_subtitles_lose_no_word(drawn: Any) -> None:
    hypotheses, placements = drawn
    for hypothesis, _ in exported(hypotheses, placements, "vtt").values():
        (original,) = (one for one in hypotheses if one.utterance == hypothesis.utterance)
        assert hypothesis.text == original.text
    # SRT has no ids: words of each channel's utterances, in order of their starts.
    srt = exported(hypotheses, placements, "srt")
    for (recording, channel), text in _channel_texts(hypotheses, placements).items():
        name = recording if channel == 0 else f"{recording}-{channel + 1}"
        assert srt[name][0].text.split() == text


def _channel_texts(hypotheses: Any, placements: Any) -> Dict[Tuple[str, int], Any]:
    texts: Dict[Tuple[str, int], Any] = {}
    for hypothesis in sorted(hypotheses, key=lambda one: placements[one.utterance]):
        key = placements[hypothesis.utterance][:2]
        texts.setdefault(key, []).extend(hypothesis.text.split())
    return texts


@given(drawn=hypothesis_sets())
@settings(max_examples=30, deadline=None)
def test_json_lines_keep_all_of_a_hypothesis(drawn: Any) -> None:
    hypotheses = [
        replace(one, columns=(0, 3, 1), acoustic_score=-1 / 3, graph_score=2.5, rule="MBR") for one in drawn[0]
    ]
    found = exported(hypotheses, None, "jsonl")
    assert [found[one.utterance][0] for one in hypotheses] == hypotheses


@given(drawn=hypothesis_sets())
@settings(max_examples=30, deadline=None)
def test_text_keeps_the_words_and_says_that_they_have_no_times(drawn: Any) -> None:
    hypotheses, placements = drawn
    found = exported(hypotheses, placements, "text")
    for hypothesis in hypotheses:
        assert found[hypothesis.utterance][0].text == hypothesis.text
    read = [hypothesis for hypothesis, _ in found.values()]
    assert len(words_without_times(read)) == sum(len(hypothesis.words) for hypothesis in hypotheses)


def test_each_word_without_times_is_listed() -> None:
    words = (Span("a", 0.0, 0.1), Span("b", 0.1, 0.1), Span("c", 0.2, 0.1), Span("d", float("nan"), 1.0))
    found = words_without_times([Hypothesis("u", words, (), (), 0.0, 0.0), Hypothesis("v", (), (), (), 0.0, 0.0)])
    assert [(one.utterance, one.place, one.word.name) for one in found] == [("u", 1, "b"), ("u", 2, "c"), ("u", 3, "d")]


SCORES = st.floats(-1e4, 1e4)


@given(st.lists(st.lists(st.tuples(st.sampled_from(["", "a b", "c"]), SCORES, SCORES), min_size=1, max_size=11)))
@settings(max_examples=30, deadline=None)
def test_nbest_lists_come_back_from_kaldis_tables(drawn: Any) -> None:
    lists = {
        f"utt-{n}": [
            Hypothesis(f"utt-{n}", tuple(Span(w, 0.0, 0.0) for w in text.split()), (), (), acoustic, graph)
            for text, acoustic, graph in paths
        ]
        for n, paths in enumerate(drawn)
    }
    assert grouped(reversed(numbered(lists))) == lists
    if lists:
        with tempfile.TemporaryDirectory() as folder:
            write_nbest(lists, folder)
            assert read_nbest(folder) == lists


def test_nbest_numbers_have_no_holes() -> None:
    (one,) = numbered({"u": [Hypothesis("u", (), (), (), 0.0, 0.0)]})
    assert one.utterance == "u-1"
    with pytest.raises(HypothesisError, match=r"'u' has the paths \[2\]; expected 1, 2"):
        grouped([replace(one, utterance="u-2")])
    with pytest.raises(HypothesisError, match="'u' has no number"):
        grouped([replace(one, utterance="u")])


def test_scores_are_kept_where_there_is_place(tmp_path: Path) -> None:
    scored = Hypothesis("u", (Span("a", 0.0, 1.0),), (), (), -1 / 3, -2.0, rule="MBR")
    write_hypotheses([scored], tmp_path / "supervisions.jsonl.gz")
    assert read_hypotheses(tmp_path / "supervisions.jsonl.gz") == [scored]
    with pytest.raises(HypothesisError, match="'u-1' has no scores"):
        write_nbest({"u": [replace(scored, graph_score=math.nan)]}, tmp_path)


def test_costs_are_negative_scores(tmp_path: Path) -> None:
    write_nbest({"u": [Hypothesis("u", (Span("a", 0, 1),), (), (), -3.5, -1.25)]}, tmp_path)
    tables = {name: (tmp_path / name).read_text() for name in ("text", "ac_cost", "lm_cost")}
    assert tables == {"text": "u-1 a\n", "ac_cost": "u-1 3.5\n", "lm_cost": "u-1 1.25\n"}
    (tmp_path / "lm_cost").write_text("u-2 1\n")
    with pytest.raises(HypothesisError, match=r"lm_cost: 'u-1' stands in this table or in `text` only"):
        read_nbest(tmp_path)
    (tmp_path / "lm_cost").write_text("u-1 x\n")
    with pytest.raises(HypothesisError, match=r"lm_cost: 'u-1' has 'x', expected one cost"):
        read_nbest(tmp_path)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("text", "text"), ("hyp.txt", "text"), ("words.ctm", "ctm"), ("A.TEXTGRID", "textgrid"), ("a.b.srt", "srt")),
        *(("x.vtt", "vtt"), ("hyp.jsonl", "jsonl"), ("supervisions_dev.jsonl.gz", "supervisions")),
    ],
)
def test_names_tell_formats(name: str, kind: str) -> None:
    assert format_of(f"some/where/{name}") == kind
    assert kind in FORMATS


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    one = Hypothesis("u1", (Span("a", 0.0, 0.5),), (), (), 0.0, 0.0)
    two = replace(one, utterance="u2")
    with pytest.raises(HypothesisError, match="no format has such a name"):
        write_hypotheses([one], tmp_path / "a.doc")
    with pytest.raises(HypothesisError, match="unknown format 'doc'"):
        export_hypotheses([one], tmp_path, ["doc"])
    for name in ("a.srt", "a.vtt", "a.TextGrid"):
        with pytest.raises(HypothesisError, match="holds one recording, given 2"):
            write_hypotheses([one, two], tmp_path / name)
    for name in ("a.srt", "a.vtt", "a.TextGrid", "a.ctm"):
        with pytest.raises(HypothesisError, match=r"'a b'.*without white space"):
            write_hypotheses([replace(one, words=(Span("a b", 0, 1),))], tmp_path / name)
    with pytest.raises(HypothesisError, match="two hypotheses of utterance 'u1'"):
        write_hypotheses([one, one], tmp_path / "a.ctm")
    with pytest.raises(HypothesisError, match="no placement of utterance 'u2'"):
        write_hypotheses([two], tmp_path / "a.ctm", {"u1": Placement("r", 0, 0.0, 1.0)})
    assert not list(tmp_path.iterdir())


def test_ids_that_are_no_file_names(tmp_path: Path) -> None:
    ids = ["a/b", "..", "50%", "x.ch2", "日本", "c:d"]
    hypotheses = [Hypothesis(name, (Span("a", 0.0, 0.5),), (), (), 0.0, 0.0) for name in ids]
    paths = export_hypotheses(hypotheses, tmp_path, ["srt"])
    assert {path.parent for path in paths} == {tmp_path / "srt"}
    assert [read_hypotheses(path)[0].utterance for path in paths] == sorted(ids)


@pytest.mark.parametrize("name", ["supervisions.jsonl", "hyp.jsonl"])
def test_scores_that_are_none_come_back(name: str, tmp_path: Path) -> None:
    one = Hypothesis("u1", (Span("a", 0.0, 0.5, 0.75),), (), (), math.nan, math.nan, rule="MBR")
    write_hypotheses([one], tmp_path / name)
    assert "NaN" not in (tmp_path / name).read_text()
    assert read_hypotheses(tmp_path / name) == [one]


def test_json_lines_are_written_as_hypotheses_come(tmp_path: Path) -> None:
    alive: List[Any] = []

    def coming() -> Iterator[Hypothesis]:
        for number in range(10):
            assert sum(one() is not None for one in alive) <= 1
            hypothesis = Hypothesis(f"u-{number}", (), (), (), 0.0, 0.0)
            alive.append(weakref.ref(hypothesis))
            yield hypothesis
            del hypothesis

    write_hypotheses(coming(), tmp_path / "x.jsonl")
    assert len(read_hypotheses(tmp_path / "x.jsonl")) == 10
