"""The seam to OpenFst: scores become costs (`cost = -score`) and back, without a Python loop over arcs.

Arrays travel as OpenFst's own `const` binary layout, which is a header followed by two packed tables.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt
import pynini
import pywrapfst

from fsaasr.core.errors import GraphError
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.openfst_layout import ARC, CONST_STATE, CONST_VERSION, EXPANDED, MAGIC, ByteReader

_KIND = struct.pack("<i5si8s", 5, b"const", 8, b"standard")


def to_openfst(fst: FstArrays) -> pynini.Fst:
    """As a pynini `VectorFst` over the tropical semiring (costs); labels and states keep their numbers."""
    if fst.num_states == 0:
        return pynini.Fst()
    offsets = fst.arc_offsets
    states = np.zeros(fst.num_states, dtype=CONST_STATE)
    states["final"] = -fst.final_score
    states["pos"] = offsets[:-1]
    states["arcs"] = np.diff(offsets)
    states["ieps"] = _count_epsilons(fst.input_label, offsets)
    states["oeps"] = _count_epsilons(fst.output_label, offsets)
    arcs = np.empty(fst.num_arcs, dtype=ARC)
    arcs["ilabel"], arcs["olabel"], arcs["next"] = fst.input_label, fst.output_label, fst.next_state
    # 0 - x and not -x: a cost of -0.0 prints oddly and hashes unlike 0.
    arcs["cost"] = np.float32(0) - fst.score
    header = struct.pack("<i", MAGIC) + _KIND
    header += struct.pack("<iiQqqq", CONST_VERSION, 0, EXPANDED, fst.start, fst.num_states, fst.num_arcs)
    return pynini.Fst.read_from_string(header + states.tobytes() + arcs.tobytes())


def from_openfst(fst: pywrapfst.Fst) -> FstArrays:
    """From any tropical or log OpenFst; the inverse of `to_openfst`.

    Raises:
      GraphError: an arc type other than `standard`, `log` or `log64`, or an FST in the error state.
    """
    if fst.properties(pywrapfst.ERROR, False):
        raise GraphError("from_openfst: the FST is in OpenFst's error state; the operation that made it failed")
    if fst.arc_type() == "log64":
        fst = pywrapfst.arcmap(fst, map_type="to_standard")
    # `standard` and `log` arcs lie in the file alike: their weights are float32 costs.
    if fst.arc_type() not in ("standard", "log"):
        raise GraphError(f"from_openfst: arc type {fst.arc_type()!r}; expected 'standard', 'log' or 'log64'")
    if fst.input_symbols() is not None or fst.output_symbols() is not None:
        fst = pynini.Fst.from_pywrapfst(fst).copy()
        fst.set_input_symbols(None)
        fst.set_output_symbols(None)
    data = pywrapfst.convert(fst, "const").write_to_string()
    reader = ByteReader(data)
    header = reader.header()
    states = np.frombuffer(data, dtype=CONST_STATE, count=header.num_states, offset=reader.place)
    arcs = np.frombuffer(data, dtype=ARC, count=header.num_arcs, offset=reader.place + states.nbytes)
    offsets = np.zeros(header.num_states + 1, dtype=np.int64)
    np.cumsum(states["arcs"], out=offsets[1:])
    return FstArrays(
        offsets,
        np.ascontiguousarray(arcs["next"]),
        np.ascontiguousarray(arcs["ilabel"]),
        np.ascontiguousarray(arcs["olabel"]),
        np.float32(0) - arcs["cost"],
        np.float32(0) - states["final"],
        header.start,
    )


def _count_epsilons(labels: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    running = np.zeros(len(labels) + 1, dtype=np.int64)
    np.cumsum(labels == 0, out=running[1:])
    return np.asarray(running[offsets[1:]] - running[offsets[:-1]], dtype=np.int64)
