"""What building a graph cost, step by step."""

from __future__ import annotations

import resource
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Mapping, Tuple, Union

import pynini

from fsaasr.graph.fst_arrays import FstArrays


@dataclass(frozen=True)
class BuildStep:
    """One step: size of its result, wall-clock seconds, peak memory of the process so far in MiB."""

    step: str
    states: int
    arcs: int
    seconds: float
    peak_mb: float


def _size(fst: Union[pynini.Fst, FstArrays]) -> Tuple[int, int]:
    if isinstance(fst, FstArrays):
        return fst.num_states, fst.num_arcs
    return fst.num_states(), sum(map(fst.num_arcs, range(fst.num_states())))


@dataclass
class BuildReport:
    """Steps in the order they were run, and what the sources of the graph lack of each other."""

    steps: List[BuildStep] = field(default_factory=list)
    missing_words: List[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[Union[pynini.Fst, FstArrays]], None]]:
        """Times a block; the block hands its result to the function that it is given."""
        size = [0, 0]

        def measure(fst: Union[pynini.Fst, FstArrays]) -> None:
            # Only numbers are kept: the report must not keep a large graph alive.
            size[:] = _size(fst)

        begin = time.perf_counter()
        yield measure
        seconds = time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.steps.append(BuildStep(name, size[0], size[1], round(seconds, 4), round(peak, 1)))

    @classmethod
    def from_dict(cls, build: Mapping[str, Any]) -> BuildReport:
        """From a graph's `build`, which may be empty; the graph's is not touched by further steps."""
        steps = [BuildStep(**step) for step in build.get("steps", ())]
        return cls(steps, list(build.get("missing_words", ())))

    def to_dict(self) -> Dict[str, Any]:
        """As JSON-ready values."""
        return asdict(self)

    def table(self) -> str:
        """The steps as aligned text."""
        rows = [f"{'step':<28}{'states':>10}{'arcs':>11}{'seconds':>9}{'peak MB':>9}"]
        rows += [f"{s.step:<28}{s.states:>10}{s.arcs:>11}{s.seconds:>9.2f}{s.peak_mb:>9.0f}" for s in self.steps]
        return "\n".join(rows)
