"""Word and character errors of hypotheses against references."""

from __future__ import annotations

from typing import Collection, Mapping, Optional, Sequence, Tuple

import kaldialign

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate.error_report import GAP, ErrorCounts, ErrorReport, Pair, UtteranceErrors

Transcripts = Mapping[str, Sequence[str]]
"""Words of each utterance, by utterance id."""


def align_units(reference: Sequence[str], hypothesis: Sequence[str]) -> Tuple[Pair, ...]:
    """A cheapest alignment of two sequences of non-empty units, each edit costing 1 (kaldialign)."""
    return tuple((r, h) for r, h in kaldialign.align(list(reference), list(hypothesis), GAP))


def word_errors(
    references: Transcripts, hypotheses: Transcripts, speakers: Optional[Mapping[str, str]] = None
) -> ErrorReport:
    """Aligns every hypothesis with its reference, word by word.

    Args:
      references: what was said. Empty word lists are allowed, and listed in `ErrorReport.empty_references`.
      hypotheses: what was recognised, of exactly the same utterances; an empty list where nothing was.
      speakers: speaker of each utterance, for per-speaker sums and intervals; more than needed is allowed.

    Raises:
      EvaluationError: the utterances differ, no reference has a word, an utterance has no speaker, a
        string in place of a word list, or a word that is empty or holds white space.
    """
    check_transcripts(references, hypotheses, speakers, "word_errors")
    return _report(references, hypotheses, speakers, "word")


def character_errors(
    references: Transcripts,
    hypotheses: Transcripts,
    speakers: Optional[Mapping[str, str]] = None,
    *,
    spaces: bool = True,
) -> ErrorReport:
    """Aligns every hypothesis with its reference, character by character (Unicode code points).

    Args:
      references, hypotheses, speakers: as `word_errors`, in words.
      spaces: whether the space between two words counts as a character.

    Raises:
      EvaluationError: as `word_errors`.
    """
    check_transcripts(references, hypotheses, speakers, "character_errors")
    joint = " " if spaces else ""
    return _report(
        {utterance: tuple(joint.join(words)) for utterance, words in references.items()},
        {utterance: tuple(joint.join(words)) for utterance, words in hypotheses.items()},
        speakers,
        "character",
    )


def _report(
    references: Transcripts, hypotheses: Transcripts, speakers: Optional[Mapping[str, str]], unit: str
) -> ErrorReport:
    entries = []
    for utterance, reference in references.items():
        alignment = align_units(reference, hypotheses[utterance])
        speaker = speakers[utterance] if speakers is not None else None
        entries.append(UtteranceErrors(utterance, speaker, ErrorCounts.of(alignment), alignment))
    return ErrorReport(tuple(entries), unit)


def check_transcripts(
    references: Transcripts, hypotheses: Transcripts, speakers: Optional[Mapping[str, str]], function: str
) -> None:
    """Raises EvaluationError, in the name of `function`, for what cannot be compared."""
    missing = [utterance for utterance in references if utterance not in hypotheses]
    extra = [utterance for utterance in hypotheses if utterance not in references]
    if missing or extra:
        raise EvaluationError(
            f"{function}: {len(references)} references, {len(hypotheses)} hypotheses; {_some(missing)} without "
            f"hypothesis, {_some(extra)} without reference; give both of the same utterances"
        )
    without = [utterance for utterance in references if speakers is not None and utterance not in speakers]
    if without:
        raise EvaluationError(f"{function}: {_some(without)} without speaker; give one for every utterance or none")
    for transcripts, kind in ((references, "reference"), (hypotheses, "hypothesis")):
        for utterance, words in transcripts.items():
            _check_words(words, f"{function}: {kind} of {utterance!r}")
    if not any(references.values()):
        raise EvaluationError(f"{function}: no reference has a word, so no error rate is defined; give references")


def _check_words(words: Sequence[str], what: str) -> None:
    if isinstance(words, str):
        raise EvaluationError(f"{what} is the string {words[:40]!r}; expected a sequence of words, use .split()")
    for word in words:
        if not isinstance(word, str) or word.split() != [word]:
            raise EvaluationError(f"{what} holds {word!r}; a word is a non-empty string without white space")


def _some(names: Collection[str]) -> str:
    """`0`, or a count with the first few names."""
    shown = ", ".join(repr(name) for name in list(names)[:5])
    return f"{len(names)} ({shown}{', ...' if len(names) > 5 else ''})" if names else "0"
