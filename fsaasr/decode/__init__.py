"""Search: scores and a graph in, lattices, alignments and posteriors out."""

from fsaasr.decode.align import BestArcs, align, viterbi
from fsaasr.decode.engine import decode
from fsaasr.decode.forward_backward import ForwardBackward, forward_backward, forward_backward_batch
from fsaasr.decode.options import ENGINES, SearchOptions

__all__ = [
    "ENGINES",
    "BestArcs",
    "ForwardBackward",
    "SearchOptions",
    "align",
    "decode",
    "forward_backward",
    "forward_backward_batch",
    "viterbi",
]
