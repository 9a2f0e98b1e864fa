"""Training of attention encoder-decoders as a task for `fit`: batches, joint loss, and measures on dev data."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from fsaasr.core.scores import FloatArray
from fsaasr.decode.attention.greedy import greedy_tokens
from fsaasr.decode.attention.joint_greedy import joint_greedy_tokens
from fsaasr.features import FeatureBatch
from fsaasr.lexicon import Lexicon
from fsaasr.models.attention_model import AttentionNetwork, Encoded
from fsaasr.models.decoders.decoder import END
from fsaasr.models.matrix_batches import BATCH_FRAMES, batches_by_length, pad_matrices
from fsaasr.train.attention_config import AttentionTrainConfig
from fsaasr.train.ctc_losses import CtcLoss, FirstPronunciations, Labels, first_labels, frames_needed
from fsaasr.train.heard_labels import HeardLabels
from fsaasr.train.length_batches import LengthBatches
from fsaasr.train.task import Task
from fsaasr.train.training_features import draw_features

_PADDING = -1


class AttentionTask(Task[List[int], AttentionNetwork]):
    """A batch is a list of utterance numbers."""

    def __init__(
        self,
        features: FeatureBatch,
        lexicon: Lexicon,
        config: AttentionTrainConfig,
        dev: Optional[FeatureBatch],
        subsampling: int,
    ) -> None:
        """Prepares labels and batches.

        Args:
          features, lexicon, config, dev: as `train_attention`; the lexicon without silence.
          subsampling: of the encoder.
        """
        self._features, self._config, self._dev, self._subsampling = features, config, dev, subsampling
        self._targets = _Targets(features, lexicon, config, subsampling)
        self._dev_targets = None if dev is None else _Targets(dev, lexicon, config, subsampling)
        self._batches = LengthBatches(features, config.batch_duration, config.fit.seed)

    def batches(self, epoch: int) -> Sequence[List[int]]:
        """Batches of utterances of similar length."""
        return self._batches.of_epoch(epoch)

    def loss(self, network: AttentionNetwork, batch: List[int], rng: np.random.Generator) -> Tuple[Tensor, float]:
        """Joint loss a label (the end is one), and the number of labels."""
        matrices = []
        for n in batch:
            least = min(self._features.lengths[n], self._subsampling * frames_needed(self._targets.labels[n]))
            matrices.append(draw_features(self._features, n, self._config.augment, rng, least).matrix)
        encoded = encode_matrices(network, matrices)
        labels = self._targets.of(encoded, batch)
        weight = count(labels)
        loss = self._targets.loss(network, encoded, batch, labels, self._config.label_smoothing, self._config.sampling)
        return loss.div(weight), weight

    def name(self, batch: List[int]) -> str:
        """The batch's first utterances."""
        return "utterances " + ", ".join(repr(self._features.ids[n]) for n in batch[:3])

    def evaluate(self, network: AttentionNetwork) -> Dict[str, float]:
        """`dev_error`, the token error rate of a greedy search, and `dev_loss` a label, not smoothed."""
        from kaldialign import edit_distance

        if self._dev is None or self._dev_targets is None:
            return {}
        loss, errors, wanted = 0.0, 0, []
        for batch in batches_by_length(self._dev.lengths, BATCH_FRAMES):
            encoded = encode_matrices(network, [self._dev.matrices[n] for n in batch])
            labels = self._dev_targets.of(encoded, batch)
            loss += float(self._dev_targets.loss(network, encoded, batch, labels, 0.0, 0.0))
            for right, said in zip(labels, self._dev_tokens(network, encoded)):
                errors += edit_distance(right, said)["total"]
            wanted += labels
        return {"dev_error": errors / sum(map(len, wanted)), "dev_loss": loss / count(wanted)}

    def _dev_tokens(self, network: AttentionNetwork, encoded: Encoded) -> List[List[int]]:
        if self._config.dev_search == "joint":
            return joint_greedy_tokens(network, encoded, self._config.ctc_weight)
        return greedy_tokens(network, encoded)


class _Targets:
    """What a set of utterances should be heard as, and how far from it a network is."""

    def __init__(
        self, features: FeatureBatch, lexicon: Lexicon, config: AttentionTrainConfig, subsampling: int
    ) -> None:
        self.labels: List[Labels] = [first_labels(text.split(), lexicon) for text in features.texts]
        self._weight = config.ctc_weight
        self._heard = HeardLabels(features, lexicon, subsampling) if config.pronunciations == "heard" else None
        self._ctc: Optional[CtcLoss] = None if self._heard is None else self._heard.loss
        if config.ctc_weight and self._ctc is None:
            # It checks that each utterance has frames enough, which the decoder alone does not need.
            self._ctc = FirstPronunciations(features, lexicon, subsampling)

    def of(self, encoded: Encoded, batch: Sequence[int]) -> List[Labels]:
        """Labels of some utterances, behind the encoder: of first pronunciations, or of those that CTC hears."""
        if self._heard is None or encoded.ctc is None:
            return [self.labels[n] for n in batch]
        return self._heard.of(encoded.ctc, encoded.lengths, batch)

    def loss(
        self,
        network: AttentionNetwork,
        encoded: Encoded,
        batch: Sequence[int],
        labels: Sequence[Labels],
        smoothing: float,
        sampling: float,
    ) -> Tensor:
        """Sum over utterances of (1 - w) times the decoder's cross entropy and w times the CTC loss."""
        inputs, targets = teacher_forcing(labels)
        device = encoded.vectors.device
        logits, _ = network.decoder(encoded.vectors, encoded.lengths, inputs.to(device), sampling)
        loss: Tensor = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1),
            targets.to(device).flatten(),
            ignore_index=_PADDING,
            reduction="sum",
            label_smoothing=smoothing,
        )
        if self._ctc is not None and encoded.ctc is not None:
            loss = torch.lerp(loss, self._ctc(encoded.ctc, encoded.lengths, batch), self._weight)
        return loss


def count(labels: Sequence[Labels]) -> float:
    """Labels of some utterances, with an end each."""
    return float(sum(len(row) + 1 for row in labels))


def teacher_forcing(labels: Sequence[Labels]) -> Tuple[Tensor, Tensor]:
    """Inputs of a decoder, END and the labels, and its targets, the labels and END: int64 (N, U) each, padded."""
    inputs = torch.full((len(labels), 1 + max(map(len, labels))), END)
    targets = torch.full_like(inputs, _PADDING)
    for row, wanted in enumerate(labels):
        inputs[row, 1 : 1 + len(wanted)] = torch.tensor(wanted)
        targets[row, : 1 + len(wanted)] = torch.tensor([*wanted, END])
    return inputs, targets


def encode_matrices(network: AttentionNetwork, matrices: Sequence[FloatArray]) -> Encoded:
    """Matrices (T_n, F) behind the encoder, as one padded batch on the network's device."""
    batch, lengths = pad_matrices(matrices)
    device = next(network.parameters()).device
    return network.encoded(batch.to(device), lengths.to(device))
