"""Lexicon files: Kaldi's `lexicon.txt`, `lexiconp.txt` and `lexiconp_silprob.txt`, and CMUdict."""

from __future__ import annotations

import math
import re
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Literal, NamedTuple, Optional, Tuple

from fsaasr.core.errors import LexiconError, LexiconFileError
from fsaasr.core.files import PathLike, write_text
from fsaasr.lexicon.lexicon import Lexicon, OptionalSilence, Pronunciation, SilenceWeights, Tokens, symbol_problem
from fsaasr.lexicon.silprob import format_silprob, format_weights, parse_weights
from fsaasr.lexicon.utf8_text import read_utf8

Kind = Literal["auto", "lexicon", "lexiconp", "lexiconp_silprob", "cmudict"]
KINDS: Tuple[Kind, ...] = ("auto", "lexicon", "lexiconp", "lexiconp_silprob", "cmudict")

_ODD_SPACE = re.compile(r"[^\S \t\r\n]|\r(?!\n|\Z)|\ufeff")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
_VARIANT = re.compile(r"(.+)\(([0-9]+)\)")
_CMU_COMMENT = ";;;"


class _Line(NamedTuple):
    number: int
    fields: List[str]


def read_lexicon(path: PathLike, silence: Optional[OptionalSilence] = None, kind: Kind = "auto") -> Lexicon:
    """Reads a lexicon file, UTF-8, one pronunciation a line, fields separated by spaces or tabs.

    `kind` names the format:

    - `lexicon`: `word token token ...` (Kaldi's `lexicon.txt`).
    - `lexiconp`: `word probability token token ...` (Kaldi's `lexiconp.txt`), probability in (0, 1].
    - `lexiconp_silprob`: `word probability P(s_r|w) F(s_l|w) F(n_l|w) token token ...` (Kaldi's
      `lexiconp_silprob.txt`; see `SilenceWeights`); `read_silprob` reads the `silence` that belongs to it.
    - `cmudict`: as `lexicon`; `WORD(2)` is another pronunciation of `WORD`, lines that begin with `;;;`
      and ends of lines from a field `#` on are comments. Stress digits stay: see `strip_stress`. CMUdict itself
      repeats pronunciations (`mormonism(2)`): the later ones are left out, and a warning says which.
    - `auto`: `lexiconp_silprob` or `lexiconp` if the file's name begins so. Else `cmudict` if a line begins with
      `;;;` or some `WORD(2)` stands beside its `WORD`. Else the second fields decide: `lexiconp` if all of them are
      numbers with a decimal point or exponent (or `1`), `lexicon` if none is. A mixture, or nothing but `1`,
      is an error: a token may look like a number, and this function does not guess.

    Args:
      path: the file.
      silence: optional silence of the lexicon.
      kind: one of `KINDS`.

    Raises:
      LexiconFileError: naming file and line: an empty pronunciation, a probability out of range, a repeated
        pronunciation, a reserved symbol, bytes that are not UTF-8, white space other than space and tab,
        an unclear format, no entry at all, no such file.
    """
    return parse_lexicon(read_utf8(path), silence, str(path), kind)


def parse_lexicon(text: str, silence: Optional[OptionalSilence], source: str, kind: Kind) -> Lexicon:
    """Parses lexicon text; see `read_lexicon`."""
    if kind not in KINDS:
        raise LexiconError(f"read_lexicon: kind is {kind!r}, expected one of {', '.join(KINDS)}")
    lines = _split_lines(text.removeprefix("\ufeff"), source)
    if kind == "auto":
        kind = _detect(lines, source)
    if kind == "cmudict":
        lines = [_Line(number, _without_comment(fields)) for number, fields in lines if not _is_comment(fields)]
    usual = SilenceWeights(silence.probability) if silence else None
    entries = [_parse_line(line, kind, source, usual) for line in lines]
    if kind == "cmudict":
        entries = _without_repeats(lines, entries, source)
    if not entries:
        raise LexiconFileError(source, None, "no entries; expected at least one line `word token ...`")
    try:
        return Lexicon(tuple(entries), silence)
    except LexiconError:
        _locate_problem(lines, entries, source)
        raise


