"""Decoding graphs to and from k2.

k2 searches graphs without input epsilons, counts score columns from 0 and enters one last state by label -1.
Epsilons are removed by spelling out paths: one k2 arc stands for any number of epsilon arcs and the emitting
arc, or the end, that follows them. Parallel paths stay parallel arcs, so best *and* total scores are preserved,
and each k2 arc knows the arcs it stands for.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, List, NamedTuple, Sequence, Tuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphBudgetError, GraphError
from fsaasr.core.stack import import_k2
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.epsilon import epsilon_rank, ranges
from fsaasr.graph.fst_arrays import FstArrays

IntArray = npt.NDArray[Any]

MAX_K2_ARCS = 30_000_000
"""Arcs that a converted graph may have by default; each takes about 40 bytes."""


@dataclass(frozen=True, eq=False)
class K2Graph:
    """A graph as k2 searches it.

    Attributes:
      fsa: k2.Fsa with P arcs, sorted by label, label = score column; its int32 attribute `arc_path` numbers
        the arc's path.
      path_offsets: int64 (P + 1,). path_arcs: int32: arcs of path p, in order, are
        `path_arcs[path_offsets[p] : path_offsets[p + 1]]`.
      path_end: int32 (P,): graph state in which the path ends for good; -1 for a path that emits.
    """

    fsa: Any
    path_offsets: npt.NDArray[np.int64]
    path_arcs: npt.NDArray[np.int32]
    path_end: npt.NDArray[np.int32]

    def arcs_of(self, paths: IntArray) -> Tuple[IntArray, IntArray]:
        """Arcs of several paths, end to end, and for each the index into `paths` that it came from."""
        begin, end = self.path_offsets[paths], self.path_offsets[paths + 1]
        return self.path_arcs[ranges(begin, end)], np.repeat(np.arange(len(paths)), end - begin)


_CACHE: WeakKeyDictionary[DecodingGraph, K2Graph] = WeakKeyDictionary()
_LOCK = threading.Lock()


def to_k2(graph: DecodingGraph, max_arcs: int = MAX_K2_ARCS) -> K2Graph:
    """Converts a graph exactly; kept as long as the graph lives.

    Args:
      graph: without cycles of input epsilons.
      max_arcs: budget for the arcs of the result.

    Raises:
      GraphError: a malformed graph, a cycle of input epsilons, or no way to end.
      GraphBudgetError: removing epsilons would need more than `max_arcs` arcs.
      MissingDependencyError: no k2 that fits.
    """
    k2 = import_k2()
    with _LOCK:
        converted = _CACHE.get(graph)
        if converted is None:
            graph.check()
            epsilon_rank(graph.fst)  # refuses epsilon cycles, on which spelling out would never end
            converted = _convert(k2, graph.fst, max_arcs)
            _CACHE[graph] = converted
    return converted


def to_k2_fsa(graph: DecodingGraph, max_arcs: int = MAX_K2_ARCS) -> Any:
    """A k2.Fsa of the graph, for use with k2 itself: as `to_k2`, with each arc's words in `aux_labels` (ragged)."""
    converted = to_k2(graph, max_arcs)
    fsa = converted.fsa.clone()
    fsa.aux_labels = _words(import_k2(), graph.fst.output_label[converted.path_arcs], converted.path_offsets)
    return fsa


class _Nodes(NamedTuple):
    """Forest of the epsilon paths that leave each k2 state: its root state, state, parent node and last arc."""

    root: IntArray
    state: IntArray
    parent: IntArray
    arc: IntArray
    depth: IntArray


class _Usable(NamedTuple):
    """Arcs of one kind, grouped by source: arcs of state s are `arcs[offsets[s] : offsets[s + 1]]`."""

    offsets: IntArray
    arcs: IntArray

    def leaving(self, states: IntArray) -> Tuple[IntArray, IntArray]:
        """Arcs that leave each of `states`, and for each arc the index into `states`."""
        begin, end = self.offsets[states], self.offsets[states + 1]
        return self.arcs[ranges(begin, end)], np.repeat(np.arange(len(states)), end - begin)

    def count(self, states: IntArray) -> int:
        """Number of arcs that `leaving` would give."""
        return int((self.offsets[states + 1] - self.offsets[states]).sum())


