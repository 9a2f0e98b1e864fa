"""`DecodingGraph`: what every engine searches, and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from fsaasr.core.errors import FileFormatError, GraphError
from fsaasr.core.files import PathLike, atomic_path, content_hash
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.fst_arrays import ARRAY_NAMES, FstArrays

TOKEN_START = 1
"""Flag of an arc that consumes the first frame of a token."""
WORD_START = 2
"""Flag of an arc that consumes the first frame of a word."""
NON_WORD = 4
"""Flag of an arc that consumes the first frame of a token outside of words (optional silence)."""


@dataclass(frozen=True, eq=False)
class DecodingGraph:
    """A transducer from score columns to words. Immutable; equal content has an equal `hash`.

    Attributes:
      fst: the arrays. Input label = score column + 1, output label = word; 0 is epsilon on both sides.
      words: names of the output labels.
      tokens: names of the tokens (phones, characters, pieces), without blank.
      column_token: int32 (C,): token label of each score column; 0 for blank.
      column_names: C names of the score columns, e.g. `<blk>`, `AH`, `AH.2`.
      arc_flags: uint8 (A,): TOKEN_START | WORD_START | NON_WORD bits, from which hypotheses get their times;
        None for a foreign graph, whose hypotheses then have words without exact times.
      topology: name of the topology, e.g. `ctc`.
    """

    fst: FstArrays
    words: SymbolTable
    tokens: SymbolTable
    column_token: npt.NDArray[np.int32]
    column_names: Tuple[str, ...]
    arc_flags: Optional[npt.NDArray[np.uint8]] = None
    topology: str = ""
    build: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.column_token) != len(self.column_names):
            raise GraphError(
                f"DecodingGraph: {len(self.column_token)} column tokens for {len(self.column_names)} column names"
            )
        if self.arc_flags is not None and self.arc_flags.shape != (self.fst.num_arcs,):
            raise GraphError(f"DecodingGraph: {self.arc_flags.shape} arc flags for {self.fst.num_arcs} arcs")

    @property
    def num_columns(self) -> int:
        """C: score columns that a matrix for this graph must have."""
        return len(self.column_names)

    @cached_property
    def hash(self) -> str:
        """Hash of everything but `build` (how the graph came about)."""
        flags = b"" if self.arc_flags is None else self.arc_flags.tobytes()
        return content_hash(json.dumps(self._meta(), sort_keys=True), self.fst.to_bytes(), flags)

    def check(self) -> None:
        """Raises GraphError where the arrays, labels and symbol tables do not fit one another."""
        self.fst.check(self.num_columns)
        if self.fst.num_arcs and int(self.fst.output_label.max()) >= len(self.words):
            raise GraphError(
                f"DecodingGraph: output label {int(self.fst.output_label.max())} beyond the {len(self.words)} words"
            )
        if len(self.column_token) and int(self.column_token.max()) >= len(self.tokens):
            raise GraphError(f"DecodingGraph: a column's token lies beyond the {len(self.tokens)} tokens")

    def _meta(self) -> Dict[str, Any]:
        return {
            "format": "fsaasr.DecodingGraph.1",
            "start": self.fst.start,
            "words": self.words.names,
            "tokens": self.tokens.names,
            "column_token": self.column_token.tolist(),
            "column_names": self.column_names,
            "topology": self.topology,
        }

    def save(self, path: PathLike) -> None:
        """Writes one file in the safetensors layout, atomically; `load` maps it without reading it whole."""
        tensors = {name: np.ascontiguousarray(getattr(self.fst, name)) for name in ARRAY_NAMES}
        if self.arc_flags is not None:
            tensors["arc_flags"] = np.ascontiguousarray(self.arc_flags)
        meta = {"graph": json.dumps(self._meta()), "build": json.dumps(dict(self.build))}
        with atomic_path(path) as temporary:
            save_file(tensors, str(temporary), metadata=meta)

    @classmethod
    def load(cls, path: PathLike) -> DecodingGraph:
        """Maps a saved graph into memory (read-only, shared between processes).

        Raises:
          FileFormatError: not a graph file, or a truncated one.
        """
        arrays, meta = _map_safetensors(path)
        if "graph" not in meta or not all(name in arrays for name in ARRAY_NAMES):
            raise FileFormatError(path, None, "not a decoding graph; expected a file written by DecodingGraph.save")
        values = json.loads(meta["graph"])
        fst = FstArrays(**{name: arrays[name] for name in ARRAY_NAMES}, start=values["start"])
        return cls(
            fst,
            SymbolTable(values["words"]),
            SymbolTable(values["tokens"]),
            np.array(values["column_token"], dtype=np.int32),
            tuple(values["column_names"]),
            arrays.get("arc_flags"),
            values["topology"],
            json.loads(meta.get("build", "{}")),
        )


_DTYPES = {"F32": np.float32, "I32": np.int32, "I64": np.int64, "U8": np.uint8}


def _map_safetensors(path: PathLike) -> Tuple[Dict[str, npt.NDArray[Any]], Dict[str, str]]:
    """Memory-maps a safetensors file, which the safetensors package itself only copies into numpy."""
    try:
        raw = np.memmap(path, dtype=np.uint8, mode="r")
        size = int.from_bytes(raw[:8].tobytes(), "little")
        header = json.loads(raw[8 : 8 + size].tobytes())
        meta = header.pop("__metadata__", {})
        body = raw[8 + size :]
        arrays = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            if end > len(body):
                raise FileFormatError(path, None, f"array {name!r} is cut off; write the file again")
            # A plain array over the map: slicing an np.memmap costs far more per view.
            array = np.asarray(body[begin:end]).view(np.ndarray).view(_DTYPES[entry["dtype"]])
            arrays[name] = array.reshape(entry["shape"])
    except (ValueError, KeyError, UnicodeDecodeError) as error:
        raise FileFormatError(
            path, None, f"not a graph file ({error}); expected DecodingGraph.save's output"
        ) from error
    return arrays, meta
