"""What every decoder of the comparison does; imported in all environments, so numpy only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional

from tools.bench.bed import Bed
from tools.bench.scores_file import ScoreSet


@dataclass(frozen=True)
class Task:
    """What is the same for all that a process does.

    Attributes:
      threads: that the decoder may use.
      lattice_beam: log score by which a path of a lattice may lag behind the best.
      max_active, min_active: states or hypotheses kept a frame.
      options: of this decoder alone.
    """

    threads: int = 1
    lattice_beam: float = 6.0
    max_active: int = 10_000
    min_active: int = 20
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """One utterance's result: its words, and the total log score of its best path where the decoder tells it."""

    words: List[str]
    score: Optional[float] = None


class Runner(ABC):
    """A decoder. The runner makes it in a fresh process, calls `load` once and `search` often."""

    def __init__(self, bed: Bed, task: Task) -> None:
        self.bed = bed
        self.task = task

    @abstractmethod
    def load(self) -> None:
        """Reads the graph from disk; timed by itself."""

    @abstractmethod
    def prepare(self, scores: ScoreSet) -> Any:
        """The scores as the decoder takes them; not timed."""

    @abstractmethod
    def search(self, scores: Any, beam: float) -> Any:
        """Decodes all that `prepare` gave; this is what is timed."""

    def read_out(self, results: Any) -> Any:
        """The best path of each lattice, where `search` stops before it; timed by itself."""
        return results

    @abstractmethod
    def found(self, results: Any) -> List[Found]:
        """What `read_out` gave, in words; not timed."""

    def notes(self, results: Any, frames: int) -> Dict[str, Any]:
        """Further keys of the row, from what `search` gave."""
        return {}
