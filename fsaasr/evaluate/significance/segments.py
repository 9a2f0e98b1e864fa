"""Segments of a test set in which systems err independently of what they do in others."""

from __future__ import annotations

from typing import Iterable, List, Literal, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate.error_report import GAP, ErrorReport, Pair

Cut = Literal["words", "utterance"]
"""Where segments end: between words that all systems have right, or with the utterance alone."""

BUFFER = 2
"""Words, right in all systems, that stand between two segments (as in NIST's sc_stats)."""

Counts = npt.NDArray[np.int64]


def check_same(systems: Sequence[Sequence[ErrorReport]], function: str) -> None:
    """Raises EvaluationError unless all systems have a report, and all reports are of the same references."""
    if not all(systems):
        raise EvaluationError(f"{function}: a system without report; give one for each of its trainings")
    reports = [report for system in systems for report in system]
    wanted = _references(reports[0])
    for number, report in enumerate(reports[1:], 2):
        if (found := _references(report)) != wanted:
            differing = [name for name, words in wanted if (name, words) not in set(found)] or [found[-1][0]]
            raise EvaluationError(
                f"{function}: report {number} is not of the references of the first (e.g. {differing[0]!r}); "
                "score the same test set"
            )


def _references(report: ErrorReport) -> List[Tuple[str, Tuple[str, ...]]]:
    return [(entry.utterance, tuple(r for r, _ in entry.alignment if r != GAP)) for entry in report.utterances]


def segment_errors(
    first: Sequence[ErrorReport], second: Sequence[ErrorReport], cut: Cut = "words", buffer: int = BUFFER
) -> npt.NDArray[np.float64]:
    """Errors of two systems in each segment where one of them errs; of several trainings, their mean.

    Segments of words are those of Gillick and Cox (1989): between two of them stand at least `buffer` words that both
    systems have right in all trainings, with nothing inserted there, or the end of the utterance.

    Args:
      first, second: of each system one report a training, all of the same references.
      cut: `words`, or `utterance` for whole utterances.
      buffer: at least 1.

    Returns:
      float64 (S, 2).

    Raises:
      EvaluationError: reports of other references, a wrong option.
    """
    if cut not in ("words", "utterance") or buffer < 1:
        raise EvaluationError(f"segment_errors: cut {cut!r}, buffer {buffer}; expected 'words' or 'utterance', >= 1")
    check_same([first, second], "segment_errors")
    reports = [*first, *second]
    rows: List[npt.NDArray[np.float64]] = []
    for entries in zip(*(report.utterances for report in reports)):
        errors = np.stack([_errors_at(entry.alignment) for entry in entries])
        for part in _parts(errors.any(axis=0), buffer if cut == "words" else errors.shape[1]):
            trainings = errors[:, part].sum(axis=1)
            rows.append(np.array([trainings[: len(first)].mean(), trainings[len(first) :].mean()]))
    return np.stack(rows) if rows else np.zeros((0, 2))


def _errors_at(alignment: Iterable[Pair]) -> Counts:
    """int64 (2 W + 1,): errors before the first word, at it, before the second, and so on, after the last."""
    counts = [0]
    for reference, hypothesis in alignment:
        if reference == GAP:
            counts[-1] += 1
        else:
            counts += [int(reference != hypothesis), 0]
    return np.array(counts, dtype=np.int64)


def _parts(wrong: npt.NDArray[np.bool_], buffer: int) -> List[slice]:
    """Stretches of places from an error to the last one that less than `buffer` words follow before the next."""
    places = np.flatnonzero(wrong)
    if not len(places):
        return []
    # Words lie at odd places.
    words_between = places[1:] // 2 - (places[:-1] + 1) // 2
    breaks = np.flatnonzero(words_between >= buffer)
    starts = np.concatenate([[0], breaks + 1])
    ends = np.concatenate([breaks, [len(places) - 1]])
    return [slice(int(places[start]), int(places[end]) + 1) for start, end in zip(starts, ends)]