def _usable(fst: FstArrays, which: npt.NDArray[np.bool_]) -> _Usable:
    """Arcs where `which` holds, those of score -inf left out."""
    keep = which & (fst.score > -np.inf)
    offsets = np.concatenate([[0], np.cumsum(keep)])[fst.arc_offsets]
    return _Usable(offsets, np.flatnonzero(keep))


def _convert(k2: Any, fst: FstArrays, max_arcs: int) -> K2Graph:
    emitting = _usable(fst, fst.input_label > 0)
    targets = np.unique(fst.next_state[emitting.arcs])
    roots = np.concatenate([[fst.start], targets[targets != fst.start]])
    nodes = _epsilon_paths(fst, roots, emitting, max_arcs)
    emitted, emitted_node = emitting.leaving(nodes.state)
    ending_node = np.flatnonzero(fst.final_score[nodes.state] > -np.inf)
    if not len(ending_node):
        raise GraphError("to_k2: no final state can be reached, so the graph accepts nothing")
    number = np.full(fst.num_states, -1, dtype=np.int64)
    number[roots] = np.arange(len(roots))
    node = np.concatenate([emitted_node, ending_node])
    last = np.concatenate([emitted, np.full(len(ending_node), -1)])
    emits = last >= 0
    source = number[nodes.root[node]]
    target = np.full(len(node), len(roots))
    target[emits] = number[fst.next_state[emitted]]
    label = np.full(len(node), -1)
    label[emits] = fst.input_label[emitted] - 1
    order = np.lexsort((target, label.astype(np.uint32), source))  # k2's arc order; it sorts -1 last
    node, last, emits = node[order], last[order], emits[order]
    offsets, arcs = _spell_out(nodes, node, last)
    end = np.where(emits, -1, nodes.state[node]).astype(np.int32)
    score = np.add.reduceat(np.append(fst.score[arcs].astype(np.float64), 0.0), offsets[:-1])
    score[offsets[:-1] == offsets[1:]] = 0.0
    score += np.where(emits, 0.0, fst.final_score[nodes.state[node]])
    columns = np.stack([source[order], target[order], label[order]], axis=1).astype(np.int32)
    fsa = _make_fsa(k2, columns, score.astype(np.float32))
    return K2Graph(fsa, offsets, arcs, end)


def _epsilon_paths(fst: FstArrays, roots: IntArray, emitting: _Usable, max_arcs: int) -> _Nodes:
    """Grows the forest level by level, each level being one more epsilon."""
    epsilons = _usable(fst, fst.input_label == 0)
    nothing = np.full(len(roots), -1)
    levels = [_Nodes(roots, roots, nothing, nothing, np.zeros(len(roots), dtype=np.int64))]
    begin, num_arcs = 0, 0
    while len(levels[-1].state):
        here = levels[-1]
        num_arcs += emitting.count(here.state) + int((fst.final_score[here.state] > -np.inf).sum())
        if num_arcs + epsilons.count(here.state) > max_arcs:
            raise GraphBudgetError(
                f"to_k2: removing the {len(epsilons.arcs)} input epsilons of {fst.num_arcs} arcs needs more than "
                f"max_arcs={max_arcs} arcs; use engine 'native', which needs no removal, or raise max_arcs"
            )
        arc, index = epsilons.leaving(here.state)
        levels.append(_Nodes(here.root[index], fst.next_state[arc], begin + index, arc, here.depth[index] + 1))
        begin += len(here.state)
    return _Nodes(*(np.concatenate(parts) for parts in zip(*levels)))


