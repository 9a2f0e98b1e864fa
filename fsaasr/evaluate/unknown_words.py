"""Words that the lexicon lacks: how many were noticed, and how well were they spelt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection, Mapping, Optional, Sequence, Tuple

from fsaasr.core.errors import EvaluationError
from fsaasr.core.hypothesis import UNKNOWN, Span
from fsaasr.evaluate.error_report import GAP
from fsaasr.evaluate.scoring import Transcripts, align_units, check_transcripts
from fsaasr.lexicon import Lexicon
from fsaasr.lexicon.units import WORD_MARK


@dataclass(frozen=True)
class UnknownWordReport:
    """Counts over a test set, in which each word of a reference is known (in the vocabulary) or unknown.

    Attributes:
      unknown: unknown words of the references; `detected`: those that stand beside an unknown word of the hypothesis.
      claimed: unknown words of the hypotheses.
      known: known words of the references; `known_errors`: those substituted or deleted.
      insertions: words of the hypotheses, known or not, beside no word of the reference.
      spelt: detected words whose right spelling is known; `spelt_right`: those without error.
      tokens, token_errors: of the right spellings of these words, and edits to them.
      empty: utterances of whose words nothing was recognized.
    """

    unknown: int
    detected: int
    claimed: int
    known: int
    known_errors: int
    insertions: int
    spelt: int
    spelt_right: int
    tokens: int
    token_errors: int
    empty: Tuple[str, ...]

    @property
    def recall(self) -> float:
        """Share of the unknown words that were detected; NaN where there are none."""
        return _share(self.detected, self.unknown)

    @property
    def false_alarms(self) -> int:
        """Unknown words of the hypotheses that stand beside no unknown word of the reference."""
        return self.claimed - self.detected

    @property
    def precision(self) -> float:
        """Share of the claimed unknown words that are unknown; NaN where there are none."""
        return _share(self.detected, self.claimed)

    @property
    def known_error_rate(self) -> float:
        """Substitutions and deletions of known words, as a share of these."""
        return _share(self.known_errors, self.known)

    @property
    def spelling_error_rate(self) -> float:
        """Edits of the tokens of detected words, as a share of the tokens that they should have."""
        return _share(self.token_errors, self.tokens)

    def summary(self) -> str:
        """All of it as text, a line each."""
        lines = [
            f"unknown words: {self.detected} of {self.unknown} detected (recall {100 * self.recall:.1f} %), "
            f"{self.false_alarms} false alarms (precision {100 * self.precision:.1f} %)",
            f"known words: {self.known_errors} of {self.known} wrong ({100 * self.known_error_rate:.2f} %); "
            f"{self.insertions} insertions",
        ]
        if self.spelt:
            lines.append(
                f"spellings: {self.spelt_right} of {self.spelt} right, {self.token_errors} errors in "
                f"{self.tokens} tokens ({100 * self.spelling_error_rate:.1f} %)"
            )
        if self.empty:
            lines.append(f"empty hypotheses: {len(self.empty)}, e.g. {' '.join(self.empty[:5])}")
        return "\n".join(lines) + "\n"


def unknown_word_report(
    references: Transcripts,
    hypotheses: Mapping[str, Sequence[Span]],
    vocabulary: Collection[str],
    spellings: Optional[Lexicon] = None,
) -> UnknownWordReport:
    """Compares hypotheses with references, as to the words that a vocabulary lacks.

    All unknown words count as the same word in the alignment (each edit costs 1), so that one stands beside another
    where it can.

    Args:
      references: words of each utterance.
      hypotheses: words of exactly the same utterances; unknown ones are marked (`Span.unknown`), or called `<unk>`.
      vocabulary: the words that could be recognized.
      spellings: right spellings, or pronunciations, of unknown words; the nearest one counts. None takes a word's
        characters, and compares them with those of the tokens joined.

    Raises:
      EvaluationError: as `word_errors`; a reference with the word `<unk>`.
    """
    names = {utterance: [_name(word) for word in words] for utterance, words in hypotheses.items()}
    check_transcripts(references, names, None, "unknown_word_report")
    counts = _Counts(spellings)
    for utterance, reference in references.items():
        if UNKNOWN in reference:
            raise EvaluationError(f"unknown_word_report: the reference of {utterance!r} has {UNKNOWN}; give the words")
        marked = [word if word in vocabulary else UNKNOWN for word in reference]
        counts.add(reference, hypotheses[utterance], align_units(marked, names[utterance]))
    empty = tuple(utterance for utterance, words in references.items() if words and not names[utterance])
    known = sum(map(len, references.values())) - counts.unknown
    return UnknownWordReport(
        counts.unknown,
        counts.detected,
        counts.claimed,
        known,
        counts.known_errors,
        counts.insertions,
        counts.spelt,
        counts.spelt_right,
        counts.tokens,
        counts.token_errors,
        empty,
    )


def _name(word: Span) -> str:
    return UNKNOWN if word.unknown else word.name


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


class _Counts:
    def __init__(self, spellings: Optional[Lexicon]) -> None:
        self._spellings = spellings
        self.unknown = self.detected = self.claimed = self.known_errors = self.insertions = 0
        self.spelt = self.spelt_right = self.tokens = self.token_errors = 0

    def add(self, reference: Sequence[str], words: Sequence[Span], pairs: Sequence[Tuple[str, str]]) -> None:
        """One utterance: its words as they are, and the alignment in which unknown ones are all the same."""
        said, heard = iter(reference), iter(words)
        for right, found in pairs:
            word = next(said) if right != GAP else None
            span = next(heard) if found != GAP else None
            self.unknown += right == UNKNOWN
            self.claimed += found == UNKNOWN
            self.insertions += right == GAP
            self.known_errors += right not in (GAP, UNKNOWN, found)
            if word is not None and span is not None and right == found == UNKNOWN:
                self.detected += 1
                self._compare(word, span.spelling or ())

    def _compare(self, word: str, spelling: Sequence[str]) -> None:
        found = list(spelling)
        if self._spellings is None:
            rights = [list(word)]
            found = list("".join(spelling).replace(WORD_MARK, ""))
        elif word in self._spellings:
            rights = [list(entry.tokens) for entry in self._spellings.of(word)]
        else:
            return
        errors, length = min((_edits(right, found), len(right)) for right in rights)
        self.spelt += 1
        self.spelt_right += errors == 0
        self.tokens += length
        self.token_errors += errors


def _edits(right: Sequence[str], found: Sequence[str]) -> int:
    return sum(a != b for a, b in align_units(right, found))
