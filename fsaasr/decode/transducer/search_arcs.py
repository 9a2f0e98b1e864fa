"""From the steps that a search within a graph kept to a `Lattice`."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import Seconds
from fsaasr.decode.transducer.graph_steps import BLANK, Float64, GraphSteps, IntArray, of_arcs
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.prune import BEAM_SLACK


class SearchArcs(NamedTuple):
    """Steps from places of a frame to those of the next one.

    Attributes:
      source, target: int64 (A,) nodes. walk: int64 (A,) of `GraphSteps`. arc: int64 (A,) of the graph behind the walk.
      column: int64 (A,) of the scores. acoustic: float64 (A,).
      said: float64 (A,), what the words of walk and arc add to the graph's scores.
    """

    source: IntArray
    target: IntArray
    walk: IntArray
    arc: IntArray
    column: IntArray
    acoustic: Float64
    said: Float64

    def pick(self, which: npt.NDArray[Any]) -> SearchArcs:
        """Some of them, by mask or number."""
        picked: List[Any] = [column[which] for column in self]
        return SearchArcs(*picked)


class Ends(NamedTuple):
    """Ways to end: int64 (E,) nodes and walks; float64 (E,) scores of walk and final state.

    What the words of the walk and the end add is `said`, float64 (E,), and in `score`, too.
    """

    node: IntArray
    walk: IntArray
    score: Float64
    said: Float64

    def adding(self, said: Float64) -> Ends:
        """The same ends with what their words add."""
        return self._replace(score=self.score + said, said=self.said + said)


def final_ends(steps: GraphSteps, first: int, states: IntArray) -> Ends:
    """Ways to end in final states of the graph from the last frame's `states`, whose nodes begin with `first`."""
    source, walk, _ = steps.walks(states)
    score = steps.score[walk] + steps.graph.fst.final_score[steps.at[walk]]
    final = score > -np.inf
    return Ends(first + source[final], walk[final], score[final], np.zeros(int(final.sum())))


def open_ends(steps: GraphSteps, first: int, states: IntArray) -> Ends:
    """Ways to end where paths stand, at no score."""
    source, walk, _ = steps.walks(states)
    empty = walk[np.searchsorted(source, np.arange(len(states)))]
    return Ends(first + np.arange(len(states)), empty, np.zeros(len(states)), np.zeros(len(states)))


def lattice_of(
    steps: GraphSteps,
    frames: Sequence[SearchArcs],
    ends: Ends,
    beam: float,
    reached_final: bool,
    utterance: str,
    frame_shift: Seconds,
) -> Lattice:
    """All paths within `beam` of the best one.

    Args:
      steps: of the graph.
      frames: T, the steps of each.
      ends: ways to end, one or more.
      beam: >= 0.
      reached_final: whether `ends` are final states.
      utterance, frame_shift: of the lattice.
    """
    columns: List[Any] = [np.concatenate(each) for each in zip(*frames)]
    arcs = SearchArcs(*columns)
    frame = np.repeat(np.arange(len(frames)), [len(each.source) for each in frames])
    order = np.argsort(arcs.source, kind="stable")
    arcs, frame = arcs.pick(order), frame[order]
    arcs, frame, ends = _pruned(steps, arcs, frame, ends, beam)
    nodes = _nodes(steps, arcs, frame, ends, len(frames))
    final_score = np.full(len(nodes.key), -np.inf, dtype=np.float32)
    final_score[nodes.number(ends.node, _walked(steps, ends.walk))] = (
        steps.graph.fst.final_score[steps.at[ends.walk]] + ends.said if reached_final else 0.0
    )
    return _joined(steps, arcs, nodes).lattice(steps, nodes, final_score, reached_final, utterance, frame_shift)


def _pruned(
    steps: GraphSteps, arcs: SearchArcs, frame: IntArray, ends: Ends, beam: float
) -> Tuple[SearchArcs, IntArray, Ends]:
    from fsaasr.lattice.kernels import arcs_within, max_forward_backward

    graph = of_arcs(steps.graph.fst.score, arcs.arc) + of_arcs(steps.score, arcs.walk)
    score = arcs.acoustic + graph + arcs.said
    final = np.full(1 + int(max(arcs.target.max(), ends.node.max())), -np.inf)
    np.maximum.at(final, ends.node, ends.score)
    keep, _ = arcs_within(arcs.source, arcs.target, score, final, beam + BEAM_SLACK)
    alpha, _ = max_forward_backward(arcs.source, arcs.target, score, final)
    reached = alpha[ends.node] + ends.score
    near = reached >= reached.max() - beam - BEAM_SLACK
    return arcs.pick(keep), frame[keep], Ends(*(column[near] for column in ends))


