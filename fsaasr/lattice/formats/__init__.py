"""Files of lattices."""

from fsaasr.lattice.formats.assemble import Arrangement, LooseArcs, arrange, assemble_lattice, assemble_word_lattice
from fsaasr.lattice.formats.files import FORMATS, format_of, is_lattice_file, read_lattices, write_lattices
from fsaasr.lattice.formats.k2_lattice import lattice_from_k2, lattice_to_k2
from fsaasr.lattice.formats.kaldi import read_kaldi, write_kaldi
from fsaasr.lattice.formats.kaldi_script import KaldiTable
from fsaasr.lattice.formats.openfst_lattice import lattice_from_openfst, lattice_to_openfst
from fsaasr.lattice.formats.registry import LatticeFormat
from fsaasr.lattice.formats.symbols import LatticeSymbols

__all__ = [
    "FORMATS",
    "Arrangement",
    "KaldiTable",
    "LatticeFormat",
    "LatticeSymbols",
    "LooseArcs",
    "arrange",
    "assemble_lattice",
    "assemble_word_lattice",
    "format_of",
    "is_lattice_file",
    "lattice_from_k2",
    "lattice_from_openfst",
    "lattice_to_k2",
    "lattice_to_openfst",
    "read_kaldi",
    "read_lattices",
    "write_kaldi",
    "write_lattices",
]
