"""The full sum over alignments as the objective of a hybrid model, with running priors and transitions."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np
from torch import Tensor

from fsaasr.core.scores import FloatArray
from fsaasr.decode import forward_backward
from fsaasr.features import FeatureBatch
from fsaasr.graph import DecodingGraph, Moves, Topology, TranscriptCompiler, moves
from fsaasr.lexicon import Lexicon
from fsaasr.models.hybrid import HybridNetwork
from fsaasr.models.matrix_batches import outputs_of
from fsaasr.train.denominator import denominator_graph
from fsaasr.train.full_sum import full_sum_loss
from fsaasr.train.hmm_graphs import Float64, TrainingGraph
from fsaasr.train.running_priors import RunningPriors
from fsaasr.train.sequence_config import FullSumConfig
from fsaasr.train.sequence_objective import SequenceObjective, Sequences


class FullSumNetwork(HybridNetwork):
    """A hybrid's network whose outputs are scores with running priors."""

    def __init__(self, features: int, columns: int, config: FullSumConfig) -> None:
        """Makes random weights.

        Args:
          features: F. columns: C.
          config: encoder and priors.
        """
        super().__init__(features, columns, config.encoder)
        self.priors = RunningPriors(columns, config.prior_scale, config.prior_decay)

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """float32 (N, T, F) and int64 (N,) to scores (N, T', C) and lengths (N,); in training, the priors follow."""
        log_posteriors, lengths = super().forward(features, lengths)
        return self.priors(log_posteriors, lengths), lengths


class FullSumObjective(SequenceObjective[FullSumNetwork]):
    """Minus the log-sum over all alignments, all pronunciations and silences included, transitions and all."""

    def __init__(self, sequences: Sequences, lexicon: Lexicon, topology: Topology, config: FullSumConfig) -> None:
        """Prepares graphs.

        Args:
          sequences: tokens of the training transcripts.
          lexicon, topology, config: what to train.
        """
        super().__init__(lexicon, topology)
        self._config = config
        self.transitions = constant_transitions(topology, lexicon, config.stay, config.silence_stay)
        self._compiler = TranscriptCompiler(lexicon, topology, transitions=self.transitions)
        self.language = denominator_graph(sequences, lexicon.tokens, topology, config.order, self.transitions)

    def network(self, features: int) -> FullSumNetwork:
        """As `SequenceObjective.network`."""
        return FullSumNetwork(features, self.num_columns, self._config)

    def compile(self, words: List[str], utterance: str) -> DecodingGraph:
        """As `SequenceObjective.compile`."""
        return self._compiler.compile(words, utterance)

    def loss(self, scores: Tensor, lengths: Tensor, graphs: Sequence[DecodingGraph], ids: Sequence[str]) -> Tensor:
        """As `SequenceObjective.loss`."""
        scaled = scores.mul(self._config.acoustic_scale)
        total: Tensor = full_sum_loss(scaled, lengths, graphs, ids).sum()
        return total

    def estimate_transitions(self, network: FullSumNetwork, features: FeatureBatch) -> FloatArray:
        """Log probabilities (C, W) of all transitions, from expected counts over the data.

        Each transition is given one more than it has, so that none is impossible.
        """
        plain = TranscriptCompiler(self.lexicon, self.topology)
        ways = moves(self.topology, self.lexicon.tokens)
        counts = ways.exist.astype(np.float64)
        scores = outputs_of(network, features.matrices)
        for name, text, matrix in zip(features.ids, features.texts, scores):
            graph = TrainingGraph(plain.compile(text.split(), name), ways)
            scaled = np.float32(self._config.acoustic_scale) * matrix
            found = forward_backward(graph.with_transitions(self.transitions), scaled, name)
            counts += graph.count(found.arc_occupancy)
        return _logs(counts, ways)


def constant_transitions(topology: Topology, lexicon: Lexicon, stay: float, silence_stay: float) -> FloatArray:
    """Log probabilities float32 (C, W) to stay in columns of tokens and of silence; ways to leave share the rest."""
    token = topology.columns(lexicon.tokens).token
    silence = -1 if lexicon.silence is None else lexicon.tokens[lexicon.silence.token]
    stays = np.where(token == silence, silence_stay, stay)[:, None]
    ways = moves(topology, lexicon.tokens)
    leaves = np.maximum(ways.exist[:, 1:].sum(axis=1, keepdims=True), 1)
    weights: Float64 = np.where(np.arange(ways.exist.shape[1]) == 0, stays, (1.0 - stays) / leaves).astype(np.float64)
    return _logs(weights * ways.exist, ways)


def _logs(weights: Float64, ways: Moves) -> FloatArray:
    """Log shares of each row's weights, and what `Moves.uniform` has where there is no transition."""
    shares = weights / np.where(ways.exist, weights.sum(axis=1, keepdims=True), 1.0)
    return np.where(ways.exist, np.log(np.where(ways.exist, shares, 1.0)), ways.uniform()).astype(np.float32)
