"""The arrays of `lattice_to_k2` in a safetensors file: read without k2, and by k2 without this package.

    tensors = safetensors.torch.load_file("utt.safetensors")
    fsa = k2.Fsa(tensors["arcs"], aux_labels=tensors["aux_labels"])

The file's metadata hold the symbols, the utterance and the frame shift as JSON.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, Iterator, Optional

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from fsaasr.core.compressed import read_bytes
from fsaasr.core.errors import FileFormatError, LatticeError, LatticeFileError, SymbolError
from fsaasr.lattice.check import check
from fsaasr.lattice.formats.k2_arrays import K2Arrays, k2_arrays, lattice_of_arrays
from fsaasr.lattice.formats.lattice_meta import check_meta, meta_of, symbols_of
from fsaasr.lattice.formats.registry import LatticeFormat
from fsaasr.lattice.formats.streams import writing
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.scored_paths import ScoredPaths

FORMAT = "fsaasr.K2Lattice.1"
"""Name of the file format."""
_INTS, _FLOATS = ("aux_labels", "frames"), ("acoustic_scores", "lm_scores")
_OPTIONAL = ("columns", "column_offsets", "flags")


def read(path: str, symbols: Optional[LatticeSymbols] = None) -> Iterator[ScoredPaths]:
    """The lattice of a file; it has its own symbols, so those given are not needed.

    Raises:
      LatticeFileError: not such a file, a damaged one, or arrays that are no lattice.
    """
    try:
        data = read_bytes(path)
        meta = _metadata(data)
        lattice = lattice_of_arrays(
            _arrays(load(data)),
            meta["type"] == "WordLattice",
            meta["utterance"],
            symbols_of(meta),
            meta["reached_final"],
        )
        check(lattice)
    except FileFormatError as error:
        raise LatticeFileError(path, error.line, error.problem) from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, SafetensorError) as error:
        problem = f"not what `write_lattices` writes ({type(error).__name__}: {error})"
        raise LatticeFileError(path, None, problem) from error
    except (LatticeError, SymbolError) as error:
        raise LatticeFileError(path, None, str(error)) from error
    yield lattice


def write(lattices: Iterable[ScoredPaths], path: str) -> int:
    """Writes the one lattice that is given."""
    count = 0
    with writing(path) as file:
        for lattice in lattices:
            check(lattice)
            arrays = k2_arrays(lattice)
            names = ("arcs", *_INTS, *_FLOATS, *(name for name in _OPTIONAL if getattr(arrays, name) is not None))
            tensors = {name: np.ascontiguousarray(getattr(arrays, name)) for name in names}
            file.write(save(tensors, metadata={"format": FORMAT, "lattice": json.dumps(meta_of(lattice))}))
            count += 1
    return count


def _metadata(data: bytes) -> Dict[str, Any]:
    """The JSON of the header, which the safetensors package keeps to itself."""
    size = int.from_bytes(data[:8], "little")
    held = json.loads(data[8 : 8 + size]).get("__metadata__", {})
    if held.get("format") != FORMAT:
        raise ValueError(f"format {held.get('format')!r}, expected {FORMAT}")
    meta = json.loads(held["lattice"])
    check_meta(meta)
    return dict(meta)


def _arrays(tensors: Dict[str, npt.NDArray[Any]]) -> K2Arrays:
    kinds = {**dict.fromkeys(_INTS, "i"), **dict.fromkeys(_FLOATS, "f"), **dict.fromkeys(_OPTIONAL, "i")}
    for name, kind in kinds.items():
        if name in tensors and (tensors[name].ndim != 1 or tensors[name].dtype.kind != kind):
            raise ValueError(f"{name} is {tensors[name].dtype} {tensors[name].shape}")
    arcs = tensors["arcs"]
    if arcs.ndim != 2 or arcs.shape[1] != 4 or arcs.dtype != np.int32:
        raise ValueError(f"arcs are {arcs.dtype} {arcs.shape}, expected int32 (K, 4)")
    return K2Arrays(
        arcs,
        tensors["aux_labels"],
        tensors["acoustic_scores"],
        tensors["lm_scores"],
        tensors["frames"],
        tensors.get("columns"),
        tensors.get("column_offsets"),
        tensors.get("flags"),
    )


K2_FILE = LatticeFormat(
    "k2 arrays",
    (".safetensors",),
    read,
    write,
    "flags and evidence of the search, and parts of the graph score",
    one_per_file=True,
)
