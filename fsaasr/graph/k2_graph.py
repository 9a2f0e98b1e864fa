"""Decoding graphs to and from k2.

k2 searches graphs without input epsilons, counts score columns from 0 and enters one last state by label -1.
Epsilons are removed by spelling out paths: one k2 arc stands for an emitting arc and any number of epsilon arcs
after it (and before it, where a path starts), or for the end. Parallel paths stay parallel arcs, so best *and*
total scores are preserved, and each k2 arc knows the arcs it stands for.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, Sequence, Tuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphBudgetError, GraphError
from fsaasr.core.stack import import_k2
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.epsilon import epsilon_rank, ranges
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.k2_arcs import K2Arcs

if TYPE_CHECKING:
    from fsaasr.graph.k2_kernels import ArcsBySource, Spelled

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
    _copies: Dict[str, Any] = field(default_factory=dict, repr=False)

    def on(self, device: Any) -> Any:
        """`fsa` on a torch device; copied there at its first use and kept as long as this graph lives."""
        if str(device) == str(self.fsa.device):
            return self.fsa
        if str(device) not in self._copies:
            self._copies[str(device)] = self.fsa.to(device)
        return self._copies[str(device)]

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
            converted = _convert(k2, graph.fst, max_arcs)
            _CACHE[graph] = converted
    return converted


def to_k2_fsa(graph: DecodingGraph, max_arcs: int = MAX_K2_ARCS) -> Any:
    """A k2.Fsa of the graph, for use with k2 itself: as `to_k2`, with each arc's words in `aux_labels` (ragged)."""
    converted = to_k2(graph, max_arcs)
    fsa = converted.fsa.clone()
    fsa.aux_labels = _words(import_k2(), graph.fst.output_label[converted.path_arcs], converted.path_offsets)
    return fsa


def _by_source(fst: FstArrays, which: npt.NDArray[np.bool_]) -> ArcsBySource:
    """Arcs where `which` holds, those of score -inf left out."""
    from fsaasr.graph.k2_kernels import ArcsBySource

    keep = which & (fst.score > -np.inf)
    offsets = np.concatenate([[0], np.cumsum(keep)])[fst.arc_offsets]
    arcs = np.flatnonzero(keep).astype(np.int32)
    return ArcsBySource(offsets, arcs, fst.next_state[arcs], fst.input_label[arcs] - np.int32(1), fst.score[arcs])


def _convert(k2: Any, fst: FstArrays, max_arcs: int) -> K2Graph:
    spelled = _spell_out(fst, max_arcs)
    if not (spelled.end >= 0).any():
        raise GraphError("to_k2: no final state can be reached, so the graph accepts nothing")
    spelled.rows[:, 3] = spelled.score.view(np.int32)
    return K2Graph(_make_fsa(k2, spelled.rows), spelled.offsets, spelled.arcs, spelled.end)


def _spell_out(fst: FstArrays, max_arcs: int) -> Spelled:
    """All paths of one emitting arc and the epsilons around it, in k2's order of arcs."""
    from fsaasr.graph.k2_kernels import Spelled, count_paths, spell_out

    emitting, epsilons = _by_source(fst, fst.input_label > 0), _by_source(fst, fst.input_label == 0)
    final_score = np.array(fst.final_score, dtype=np.float32)
    order = np.argsort(epsilon_rank(fst)).astype(np.int32)  # refuses epsilon cycles, on which this would never end
    counts = count_paths(order, epsilons, emitting, final_score)
    roots = np.flatnonzero(counts.is_root).astype(np.int32)
    if epsilons.offsets[fst.start] == epsilons.offsets[fst.start + 1]:
        roots = roots[roots != fst.start]
    # Else a path back to the start must not begin with epsilons, which the path before it has at its end.
    number = np.full(fst.num_states, 0, dtype=np.int32)
    number[roots] = np.arange(1, len(roots) + 1, dtype=np.int32)
    sizes = np.concatenate([counts.starting[[fst.start]], counts.leaving[roots]])
    paths, arcs = sizes.sum(axis=0)
    if not paths <= max_arcs:
        raise GraphBudgetError(
            f"to_k2: removing the {len(epsilons.arc)} input epsilons of {fst.num_arcs} arcs needs more than "
            f"max_arcs={max_arcs} arcs; use engine 'native', which needs no removal, or raise max_arcs"
        )
    spelled = Spelled(
        np.empty((int(paths), 4), dtype=np.int32),
        np.empty(int(paths), dtype=np.float32),
        np.empty(int(paths) + 1, dtype=np.int64),
        np.empty(int(arcs), dtype=np.int32),
        np.empty(int(paths), dtype=np.int32),
    )
    all_roots = np.concatenate([np.array([fst.start], dtype=np.int32), roots])
    most = sizes.max(axis=0).astype(np.int64)
    spell_out(all_roots, number, epsilons, emitting, final_score, counts, most, spelled)
    return spelled


def _make_fsa(k2: Any, rows: npt.NDArray[np.int32]) -> Any:
    """k2.Fsa of (source, target, label, bits of the score) rows, with `arc_path` counting the arcs."""
    import torch

    fsa = k2.Fsa(torch.from_numpy(rows))
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
    rows = fsa.arcs.values().cpu().numpy()[:, :3]
    offsets, labels = _words_of(fsa, len(rows))
    fst = K2Arcs(rows, fsa.scores.detach().cpu().numpy(), offsets, labels, int(fsa.shape[0])).to_fst()
    graph = DecodingGraph(
        fst, words, tokens, np.asarray(column_token, dtype=np.int32), tuple(column_names), None, topology
    )
    graph.check()
    return graph


def _words_of(fsa: Any, num_arcs: int) -> Tuple[IntArray, IntArray]:
    """Offsets and values of the words of each arc."""
    labels = getattr(fsa, "aux_labels", None)
    if labels is None:
        return np.zeros(num_arcs + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)
    if isinstance(labels, import_k2().RaggedTensor):
        return labels.shape.row_splits(1).cpu().numpy(), labels.values.cpu().numpy()
    return np.arange(num_arcs + 1), labels.cpu().numpy()
