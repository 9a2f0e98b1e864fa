"""Search with transducers, whose scores depend on the tokens said before."""

from fsaasr.decode.transducer.greedy import greedy
from fsaasr.decode.transducer.joint import TOPOLOGIES, JointModel, TokenPath

__all__ = ["TOPOLOGIES", "JointModel", "TokenPath", "greedy"]
