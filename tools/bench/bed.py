"""The test bed: what it is made from, and where its files are. Standard library only."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, List, Optional

_VERSION = 1
"""Raised when the same settings make another bed."""


@dataclass(frozen=True)
class Settings:
    """What a bed is made from.

    Attributes:
      text: a file or folder; Debian's packages if None.
      lexicon: `word phone phone ...` lines; CMUdict without stress if None, and `letters` for the words' letters.
      scores: an `.npz` file as `tools.bench.scores_file` has it; synthetic ones if None.
      seed: of the held-out sentences and the synthetic scores.
      words: the most frequent words of the text that the lexicon knows.
      utterances: at most so many.
      per: greedy phone error rate of the synthetic scores.
    """

    text: Optional[str] = None
    lexicon: Optional[str] = None
    scores: Optional[str] = None
    seed: int = 1
    words: int = 20_000
    utterances: int = 100
    per: float = 0.17

    @property
    def key(self) -> str:
        """Names the bed; other content of the named files makes another one."""
        files = [_fingerprint(path) for path in (self.text, self.lexicon, self.scores)]
        return hashlib.sha256(json.dumps([_VERSION, asdict(self), files]).encode()).hexdigest()[:12]


def _fingerprint(name: Optional[str]) -> List[Any]:
    path = Path(name) if name else None
    if path is None or not path.exists():
        return []
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]


@dataclass(frozen=True)
class Bed:
    """Where a bed's files are.

    Attributes:
      folder: holds them all.
    """

    folder: Path

    train = property(lambda self: self.folder / "train.txt")
    held_out = property(lambda self: self.folder / "held_out.txt")
    lexicon = property(lambda self: self.folder / "lexicon.txt")
    arpa = property(lambda self: self.folder / "3gram.arpa")
    token_graph = property(lambda self: self.folder / "token.graph")
    static_graph = property(lambda self: self.folder / "static.graph")
    openfst = property(lambda self: self.folder / "static.fst")
    words = property(lambda self: self.folder / "words.json")
    k2_graph = property(lambda self: self.folder / "k2.npz")
    scores = property(lambda self: self.folder / "scores.npz")
    facts = property(lambda self: self.folder / "facts.json")
