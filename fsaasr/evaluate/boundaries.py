"""How far apart two alignments of the same utterances put the boundaries of words and tokens."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from fsaasr.core.errors import EvaluationError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.scores import Seconds
from fsaasr.evaluate.error_report import GAP
from fsaasr.evaluate.scoring import align_units

TOLERANCES: Tuple[Seconds, ...] = (0.01, 0.02, 0.05)
"""Distances within which boundaries are counted."""

KINDS = ("word_starts", "word_ends", "token_starts")
"""The boundaries that are compared."""

SLACK = 1e-6
"""Seconds by which a distance may exceed a tolerance: files hold rounded times."""


class Mismatch(NamedTuple):
    """A word that the two alignments do not share; `""` where one has none at its place."""

    utterance: str
    first: str
    second: str


@dataclass(frozen=True)
class BoundaryDifferences:
    """Differences, second minus first in seconds, of one kind of boundary.

    Attributes:
      count: boundaries compared; the numbers below are NaN where there are none.
      mean: signed: above 0 where the second alignment has later boundaries.
      median: signed.
      mean_distance: mean of the absolute differences. median_distance: their median.
      largest: the largest absolute difference.
      within: share, 0 .. 1, of the absolute differences that are at most each of `TOLERANCES`.
    """

    count: int
    mean: Seconds
    median: Seconds
    mean_distance: Seconds
    median_distance: Seconds
    largest: Seconds
    within: Tuple[float, ...]

    @classmethod
    def of(cls, differences: Sequence[Seconds]) -> BoundaryDifferences:
        """Summarises differences."""
        if not differences:
            nan = float("nan")
            return cls(0, nan, nan, nan, nan, nan, (nan,) * len(TOLERANCES))
        signed = np.array(differences, dtype=np.float64)
        far = np.abs(signed)
        within = tuple(float(np.mean(far <= tolerance + SLACK)) for tolerance in TOLERANCES)
        centre = (float(np.mean(signed)), float(np.median(signed)))
        return cls(len(signed), *centre, float(np.mean(far)), float(np.median(far)), float(np.max(far)), within)


@dataclass(frozen=True)
class BoundaryReport:
    """What `boundary_report` found.

    Attributes:
      word_starts, word_ends: of words that both alignments have.
      token_starts: of tokens of such words, where both have the same name.
      mismatches: words that only one has, or that differ, in the order of the utterances.
      token_mismatches: tokens of such words that only one has, or that differ; a pair counts once.
    """

    word_starts: BoundaryDifferences
    word_ends: BoundaryDifferences
    token_starts: BoundaryDifferences
    mismatches: Tuple[Mismatch, ...]
    token_mismatches: int

    def to_dict(self) -> Dict[str, Any]:
        """All fields as JSON-ready values; of what was not compared, only the count."""
        rows = {name: getattr(self, name) for name in KINDS}
        return {
            **{name: asdict(row) if row.count else {"count": 0} for name, row in rows.items()},
            "mismatches": [mismatch._asdict() for mismatch in self.mismatches],
            "token_mismatches": self.token_mismatches,
        }

    def table(self) -> str:
        """Plain text, times in milliseconds, and at most 20 of the mismatches."""
        limits = "".join(f"{f'<={1000 * tolerance:.0f} %':>9}" for tolerance in TOLERANCES)
        lines = [f"{'ms':<13}{'count':>7}{'mean':>9}{'median':>9}{'|mean|':>9}{'|median|':>9}{'largest':>9}{limits}"]
        for name in KINDS:
            row: BoundaryDifferences = getattr(self, name)
            times = (row.mean, row.median, row.mean_distance, row.median_distance, row.largest)
            cells = [f"{round(1000 * time, 1) + 0.0:>9.1f}" for time in times] + [
                f"{100 * share:>9.1f}" for share in row.within
            ]
            lines.append(f"{name.replace('_', ' '):<13}{row.count:>7}{''.join(cells)}")
        lines.append(f"words that differ: {len(self.mismatches)}; tokens that differ: {self.token_mismatches}")
        lines += [
            f"  {utterance}: {first or '-'} / {second or '-'}" for utterance, first, second in self.mismatches[:20]
        ]
        lines += ["  ..."] if len(self.mismatches) > 20 else []
        return "\n".join(lines) + "\n"


def boundary_report(first: Iterable[Hypothesis], second: Iterable[Hypothesis]) -> BoundaryReport:
    """Compares the times of two alignments, e.g. of a GMM and a CTC model, or of a model and a human.

    Words are matched in order, by a cheapest alignment of both word sequences; within matched words, their tokens
    likewise where both alignments of the utterance have tokens. Tokens outside of words (silence) are not compared.

    Args:
      first: hypotheses with times, one an utterance. second: of exactly the same utterances.

    Raises:
      EvaluationError: the utterances differ, there are none, two hypotheses of one utterance, or words without times.
    """
    own, other = _by_utterance(first, "first"), _by_utterance(second, "second")
    _check_same(own, other)
    matched: List[Tuple[Hypothesis, Span, Hypothesis, Span]] = []
    mismatches: List[Mismatch] = []
    for name, one in own.items():
        for word, another in _matches(one.words, other[name].words):
            if word is not None and another is not None and word.name == another.name:
                matched.append((one, word, other[name], another))
            else:
                mismatches.append(Mismatch(name, word.name if word else GAP, another.name if another else GAP))
    both = [pair for pair in matched if pair[0].tokens and pair[2].tokens]
    pairs = [pair for a, word, b, another in both for pair in _matches(_tokens(a, word), _tokens(b, another))]
    tokens = [(s, t) for s, t in pairs if s is not None and t is not None and s.name == t.name]
    return BoundaryReport(
        BoundaryDifferences.of([another.start - word.start for _, word, _, another in matched]),
        BoundaryDifferences.of([another.end - word.end for _, word, _, another in matched]),
        BoundaryDifferences.of([t.start - s.start for s, t in tokens]),
        tuple(mismatches),
        len(pairs) - len(tokens),
    )


def _check_same(first: Mapping[str, Hypothesis], second: Mapping[str, Hypothesis]) -> None:
    lone = [*(name for name in first if name not in second), *(name for name in second if name not in first)]
    if lone or not first:
        some = ", ".join(lone[:5]) + (", ..." if len(lone) > 5 else "")
        raise EvaluationError(
            f"boundary_report: {len(first)} and {len(second)} utterances, {len(lone)} of them in one alignment only "
            f"({some or 'none'}); give two alignments of the same utterances"
        )


def _by_utterance(hypotheses: Iterable[Hypothesis], which: str) -> Dict[str, Hypothesis]:
    found: Dict[str, Hypothesis] = {}
    for hypothesis in hypotheses:
        name = hypothesis.utterance
        if name in found:
            raise EvaluationError(f"boundary_report: two hypotheses of {name!r} in the {which} alignment; give one")
        timeless = [word.name for word in hypothesis.words if not word.start < word.end]
        if timeless:
            raise EvaluationError(
                f"boundary_report: {which} alignment of {name!r}: word {timeless[0]!r} has no times; give a file with "
                "times, as CTM, TextGrid, JSON lines or supervisions are"
            )
        found[name] = hypothesis
    return found


def _matches(first: Sequence[Span], second: Sequence[Span]) -> List[Tuple[Optional[Span], Optional[Span]]]:
    """Spans side by side, in a cheapest alignment of their names; None opposite an insertion or deletion."""
    left, right = iter(first), iter(second)
    pairs = align_units([span.name for span in first], [span.name for span in second])
    return [(None if a == GAP else next(left), None if b == GAP else next(right)) for a, b in pairs]


def _tokens(hypothesis: Hypothesis, word: Span) -> List[Span]:
    """Tokens whose middle lies in the word."""
    return [token for token in hypothesis.tokens if word.start <= (token.start + token.end) / 2 < word.end]
