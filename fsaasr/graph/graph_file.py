"""The file of a graph: arrays in the safetensors layout, mapped on load, beside two JSON texts."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar, Dict, Mapping, Optional, Tuple, Type, TypeVar

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from fsaasr.core.errors import FileFormatError
from fsaasr.core.files import PathLike, atomic_path
from fsaasr.graph.fst_arrays import ARRAY_NAMES, FstArrays

_DTYPES = {"F32": np.float32, "I32": np.int32, "I64": np.int64, "U8": np.uint8}

G = TypeVar("G", bound="MappedGraph")


@dataclass(frozen=True)
class FileOrigin:
    """The file that a graph was mapped from, and its size and time then, by which a change is seen."""

    path: str
    size: int
    modified_ns: int

    def is_unchanged(self) -> bool:
        """Whether the file is still there as it was."""
        try:
            now = os.stat(self.path)
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns) == (self.size, self.modified_ns)


@dataclass(frozen=True)
class GraphFile:
    """What a graph file holds.

    Attributes:
      origin: the file.
      arrays: by name, read-only views of the file.
      values: symbol tables and the like; `format` names the kind of graph.
      build: how the graph came about.
    """

    origin: FileOrigin
    arrays: Dict[str, npt.NDArray[Any]]
    values: Dict[str, Any]
    build: Dict[str, Any]

    @property
    def format(self) -> str:
        """Kind and version, e.g. `fsaasr.DecodingGraph.1`."""
        return str(self.values.get("format", ""))

    @property
    def fst(self) -> FstArrays:
        """The transducer."""
        return FstArrays(**{name: self.arrays[name] for name in ARRAY_NAMES}, start=int(self.value("start")))

    def value(self, name: str) -> Any:
        """An entry of `values`, or an array; raises FileFormatError where it is missing."""
        found = self.values.get(name, self.arrays.get(name))
        if found is None:
            raise FileFormatError(self.origin.path, None, f"{name!r} is missing; write the file again")
        return found

    def expect(self, wanted: str) -> None:
        """Raises FileFormatError unless the format is `wanted`."""
        if self.format != wanted:
            raise FileFormatError(
                self.origin.path,
                None,
                f"the file is in format {self.format!r}, expected {wanted!r}; load it with fsaasr.graph.load_graph, "
                "which takes every kind of graph",
            )


class MappedGraph(ABC):
    """Base of graphs that have files. Pickled, one that was mapped from a file travels as the file's path.

    So a process pool's workers share one copy of the arrays, and each maps the file once. A graph that
    was made in memory, or whose file has changed since, travels with its arrays.
    """

    _origin: ClassVar[Optional[FileOrigin]] = None

    @classmethod
    def load(cls: Type[G], path: PathLike) -> G:
        """Maps a saved graph into memory (read-only, shared between processes).

        Raises:
          FileFormatError: not a graph file, a truncated one, or one of another kind of graph.
        """
        return cls.from_file(map_graph_file(path))

    @classmethod
    @abstractmethod
    def from_file(cls: Type[G], file: GraphFile) -> G:
        """The graph in a mapped file; raises FileFormatError where it is of another kind."""

    def _set_origin(self, origin: FileOrigin) -> None:
        object.__setattr__(self, "_origin", origin)

    def __reduce__(self) -> Tuple[Any, ...]:
        if self._origin is not None and self._origin.is_unchanged():
            return _reopen, (type(self), self._origin)
        # Every subclass is a dataclass.
        return type(self), tuple(getattr(self, f.name) for f in fields(self) if f.init)  # type: ignore[arg-type]


@lru_cache(maxsize=4)
def _reopen(kind: Type[G], origin: FileOrigin) -> G:
    """The graph of a file, the same object every time, so that what is derived from it is derived once."""
    graph = kind.load(origin.path)
    if graph._origin != origin:
        raise FileFormatError(origin.path, None, "changed since it was loaded by another process; load it anew there")
    return graph


def write_graph_file(
    path: PathLike,
    fst: FstArrays,
    arrays: Mapping[str, Optional[npt.NDArray[Any]]],
    values: Mapping[str, Any],
    build: Mapping[str, Any],
) -> None:
    """Writes a graph file, atomically; `arrays` that are None are left out."""
    tensors = {name: np.ascontiguousarray(getattr(fst, name)) for name in ARRAY_NAMES}
    tensors.update({name: np.ascontiguousarray(array) for name, array in arrays.items() if array is not None})
    meta = {"graph": json.dumps(dict(values)), "build": json.dumps(dict(build))}
    with atomic_path(path) as temporary:
        save_file(tensors, str(temporary), metadata=meta)


def map_graph_file(path: PathLike) -> GraphFile:
    """Maps a graph file into memory, which the safetensors package itself only copies into numpy.

    Raises:
      FileFormatError: not a graph file, or a truncated one.
    """
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            raw = np.memmap(file, dtype=np.uint8, mode="r")
        size = int.from_bytes(raw[:8].tobytes(), "little")
        header = json.loads(raw[8 : 8 + size].tobytes())
        meta = header.pop("__metadata__", {})
        arrays = _views(path, raw[8 + size :], header)
        if "graph" not in meta or not all(name in arrays for name in ARRAY_NAMES):
            raise FileFormatError(path, None, "not a graph; expected a file that a graph's `save` wrote")
        values, build = json.loads(meta["graph"]), json.loads(meta.get("build", "{}"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(
            path, None, f"not a graph file ({error}); expected one that a graph's `save` wrote"
        ) from error
    return GraphFile(
        FileOrigin(os.path.abspath(path), status.st_size, status.st_mtime_ns), arrays, dict(values), dict(build)
    )


def _views(path: PathLike, body: npt.NDArray[np.uint8], header: Mapping[str, Any]) -> Dict[str, npt.NDArray[Any]]:
    plain = np.asarray(body).view(np.ndarray)  # slicing an np.memmap costs far more per view
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        if end > len(plain):
            raise FileFormatError(path, None, f"array {name!r} is cut off; write the file again")
        arrays[name] = plain[begin:end].view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays
