"""From the steps that a search within a graph kept to a `Lattice`."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import Seconds
from fsaasr.decode.transducer.graph_steps import Float64, GraphSteps, IntArray
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.prune import BEAM_SLACK

BLANK = -1
"""In place of a walk and of an arc: nothing was said."""


class SearchArcs(NamedTuple):
    """Steps from places of a frame to those of the next one.

    Attributes:
      source, target: int64 (A,) nodes. walk: int64 (A,) of `GraphSteps`. arc: int64 (A,) of the graph behind the walk.
      column: int64 (A,) of the scores. acoustic: float64 (A,).
    """

    source: IntArray
    target: IntArray
    walk: IntArray
    arc: IntArray
    column: IntArray
    acoustic: Float64

    def pick(self, which: npt.NDArray[Any]) -> SearchArcs:
        """Some of them, by mask or number."""
        picked: List[Any] = [column[which] for column in self]
        return SearchArcs(*picked)


class _Ends(NamedTuple):
    """Ways to end: int64 (E,) nodes and walks; float64 (E,) scores of walk and final state."""

    node: IntArray
    walk: IntArray
    score: Float64


def lattice_of(
    steps: GraphSteps,
    frames: Sequence[SearchArcs],
    last: Tuple[int, IntArray],
    beam: float,
    utterance: str,
    frame_shift: Seconds,
) -> Lattice:
    """All paths within `beam` of the best one.

    Args:
      steps: of the graph.
      frames: T, the steps of each.
      last: first node behind the last frame, and the graph's states of it and those after it.
      beam: >= 0.
      utterance, frame_shift: of the lattice.
    """
    columns: List[Any] = [np.concatenate(each) for each in zip(*frames)]
    arcs = SearchArcs(*columns)
    frame = np.repeat(np.arange(len(frames)), [len(each.source) for each in frames])
    order = np.argsort(arcs.source, kind="stable")
    arcs, frame = arcs.pick(order), frame[order]
    ends, reached_final = _ends(steps, *last)
    arcs, frame, ends = _pruned(steps, arcs, frame, ends, last[0] + len(last[1]), beam)
    parts = _Parts(steps, len(frames), last[0] + len(last[1]))
    parts.add(arcs, frame)
    parts.end(ends, final=reached_final)
    return parts.lattice(utterance, frame_shift, reached_final)


def _ends(steps: GraphSteps, first: int, states: IntArray) -> Tuple[_Ends, bool]:
    source, walk, _ = steps.walks(states)
    score = steps.score[walk] + steps.graph.fst.final_score[steps.at[walk]]
    final = score > -np.inf
    if final.any():
        return _Ends(first + source[final], walk[final], score[final]), True
    empty = steps.walks(states).walk[np.searchsorted(source, np.arange(len(states)))]
    return _Ends(first + np.arange(len(states)), empty, np.zeros(len(states))), False


def _pruned(
    steps: GraphSteps, arcs: SearchArcs, frame: IntArray, ends: _Ends, nodes: int, beam: float
) -> Tuple[SearchArcs, IntArray, _Ends]:
    from fsaasr.lattice.kernels import arcs_within, max_forward_backward

    spoken = arcs.arc != BLANK
    score = arcs.acoustic + np.where(spoken, steps.score[arcs.walk] + steps.graph.fst.score[arcs.arc], 0.0)
    final = np.full(nodes, -np.inf)
    np.maximum.at(final, ends.node, ends.score)
    keep, _ = arcs_within(arcs.source, arcs.target, score, final, beam + BEAM_SLACK)
    alpha, _ = max_forward_backward(arcs.source, arcs.target, score, final)
    reached = alpha[ends.node] + ends.score
    near = reached >= reached.max() - beam - BEAM_SLACK
    return arcs.pick(keep), frame[keep], _Ends(ends.node[near], ends.walk[near], ends.score[near])


class _Parts:
    """Lattice arcs one by one; a walk becomes a chain of epsilons of its own, behind the node that it leaves."""

    def __init__(self, steps: GraphSteps, frames: int, nodes: int) -> None:
        self._steps, self._frames, self._nodes = steps, frames, nodes
        self._rows: List[Tuple[int, int, int, int, float]] = []  # source, target, input label, graph arc, acoustic
        self._depth: Dict[int, int] = {}  # of chains' nodes
        self._frame: Dict[int, int] = {0: 0}
        self._finals: Dict[int, float] = {}

    def add(self, arcs: SearchArcs, frame: IntArray) -> None:
        for source, target, walk, arc, column, acoustic, time in zip(*(x.tolist() for x in (*arcs, frame))):
            self._frame[source], self._frame[target] = time, time + 1
            before = source if arc == BLANK else self._chain(source, walk)
            self._rows.append((before, target, column + 1, arc, acoustic))

    def end(self, ends: _Ends, final: bool) -> None:
        for node, walk in zip(ends.node.tolist(), ends.walk.tolist()):
            after = self._chain(node, walk)
            self._finals[after] = float(self._steps.graph.fst.final_score[self._steps.at[walk]]) if final else 0.0

    def _chain(self, node: int, walk: int) -> int:
        for depth, arc in enumerate(self._steps.arcs(walk), 1):
            after = self._nodes
            self._nodes += 1
            self._depth[after], self._frame[after] = depth, self._frame[node]
            self._rows.append((node, after, 0, arc, 0.0))
            node = after
        return node

    def lattice(self, utterance: str, frame_shift: Seconds, reached_final: bool) -> Lattice:
        graph, names = self._steps.graph, sorted(self._frame, key=lambda n: (self._frame[n], self._depth.get(n, 0), n))
        number = {name: n for n, name in enumerate(names)}
        rows = sorted((number[source], number[target], *rest) for source, target, *rest in self._rows)
        source, target, label, arc = (np.array(x, dtype=np.int32) for x in list(zip(*rows))[:4])
        final_score = np.full(len(names), -np.inf, dtype=np.float32)
        for name, score in self._finals.items():
            final_score[number[name]] = score
        return Lattice(
            utterance,
            source,
            target,
            label,
            _of_arcs(graph.fst.output_label, arc),
            np.array([row[4] for row in rows], dtype=np.float32),
            _of_arcs(graph.fst.score, arc),
            _of_arcs(graph.arc_flags, arc),
            np.array([self._frame[name] for name in names], dtype=np.int32),
            final_score,
            self._frames,
            frame_shift,
            graph.words,
            graph.tokens,
            np.arange(len(graph.tokens), dtype=np.int32),
            reached_final,
            (),
            arc,
        )


def _of_arcs(values: npt.NDArray[Any], arc: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
    """The value of each arc of the graph; 0 for blanks."""
    found = values[arc]
    found[arc == BLANK] = 0
    return found