class _Nodes(NamedTuple):
    """States of the lattice: nodes of the search, and those that walks of epsilons reach from them.

    Attributes:
      key: int64 (S,) rising: node of the search and walk, as one number. place: int64 (S,) of each key in the lattice.
      frame: int64 (S,) by place.
      walks: number of walks and one more.
    """

    key: IntArray
    place: IntArray
    frame: IntArray
    walks: int

    def number(self, node: IntArray, walk: IntArray) -> IntArray:
        """States of the lattice; `walk` BLANK stands for the node itself."""
        number: IntArray = self.place[np.searchsorted(self.key, node * self.walks + walk + 1)]
        return number


def _nodes(steps: GraphSteps, arcs: SearchArcs, frame: IntArray, ends: Ends, frames: int) -> _Nodes:
    walks = len(steps.at) + 1
    ends_of = steps.prefixes(ends.node, ends.walk)
    node, walk = steps.prefixes(arcs.source, arcs.walk)
    plain = np.concatenate([[0], arcs.source, arcs.target, ends.node])
    key = np.unique(np.concatenate([plain * walks, node * walks + walk + 1, ends_of[0] * walks + ends_of[1] + 1]))
    when = np.zeros(int(plain.max()) + 1, dtype=np.int64)
    when[arcs.source], when[arcs.target], when[ends.node] = frame, frame + 1, frames
    state, walk = np.divmod(key, walks)
    # A walk stands behind those that it goes on from.
    depth = np.where(walk > 0, steps.depth[walk - 1], 0)
    order = np.lexsort((key, depth, when[state]))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return _Nodes(key, place, when[state][order], walks)


class _Joined(NamedTuple):
    """Arcs of the lattice by source: int64 (A,) states, columns, arcs of the graph; float64 (A,) acoustic scores.

    What words add, float64 (A,), stands on the token arc behind the walk that says them.
    """

    source: IntArray
    target: IntArray
    label: IntArray
    arc: IntArray
    acoustic: Float64
    said: Float64

    def lattice(
        self,
        steps: GraphSteps,
        nodes: _Nodes,
        final_score: npt.NDArray[np.float32],
        reached_final: bool,
        utterance: str,
        frame_shift: Seconds,
    ) -> Lattice:
        graph = steps.graph
        return Lattice(
            utterance,
            self.source.astype(np.int32),
            self.target.astype(np.int32),
            self.label.astype(np.int32),
            of_arcs(graph.fst.output_label, self.arc),
            self.acoustic.astype(np.float32),
            (of_arcs(graph.fst.score, self.arc) + self.said).astype(np.float32),
            of_arcs(graph.arc_flags, self.arc),
            nodes.frame.astype(np.int32),
            final_score,
            int(nodes.frame.max()),
            frame_shift,
            graph.words,
            graph.tokens,
            np.arange(len(graph.tokens), dtype=np.int32),
            reached_final,
            (),
            self.arc.astype(np.int32),
        )


def _joined(steps: GraphSteps, arcs: SearchArcs, nodes: _Nodes) -> _Joined:
    """The steps of the search, and the last arc of each walk."""
    node, walk = np.divmod(nodes.key, nodes.walks)
    node, walk = node[walk > 0], walk[walk > 0] - 1
    before, behind = _walked(steps, steps.before[walk]), _walked(steps, arcs.walk)
    zeros = np.zeros(len(walk))
    columns: List[Any] = [
        np.append(nodes.number(arcs.source, behind), nodes.number(node, before)),
        np.append(nodes.number(arcs.target, np.full(len(behind), BLANK)), nodes.number(node, walk)),
        np.append(arcs.column + 1, zeros.astype(np.int64)),
        np.append(arcs.arc, steps.last[walk]),
        np.append(arcs.acoustic, zeros),
        np.append(arcs.said, zeros),
    ]
    order = np.lexsort((columns[3], columns[1], columns[0]))
    return _Joined(*(column[order] for column in columns))


def _walked(steps: GraphSteps, walk: IntArray) -> IntArray:
    """The walks, BLANK in place of empty ones."""
    return np.where(steps.depth[walk] > 0, walk, BLANK) if len(walk) else walk