def _spell_out(nodes: _Nodes, node: IntArray, last: IntArray) -> Tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Offsets and arcs of the paths that go to `node` by epsilons and on by arc `last`, -1 for no further arc."""
    offsets = np.zeros(len(node) + 1, dtype=np.int64)
    np.cumsum(nodes.depth[node] + (last >= 0), out=offsets[1:])
    arcs = np.empty(offsets[-1], dtype=np.int32)
    arcs[offsets[1:][last >= 0] - 1] = last[last >= 0]
    here = node
    place = offsets[:-1] + nodes.depth[node] - 1
    while True:
        inside = nodes.arc[here] >= 0
        here, place = here[inside], place[inside]
        if not len(here):
            return offsets, arcs
        arcs[place] = nodes.arc[here]
        here, place = nodes.parent[here], place - 1


def _make_fsa(k2: Any, columns: npt.NDArray[np.int32], score: npt.NDArray[np.float32]) -> Any:
    """k2.Fsa of (source, target, label) rows and scores, with `arc_path` counting the arcs."""
    import torch

    rows = np.concatenate([columns, score.view(np.int32)[:, None]], axis=1)
    fsa = k2.Fsa(torch.from_numpy(np.ascontiguousarray(rows)))
    fsa.arc_path = torch.arange(len(rows), dtype=torch.int32)
    return fsa


def _words(k2: Any, output_label: IntArray, offsets: IntArray) -> Any:
    """Ragged [arc][word]: the output labels of each path without epsilons."""
    import torch

    keep = output_label > 0
    splits = np.concatenate([[0], np.cumsum(keep)])[offsets].astype(np.int32)
    shape = k2.ragged.create_ragged_shape2(torch.from_numpy(splits), None, int(splits[-1]))
    return k2.RaggedTensor(shape, torch.from_numpy(output_label[keep].astype(np.int32)))


def k2_to_decoding_graph(
    fsa: Any,
    words: SymbolTable,
    tokens: SymbolTable,
    column_token: Sequence[int],
    column_names: Sequence[str],
    topology: str = "",
) -> DecodingGraph:
    """A k2 graph, e.g. an HLG, as a decoding graph without word starts.

    Args:
      fsa: a single k2.Fsa whose labels are score columns and whose `aux_labels`, if any, are words, as a
        tensor or ragged. An arc with several words becomes a chain of arcs.
      words, tokens, column_token, column_names, topology: as in DecodingGraph.

    Raises:
      GraphError: a FsaVec, or labels beyond the columns or words.
    """
    if len(fsa.shape) != 2:
        raise GraphError("k2_to_decoding_graph: found a FsaVec, expected one Fsa; take `fsa_vec[i]`")
    fst = _Reader(fsa).read()
    graph = DecodingGraph(
        fst, words, tokens, np.asarray(column_token, dtype=np.int32), tuple(column_names), None, topology
    )
    graph.check()
    return graph


class _Reader:
    """Collects arcs and finals; states beyond k2's own are added for chains of words and for parallel ends."""

    def __init__(self, fsa: Any) -> None:
        rows = fsa.arcs.values().cpu().numpy()
        self.rows = rows[:, :3].tolist()
        self.scores = fsa.scores.detach().cpu().tolist()
        self.words = _word_lists(fsa, len(rows))
        self.last = int(fsa.shape[0]) - 1
        self.next_state = self.last + 1
        self.arcs: List[Tuple[int, int, int, int, float]] = []
        self.finals = {self.last: 0.0}

    def read(self) -> FstArrays:
        """The arrays."""
        for (source, target, label), score, words in zip(self.rows, self.scores, self.words):
            # The first plain end of a state is its final score; any other goes to k2's own last state.
            if label == -1 and not words and source not in self.finals:
                self.finals[source] = score
            else:
                self._add(source, target, label + 1, words, score)
        return FstArrays.from_arcs(self.arcs, self.finals.items(), 0)

    def _add(self, source: int, target: int, label: int, words: List[int], score: float) -> None:
        for word in words[:-1]:
            self.arcs.append((source, self.next_state, label, word, score))
            source, label, score = self.next_state, 0, 0.0
            self.next_state += 1
        self.arcs.append((source, target, label, words[-1] if words else 0, score))


def _word_lists(fsa: Any, num_arcs: int) -> List[List[int]]:
    """Words of each arc; 0 and k2's -1 on final arcs are none."""
    labels = getattr(fsa, "aux_labels", None)
    if labels is None:
        return [[] for _ in range(num_arcs)]
    return [[w for w in (arc if isinstance(arc, list) else [arc]) if w > 0] for arc in labels.tolist()]
