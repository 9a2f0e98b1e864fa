"""Kaldi's files of word-dependent silence probabilities: `silprob.txt`, and four columns of `lexiconp_silprob.txt`."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Sequence

from fsaasr.core.errors import LexiconError, LexiconFileError
from fsaasr.core.files import PathLike
from fsaasr.lexicon.lexicon import Lexicon, OptionalSilence, SilenceWeights
from fsaasr.lexicon.utf8_text import read_utf8

SILPROB_LABELS = ("<s>", "</s>_s", "</s>_n", "overall")
_COLUMNS = ("probability of silence after it", "correction for silence before", "correction for no silence before")


def read_silprob(path: PathLike, token: str = "SIL") -> OptionalSilence:
    """Reads Kaldi's `silprob.txt`: what silence does at the ends of sentences, and in general.

    Its four lines, in any order: `<s>` and P(s_r | <s>), `</s>_s` and F(s_l | </s>), `</s>_n` and F(n_l | </s>),
    `overall` and P(s).

    Args:
      path: the file.
      token: name of the silence, which the file does not say.

    Raises:
      LexiconFileError: naming file and line: a label that is unknown, repeated or missing, a number out of range.
    """
    return parse_silprob(read_utf8(path), token, str(path))


def parse_silprob(text: str, token: str, source: str) -> OptionalSilence:
    """Parses the text of `silprob.txt`; see `read_silprob`."""
    values: Dict[str, float] = {}
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 2 or fields[0] not in SILPROB_LABELS or fields[0] in values:
            raise LexiconFileError(
                source, number, f"found {line.strip()!r}, expected a label and a number, once each of {_LABELS}"
            )
        values[fields[0]] = _number(fields[1], f"{fields[0]!r}", number, source)
    missing = [label for label in SILPROB_LABELS if label not in values]
    if missing:
        raise LexiconFileError(source, None, f"no line {missing[0]!r}; expected one each of {_LABELS}")
    start, before, not_before, overall = (values[label] for label in SILPROB_LABELS)
    try:
        silence, ends = OptionalSilence(token, overall), SilenceWeights(start, before, not_before)
    except LexiconError as error:
        raise LexiconFileError(source, None, str(error)) from error
    return silence if ends == SilenceWeights(overall) else replace(silence, sentence=ends)


_LABELS = ", ".join(SILPROB_LABELS)


def format_silprob(lexicon: Lexicon) -> str:
    """The text of Kaldi's `silprob.txt`; raises LexiconError where the lexicon has no optional silence."""
    ends = lexicon.silence_weights()
    overall = lexicon.silence.probability if lexicon.silence else ends.after
    values = (ends.after, ends.before, ends.not_before, overall)
    return "".join(f"{label} {float(value)!r}\n" for label, value in zip(SILPROB_LABELS, values))


def format_weights(weights: SilenceWeights) -> str:
    """Columns 3 to 5 of `lexiconp_silprob.txt`; every digit is written, so that they are read back exactly."""
    return f"{float(weights.after)!r} {float(weights.before)!r} {float(weights.not_before)!r}"


def parse_weights(fields: Sequence[str], word: str, number: int, source: str) -> SilenceWeights:
    """Columns 3 to 5 of `lexiconp_silprob.txt`; raises LexiconFileError."""
    if len(fields) < len(_COLUMNS):
        raise LexiconFileError(
            source, number, f"word {word!r} has {1 + len(fields)} numbers; expected 4 and then its tokens"
        )
    values = [_number(field, f"word {word!r}: {name}", number, source) for field, name in zip(fields, _COLUMNS)]
    try:
        return SilenceWeights(*values)
    except LexiconError as error:
        raise LexiconFileError(source, number, f"word {word!r}: {error}") from error


def _number(field: str, what: str, line: int, source: str) -> float:
    try:
        return float(field)
    except ValueError:
        raise LexiconFileError(source, line, f"{what} is {field!r}, expected a number") from None
