"""Files of lattices."""

from fsaasr.lattice.formats.symbols import LatticeSymbols

__all__ = ["LatticeSymbols"]
