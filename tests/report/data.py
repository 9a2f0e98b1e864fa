"""Report data of a made-up experiment."""

from __future__ import annotations

import numpy as np

from fsaasr.core import Hypothesis, Span
from fsaasr.evaluate import word_errors
from fsaasr.report import ErrorsView, GraphView, Posteriors, RateRow, ReportData, UtteranceView


def row(group: str, system: str, engine: str, errors: int) -> RateRow:
    rate = errors / 200
    return RateRow(group, 50, system, "loop", engine, rate, rate / 2, rate * 1.5, 200, errors, 0, 0, 0.0123)


def utterance() -> UtteranceView:
    rng = np.random.default_rng(0)
    words = (Span("one", 0.1, 0.4), Span("two", 0.5, 0.8))
    tokens = (
        Span("SIL", 0.0, 0.1),
        Span("W", 0.1, 0.2),
        Span("AH", 0.2, 0.3),
        Span("N", 0.3, 0.4),
        Span("SIL", 0.4, 0.5),
        Span("T", 0.5, 0.6),
        Span("UW", 0.6, 0.8),
        Span("SIL", 0.8, 1.0),
    )
    hypothesis = Hypothesis("spk-0001", words, tokens, (0,) * 100, -1.0, -1.0)
    probabilities = np.full((34, 3), 0.02, dtype=np.float32)
    probabilities[:, 0] = 0.96
    probabilities[8] = (0.05, 0.9, 0.05)
    probabilities[22] = (0.1, 0.1, 0.8)
    posteriors = Posteriors("ctc", probabilities, ("<blk>", "one", "two"), 0.03)
    spectrogram = rng.standard_normal((100, 40)).astype(np.float32)
    return UtteranceView("one two", spectrogram, 0.01, 4000.0, hypothesis, "gmm: forced alignment", (posteriors,))


def report_data() -> ReportData:
    errors = word_errors(
        {"u1": ["one", "two"], "u2": ["three"], "u3": ["four"]},
        {"u1": ["one", "nine"], "u2": ["three", "oh"], "u3": []},
    )
    rows = tuple(
        row(group, system, engine, count)
        for group, factor in (("official split", 1), ("speakers split", 4))
        for system, count in (("gmm", 6), ("ctc", 3))
        for engine, count in (("native", count * factor), ("k2", count * factor))
    )
    return ReportData(
        title="toy <1>",
        introduction="Two systems & one grammar.",
        rates=rows,
        notes=("engine 'k3' was left out",),
        utterance=utterance(),
        graph=GraphView("toy graph", '<svg xmlns="http://www.w3.org/2000/svg"><circle r="3"/></svg>'),
        errors=(ErrorsView("ctc, loop, native", errors),),
        made=(("command", "run.sh"), ("commit", "0123456789ab")),
        files=(("gmm", "iterations: 3\n"),),
    )
