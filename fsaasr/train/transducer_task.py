"""Transducer training as a task for `fit`: batches, losses, and measures on dev data."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from fsaasr.core.errors import TrainingError
from fsaasr.core.scores import FloatArray
from fsaasr.decode.transducer.greedy import greedy
from fsaasr.features import FeatureBatch
from fsaasr.lexicon import Lexicon
from fsaasr.models.matrix_batches import BATCH_FRAMES, batches_by_length, pad_matrices
from fsaasr.models.transducer import TransducerNetwork
from fsaasr.train.ctc_losses import Labels, first_labels, frames_needed
from fsaasr.train.heard_labels import HeardLabels
from fsaasr.train.length_batches import LengthBatches
from fsaasr.train.task import Task
from fsaasr.train.training_features import draw_features
from fsaasr.train.transducer_config import TransducerTrainConfig
from fsaasr.train.transducer_losses import joint_transducer_loss
from fsaasr.train.transducer_pruned import pruned_transducer_loss


class TransducerTraining(nn.Module):
    """The network, and what only its training needs.

    Attributes:
      network: the transducer.
      ctc: output layer of the auxiliary CTC loss, or None.
      simple: output layers of encoder and predictor for the pruned loss, or None.
    """

    ctc: Optional[nn.Linear]
    simple: Optional[nn.ModuleList]

    def __init__(self, network: TransducerNetwork, config: TransducerTrainConfig) -> None:
        """Makes random weights for the parts beside the network."""
        super().__init__()
        self.network = network
        hidden, columns = network.encoder.output_dim, network.num_columns
        self.ctc = nn.Linear(hidden, columns) if config.ctc_scale > 0 else None
        sides = (hidden, network.predictor.output_dim)
        self.simple = nn.ModuleList([nn.Linear(side, columns) for side in sides]) if config.pruning else None


class TransducerTask(Task[List[int], TransducerTraining]):
    """A batch is a list of utterance numbers."""

    def __init__(
        self, features: FeatureBatch, lexicon: Lexicon, config: TransducerTrainConfig, dev: Optional[FeatureBatch]
    ) -> None:
        """Looks up labels, checks that they fit, and prepares batches.

        Args:
          features, lexicon, config, dev: as `train_transducer`; the lexicon without silence.
        """
        self._features, self._dev, self._config = features, dev, config
        data = [features] if dev is None else [features, dev]
        self._labels = [self._checked(batch, lexicon) for batch in data]
        heard = config.pronunciations == "heard"
        self._heard = [HeardLabels(batch, lexicon, config.encoder.subsampling) if heard else None for batch in data]
        self._batches = LengthBatches(features, config.batch_duration, config.fit.seed)

    def _checked(self, features: FeatureBatch, lexicon: Lexicon) -> List[Labels]:
        """Labels of each utterance; raises TrainingError for one with too few frames."""
        subsampling = self._config.encoder.subsampling
        rows = [first_labels(text.split(), lexicon) for text in features.texts]
        for name, matrix, row in zip(features.ids, features.matrices, rows):
            frames, needed = -(-len(matrix) // subsampling), self._frames_needed(row)
            if frames < needed:
                raise TrainingError(
                    f"train_transducer: utterance {name!r} has {frames} frames after subsampling by {subsampling}, but "
                    f"its {len(row)} labels need {needed}; drop it, correct its transcript, or use less subsampling, "
                    "the regular topology and no CTC loss"
                )
        return rows

    def _frames_needed(self, labels: Labels) -> int:
        if self._config.ctc_scale > 0:
            return frames_needed(labels)
        return len(labels) if self._config.transducer.topology == "one-per-frame" else 1

    def batches(self, epoch: int) -> Sequence[List[int]]:
        """Batches of utterances of similar length."""
        return self._batches.of_epoch(epoch)

    def loss(self, network: TransducerTraining, batch: List[int], rng: np.random.Generator) -> Tuple[Tensor, float]:
        """Sum of the losses a label, and the number of labels."""
        matrices = []
        for n in batch:
            matrix = self._features.matrices[n]
            least = min(len(matrix), self._config.encoder.subsampling * self._frames_needed(self._labels[0][n]))
            matrices.append(draw_features(self._features, n, self._config.augment, rng, least).matrix)
        encoded, lengths = _encode(network.network, matrices)
        ctc = None if network.ctc is None else network.ctc(encoded).log_softmax(dim=2)
        rows = self._rows(0, batch, ctc, lengths)
        total = self._transducer_loss(network, encoded, lengths, rows, [self._features.ids[n] for n in batch])
        if ctc is not None:
            total = total.add(self._ctc_loss(ctc, lengths, rows, batch), alpha=self._config.ctc_scale)
        weight = float(sum(map(len, rows)))
        return total.div(weight), weight

    def _rows(self, part: int, batch: Sequence[int], ctc: Optional[Tensor], lengths: Tensor) -> List[Labels]:
        """Labels of some utterances: of first pronunciations, or of those that the CTC layer hears."""
        heard = self._heard[part]
        if heard is None or ctc is None:
            return [self._labels[part][n] for n in batch]
        return heard.of(ctc, lengths, batch)

    def _ctc_loss(self, log_probs: Tensor, lengths: Tensor, rows: List[Labels], batch: Sequence[int]) -> Tensor:
        if self._heard[0] is not None:
            return self._heard[0].loss(log_probs, lengths, batch)
        targets = torch.tensor([label for row in rows for label in row])
        sizes = torch.tensor([len(row) for row in rows])
        frames = log_probs.transpose(0, 1)
        loss: Tensor = nn.functional.ctc_loss(frames, targets, lengths.cpu(), sizes, reduction="sum")
        return loss

    def name(self, batch: List[int]) -> str:
        """The batch's first utterances."""
        return "utterances " + ", ".join(repr(self._features.ids[n]) for n in batch[:3])

    def evaluate(self, network: TransducerTraining) -> Dict[str, float]:
        """`dev_error`, the token error rate of greedy search, and `dev_loss` a label, of the transducer alone."""
        if self._dev is None:
            return {}
        from kaldialign import edit_distance

        loss, errors, count = 0.0, 0, 0
        for batch in batches_by_length([len(matrix) for matrix in self._dev.matrices], BATCH_FRAMES):
            encoded, lengths = _encode(network.network, [self._dev.matrices[n] for n in batch])
            ctc = None if network.ctc is None else network.ctc(encoded).log_softmax(dim=2)
            rows = self._rows(1, batch, ctc, lengths)
            joined = network.network.from_encoder(encoded)
            ids = [self._dev.ids[n] for n in batch]
            loss += float(self._full_loss(network.network, joined, lengths, rows, ids))
            for row, found in zip(rows, greedy(network.network, joined, lengths, self._config.transducer.topology)):
                errors += edit_distance(row, list(found.labels))["total"]
            count += sum(map(len, rows))
        return {"dev_error": errors / count, "dev_loss": loss / count}

    def _transducer_loss(
        self, training: TransducerTraining, encoded: Tensor, lengths: Tensor, rows: List[Labels], ids: List[str]
    ) -> Tensor:
        if training.simple is not None:
            return self._pruned_loss(training, encoded, lengths, rows)
        network = training.network
        return self._full_loss(network, network.from_encoder(encoded), lengths, rows, ids)

    def _full_loss(
        self, network: TransducerNetwork, joined: Tensor, lengths: Tensor, rows: List[Labels], ids: List[str]
    ) -> Tensor:
        labels, counts = _padded(rows, joined.device)
        predicted = network.predict(labels)
        parameters = network.joiner_parameters
        topology = self._config.transducer.topology
        loss: Tensor = joint_transducer_loss(
            joined, predicted, network.join, parameters, labels, lengths, counts, topology, ids
        ).sum()
        return loss

    def _pruned_loss(
        self, training: TransducerTraining, encoded: Tensor, lengths: Tensor, rows: List[Labels]
    ) -> Tensor:
        network, pruning = training.network, self._config.pruning
        assert training.simple is not None
        assert pruning is not None
        labels, counts = _padded(rows, encoded.device)
        vectors = network.predictor(labels)
        simple = training.simple[0](encoded), training.simple[1](vectors)
        joined = network.from_encoder(encoded), network.from_predictor(vectors)
        topology = self._config.transducer.topology
        smoothed, pruned = pruned_transducer_loss(
            simple, *joined, network.join, labels, lengths, counts, topology, pruning
        )
        loss: Tensor = pruned.add(smoothed, alpha=pruning.simple_scale)
        return loss


def _encode(network: TransducerNetwork, matrices: Sequence[FloatArray]) -> Tuple[Tensor, Tensor]:
    """The encoder's own vectors (N, T', D) and lengths (N,), on the network's device."""
    batch, lengths = pad_matrices(matrices)
    device = network.from_encoder.weight.device
    return network.encode(batch.to(device), lengths.to(device))


def _padded(rows: Sequence[Labels], device: torch.device) -> Tuple[Tensor, Tensor]:
    """Labels int64 (N, U), zero-padded, and counts (N,)."""
    labels = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.int64)
    for place, row in enumerate(rows):
        labels[place, : len(row)] = torch.tensor(row, dtype=torch.int64)
    return labels.to(device), torch.tensor([len(row) for row in rows], device=device)
