"""Search with transducers, whose scores depend on the tokens said before."""

from fsaasr.decode.fusion import Fusion
from fsaasr.decode.transducer.beam import beam_search
from fsaasr.decode.transducer.beam_options import BeamOptions
from fsaasr.decode.transducer.greedy import greedy
from fsaasr.decode.transducer.joint import JointModel, TokenPath
from fsaasr.decode.transducer.on_graph import search_on_graph

__all__ = ["BeamOptions", "Fusion", "JointModel", "TokenPath", "beam_search", "greedy", "search_on_graph"]
