"""From an FST to a lattice, with what its input symbols tell of each arc."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError, SymbolError
from fsaasr.graph.foreign.openfst_file import FileSymbols, OpenFstFile
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.lattice.formats.assemble import MAX_FRAMES, LooseArcs, assemble_lattice, assemble_word_lattice
from fsaasr.lattice.formats.lattice_meta import check_meta, symbols_of
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.word_lattice import places

Ints = npt.NDArray[np.int64]
MAX_COLUMNS = 1 << 26
"""Frames of all arcs together: few bytes of a file can claim any number."""
_FIELDS = "`frames|acoustic score|graph score|columns`"


@dataclass(frozen=True, eq=False)
class Descriptions:
    """What the input symbols say, by label; label 0 is an arc without frames.

    Attributes:
      frames: int (K,). acoustic, graph: float32 (K,).
      columns, flags: int (F,), those of label k from `offsets[k]`. is_known: bool (K,): whether a label's columns are.
    """

    frames: Ints
    acoustic: npt.NDArray[np.float32]
    graph: npt.NDArray[np.float32]
    columns: Ints
    flags: Ints
    offsets: Ints
    is_known: npt.NDArray[np.bool_]


def lattice_of_openfst(
    file: OpenFstFile, symbols: Optional[LatticeSymbols], utterance: Optional[str], default: str = ""
) -> ScoredPaths:
    """The lattice of a file or FST; see `lattice_from_openfst`. Raises LatticeError or ValueError."""
    fst = file.fst
    meta = _meta(file)
    if meta is None:
        return _of_columns(fst, _given(file, symbols, fst), utterance or default)
    described = _descriptions(file.input_symbols)
    label = fst.input_label
    if label.max(initial=0) >= len(described.frames):
        raise ValueError(f"input label {label.max()} has no symbol")
    acoustic = described.acoustic[label]
    recorded = described.graph[label]
    # Where weights have changed since, the change is graph score; where not, nothing is lost by subtracting.
    is_same = np.isclose(acoustic + recorded, fst.score, rtol=1e-6, atol=1e-6) & (label > 0)
    graph = np.where(is_same, recorded, fst.score - acoustic)
    frames = described.frames[label]
    loose = LooseArcs(fst.source_state, fst.next_state, fst.output_label, acoustic, graph, fst.final_score, fst.start)
    name = meta["utterance"] if utterance is None else utterance
    names = _symbols(meta, file.output_symbols)
    if file.output_symbols is None:  # as composition with a grammar that has none leaves it
        names = replace(names, words=LatticeSymbols.unknown().words if symbols is None else symbols.words)
    names = names.covering(int(fst.output_label.max(initial=0)), -1)
    made: ScoredPaths
    if meta["type"] == "WordLattice":
        found = _frames_of(described, label, frames)
        columns = None if found is None else described.columns[found]
        flags = None if found is None or not meta["flagged"] else described.flags[found]
        made = assemble_word_lattice(name, loose, frames, names, columns, None, flags)
    else:
        if frames.max(initial=0) > 1 or not described.is_known[label].all():
            raise ValueError("an arc of several frames, or of an unknown column, in a lattice of frames")
        first = described.offsets[label]
        values = (described.columns + 1, described.flags)
        inputs, flags = (np.where(frames > 0, np.append(of_frames, 0)[first], 0) for of_frames in values)
        made = assemble_lattice(name, loose, inputs, names, flags if meta["flagged"] else None)
    return replace(made, reached_final=meta["reached_final"])


def _of_columns(fst: FstArrays, symbols: LatticeSymbols, utterance: str) -> ScoredPaths:
    none = np.zeros(fst.num_arcs, dtype=np.float32)
    loose = LooseArcs(fst.source_state, fst.next_state, fst.output_label, none, fst.score, fst.final_score, fst.start)
    return assemble_lattice(utterance, loose, fst.input_label, symbols)


def _given(file: OpenFstFile, symbols: Optional[LatticeSymbols], fst: FstArrays) -> LatticeSymbols:
    symbols = LatticeSymbols.unknown() if symbols is None else symbols
    if len(symbols.words) == 1 and file.output_symbols is not None:
        symbols = replace(symbols, words=symbols_of({**_NOTHING, "words": _names(file.output_symbols)}).words)
    return symbols.covering(int(fst.output_label.max(initial=0)), int(fst.input_label.max(initial=0)) - 1)


_NOTHING: Dict[str, Any] = {"frame_shift": 1.0, "tokens": [], "column_token": []}


def _meta(file: OpenFstFile) -> Optional[Dict[str, Any]]:
    """What stands in the name of the input symbols, if this package wrote it."""
    if file.input_symbols is None or not file.input_symbols.name.startswith("{"):
        return None
    try:
        meta = dict(json.loads(file.input_symbols.name))
        check_meta(meta)
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"the name of the input symbols is malformed ({type(error).__name__}: {error})") from error
    return meta


def _symbols(meta: Dict[str, Any], words: Optional[FileSymbols]) -> LatticeSymbols:
    try:
        return symbols_of({**meta, "words": [] if words is None else _names(words)})
    except (TypeError, KeyError, OverflowError, SymbolError) as error:
        raise LatticeError(f"the symbols are malformed ({error})") from error


def _names(table: FileSymbols) -> List[str]:
    count = len(table.symbols)
    if any(label not in table.symbols for label in range(count)):
        raise ValueError("the output symbols have gaps, or labels below 0; number them from 0 on")
    return [table.symbols[label] for label in range(1, count)]


def _descriptions(table: Optional[FileSymbols]) -> Descriptions:
    """Takes the symbols apart, all at once."""
    names = {} if table is None else table.symbols
    count = len(names)
    if any(label not in names for label in range(1, count)):
        raise ValueError("the input symbols have gaps; number them from 0 on")
    listed = ["0|0|0|", *(names[label] for label in range(1, count))]
    fields = "|".join(listed).split("|")
    if len(fields) != 4 * len(listed) or any(name.count("|") != 3 for name in listed):
        raise ValueError(f"an input symbol that is not {_FIELDS}")
    try:
        frames = np.array(list(map(int, fields[0::4])), dtype=np.int64)
        acoustic, graph = (np.array(list(map(float, fields[k::4]))).astype(np.float32) for k in (1, 2))
        runs = "_".join(filter(None, fields[3::4])).replace("x", "_").split("_")
        numbers = np.array(list(map(int, filter(None, runs))), dtype=np.int64).reshape(-1, 3)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"an input symbol that is not {_FIELDS}: {error}") from error
    lengths = [text.count("_") + 1 if text else 0 for text in fields[3::4]]
    return _spelled(frames, acoustic, graph, numbers, np.cumsum([0, *lengths]))


def _spelled(
    frames: Ints, acoustic: npt.NDArray[np.float32], graph: npt.NDArray[np.float32], runs: Ints, bounds: Ints
) -> Descriptions:
    """Runs of columns, their lengths and flags (R, 3), those of label k from `bounds[k]` on, frame by frame."""
    if frames.min() < 0 or frames.max() > MAX_FRAMES or runs.min(initial=0) < 0 or runs[:, 2].max(initial=0) > 255:
        raise ValueError("a negative or huge number of frames, or flags beyond 0 .. 255")
    if frames.sum() > MAX_COLUMNS or runs[:, 1].max(initial=0) > MAX_COLUMNS or runs[:, 1].sum() > MAX_COLUMNS:
        raise ValueError(f"more than {MAX_COLUMNS} frames in the input symbols")
    offsets = np.concatenate([[0], np.cumsum(runs[:, 1])])[bounds]
    is_known = np.diff(offsets) == frames
    if np.any(~is_known & (np.diff(offsets) > 0)):
        label = int(np.argmax(~is_known & (np.diff(offsets) > 0)))
        raise ValueError(f"input symbol {label} has {frames[label]} frames and {np.diff(offsets)[label]} columns")
    columns, flags = np.repeat(runs[:, 0], runs[:, 1]), np.repeat(runs[:, 2], runs[:, 1])
    return Descriptions(frames, acoustic, graph, columns, flags, offsets[:-1], is_known)


def _frames_of(described: Descriptions, label: npt.NDArray[np.int32], frames: Ints) -> Optional[Ints]:
    """Places of the columns of all arcs, end to end; None where some are not known."""
    if not described.is_known[label].all():
        return None
    if frames.sum() > MAX_COLUMNS:
        raise ValueError(f"arcs of {frames.sum()} frames together, more than {MAX_COLUMNS}")
    begins = described.offsets[label]
    return places(begins, begins + frames)
