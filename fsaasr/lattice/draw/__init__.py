"""Pictures of lattices: a graph over time, and a confusion network as a sausage."""

from fsaasr.lattice.draw.archive import Look, draw_lattices
from fsaasr.lattice.draw.bins import Bin
from fsaasr.lattice.draw.page import write_pictures
from fsaasr.lattice.draw.sausage import confusion_network_svg, sausage_svg
from fsaasr.lattice.draw.word_graph import lattice_svg

__all__ = ["Bin", "Look", "confusion_network_svg", "draw_lattices", "lattice_svg", "sausage_svg", "write_pictures"]