def _without_repeats(lines: List[_Line], entries: List[Pronunciation], source: str) -> List[Pronunciation]:
    kept: Dict[Tuple[str, Tokens], Pronunciation] = {}
    repeats = []
    for line, entry in zip(lines, entries):
        if kept.setdefault((entry.word, entry.tokens), entry) is not entry:
            repeats.append(f"{line.fields[0]} (line {line.number})")
    if repeats:
        more = f" and {len(repeats) - 5} more" if len(repeats) > 5 else ""
        warnings.warn(
            f"read_lexicon: {source}: left out {len(repeats)} repeated pronunciations: {', '.join(repeats[:5])}{more}",
            stacklevel=4,
        )
    return list(kept.values())


def _split_lines(text: str, source: str) -> List[_Line]:
    odd = _ODD_SPACE.search(text)
    if odd:
        number = text.count("\n", 0, odd.start()) + 1
        raise LexiconFileError(
            source, number, f"white space U+{ord(odd.group()):04X}; separate fields by spaces or tabs only"
        )
    fields = ((number, line.split()) for number, line in enumerate(text.split("\n"), 1))
    return [_Line(number, parts) for number, parts in fields if parts]


def _is_comment(fields: List[str]) -> bool:
    return fields[0].startswith(_CMU_COMMENT)


def _without_comment(fields: List[str]) -> List[str]:
    return fields[: fields.index("#", 1)] if "#" in fields[1:] else fields


def _detect(lines: List[_Line], source: str) -> Kind:
    name = Path(source).name
    if name.startswith("lexiconp"):
        return "lexiconp_silprob" if name.startswith("lexiconp_silprob") else "lexiconp"
    words = {fields[0] for _, fields in lines}
    variants = (_VARIANT.fullmatch(word) for word in words if word.endswith(")"))
    if any(_is_comment(fields) for _, fields in lines) or any(m and m.group(1) in words for m in variants):
        return "cmudict"
    with_number = [line for line in lines if len(line.fields) > 1 and _DECIMAL.fullmatch(line.fields[1])]
    unclear = [line for line in lines if len(line.fields) > 2 and line.fields[1] == "1"]
    if len(unclear) == len(lines) and lines:
        raise LexiconFileError(
            source, lines[0].number, "every second field is `1`, a probability or a token; pass kind= to say which"
        )
    if not with_number:
        return "lexicon"
    if len(with_number) + len(unclear) == len(lines):
        return "lexiconp"
    numbered = {line.number for line in (*with_number, *unclear)}
    odd_one = next(line for line in lines if (line.number in numbered) == (2 * len(numbered) < len(lines)))
    raise LexiconFileError(
        source,
        odd_one.number,
        f"found {' '.join(odd_one.fields)!r}, but {len(with_number)} of {len(lines)} lines have a probability as "
        "second field; give one on every line or on none, or pass kind= to say which format this is",
    )


def _parse_line(line: _Line, kind: Kind, source: str, usual: Optional[SilenceWeights]) -> Pronunciation:
    """`usual`: silence weights that need not be kept, as they are what the lexicon's silence says."""
    number, (word, *tokens) = line
    log_prob = 0.0
    weights = None
    if kind == "lexiconp_silprob":
        log_prob = _log_probability(tokens.pop(0) if tokens else "", word, number, source)
        weights = parse_weights(tokens[:3], word, number, source)
        tokens = tokens[3:]
    elif kind == "lexiconp":
        log_prob = _log_probability(tokens.pop(0) if tokens else "", word, number, source)
        if tokens and _DECIMAL.fullmatch(tokens[0]):
            raise LexiconFileError(
                source,
                number,
                f"word {word!r} has the second number {tokens[0]}; expected `word probability token ...` "
                "(kind='lexiconp_silprob' reads lexiconp_silprob.txt)",
            )
    elif kind == "cmudict":
        variant = _VARIANT.fullmatch(word)
        word = variant.group(1) if variant else word
    if not tokens:
        raise LexiconFileError(source, number, f"word {word!r} has no tokens; give it a pronunciation or drop it")
    # Interned, since a large lexicon repeats a few dozen names a million times.
    return Pronunciation(word, tuple(map(sys.intern, tokens)), log_prob, None if weights == usual else weights)


