"""Lattices as OpenFst transducers over the tropical semiring, which `fstprint`, pynini and Kaldi's tools read.

Output labels are words, weights the cost of acoustic and graph score together. What OpenFst has no place for stands
in the input symbols: each arc's is `frames|acoustic score|graph score|columns`, the columns as `column x how often x
flags`, e.g. `5|-12.5|-1.25|0x2x0_3x1x1_3x2x0`. So operations on words and weights (composition with a grammar,
pruning, n best) carry times, alignment and acoustic scores along; what the weights have changed by is graph score.
"""

from __future__ import annotations

import json
from typing import Iterable, Iterator, List, Optional

import numpy as np
import numpy.typing as npt
import pynini
import pywrapfst

from fsaasr.core.compressed import read_bytes
from fsaasr.core.errors import FileFormatError, LatticeError, LatticeFileError
from fsaasr.core.symbols import EPSILON
from fsaasr.graph.foreign.openfst_file import parse_openfst
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.openfst import to_openfst
from fsaasr.lattice.check import check
from fsaasr.lattice.formats.column_runs import column_runs
from fsaasr.lattice.formats.lattice_meta import meta_of
from fsaasr.lattice.formats.openfst_reader import lattice_of_openfst
from fsaasr.lattice.formats.registry import LatticeFormat
from fsaasr.lattice.formats.streams import writing
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.scored_paths import ScoredPaths
from fsaasr.lattice.word_lattice import WordLattice

SOURCE = "lattice_from_openfst"


def lattice_to_openfst(lattice: ScoredPaths, plain: bool = False) -> pynini.Fst:
    """A lattice as a transducer; states and arcs keep their numbers and order.

    Args:
      lattice: any lattice.
      plain: input labels are score columns + 1 (`Lattice`), or words again (`WordLattice`: an acceptor), without input
        symbols: for OpenFst's own use. Word lattices then lose times and alignment, and all lose the split of scores.

    Returns:
      The transducer with its symbols, and a cost of acoustic + graph score for each arc. Flags and evidence
      of the search and parts of scores stay behind.
    """
    check(lattice)
    words = pywrapfst.SymbolTable("words")
    for name in lattice.words.names:
        words.add_symbol(name)
    table = None if plain else pywrapfst.SymbolTable(json.dumps({**meta_of(lattice), "words": []}))
    labels = _plain_labels(lattice) if table is None else _described(lattice, table)
    score = lattice.acoustic_score + lattice.graph_score
    fst = to_openfst(
        FstArrays.from_columns(lattice.source, lattice.target, labels, lattice.output_label, score, lattice.final_score)
    )
    fst.set_output_symbols(words)
    if table is not None:
        fst.set_input_symbols(table)
    return fst


def lattice_from_openfst(
    fst: pywrapfst.Fst, symbols: Optional[LatticeSymbols] = None, utterance: Optional[str] = None
) -> ScoredPaths:
    """The lattice in an FST: one that `lattice_to_openfst` made, whatever was done to it, or another acyclic one.

    Args:
      fst: with costs as weights. Arcs without input symbol (label 0) take no frame, and their weight is graph score.
        In an FST without such input symbols, labels are columns + 1, and all of the weight is graph score.
      symbols: names of labels for an FST that has none of its own.
      utterance: id; the FST's own if None.

    Raises:
      LatticeError: cycles, labels beyond the symbols, paths to a state that differ in frames, other weights than costs.
    """
    if fst.fst_type() not in ("vector", "const"):
        fst = pywrapfst.convert(fst, "vector")
    try:
        return lattice_of_openfst(parse_openfst(fst.write_to_string(), SOURCE), symbols, utterance)
    except (FileFormatError, ValueError) as error:
        raise LatticeError(f"{SOURCE}: {getattr(error, 'problem', error)}") from error


def read(path: str, symbols: Optional[LatticeSymbols] = None) -> Iterator[ScoredPaths]:
    """The lattice of a file, see `lattice_from_openfst`; without a name in it, the utterance is the file's.

    Raises:
      LatticeFileError: a damaged file, or one that holds no lattice.
    """
    try:
        file = parse_openfst(read_bytes(path), path)
        lattice = lattice_of_openfst(file, symbols, None, OPENFST.stem(path))
    except FileFormatError as error:
        raise LatticeFileError(path, error.line, error.problem) from error
    except (LatticeError, ValueError) as error:
        raise LatticeFileError(path, None, str(error)) from error
    yield lattice


def write(lattices: Iterable[ScoredPaths], path: str) -> int:
    """Writes the one lattice that is given."""
    count = 0
    with writing(path) as file:
        for lattice in lattices:
            file.write(lattice_to_openfst(lattice).write_to_string())
            count += 1
    return count


def _plain_labels(lattice: ScoredPaths) -> npt.NDArray[np.int32]:
    return lattice.input_label if isinstance(lattice, Lattice) else lattice.output_label


def _described(lattice: ScoredPaths, table: pywrapfst.SymbolTable) -> List[int]:
    """The input label of each arc; arcs that are described alike share one."""
    table.add_symbol(EPSILON, 0)
    frames = (lattice.state_frame[lattice.target] - lattice.arc_frame).tolist()
    rows = zip(frames, lattice.acoustic_score.tolist(), lattice.graph_score.tolist(), _columns(lattice))
    # Nine digits tell any two float32 apart.
    return [table.add_symbol(f"{count}|{acoustic:.9g}|{graph:.9g}|{runs}") for count, acoustic, graph, runs in rows]


def _columns(lattice: ScoredPaths) -> List[str]:
    """Runs of equal columns of each arc; empty where they are not known."""
    if isinstance(lattice, Lattice):
        flags = [0] * lattice.num_arcs if lattice.arc_flags is None else lattice.arc_flags.tolist()
        return [f"{label - 1}x1x{flag}" if label else "" for label, flag in zip(lattice.input_label.tolist(), flags)]
    if not isinstance(lattice, WordLattice) or lattice.columns is None:
        return [""] * lattice.num_arcs
    flags = np.zeros_like(lattice.columns, dtype=np.uint8) if lattice.column_flags is None else lattice.column_flags
    runs = column_runs(lattice, lattice.columns, np.diff(flags, prepend=0) != 0)
    rows = zip(runs.column.tolist(), runs.length.tolist(), flags[runs.place].tolist())
    texts = [f"{column}x{length}x{flag}" for column, length, flag in rows]
    return runs.joined(texts, "_")


OPENFST = LatticeFormat(
    "OpenFst",
    (".fst",),
    read,
    write,
    "flags and evidence of the search, and parts of the graph score",
    one_per_file=True,
)
