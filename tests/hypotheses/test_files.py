"""Files as they look, files of others, and files that are not what they should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from fsaasr.core import Hypothesis, HypothesisError, HypothesisFileError, Span
from fsaasr.hypotheses import (
    CueRules,
    Placement,
    export_hypotheses,
    make_cues,
    read_ctm,
    read_hypotheses,
    read_placed,
    read_srt,
    read_textgrid,
    read_vtt,
    write_hypotheses,
)

from .strategies import span_lists

TWO = [
    Hypothesis("u1", (Span("the", 0.1, 0.25, 0.5), Span('"A&B"', 0.25, 1.0)), (Span("D", 0.1, 0.1),), (), 0.0, 0.0),
    Hypothesis("u2", (), (), (), 0.0, 0.0, reached_final=False),
]
WHERE = {"u1": Placement("r", 0, 10.0, 1.5), "u2": Placement("r", 0, 12.0, 0.5)}


def test_ctm_as_it_looks(tmp_path: Path) -> None:
    export_hypotheses(TWO, tmp_path, ["ctm"], WHERE)
    assert (tmp_path / "words.ctm").read_text() == (
        ";; utterance u1 r 1 10 1.5\n"
        "r 1 10.100 0.150 the 0.500000\n"
        'r 1 10.250 0.750 "A&B"\n'
        ";; utterance u2 r 1 12 0.5 not-final\n"
    )
    # Whole recordings need no comment; Lhotse's reader of CTM takes none.
    export_hypotheses(TWO[:1], tmp_path, ["ctm"])
    assert (tmp_path / "words.ctm").read_text() == 'u1 1 0.100 0.150 the 0.500000\nu1 1 0.250 0.750 "A&B"\n'


def test_neighbours_stay_neighbours_in_milliseconds(tmp_path: Path) -> None:
    words = tuple(Span("a", n / 30, (n + 1) / 30) for n in range(30))
    write_hypotheses([Hypothesis("u", words, (), (), 0.0, 0.0)], tmp_path / "a.ctm")
    (read,) = read_hypotheses(tmp_path / "a.ctm")
    assert [word.start for word in read.words[1:]] == [word.end for word in read.words[:-1]]
    assert all(abs(a.end - b.end) <= 0.0005 for a, b in zip(read.words, words))


def test_foreign_ctm(tmp_path: Path) -> None:
    # Unsorted, channels by letter, comments, tabs.
    path = tmp_path / "x.ctm"
    path.write_text(";; made by hand\nr2 A 0.5 0.1 b\nr1\t1 0.0 0.5 a 0.9\nr2 A 0.7 0.1 c\nr2 B .1 1e-1 d\n\n")
    found = {hypothesis.utterance: hypothesis for hypothesis, _ in read_ctm(path)}
    assert {name: hypothesis.text for name, hypothesis in found.items()} == {"r2": "b c", "r1": "a", "r2-2": "d"}
    assert found["r2"].words[1] == Span("c", 0.7, 0.8)


def test_webvtt_as_it_looks(tmp_path: Path) -> None:
    words = (*TWO[0].words, Span("<unk>", 1.1, 3601.5))
    write_hypotheses([Hypothesis("u1", words, (), (), 0.0, 0.0)], tmp_path / "r.vtt")
    assert (tmp_path / "r.vtt").read_text() == (
        "WEBVTT\n"
        "\n"
        "NOTE utterance u1 u1 1 0 3601.5\n"
        "\n"
        "00:00:00.100 --> 00:00:01.000\n"
        'the<00:00:00.250> "A&amp;B"\n'
        "\n"
        "00:00:01.100 --> 01:00:01.500\n"
        "&lt;unk&gt;\n"
    )


def test_foreign_webvtt(tmp_path: Path) -> None:
    path = tmp_path / "talk.vtt"
    path.write_bytes(
        b"\xef\xbb\xbfWEBVTT - a talk\r\nKind: captions\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\nNOTE no cue\r\n\r\n"
        b"intro\r\n01:00.000 --> 01:02.000 align:start\r\n<v Ann>Hello <i>there</i>\r\nall&nbsp;you\r\n\r\n"
        b"00:01:03.000 --> 00:01:05.000\r\none <00:01:04.000><c>two</c>\r\n"
    )
    ((hypothesis, placement),) = read_vtt(path)
    assert (hypothesis.utterance, placement) == ("talk", Placement("talk", 0, 0.0, 65.0))
    assert hypothesis.text == "Hello there all you one two"
    assert [word[1:3] for word in hypothesis.words] == [(60.0, 62.0)] * 4 + [(63.0, 64.0), (64.0, 65.0)]


def test_srt_as_it_looks_and_is_read(tmp_path: Path) -> None:
    write_hypotheses(TWO, tmp_path / "r.srt", WHERE)
    assert (tmp_path / "r.srt").read_text() == '1\n00:00:10,100 --> 00:00:11,000\nthe "A&B"\n'
    (tmp_path / "s.srt").write_text(
        "1\r\n00:00:01,500 --> 00:00:02,000\r\none\r\ntwo\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\n"
    )
    ((hypothesis, placement),) = read_srt(tmp_path / "s.srt")
    assert hypothesis.words == (Span("one", 1.5, 2.0), Span("two", 1.5, 2.0))
    assert placement.duration == 2.0


@given(span_lists())
@settings(max_examples=100, deadline=None)
def test_cues_hold_every_word_and_keep_the_rules(words: Any) -> None:
    rules = CueRules(seconds=1.5, pause=0.25, characters=8, lines=2)
    cues = make_cues(words, rules)
    assert tuple(word for cue in cues for line in cue.lines for word in line) == words
    for cue in cues:
        count = sum(map(len, cue.lines))
        assert cue.end - cue.start <= rules.seconds or count == 1
        assert len(cue.lines) <= rules.lines
        assert all(len(line) == 1 or len(" ".join(w.name for w in line)) <= rules.characters for line in cue.lines)
        inside = [word for line in cue.lines for word in line]
        assert all(b.start - a.end < rules.pause for a, b in zip(inside, inside[1:]))
    # Greedy: what begins a cue would have broken a rule in the one before.
    for before, after in zip(cues, cues[1:]):
        joined = [word for line in before.lines for word in line] + [after.lines[0][0]]
        assert len(make_cues(joined, rules)) == 2


def test_rules_for_no_cue_are_refused() -> None:
    with pytest.raises(HypothesisError, match="seconds, characters and lines must be > 0"):
        CueRules(seconds=0)


def test_textgrid_as_it_looks(tmp_path: Path) -> None:
    write_hypotheses(TWO[:1], tmp_path / "r.TextGrid")
    text = (tmp_path / "r.TextGrid").read_text()
    names = [line.split(" = ")[1] for line in text.splitlines() if "name = " in line]
    assert names == ['"utterances"', '"words"', '"words confidence"', '"tokens"', '"tokens points"']
    words = text[text.index('name = "words"') : text.index('name = "words confidence"')]
    assert " ".join(words.split()) == (
        'name = "words" xmin = 0 xmax = 1 intervals: size = 3 '
        'intervals [1]: xmin = 0 xmax = 0.1 text = "" '
        'intervals [2]: xmin = 0.1 xmax = 0.25 text = "the" '
        'intervals [3]: xmin = 0.25 xmax = 1 text = """A&B""" '
        'item [3]: class = "IntervalTier"'
    )


SHORT = (
    'File type = "ooTextFile"\n"TextGrid"\n\n0\n2.5\n<exists>\n2\n'
    '"IntervalTier"\n"words"\n0\n2.5\n2\n0\n1.5\n"a ""b"""\n1.5\n2.5\n""\n'
    '"IntervalTier"\n"phones"\n0\n2.5\n1\n0\n2.5\n"x" ! a comment with 3 "things"\n'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_short_textgrids_in_all_encodings(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "rec.ch2.TextGrid"
    path.write_bytes(SHORT.replace('"x"', '"日"').encode(encoding))
    ((hypothesis, placement),) = read_textgrid(path)
    assert hypothesis.words == (Span('a "b"', 0.0, 1.5),)
    assert hypothesis.tokens == (Span("日", 0.0, 2.5),)
    assert (hypothesis.utterance, placement) == ("rec-2", Placement("rec", 1, 0.0, 2.5))


GRID = SHORT.replace("phones", "tokens")
SEGMENT = b'{"id": "a", "recording_id": "a", "start": 0.0, "duration": 1.0, "alignment": {"word": []}}\n'
CUE = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\na\n"


@pytest.mark.parametrize(
    ("name", "content", "line", "message"),
    [
        ("a.ctm", b"r 1 0.0 0.5 a\nr 1 0.5 b\n", 2, "4 fields, expected `recording channel"),
        ("a.ctm", b"r 1 0.0 -0.5 a\n", 1, "found '-0.5', expected a number >= 0"),
        ("a.ctm", b"r 1 * * <ALT_BEGIN>\n", 1, r"found '\*', expected a number"),
        ("a.ctm", b"r 1 nan 0.5 a\n", 1, "found 'nan'"),
        ("a.ctm", b"r 0 0.0 0.5 a\n", 1, "channel '0', expected 1, 2"),
        ("a.ctm", b"r 1 0.0 0.5 a\nr 1 0.5 0.1 \xff\n", 2, "byte 0xff is not UTF-8"),
        ("a.TextGrid", b"", 1, 'the file ends where "ooTextFile" is expected'),
        ("a.TextGrid", b'File type = "ooTextFile"\nObject class = "Pitch 1"\n', 2, "not a TextGrid"),
        ("a.TextGrid", GRID[: GRID.index('"x"')].encode(), 26, "the file ends where a text is expected"),
        ("a.TextGrid", GRID.replace("2.5\n2\n0", "2.5\n99999999999\n0", 1).encode(), 19, "expected a time"),
        ("a.TextGrid", GRID.replace("2.5\n2\n0", "2.5\n1e999\n0", 1).encode(), 12, "found '1e999'"),
        ("a.TextGrid", GRID.replace("2.5\n2\n0", "2.5\n-2\n0", 1).encode(), 12, "expected the number of intervals"),
        ("a.TextGrid", GRID.replace("1.5\n2.5", "1.5\n0.5").encode(), 17, "ends at 0.5 before it begins at 1.5"),
        ("a.TextGrid", GRID.replace("tokens", "Mary").encode(), None, "a tier 'Mary'; name tiers `words`"),
        ("a.TextGrid", GRID.replace("IntervalTier", "PitchTier").encode(), 8, "found a tier of class 'PitchTier'"),
        ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\na\n\nb\n", 5, "found 'b', expected a cue's number"),
        ("a.srt", b"1\n00:00:01,000 -> 00:00:02,000\na\n", 2, "expected `00:00:01.000 --> "),
        ("a.srt", b"1\n00:00:03,000 --> 00:00:02,000\na\n", 2, "ends at 2.0 before it starts at 3.0"),
        ("a.vtt", b"1\n00:00:01.000 --> 00:00:02.000\na\n", 1, "does not begin with 'WEBVTT'"),
        ("a.vtt", b"", 1, "does not begin with 'WEBVTT'"),
        ("a.vtt", CUE.replace("01.000", "61.000").encode(), 3, "expected `00:00:01.000 --> "),
        ("a.vtt", (CUE + "\nlonely\n").encode(), 6, "found 'lonely', expected a cue's times"),
        ("a.jsonl", b'{"utterance": "u"}\n', 1, "no hypothesis as `Hypothesis.to_dict` gives it"),
        ("a.jsonl", b"[\n", 1, "no hypothesis"),
        ("a.jsonl", b"[" * 100000, 1, "RecursionError"),
        ("supervisions.jsonl", b"{", None, "not a supervision manifest"),
        ("supervisions.jsonl", SEGMENT + b"{", None, "not a supervision manifest"),
        ("a.txt", b"u1 a\nu1 b\n", 2, "'u1' stands on an earlier line"),
    ],
)
def test_malformed_files_are_named(name: str, content: bytes, line: int | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(HypothesisFileError, match=message) as caught:
        read_placed(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)


def test_supervisions_without_words_are_refused(tmp_path: Path) -> None:
    from lhotse import SupervisionSegment, SupervisionSet

    path = tmp_path / "supervisions.jsonl.gz"
    SupervisionSet.from_segments([SupervisionSegment("s", "r", 0.0, 1.0, text="a")]).to_file(path)
    with pytest.raises(HypothesisError, match="supervision 's' has no alignment 'word'"):
        read_placed(path)


def test_lhotse_trims_and_reads_our_supervisions(tmp_path: Path) -> None:
    from lhotse import SupervisionSet

    export_hypotheses(TWO, tmp_path, ["supervisions"], WHERE)
    segment = SupervisionSet.from_file(tmp_path / "supervisions.jsonl.gz").to_eager()["u1"]
    assert (segment.text, segment.start, segment.duration) == ('the "A&B"', 10.0, 1.5)
    # What lies between 10.2 and 10.6 s of the recording: Lhotse's own arithmetic.
    items = segment.trim(10.6, start=10.2).alignment["word"]
    assert [(item.symbol, item.start, item.duration) for item in items] == [("the", 10.2, 0.05), ('"A&B"', 10.25, 0.35)]


def test_lhotse_reads_our_ctm(tmp_path: Path) -> None:
    from lhotse import SupervisionSegment, SupervisionSet

    write_hypotheses(TWO[:1], tmp_path / "words.ctm")
    segments = SupervisionSet.from_segments([SupervisionSegment("u1", "u1", 0.0, 1.5)])
    (segment,) = segments.with_alignment_from_ctm(tmp_path / "words.ctm")
    assert [tuple(item) for item in segment.alignment["word"]] == [("the", 0.1, 0.15, 0.5), ('"A&B"', 0.25, 0.75, None)]