def _log_probability(field: str, word: str, number: int, source: str) -> float:
    try:
        probability = float(field)
    except ValueError:
        raise LexiconFileError(
            source, number, f"word {word!r} is followed by {field!r}, expected a probability in (0, 1]"
        ) from None
    if not 0.0 < probability <= 1.0:
        raise LexiconFileError(source, number, f"word {word!r} has probability {field}, expected a number in (0, 1]")
    return math.log(probability)


def _locate_problem(lines: List[_Line], entries: List[Pronunciation], source: str) -> None:
    """Raises LexiconFileError for the first reserved symbol or repeated pronunciation."""
    first: Dict[Tuple[str, Tokens], int] = {}
    for (number, _), entry in zip(lines, entries):
        problems = filter(None, map(symbol_problem, (entry.word, *entry.tokens)))
        problem = next(problems, None)
        if problem:
            raise LexiconFileError(source, number, problem)
        earlier = first.setdefault((entry.word, entry.tokens), number)
        if earlier != number:
            raise LexiconFileError(
                source,
                number,
                f"word {entry.word!r} has the pronunciation {' '.join(entry.tokens)!r} already on line {earlier}; "
                "drop one",
            )


def write_lexicon(lexicon: Lexicon, path: PathLike) -> None:
    """Writes Kaldi's `lexiconp.txt` form, atomically; silence is not part of it.

    Every log probability that came from a file is read back exactly, others to the last bit or two.

    Raises:
      LexiconError: a probability too small for a float (log below about -745).
    """
    write_text(path, format_lexicon(lexicon))


def write_lexicon_silprob(lexicon: Lexicon, directory: PathLike) -> None:
    """Writes Kaldi's `lexiconp_silprob.txt` and `silprob.txt` into a folder, each atomically.

    `read_lexicon`, with the silence that `read_silprob` reads, gives the lexicon back.

    Raises:
      LexiconError: no optional silence, or as `write_lexicon`.
    """
    texts = {"silprob.txt": format_silprob(lexicon), "lexiconp_silprob.txt": format_lexicon(lexicon, silence=True)}
    for name, text in texts.items():
        write_text(Path(directory) / name, text)


def format_lexicon(lexicon: Lexicon, silence: bool = False) -> str:
    """The text that `write_lexicon` writes; with `silence`, of `lexiconp_silprob.txt`."""
    cache: Dict[float, str] = {0.0: "1.0"}
    lines = []
    for entry in lexicon.pronunciations:
        if entry.log_prob not in cache:
            cache[entry.log_prob] = _probability_text(entry)
        weights = f" {format_weights(lexicon.silence_weights(entry))}" if silence else ""
        lines.append(f"{entry.word} {cache[entry.log_prob]}{weights} {' '.join(entry.tokens)}\n")
    return "".join(lines)


def _probability_text(entry: Pronunciation) -> str:
    """The shortest decimal whose log is the entry's log probability, or else the nearest one."""
    probability = math.exp(entry.log_prob)
    if probability == 0.0:
        raise LexiconError(
            f"write_lexicon: word {entry.word!r} has log_prob {entry.log_prob}, whose probability is too small to write"
        )
    neighbours = (probability, math.nextafter(probability, 0.0), math.nextafter(probability, 1.0))
    for digits in range(1, 18):
        for value in neighbours:
            text = f"{value:.{digits}g}"
            if math.log(float(text)) == entry.log_prob:
                return text if _DECIMAL.fullmatch(text) else f"{text}.0"
    return repr(probability)


_STRESSED = re.compile(r"([A-Z]+)[0-2]")


def strip_stress(lexicon: Lexicon) -> Lexicon:
    """Takes the stress digits 0, 1, 2 off ARPAbet vowels (`AH0` becomes `AH`).

    Pronunciations of a word that become equal are merged into one, the most probable, the first of equals.
    """
    merged: Dict[Tuple[str, Tokens], Pronunciation] = {}
    for entry in lexicon.pronunciations:
        plain = replace(entry, tokens=tuple(_STRESSED.sub(r"\1", token) for token in entry.tokens))
        other = merged.setdefault((plain.word, plain.tokens), plain)
        if plain.log_prob > other.log_prob:
            merged[plain.word, plain.tokens] = plain
    return Lexicon(tuple(merged.values()), lexicon.silence)
