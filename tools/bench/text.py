"""Real text as sentences: files in, lower-case word sequences out."""

from __future__ import annotations

import gzip
import html
import random
import re
from pathlib import Path
from typing import Iterable, Iterator, List, Tuple

from fsaasr.core.errors import CorpusError

SUFFIXES = (".txt", ".text", ".md", ".html", ".htm", ".txt.gz", ".html.gz", ".dict.dz")
SHORTEST, LONGEST = 3, 40
"""Words of a sentence."""
HELD_OUT = 66
"""One sentence in this many is held out."""

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_END = re.compile(r"[.!?;:]+\s")
_TAG = re.compile(r"<[^>]+>")


def find_texts(source: Path) -> List[Path]:
    """The file itself, or a folder's text files, told by their suffixes, in order.

    Raises:
      CorpusError: nothing there.
    """
    if source.is_file():
        return [source]
    found = sorted(path for path in source.rglob("*") if path.is_file() and path.name.lower().endswith(SUFFIXES))
    if not found:
        raise CorpusError(f"bench: no text in {source}; expected a file, or a folder with {', '.join(SUFFIXES)}")
    return found


def read_text(path: Path) -> str:
    """One file's text: unpacked, without tags."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    text = data.decode("utf-8", errors="ignore")
    return html.unescape(_TAG.sub(" ", text)) if ".htm" in path.name.lower() else text


def sentences(paths: Iterable[Path]) -> Iterator[str]:
    """Each different sentence once, as its words in lower case with spaces between them."""
    seen = set()
    for path in paths:
        for piece in _split(read_text(path)):
            words = _WORD.findall(piece.lower())
            sentence = " ".join(words)
            if SHORTEST <= len(words) <= LONGEST and sentence not in seen:
                seen.add(sentence)
                yield sentence


def _split(text: str) -> List[str]:
    """At the ends of sentences, or of lines where hardly any sentence has one."""
    pieces = _END.split(text)
    lines = text.splitlines()
    return lines if 10 * len(pieces) < len(lines) else pieces


def hold_out(found: Iterable[str], seed: int, wanted: int) -> Tuple[List[str], List[str]]:
    """Training and held-out sentences, `wanted` or more of these but at most a quarter, drawn by `seed`.

    Raises:
      CorpusError: hardly any text.
    """
    shuffled = list(found)
    random.Random(seed).shuffle(shuffled)
    count = min(max(wanted, len(shuffled) // HELD_OUT), len(shuffled) // 4)
    if not count:
        raise CorpusError(f"bench: found {len(shuffled)} sentences of {SHORTEST} to {LONGEST} words; give more text")
    return shuffled[count:], shuffled[:count]
