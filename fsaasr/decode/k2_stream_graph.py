"""The graph that k2 searches in streams, and the units in which it counts.

`k2.OnlineDenseIntersecter` is made to lose nothing from one call to the next by two changes to what it is given:

- At the end of each call it drops every state from which no final arc leaves. So each state gets one more arc,
  a *stop*, by which a path may end for the time being.
- On the last row of each call it sets the beam to 1e10, and the next call begins with that beam and hardly
  prunes. So scores are counted in units in which the search beam *is* 1e10.

k2 also stops the process where rounding makes forward and backward sums differ by more than 2 such units. So
scores are rounded to multiples of one quantum of which float32 sums are exact.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Any, Dict, Tuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import FloatArray
from fsaasr.core.stack import import_k2
from fsaasr.graph.k2_graph import K2Graph

BEAM_OF_LAST_ROW = 1e10
"""What k2 sets the beam to."""
COARSEST = 2.0**-6
"""Largest quantum in nats; the smallest is half of it. Float32 sums are exact up to 2**24 quanta, >= 131072 nats."""
WIDEST_STREAM = 2.0**15
"""The beam, in nats, that stands for any wider one."""
LOWEST = -(2.0**12)
"""Score, in nats below the best of its frame, from which on a column is impossible; and so is an arc of the graph."""
MOST_DRIFT = 2.0**16
"""Nats by which sums may grow before the best path's score is taken off; with WIDEST_STREAM they stay exact."""


@dataclass(frozen=True)
class Units:
    """How scores are counted: in multiples of `quantum` (nats), each of which k2 sees as `step`, a power of 2."""

    quantum: float
    step: float

    @classmethod
    def of_beam(cls, search_beam: float) -> Units:
        """The coarsest allowed units in which `search_beam` (nats) is BEAM_OF_LAST_ROW."""
        beam = min(search_beam, WIDEST_STREAM)
        step = 2.0 ** math.floor(math.log2(COARSEST * BEAM_OF_LAST_ROW / beam))
        return cls(beam * step / BEAM_OF_LAST_ROW, step)

    def beam(self, nats: float) -> float:
        """A beam as k2 sees it."""
        return min(nats, WIDEST_STREAM) / self.quantum * self.step

    def count(self, nats: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """float32: scores in nats as k2 sees them; -inf from LOWEST on."""
        counted = np.rint(nats / self.quantum) * self.step
        return np.where(nats > LOWEST, counted, -np.inf).astype(np.float32)


@dataclass(frozen=True, eq=False)
class StreamGraph:
    """A converted graph with stops, in units.

    Attributes:
      converted: the graph without stops.
      units: of the scores.
      vec: k2 FsaVec of one graph. Its attribute `arc_path` is the converted graph's path, or at least P for a stop.
      path_score: float32 (P,): score of each path, in nats.
      path_column: int32 (P,): score column of each path, -1 for one that ends.
      largest: of the absolute scores of paths, in nats, those from LOWEST on left out.
    """

    converted: K2Graph
    units: Units
    vec: Any
    path_score: npt.NDArray[np.float32]
    path_column: npt.NDArray[np.int32]
    largest: float

    def drift(self, block: FloatArray) -> npt.NDArray[np.float64]:
        """float64 (T,): nats by which sums grow at most through each frame of a block of scores."""
        best = block.max(axis=1, keepdims=True).astype(np.float64)
        below = np.where(best > -np.inf, best, 0.0) - block
        below[below >= -LOWEST] = 0.0
        drift: npt.NDArray[np.float64] = below.max(axis=1) + self.largest
        return drift

    @property
    def num_paths(self) -> int:
        """P."""
        return len(self.path_score)


_CACHE: WeakKeyDictionary[K2Graph, Dict[Tuple[float, str], StreamGraph]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def stream_graph(converted: K2Graph, search_beam: float, device: Any) -> StreamGraph:
    """The graph for streams with this beam on a device; kept as long as the converted graph lives."""
    with _LOCK:
        known = _CACHE.setdefault(converted, {})
        key = (min(search_beam, WIDEST_STREAM), str(device))
        if key not in known:
            known[key] = _with_stops(converted, Units.of_beam(search_beam), device)
    return known[key]


def _with_stops(converted: K2Graph, units: Units, device: Any) -> StreamGraph:
    import torch

    k2 = import_k2()
    rows = converted.fsa.arcs.values().numpy()
    score = rows[:, 3].copy().view(np.float32)
    paths, last = len(rows), int(converted.fsa.shape[0]) - 1
    # Arcs are sorted by source, and the stop comes last: before an arc stand as many stops as its source's number.
    place = np.arange(paths, dtype=np.int32) + rows[:, 0]
    stop_place = np.searchsorted(rows[:, 0], np.arange(last), side="right") + np.arange(last)
    mixed = np.empty((paths + last, 4), dtype=np.int32)
    mixed[place, :3] = rows[:, :3]
    mixed[place, 3] = units.count(score).view(np.int32)
    mixed[stop_place, 0] = np.arange(last)
    mixed[stop_place, 1:] = (last, -1, 0)
    path = np.empty(paths + last, dtype=np.int32)
    path[place] = np.arange(paths)
    path[stop_place] = np.arange(paths, paths + last)
    fsa = k2.Fsa(torch.from_numpy(mixed))
    fsa.arc_path = torch.from_numpy(path)
    vec = k2.create_fsa_vec([fsa]).to(device)
    largest = float(np.abs(score[score > LOWEST]).max(initial=0.0))
    return StreamGraph(converted, units, vec, score, rows[:, 2].copy(), largest)
