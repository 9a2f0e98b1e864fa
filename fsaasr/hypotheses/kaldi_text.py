"""Kaldi's `text` and `utt2spk` files: read for scoring, written for hypotheses."""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

from fsaasr.core.errors import HypothesisError, HypothesisFileError
from fsaasr.core.files import PathLike, write_text
from fsaasr.hypotheses.text_file import read_unicode

_ODD_SPACE = re.compile(r"[^\S \t\r\n]|\r(?!\n|\Z)")


def read_transcripts(path: PathLike) -> Dict[str, Tuple[str, ...]]:
    """Reads Kaldi's `text` form: an utterance id and its words a line, in any order; no words is allowed.

    Raises:
      HypothesisFileError: naming the line: an id that was there before, white space other than space and tab,
        bytes that are not UTF-8; no such file, or one without any line.
    """
    transcripts: Dict[str, Tuple[str, ...]] = {}
    for number, fields in _lines(path):
        if fields[0] in transcripts:
            raise HypothesisFileError(path, number, f"utterance {fields[0]!r} stands on an earlier line too; drop one")
        transcripts[fields[0]] = tuple(fields[1:])
    return transcripts


def read_speakers(path: PathLike) -> Dict[str, str]:
    """Reads Kaldi's `utt2spk` form: an utterance id and its speaker a line.

    Raises:
      HypothesisFileError: as `read_transcripts`, or a line that has not two fields.
    """
    speakers: Dict[str, str] = {}
    for number, fields in _lines(path):
        if len(fields) != 2:
            raise HypothesisFileError(path, number, f"found {' '.join(fields)!r}, expected `utterance speaker`")
        if fields[0] in speakers:
            raise HypothesisFileError(path, number, f"utterance {fields[0]!r} stands on an earlier line too; drop one")
        speakers[fields[0]] = fields[1]
    return speakers


def write_transcripts(transcripts: Mapping[str, Sequence[str]], path: PathLike) -> None:
    """Writes Kaldi's `text` form, sorted by utterance id, atomically.

    Raises:
      HypothesisError: an id or word that is empty or holds white space, which no reader would give back.
    """
    for utterance, words in transcripts.items():
        wrong = [field for field in (utterance, *words) if field.split() != [field]]
        if wrong or isinstance(words, str):
            raise HypothesisError(
                f"write_transcripts: utterance {utterance!r} has {wrong[0] if wrong else words!r}; "
                "expected a sequence of words without white space"
            )
    write_text(path, "".join(" ".join((name, *transcripts[name])) + "\n" for name in sorted(transcripts)))


def _lines(path: PathLike) -> Iterator[Tuple[int, List[str]]]:
    """Line number and fields of every line that is not blank."""
    text = read_unicode(path)
    odd = _ODD_SPACE.search(text)
    if odd:
        number = text.count("\n", 0, odd.start()) + 1
        raise HypothesisFileError(path, number, f"white space U+{ord(odd.group()):04X}; use spaces or tabs only")
    if not text.strip():
        raise HypothesisFileError(path, None, "no lines; expected `utterance word word ...`")
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split()
        if fields:
            yield number, fields
