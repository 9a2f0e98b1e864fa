"""Files of `torch.save`, read without torch: a zip archive of pickled data and, one by one, the arrays' bytes.

Nothing in the file is run. What the pickled data may say of tensors and of k2's ragged tensors is written out
here; the arrays are taken from the archive only after their sizes were held against the bytes that are there.
"""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import FileFormatError
from fsaasr.core.files import PathLike
from fsaasr.graph.foreign.pickled import MAX_BYTES, Name, Shell, Vocabulary, read_pickled

RAGGED = Name("_k2.ragged", "RaggedTensor")
_STORAGES = {
    Name("torch", "FloatStorage"): "<f4",
    Name("torch", "DoubleStorage"): "<f8",
    Name("torch", "IntStorage"): "<i4",
    Name("torch", "LongStorage"): "<i8",
    Name("torch", "ShortStorage"): "<i2",
    Name("torch", "CharStorage"): "i1",
    Name("torch", "ByteStorage"): "u1",
    Name("torch", "BoolStorage"): "?",
}
_LEGACY = b"\x80\x02\x8a\x0a"
_MAX_ENTRIES = 10_000
_DAMAGE = (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile, struct.error, zlib.error)
"""What zipfile raises on damaged archives: names that are no text, entries that are not where they should be, ..."""


@dataclass(frozen=True)
class Storage:
    """Where an array's bytes are: the name of an entry in the archive, what it holds, and how many."""

    entry: str
    kind: str
    size: int


@dataclass(frozen=True)
class Tensor:
    """A view of a storage, counted in elements."""

    storage: Storage
    offset: int
    shape: Tuple[int, ...]
    stride: Tuple[int, ...]


class TorchFile:
    """The dict in a file of `torch.save`; its tensors are read when they are asked for.

    Raises (all methods):
      FileFormatError: not such a file, one in torch's old format, one that says what no FSA says, or a damaged one.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = path
        with self._open() as archive:
            entries = archive.infolist()
            heads = [e.filename[: -len("data.pkl")] for e in entries if e.filename.endswith("/data.pkl")]
            if len(heads) != 1 or len(entries) > _MAX_ENTRIES:
                raise FileFormatError(path, None, "no single data.pkl in the archive; expected a file of torch.save")
            self._head = heads[0]
            data = self._bytes(archive, "data.pkl", MAX_BYTES)
        value = read_pickled(data, _VOCABULARY, path)
        if type(value) is not dict:
            raise FileFormatError(path, None, f"holds a {type(value).__name__}, expected the dict of `Fsa.as_dict()`")
        self.values: Mapping[Any, Any] = value

    def array(self, name: str) -> npt.NDArray[Any]:
        """The tensor of that name."""
        return self._array(name, self.values.get(name))

    def ragged(self, name: str) -> Tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Row offsets and values of the ragged tensor of that name, which has two axes."""
        value = self.values[name]
        state = value.state if type(value) is Shell else None
        if not (type(state) is tuple and len(state) == 3 and state[1] == "row_ids1"):
            raise FileFormatError(self.path, None, f"{name!r} is no ragged tensor of two axes as k2 saves it")
        return self._array(name, state[0]), self._array(name, state[2])

    def _open(self) -> zipfile.ZipFile:
        try:
            with open(self.path, "rb") as file:
                head = file.read(4)
            if head == _LEGACY:
                raise FileFormatError(
                    self.path,
                    None,
                    "in torch's old format, which is one long program; where the file is trusted, load it with "
                    "torch and save it again with torch.save, which writes an archive since torch 1.6",
                )
            return zipfile.ZipFile(self.path)
        except _DAMAGE as error:
            raise FileFormatError(
                self.path, None, f"cannot be read ({error}); expected a file of torch.save"
            ) from error

    def _bytes(self, archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
        """The bytes of an entry, at most `limit` of them."""
        try:
            entry = archive.getinfo(self._head + name)
            # torch compresses nothing, so an entry is no longer than the file and cannot swell.
            is_stored = entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
            if not is_stored or entry.file_size > limit:
                raise FileFormatError(
                    self.path,
                    None,
                    f"entry {name!r} has {entry.file_size} bytes or is compressed; expected {limit} plain",
                )
            return archive.read(entry)
        except _DAMAGE as error:
            raise FileFormatError(self.path, None, f"entry {name!r}: {error}; fetch or save the file again") from error

    def _array(self, name: str, value: Any) -> npt.NDArray[Any]:
        if type(value) is not Tensor:
            raise FileFormatError(self.path, None, f"{name!r} is {type(value).__name__}, expected a tensor")
        storage = value.storage
        kind = np.dtype(storage.kind)
        with self._open() as archive:
            data = self._bytes(archive, "data/" + storage.entry, storage.size * kind.itemsize)
        if len(data) < storage.size * kind.itemsize:
            raise FileFormatError(
                self.path, None, f"{name!r}: {len(data)} bytes of {storage.size * kind.itemsize} are there; cut off"
            )
        flat = np.frombuffer(data, dtype=kind)[value.offset :]
        strides = tuple(step * kind.itemsize for step in value.stride)
        # The bounds were checked in `_tensor`.
        return np.lib.stride_tricks.as_strided(flat, value.shape, strides, writeable=False)


def _storage(value: Any) -> Storage:
    """What a persistent id says: ('storage', its class, entry, device, number of elements)."""
    if type(value) is not tuple or len(value) != 5 or value[0] != "storage":
        raise ValueError("it refers to something that is no storage")
    _, name, entry, _, size = value
    if type(name) is not Name or name not in _STORAGES:
        raise ValueError("a storage of unknown type")
    if not (type(entry) is str and entry.isdecimal() and type(size) is int and 0 <= size < 1 << 40):
        raise ValueError("a storage with a malformed name or size")
    return Storage(entry, _STORAGES[name], size)


def _tensor(arguments: Tuple[Any, ...]) -> Tensor:
    """What `torch._utils._rebuild_tensor_v2` gets: storage, offset, shape, stride, and more of no matter here."""
    if len(arguments) < 4 or type(arguments[0]) is not Storage:
        raise ValueError("a tensor without storage")
    storage, offset, shape, stride = arguments[:4]
    numbers_fit = type(shape) is tuple and type(stride) is tuple and len(shape) == len(stride) <= 2
    if not numbers_fit or not all(type(n) is int and 0 <= n < 1 << 40 for n in (offset, *shape, *stride)):
        raise ValueError("a tensor whose shape, stride or offset is malformed, or which has more than two axes")
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride))
    if math.prod(shape) and last >= storage.size:
        raise ValueError(f"a tensor of shape {shape} that reaches beyond its storage of {storage.size} elements")
    if math.prod(shape) > storage.size:
        raise ValueError(f"a tensor of shape {shape} with more elements than its storage, which has {storage.size}")
    return Tensor(storage, offset, shape, stride)


def _ordered_dict(arguments: Tuple[Any, ...]) -> Dict[Any, Any]:
    if arguments:
        raise ValueError("an OrderedDict with content, expected an empty one")
    return {}


_VOCABULARY = Vocabulary(
    {Name("torch._utils", "_rebuild_tensor_v2"): _tensor, Name("collections", "OrderedDict"): _ordered_dict},
    (RAGGED,),
    tuple(_STORAGES),
    _storage,
)
