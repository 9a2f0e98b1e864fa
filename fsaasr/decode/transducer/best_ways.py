"""`BestWays`: the best step to each place of each frame, and the paths that these make."""

from __future__ import annotations

from typing import List, NamedTuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.transducer.graph_steps import BLANK, Float64, GraphSteps, IntArray
from fsaasr.decode.transducer.search_arcs import SearchArcs
from fsaasr.lattice.readout import PathArcs, read_out


class _Symbols(NamedTuple):
    words: SymbolTable
    tokens: SymbolTable
    column_token: npt.NDArray[np.int32]


class _Steps(NamedTuple):
    """Of each place of a frame the best step to it: where it comes from in the frame before, and what it is."""

    place: IntArray
    walk: IntArray
    arc: IntArray
    column: IntArray
    acoustic: Float64
    said: Float64


class BestWays:
    """Remembers of each frame the best step to each of its places."""

    def __init__(self, steps: GraphSteps) -> None:
        """Args:
        steps: of the graph that is searched.
        """
        self._steps = steps
        self._frames: List[_Steps] = []
        tokens = steps.graph.tokens
        self._symbols = _Symbols(steps.graph.words, tokens, np.arange(len(tokens), dtype=np.int32))

    def add(self, arcs: SearchArcs, first: int, total: Float64) -> None:
        """One more frame.

        Args:
          arcs: A steps, to all places of the frame.
          first: node of the first place of the frame before.
          total: (A,) score of the best path that ends with each step.
        """
        order = np.lexsort((-total, arcs.target))
        _, foremost = np.unique(arcs.target[order], return_index=True)
        best = arcs.pick(order[foremost])
        self._frames.append(_Steps(best.source - first, best.walk, best.arc, best.column, best.acoustic, best.said))

    def best(self, place: int, utterance: str, frame_shift: Seconds) -> Hypothesis:
        """The best path to a place of the last frame, whether or not it may end there."""
        return self._read(len(self._frames), place, utterance, frame_shift)

    def stable(self, utterance: str, frame_shift: Seconds) -> Hypothesis:
        """What the best paths to all places of the last frame have in common."""
        frame = len(self._frames)
        living = np.arange(len(self._frames[-1].place)) if frame else np.zeros(1, dtype=np.int64)
        while len(living) > 1:
            frame -= 1
            living = np.unique(self._frames[frame].place[living])
        return self._read(frame, int(living[0]), utterance, frame_shift)

    def _read(self, frames: int, place: int, utterance: str, frame_shift: Seconds) -> Hypothesis:
        """The best path to a place of the frame number `frames`."""
        graph, steps = self._steps.graph, self._steps
        arcs: List[int] = []
        columns: List[int] = []  # plus one; 0 for input epsilons
        acoustic = score = 0.0
        for frame in reversed(self._frames[:frames]):
            arc, walk = int(frame.arc[place]), int(frame.walk[place])
            arcs.append(arc)
            columns.append(int(frame.column[place]) + 1)
            acoustic += float(frame.acoustic[place])
            if arc != BLANK:
                score += float(steps.score[walk]) + float(graph.fst.score[arc]) + float(frame.said[place])
                while steps.depth[walk] > 0:
                    arcs.append(int(steps.last[walk]))
                    columns.append(0)
                    walk = int(steps.before[walk])
            place = int(frame.place[place])
        arc_of = np.array(arcs[::-1], dtype=np.int64)
        said = arc_of != BLANK
        path = PathArcs(
            np.array(columns[::-1], dtype=np.int32),
            np.where(said, graph.fst.output_label[arc_of], 0).astype(np.int32),
            None if graph.arc_flags is None else np.where(said, graph.arc_flags[arc_of], 0).astype(np.uint8),
            acoustic,
            score,
        )
        return read_out(path, self._symbols, utterance, frame_shift, reached_final=False)
