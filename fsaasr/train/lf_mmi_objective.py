"""Lattice-free MMI as the objective of a hybrid model, regularised by the cross-entropy of frames."""

from __future__ import annotations

from typing import List, Sequence, Tuple

from torch import Tensor, nn

from fsaasr.core.scores import FloatArray
from fsaasr.graph import DecodingGraph, Topology, TranscriptCompiler
from fsaasr.lexicon import Lexicon
from fsaasr.models.hybrid import HybridNetwork
from fsaasr.models.matrix_batches import pad_matrices
from fsaasr.train.denominator import denominator_graph, leaky, with_denominator_scores
from fsaasr.train.full_sum import check_graph_batch
from fsaasr.train.mmi import MmiOptions, mmi_loss, mmi_terms
from fsaasr.train.sequence_config import LfMmiConfig
from fsaasr.train.sequence_objective import SequenceObjective, Sequences


class LfMmiNetwork(HybridNetwork):
    """A hybrid's network with a second output layer, of training only, that is trained frame by frame.

    The first one's log posteriors serve as scores: to normalize each frame changes numerator and denominator alike.
    """

    def __init__(self, features: int, columns: int, config: LfMmiConfig) -> None:
        """Makes random weights.

        Args:
          features: F. columns: C.
          config: encoder.
        """
        super().__init__(features, columns, config.encoder)
        self.frame_output = nn.Linear(self.encoder.output_dim, columns)

    def both(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """As `forward`, and the log posteriors (N, T', C) of the second layer."""
        hidden, lengths = self.encode(features, lengths)
        return self.output(hidden).log_softmax(dim=2), lengths, self.frame_output(hidden).log_softmax(dim=2)


class LfMmiObjective(SequenceObjective[LfMmiNetwork]):
    """Log-sum over all that could have been said minus that over the transcript (Povey et al. 2016).

    Transcripts' graphs hold all pronunciations and silences, and the denominator's scores.
    """

    def __init__(self, sequences: Sequences, lexicon: Lexicon, topology: Topology, config: LfMmiConfig) -> None:
        """Prepares graphs.

        Args:
          sequences: tokens of the training transcripts.
          lexicon, topology, config: what to train.
        """
        super().__init__(lexicon, topology)
        self._config = config
        self._options = MmiOptions(boost=config.boost)
        self._compiler = TranscriptCompiler(lexicon, topology)
        self.language = denominator_graph(sequences, lexicon.tokens, topology, config.order)
        self._denominator = leaky(self.language, config.leak) if config.leak else self.language

    def network(self, features: int) -> LfMmiNetwork:
        """As `SequenceObjective.network`."""
        return LfMmiNetwork(features, self.num_columns, self._config)

    def compile(self, words: List[str], utterance: str) -> DecodingGraph:
        """As `SequenceObjective.compile`."""
        return with_denominator_scores(self._compiler.compile(words, utterance), self.language)

    def loss(self, scores: Tensor, lengths: Tensor, graphs: Sequence[DecodingGraph], ids: Sequence[str]) -> Tensor:
        """As `SequenceObjective.loss`, without the cross-entropy."""
        total: Tensor = mmi_loss(scores, lengths, graphs, self._denominator, ids, self._options).sum()
        return total

    def training_loss(
        self, network: LfMmiNetwork, matrices: Sequence[FloatArray], graphs: Sequence[DecodingGraph], ids: Sequence[str]
    ) -> Tuple[Tensor, float]:
        """As `SequenceObjective.training_loss`, with the cross-entropy."""
        if self._config.frame_weight == 0.0:
            return super().training_loss(network, matrices, graphs, ids)
        batch, lengths = pad_matrices(matrices)
        device = network.output.weight.device
        scores, lengths, frame_log_probs = network.both(batch.to(device), lengths.to(device))
        above = check_graph_batch(scores, lengths, graphs, ids, "LfMmiObjective")
        terms = mmi_terms(scores, above, self._denominator, self._options)
        cross_entropy = -(terms.posterior * frame_log_probs).sum()
        return terms.loss.sum() + self._config.frame_weight * cross_entropy, float(lengths.sum())
