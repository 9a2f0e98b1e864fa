"""Transducers: an encoder of frames, a prediction network of tokens, and a joiner of both."""

from fsaasr.models.transducer.config import TOPOLOGIES, TransducerConfig
from fsaasr.models.transducer.model import TransducerModel
from fsaasr.models.transducer.network import TransducerNetwork

__all__ = ["TOPOLOGIES", "TransducerConfig", "TransducerModel", "TransducerNetwork"]
