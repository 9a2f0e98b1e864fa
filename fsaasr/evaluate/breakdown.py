"""Where the errors are: which words, how frequent, in utterances of which length, and where systems disagree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate.error_report import GAP, ErrorReport, UtteranceErrors

FREQUENCIES = (0, 1, 2, 10, 100)
"""Least counts in the training text of the bands in which words are put together."""
LENGTHS = (1, 3, 5, 8, 12)
"""Least words of the bands in which utterances are put together."""


class Confusion(NamedTuple):
    """A pair of words and how many times one was recognized for the other; `""` for an insertion or deletion."""

    reference: str
    hypothesis: str
    times: int


def confusions(reports: Sequence[ErrorReport]) -> Tuple[Confusion, ...]:
    """All errors by their words, the most frequent first, then by name; several trainings are added up."""
    found: Counter[Tuple[str, str]] = Counter(
        pair for report in reports for entry in report.utterances for pair in entry.alignment if pair[0] != pair[1]
    )
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Confusion(reference, hypothesis, count) for (reference, hypothesis), count in ordered)


@dataclass(frozen=True)
class Band:
    """Errors of a group of words or utterances.

    Attributes:
      name: e.g. `2 - 9`.
      words: of the references. errors: of them; a mean over trainings.
    """

    name: str
    words: int
    errors: float

    @property
    def rate(self) -> float:
        """`errors / words`, a fraction."""
        return self.errors / self.words


def errors_by_frequency(reports: Sequence[ErrorReport], counts: Mapping[str, int]) -> Tuple[Band, ...]:
    """Errors of reference words by how often the training text has them; bands without words are left out.

    Insertions count for nothing here: no word of the reference is theirs.

    Args:
      reports: of one system, one a training.
      counts: of the words of the training text.
    """
    names = _band_names(FREQUENCIES)
    words: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for report in reports:
        for entry in report.utterances:
            for reference, hypothesis in entry.alignment:
                if reference != GAP:
                    band = names[_place(counts.get(reference, 0), FREQUENCIES)]
                    words[band] += 1
                    errors[band] += reference != hypothesis
    return _bands(names, words, errors, len(reports))


def errors_by_length(reports: Sequence[ErrorReport]) -> Tuple[Band, ...]:
    """Errors of utterances by how many words were said; bands without words are left out."""
    names = _band_names(LENGTHS)
    words: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for report in reports:
        for entry in report.utterances:
            if entry.counts.words:
                band = names[_place(entry.counts.words, LENGTHS)]
                words[band] += entry.counts.words
                errors[band] += entry.counts.errors
    return _bands(names, words, errors, len(reports))


def errors_by_speaker(reports: Sequence[ErrorReport]) -> Tuple[Band, ...]:
    """Errors of each speaker, sorted by name; empty where no speakers were given."""
    words: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for report in reports:
        for speaker, counts in report.per_speaker.items():
            words[speaker] += counts.words
            errors[speaker] += counts.errors
    return _bands(sorted(words), words, errors, len(reports))


def _band_names(edges: Sequence[int]) -> List[str]:
    ends = [f"{low}" if high == low + 1 else f"{low} – {high - 1}" for low, high in zip(edges, edges[1:])]
    return [*ends, f"{edges[-1]} +"]


def _place(value: int, edges: Sequence[int]) -> int:
    return sum(value >= edge for edge in edges[1:])


def _bands(
    names: Sequence[str], words: Mapping[str, int], errors: Mapping[str, int], trainings: int
) -> Tuple[Band, ...]:
    return tuple(
        Band(name, words[name] // trainings, errors.get(name, 0) / trainings) for name in names if words.get(name)
    )


@dataclass(frozen=True)
class Disagreement:
    """An utterance that systems hear differently.

    Attributes:
      utterance: its id.
      errors: of each system, by name.
    """

    utterance: str
    errors: Dict[str, UtteranceErrors]

    @property
    def spread(self) -> int:
        """Errors of the worst system less those of the best."""
        found = [entry.counts.errors for entry in self.errors.values()]
        return max(found) - min(found)


def disagreements(systems: Mapping[str, ErrorReport]) -> Tuple[Disagreement, ...]:
    """Utterances that some system has right, or better, and another has not, the largest difference first, then by id.

    Args:
      systems: reports by name, of the same utterances in the same order.

    Raises:
      EvaluationError: reports of other utterances.
    """
    found = []
    for entries in zip(*(report.utterances for report in systems.values())):
        if len({entry.utterance for entry in entries}) > 1:
            raise EvaluationError(
                f"disagreements: {entries[0].utterance!r} of one report stands beside another utterance; "
                "score the same test set in the same order"
            )
        one = Disagreement(entries[0].utterance, dict(zip(systems, entries)))
        if one.spread:
            found.append(one)
    return tuple(sorted(found, key=lambda one: (-one.spread, one.utterance)))
