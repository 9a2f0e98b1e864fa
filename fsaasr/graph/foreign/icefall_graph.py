"""icefall's graphs, `HLG.pt` and `LG.pt`: what `torch.save(fsa.as_dict())` wrote, read without torch and k2."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, TypeVar, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import FileFormatError, GraphError
from fsaasr.core.files import PathLike
from fsaasr.graph.decoding_graph import TOKEN_START, DecodingGraph
from fsaasr.graph.foreign.columns import SymbolSource, find_words, read_columns
from fsaasr.graph.foreign.torch_file import Tensor, TorchFile
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.k2_arcs import K2Arcs
from fsaasr.graph.token_graph import TokenGraph
from fsaasr.graph.token_labels import split_flags
from fsaasr.graph.topologies import find_topology
from fsaasr.graph.topology import Topology

Checked = TypeVar("Checked", DecodingGraph, TokenGraph)


def read_icefall_graph(path: PathLike, words: SymbolSource, tokens: SymbolSource) -> DecodingGraph:
    """An `HLG.pt` as a decoding graph; nothing in the file is run.

    Args:
      path: a file of `torch.save(HLG.as_dict(), path)`, in the archive form that torch writes since version 1.6.
      words: `words.txt` or its table.
      tokens: `tokens.txt` or the table of the tokens; see `read_columns`. A label is a score column.

    Returns:
      The graph. An arc with several words is a chain of arcs. Where the file has the attribute `tokens`, which
      icefall's own composition leaves there, it tells the first frame of each token, else there are no arc flags;
      words begin where their labels stand.

    Raises:
      FileFormatError: anything else than the plain tensors of one FSA, a damaged file, or labels beyond the symbols.
    """
    file = TorchFile(path)
    arcs = _read_arcs(file)
    columns = read_columns(tokens)
    emitted = _emitted(file, arcs)
    _check_labels(file, arcs, len(columns.names) - 1)
    if emitted is not None:
        flagged = arcs.rows.copy()
        flagged[:, 2] += (emitted > 0) * TOKEN_START * np.int32(len(columns.names) + 1)
        arcs = replace(arcs, rows=flagged)
    fst = arcs.to_fst()
    label, flags = split_flags(fst.input_label, len(columns.names))
    graph = DecodingGraph(
        replace(fst, input_label=label),
        find_words(words),
        columns.tokens,
        columns.token,
        columns.names,
        None if emitted is None else flags,
    )
    return _checked(graph, path)


def read_icefall_lg(
    path: PathLike, words: SymbolSource, tokens: SymbolSource, topology: Union[str, Topology] = "ctc"
) -> TokenGraph:
    """An `LG.pt` with a topology; nothing in the file is run.

    An LG reads tokens, not score columns: to be searched it needs a topology, which says how frames spell tokens. A
    TokenGraph has it beside it, and is searched as it is; its `expand()` is T o LG.

    Args:
      path, words, tokens: as in `read_icefall_graph`. Label 0 is epsilon here.
      topology: of the model's columns: `ctc`, `ctc-modified`, ... or one of your own.

    Returns:
      The graph. Of arcs that leave one state with the same token, all but the first get an epsilon before them.

    Raises:
      FileFormatError: as `read_icefall_graph`.
    """
    file = TorchFile(path)
    arcs = _read_arcs(file)
    names = read_columns(tokens).tokens
    _check_labels(file, arcs, len(names) - 1)
    read = arcs.to_fst()
    fst = _apart(replace(read, input_label=np.maximum(read.input_label - 1, 0).astype(np.int32)))
    flags = np.where(fst.input_label > 0, TOKEN_START, 0).astype(np.uint8)
    return _checked(TokenGraph(fst, flags, find_words(words), names, find_topology(topology)), path)


def _read_arcs(file: TorchFile) -> K2Arcs:
    table, words = file.array("arcs"), file.values.get("aux_labels")
    if table.ndim != 2 or table.shape[1] != 4 or table.dtype != np.int32 or not len(table):
        raise FileFormatError(
            file.path,
            None,
            f"'arcs' is {table.dtype} {table.shape}, expected int32 (A, 4), the tensor of one FSA; of an FsaVec, save "
            "`fsa_vec[i].as_dict()`",
        )
    table = np.ascontiguousarray(table)
    if words is None:
        offsets, labels = np.zeros(len(table) + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)
    elif type(words) is Tensor:
        offsets, labels = np.arange(len(table) + 1), file.array("aux_labels")
    else:
        offsets, labels = file.ragged("aux_labels")
    arcs = K2Arcs(table[:, :3], table[:, 3].view(np.float32), offsets, labels, int(table[:, 1].max()) + 1)
    _check_arcs(file, arcs)
    return arcs


def _check_arcs(file: TorchFile, arcs: K2Arcs) -> None:
    source, target, label = arcs.rows.T
    states, offsets = arcs.num_states, arcs.word_offsets
    # Every state is the source or target of an arc, so there are no more of them than that.
    if states > 2 * len(source) + 1 or source.min() < 0 or source.max() >= states - 1 or target.min() < 0:
        raise FileFormatError(file.path, None, "arcs whose states lie outside of those that an FSA of k2 can have")
    wrong = ((label == -1) != (target == states - 1)) | (label < -1)
    if wrong.any():
        arc = int(np.argmax(wrong))
        raise FileFormatError(
            file.path,
            None,
            f"arc {arc}: label {label[arc]} to state {target[arc]}; label -1 leads to the last state, "
            f"{states - 1}, and no other label does",
        )
    fits = offsets.ndim == 1 and arcs.words.ndim == 1 and offsets.dtype.kind == "i" and arcs.words.dtype.kind == "i"
    if not fits or len(offsets) != len(source) + 1 or offsets[0] != 0 or offsets[-1] != len(arcs.words):
        raise FileFormatError(file.path, None, f"'aux_labels' does not fit the {len(source)} arcs")
    if np.any(np.diff(offsets) < 0) or arcs.words.max(initial=0) >= 2**31:
        raise FileFormatError(file.path, None, "'aux_labels' has rows that end before they begin, or huge labels")


def _check_labels(file: TorchFile, arcs: K2Arcs, last: int) -> None:
    top = int(arcs.rows[:, 2].max())
    if top > last:
        raise FileFormatError(
            file.path,
            None,
            f"label {top} is beyond the last token, {last}; pass the tokens.txt that belongs to the graph",
        )


def _emitted(file: TorchFile, arcs: K2Arcs) -> Optional[npt.NDArray[np.int32]]:
    """The token that begins at each arc, 0 or -1 for none, where the file tells it."""
    if type(file.values.get("tokens")) is not Tensor:
        return None
    found = file.array("tokens")
    if found.shape != (len(arcs.rows),):
        raise FileFormatError(file.path, None, f"'tokens' has shape {found.shape}, expected ({len(arcs.rows)},)")
    return np.where(arcs.rows[:, 2] >= 0, found, 0).astype(np.int32)


def _apart(fst: FstArrays) -> FstArrays:
    """The same with arcs sorted by label, and at most one arc of a state for each token."""
    source = fst.source_state
    order = np.lexsort((fst.input_label, source))
    source, label = source[order], fst.input_label[order]
    again = np.flatnonzero((np.diff(source, prepend=-1) == 0) & (np.diff(label, prepend=0) == 0) & (label > 0))
    places = fst.num_states + np.arange(len(again), dtype=np.int32)
    before = source[again]
    source[again] = places
    none = np.zeros(len(again), dtype=np.int32)
    # Epsilons go in front, where their states' arcs begin with them.
    return FstArrays.from_columns(
        np.concatenate([before, source]),
        np.concatenate([places, fst.next_state[order]]),
        np.concatenate([none, label]),
        np.concatenate([none, fst.output_label[order]]),
        np.concatenate([none.astype(np.float32), fst.score[order]]),
        np.concatenate([fst.final_score, np.full(len(again), -np.inf, dtype=np.float32)]),
        fst.start,
    )


def _checked(graph: Checked, path: PathLike) -> Checked:
    try:
        graph.check()
    except GraphError as error:
        raise FileFormatError(path, None, f"{error}; pass the symbol files that belong to the graph") from error
    return graph
