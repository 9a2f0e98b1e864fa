"""What the two sides of the comparison have in common; standard library only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List

from tools.bench.bed import Bed

SCORES, FRAMES, WORDS, ALL_WORDS, FILES = "scores", "frames", "words", "all words", "files"
"""What operations are done to: score matrices, lattices of frames, lattices of words, all of these at once, files."""


@dataclass(frozen=True)
class Beams:
    """How lattices are made; `lattice` is also the beam of determinization, as in Kaldi's programs."""

    search: float
    lattice: float
    max_active: int = 10_000
    min_active: int = 20


@dataclass(frozen=True)
class Operation:
    """Something that is done to each of many things.

    Attributes:
      name: the same on both sides.
      on: what it is done to, a key of `Side.kept`.
      do: does it to one.
      keep: under which key of `Side.kept` the results are kept; empty for nowhere.
    """

    name: str
    on: str
    do: Callable[[Any], Any]
    keep: str = ""


@dataclass
class Side(ABC):
    """A toolkit.

    Attributes:
      bed: graph and scores. beams: for all lattices.
      folder: for files that are written.
      kept: what operations are done to.
    """

    bed: Bed
    beams: Beams
    folder: Path
    kept: Dict[str, List[Any]] = field(default_factory=dict)

    @abstractmethod
    def load(self) -> None:
        """Reads graph and language model, and keeps the scores."""

    @abstractmethod
    def operations(self) -> List[Operation]:
        """In the order in which they are done."""

    @abstractmethod
    def arcs(self, lattice: Any) -> int:
        """Arcs of a lattice of frames or of words."""

    def sizes(self) -> Dict[str, int]:
        """Arcs of all lattices together."""
        return {key: sum(self.arcs(lattice) for lattice in self.kept.get(key, ())) for key in (FRAMES, WORDS)}
