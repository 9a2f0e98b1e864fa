"""What other programs' readers make of our files; these packages are no dependency, so tests may be skipped."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from fsaasr.hypotheses import export_hypotheses, read_placed

from .strategies import hypothesis_sets

ANY = settings(max_examples=40, deadline=None)


@given(drawn=hypothesis_sets())
@ANY
def test_praatio_reads_and_rewrites_our_textgrids(drawn: Any) -> None:
    textgrid = pytest.importorskip("praatio.textgrid")
    with tempfile.TemporaryDirectory() as folder:
        for path in export_hypotheses(*_arguments(drawn, folder, "textgrid")):
            # Its reader refuses intervals that overlap, are empty, or leave the grid.
            grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="error")
            ours = {hypothesis.utterance: hypothesis for hypothesis, _ in read_placed(path)}
            names = [row.label for tier in grid.tiers if tier.name.split()[0] == "words" for row in tier.entries]
            words = [word.name for hypothesis in ours.values() for word in hypothesis.words]
            sure = [f"{w.confidence:.6f}" for h in ours.values() for w in h.words if w.confidence is not None]
            assert sorted(names) == sorted(words + sure)
            for form in ("long_textgrid", "short_textgrid"):
                other = path.with_name(f"again{path.name}")
                grid.save(str(other), format=form, includeBlankSpaces=True)
                again = {hypothesis.utterance: hypothesis for hypothesis, _ in read_placed(other)}
                assert {name: hypothesis.words for name, hypothesis in again.items()} == {
                    name: hypothesis.words for name, hypothesis in ours.items()
                }


@given(drawn=hypothesis_sets())
@ANY
def test_textgrid_package_reads_the_same_words(drawn: Any) -> None:
    textgrid = pytest.importorskip("textgrid")
    with tempfile.TemporaryDirectory() as folder:
        for path in export_hypotheses(*_arguments(drawn, folder, "textgrid")):
            grid = textgrid.TextGrid.fromFile(str(path))
            found = [
                (row.minTime, row.maxTime)
                for tier in grid.tiers
                if tier.name.split()[0] == "words"
                and isinstance(tier, textgrid.IntervalTier)
                and "conf" not in tier.name
                for row in tier
                if row.mark
            ]
            spans = [span for one in read_placed(path) for span in one.spans() if span.start < span.end]
            assert sorted(found) == sorted((span.start, span.end) for span in spans)


@given(drawn=hypothesis_sets())
@ANY
def test_webvtt_and_srt_packages_read_our_subtitles(drawn: Any) -> None:
    webvtt, srt = pytest.importorskip("webvtt"), pytest.importorskip("srt")
    with tempfile.TemporaryDirectory() as folder:
        for path in export_hypotheses(*_arguments(drawn, folder, "vtt")):
            text = " ".join(caption.text for caption in webvtt.read(str(path)))
            ours = " ".join(hypothesis.text for hypothesis, _ in read_placed(path))
            assert [_plain(word) for word in text.split()] == ours.split()
        for path in export_hypotheses(*_arguments(drawn, folder, "srt")):
            cues = list(srt.parse(path.read_text(encoding="utf-8")))
            assert " ".join(cue.content for cue in cues).split() == read_placed(path)[0].hypothesis.text.split()
            assert all(cue.start < cue.end for cue in cues)


def _arguments(drawn: Any, folder: str, name: str) -> tuple[Any, Path, list[str], Any]:
    return drawn[0], Path(folder), [name], drawn[1]


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@given(drawn=hypothesis_sets())
@ANY
def test_meeteval_reads_our_ctm(drawn: Any) -> None:
    meeteval = pytest.importorskip("meeteval")
    with tempfile.TemporaryDirectory() as folder:
        words, _ = export_hypotheses(*_arguments(drawn, folder, "ctm"))
        found = meeteval.io.CTM.load(words)
        spans = [span for one in read_placed(words) for span in one.spans()]
        assert [(line.word, float(line.begin_time)) for line in found] == [(span.name, span.start) for span in spans]
