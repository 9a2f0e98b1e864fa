"""A lattice as a dict of plain values and arrays, and back, with every field looked at."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Dict, Mapping, Optional

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.evidence import SearchEvidence
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.word_lattice import GraphParts, WordLattice

I32, U8, F32 = np.dtype(np.int32), np.dtype(np.uint8), np.dtype(np.float32)
_COMMON = {"source": I32, "target": I32, "output_label": I32, "acoustic_score": F32, "graph_score": F32}
_STATES = {"state_frame": I32, "final_state": I32, "final_score": F32}
_PLAIN = ("type", "utterance", "num_frames", "frame_shift", "reached_final", "flags")
_OWN: Dict[str, Dict[str, np.dtype[Any]]] = {
    "Lattice": {"input_label": I32, "arc_flags": U8, "graph_arc": I32},
    "WordLattice": {"columns": I32, "column_flags": U8},
}
"""Arrays of one kind of lattice; all but `input_label` may be missing."""
_PARTS = tuple(field.name for field in fields(GraphParts))
_EVIDENCE = ("active", "limited_frames", "possible_gain")
_KINDS = {"Lattice": Lattice, "WordLattice": WordLattice}


def record_of(lattice: ScoredPaths) -> Dict[str, Any]:
    """A lattice's values and arrays by name, symbols left out; `lattice_of` makes it a lattice again."""
    kind = type(lattice).__name__
    finals = np.flatnonzero(~np.isneginf(lattice.final_score))
    record: Dict[str, Any] = {
        "type": kind,
        "utterance": lattice.utterance,
        "num_frames": lattice.num_frames,
        "frame_shift": lattice.frame_shift,
        "reached_final": lattice.reached_final,
        "flags": list(lattice.flags),
        **{name: getattr(lattice, name) for name in _COMMON},
        "state_frame": lattice.state_frame,
        "final_state": finals.astype(np.int32),
        "final_score": lattice.final_score[finals],
    }
    own = {name: getattr(lattice, name) for name in _OWN[kind]}
    record.update({name: values for name, values in own.items() if values is not None})
    parts = getattr(lattice, "parts", None)
    if parts is not None:
        record.update({name: getattr(parts, name) for name in _PARTS})
    if lattice.evidence is not None:
        record["active"] = lattice.evidence.active
        record["limited_frames"] = lattice.evidence.limited_frames
        # JSON has no infinity; -inf, nothing was dropped, is null.
        gain = lattice.evidence.possible_gain
        record["possible_gain"] = None if np.isneginf(gain) else str(gain) if np.isinf(gain) else gain
    return record


def lattice_of(record: Mapping[str, Any], symbols: LatticeSymbols) -> ScoredPaths:
    """The lattice of a record; the frame shift is the record's.

    Raises:
      LatticeError: a field that is missing, unknown, or of the wrong type or length. The lattice's own invariants are
        `check`'s to look at.
    """
    kind = record.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise LatticeError(f"type is {kind!r}, expected one of {', '.join(_KINDS)}")
    _expect_fields(record, kind)
    values: Dict[str, Any] = {name: _array(record, name, dtype) for name, dtype in {**_COMMON, **_STATES}.items()}
    arcs, states = len(values["source"]), len(values["state_frame"])
    for name in _COMMON:
        _expect_length(name, values[name], arcs)
    finals = values.pop("final_state")
    _expect_length("final_score", values["final_score"], len(finals))
    if len(finals) and not 0 <= finals.min() <= finals.max() < states:
        raise LatticeError(f"final_state names a state beyond the {states}")
    final_score = np.full(states, -np.inf, dtype=np.float32)
    final_score[finals] = values["final_score"]
    values["final_score"] = final_score
    for name, dtype in _OWN[kind].items():
        values[name] = _array(record, name, dtype) if name in record else None
    if kind == "WordLattice":
        values["parts"] = _parts(record, arcs)
    common = {"words": symbols.words, "tokens": symbols.tokens, "column_token": symbols.column_token}
    lattice: ScoredPaths = _KINDS[kind](**values, **_plain(record), **common, evidence=_evidence(record))
    return lattice


def _expect_fields(record: Mapping[str, Any], kind: str) -> None:
    needed = {*_PLAIN, *_COMMON, *_STATES, *(("input_label",) if kind == "Lattice" else ())}
    known = {*needed, *_OWN[kind], *(_PARTS if kind == "WordLattice" else ()), *_EVIDENCE}
    if needed - set(record):
        raise LatticeError(f"field {min(needed - set(record))!r} is missing")
    if set(record) - known:
        raise LatticeError(f"field {min(set(record) - known)!r} is unknown")


def _array(record: Mapping[str, Any], name: str, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """An array of numbers that all fit its type."""
    found = record[name]
    values = np.asarray(found) if isinstance(found, (list, np.ndarray)) else np.zeros((1, 1))
    is_right = values.ndim == 1 and (len(values) == 0 or values.dtype.kind in ("i" if dtype.kind in "iu" else "if"))
    if values.dtype == dtype and values.ndim == 1:
        return values
    if is_right and dtype.kind in "iu" and len(values):
        limits = np.iinfo(dtype)
        is_right = limits.min <= values.min() <= values.max() <= limits.max
    if not is_right:
        raise LatticeError(f"{name} is no list of numbers that are {dtype}")
    with np.errstate(over="ignore"):  # infinity is refused by `check`
        return values.astype(dtype)


def _expect_length(name: str, values: npt.NDArray[Any], length: int) -> None:
    if len(values) != length:
        raise LatticeError(f"{name} has {len(values)} values, expected {length}")


def _parts(record: Mapping[str, Any], arcs: int) -> Optional[GraphParts]:
    if not any(name in record for name in _PARTS):
        return None
    missing = [name for name in _PARTS if name not in record]
    if missing:
        raise LatticeError(f"field {missing[0]!r} is missing, beside other parts of the graph score")
    parts = [_array(record, name, F32) for name in _PARTS]
    for name, values in zip(_PARTS, parts):
        _expect_length(name, values, arcs)
    return GraphParts(*parts)


def _plain(record: Mapping[str, Any]) -> Dict[str, Any]:
    flags = record["flags"]
    if not isinstance(record["utterance"], str) or type(record["reached_final"]) is not bool:
        raise LatticeError("utterance is no string, or reached_final neither true nor false")
    if not isinstance(flags, list) or not all(isinstance(flag, str) for flag in flags):
        raise LatticeError("flags is no list of strings")
    if type(record["num_frames"]) is not int or not 0 <= record["num_frames"] < 1 << 31:
        raise LatticeError(f"num_frames is {record['num_frames']!r}")
    shift = record["frame_shift"]
    if type(shift) not in (int, float) or not 0 < shift < np.inf:
        raise LatticeError(f"frame_shift is {shift!r}, expected seconds")
    names = ("utterance", "num_frames", "reached_final")
    return {**{name: record[name] for name in names}, "frame_shift": float(shift), "flags": tuple(flags)}


def _evidence(record: Mapping[str, Any]) -> Optional[SearchEvidence]:
    if not any(name in record for name in _EVIDENCE):
        return None
    if any(name not in record for name in _EVIDENCE) or type(record["limited_frames"]) is not int:
        raise LatticeError(f"evidence of the search has {', '.join(_EVIDENCE)}, limited_frames an integer")
    gain = record["possible_gain"]
    if gain is not None and gain != "inf" and type(gain) not in (int, float):
        raise LatticeError("possible_gain is no number")
    return SearchEvidence(
        _array(record, "active", I32), record["limited_frames"], -np.inf if gain is None else float(gain)
    )
