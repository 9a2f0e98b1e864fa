"""Pictures of lattices: a graph over time, and a confusion network as a sausage."""

from fsaasr.lattice.draw.page import write_pictures
from fsaasr.lattice.draw.sausage import Bin, sausage_svg
from fsaasr.lattice.draw.word_graph import lattice_svg

__all__ = ["Bin", "lattice_svg", "sausage_svg", "write_pictures"]
