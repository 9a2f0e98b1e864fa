"""`SequenceObjective`: what a training on transcripts minimises, and the network that it trains."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, Iterable, List, Sequence, Tuple, TypeVar

from torch import Tensor

from fsaasr.core.scores import FloatArray
from fsaasr.features import FeatureBatch
from fsaasr.graph import DecodingGraph, Topology
from fsaasr.lexicon import Lexicon
from fsaasr.models.hybrid import HybridNetwork
from fsaasr.models.matrix_batches import apply_network
from fsaasr.train.transcript_graphs import TranscriptGraphs

AnyNetwork = TypeVar("AnyNetwork", bound=HybridNetwork)

Sequences = Iterable[Sequence[str]]
"""Tokens of utterances."""


class SequenceObjective(ABC, Generic[AnyNetwork]):
    """A loss over graphs of transcripts.

    Attributes:
      topology: of the columns, tied or not.
      language: sequences of tokens by which dev data are recognized.
    """

    topology: Topology
    language: DecodingGraph

    def __init__(self, lexicon: Lexicon, topology: Topology) -> None:
        self.lexicon, self.topology = lexicon, topology
        self.num_columns = len(topology.columns(lexicon.tokens).names)

    @abstractmethod
    def network(self, features: int) -> AnyNetwork:
        """A network of random weights for features of as many dimensions; its output are the loss' scores."""

    @abstractmethod
    def compile(self, words: List[str], utterance: str) -> DecodingGraph:
        """The graph of a transcript; raises GraphError for no words or unknown ones, naming the utterance."""

    @abstractmethod
    def loss(self, scores: Tensor, lengths: Tensor, graphs: Sequence[DecodingGraph], ids: Sequence[str]) -> Tensor:
        """Sum over utterances, from scores (N, T', C), lengths (N,), and the transcripts' N graphs and ids."""

    def training_loss(
        self, network: AnyNetwork, matrices: Sequence[FloatArray], graphs: Sequence[DecodingGraph], ids: Sequence[str]
    ) -> Tuple[Tensor, float]:
        """Loss of a batch of features (T_n, F), and the number of output frames."""
        scores, lengths = apply_network(network, matrices)
        return self.loss(scores, lengths, graphs, ids), float(lengths.sum())

    def transcripts(self, features: FeatureBatch, subsampling: int) -> TranscriptGraphs:
        """Graphs of all transcripts; raises as `TranscriptGraphs.of`."""
        return TranscriptGraphs.of(features, self.lexicon, self.compile, self.topology.columns_per_token, subsampling)
