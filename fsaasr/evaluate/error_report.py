"""`ErrorReport`: what was wrong, utterance by utterance, and its sums."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Dict, Iterable, Mapping, Optional, Tuple

from fsaasr.core.errors import EvaluationError

GAP = ""
"""Stands in an alignment for the missing side of an insertion or deletion."""

Pair = Tuple[str, str]
"""Reference and hypothesis unit; `GAP` as reference is an insertion, as hypothesis a deletion."""


@dataclass(frozen=True)
class ErrorCounts:
    """Errors and the length that they are measured by.

    Attributes:
      words: reference words (reference characters in a character report).
      substitutions, insertions, deletions: of a cheapest alignment, all three costing 1.
    """

    words: int
    substitutions: int
    insertions: int
    deletions: int

    @property
    def errors(self) -> int:
        """Edit distance: substitutions + insertions + deletions."""
        return self.substitutions + self.insertions + self.deletions

    @property
    def rate(self) -> Optional[float]:
        """`errors / words`, a fraction that may exceed 1; None where there are no reference words."""
        return self.errors / self.words if self.words else None

    @classmethod
    def of(cls, alignment: Iterable[Pair]) -> ErrorCounts:
        """Counts an alignment's errors."""
        pairs = tuple(alignment)
        insertions = sum(reference == GAP for reference, _ in pairs)
        deletions = sum(hypothesis == GAP for _, hypothesis in pairs)
        unequal = sum(reference != hypothesis for reference, hypothesis in pairs)
        return cls(len(pairs) - insertions, unequal - insertions - deletions, insertions, deletions)

    @classmethod
    def sum(cls, counts: Iterable[ErrorCounts]) -> ErrorCounts:
        """Sums, field by field."""
        rows = [(c.words, c.substitutions, c.insertions, c.deletions) for c in counts]
        return cls(*(sum(column) for column in zip(*rows))) if rows else cls(0, 0, 0, 0)


@dataclass(frozen=True)
class UtteranceErrors:
    """Errors of one utterance.

    Attributes:
      utterance: its id.
      speaker: its speaker, or None where none was given.
      counts: errors in numbers.
      alignment: reference and hypothesis, pair by pair.
    """

    utterance: str
    speaker: Optional[str]
    counts: ErrorCounts
    alignment: Tuple[Pair, ...]


@dataclass(frozen=True)
class ErrorReport:
    """Errors of a test set.

    Attributes:
      utterances: one entry each, in the order of the references.
      unit: `word` or `character`: what was aligned.
    """

    utterances: Tuple[UtteranceErrors, ...]
    unit: str = "word"

    @cached_property
    def total(self) -> ErrorCounts:
        """Sum over the utterances."""
        return ErrorCounts.sum(entry.counts for entry in self.utterances)

    @property
    def words(self) -> int:
        """Reference words (characters in a character report)."""
        return self.total.words

    @property
    def substitutions(self) -> int:
        """Units replaced by another."""
        return self.total.substitutions

    @property
    def insertions(self) -> int:
        """Hypothesis units that no reference unit stands beside."""
        return self.total.insertions

    @property
    def deletions(self) -> int:
        """Reference units that no hypothesis unit stands beside."""
        return self.total.deletions

    @property
    def errors(self) -> int:
        """Substitutions + insertions + deletions."""
        return self.total.errors

    @property
    def rate(self) -> float:
        """`errors / words`, a fraction (0.05 is 5 %); may exceed 1. Raises EvaluationError without words."""
        rate = self.total.rate
        if rate is None:
            raise EvaluationError("ErrorReport: no reference words, so no error rate is defined; give references")
        return rate

    @property
    def wer(self) -> float:
        """Word error rate, a fraction; raises EvaluationError on a character report."""
        return self._rate_of("word")

    @property
    def cer(self) -> float:
        """Character error rate, a fraction; raises EvaluationError on a word report."""
        return self._rate_of("character")

    def _rate_of(self, unit: str) -> float:
        if self.unit != unit:
            raise EvaluationError(f"ErrorReport: a report of {self.unit}s has no {unit} error rate; use {unit}_errors")
        return self.rate

    @property
    def wrong_utterances(self) -> int:
        """Utterances with at least one error."""
        return sum(entry.counts.errors > 0 for entry in self.utterances)

    @property
    def utterance_error_rate(self) -> float:
        """Share, in 0 .. 1, of the utterances with at least one error (sentence error rate)."""
        return self.wrong_utterances / len(self.utterances)

    @property
    def empty_references(self) -> Tuple[str, ...]:
        """Ids of utterances without reference words; whatever was recognised in them counts as inserted."""
        return tuple(entry.utterance for entry in self.utterances if not entry.counts.words)

    @cached_property
    def per_speaker(self) -> Dict[str, ErrorCounts]:
        """Sums of each speaker, sorted by name; empty where no speakers were given."""
        groups: Dict[str, list[ErrorCounts]] = {}
        for entry in self.utterances:
            if entry.speaker is not None:
                groups.setdefault(entry.speaker, []).append(entry.counts)
        return {speaker: ErrorCounts.sum(groups[speaker]) for speaker in sorted(groups)}

    def to_dict(self) -> Dict[str, Any]:
        """Everything as JSON-ready values: the sums too, which `from_dict` computes anew."""
        return {
            "unit": self.unit,
            **asdict(self.total),
            "rate": self.rate,
            "utterance_error_rate": self.utterance_error_rate,
            "empty_references": list(self.empty_references),
            "per_speaker": {name: {**asdict(c), "rate": c.rate} for name, c in self.per_speaker.items()},
            "utterances": [
                {
                    "utterance": entry.utterance,
                    "speaker": entry.speaker,
                    **asdict(entry.counts),
                    "alignment": [list(pair) for pair in entry.alignment],
                }
                for entry in self.utterances
            ],
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ErrorReport:
        """Inverse of `to_dict`."""
        entries = []
        for row in value["utterances"]:
            alignment = tuple((reference, hypothesis) for reference, hypothesis in row["alignment"])
            entries.append(UtteranceErrors(row["utterance"], row["speaker"], ErrorCounts.of(alignment), alignment))
        return cls(tuple(entries), value["unit"])
