"""The CTC loss over batches of utterances, and its measures on dev data."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from fsaasr.core.errors import TrainingError
from fsaasr.core.scores import FloatArray
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.lexicon import Lexicon
from fsaasr.models.ctc import BATCH_FRAMES, CtcModel, CtcNetwork, batches_by_length, pad_matrices
from fsaasr.train.augment import augment
from fsaasr.train.ctc_config import CtcTrainConfig
from fsaasr.train.ctc_targets import Labels, aligned_labels, first_labels, frames_needed
from fsaasr.train.length_batches import LengthBatches
from fsaasr.train.task import Task


class CtcTask(Task[List[int], CtcNetwork]):
    """A batch is a list of utterance numbers."""

    def __init__(
        self,
        features: FeatureBatch,
        lexicon: Lexicon,
        feature_config: FeatureConfig,
        config: CtcTrainConfig,
        dev: Optional[FeatureBatch],
    ) -> None:
        """Args:
        features, lexicon, feature_config, config, dev: as `train_ctc`; the lexicon without silence.
        """
        self._features = features
        self._lexicon = lexicon
        self._feature_config = feature_config
        self._config = config
        self._dev = dev
        self._labels = _checked_labels(features, lexicon, config.encoder.subsampling)
        self._dev_labels = _checked_labels(dev, lexicon, config.encoder.subsampling) if dev is not None else []
        self._batches = LengthBatches(features, config.batch_duration, config.fit.seed)

    def batches(self, epoch: int) -> Sequence[List[int]]:
        """Batches of utterances of similar length."""
        return self._batches.of_epoch(epoch)

    def loss(self, network: CtcNetwork, batch: List[int], rng: np.random.Generator) -> Tuple[Tensor, float]:
        """CTC loss a label, and the number of labels."""
        labels = [self._labels[n] for n in batch]
        matrices = []
        for n, row in zip(batch, labels):
            matrix = self._features.matrices[n]
            # Shorter than this, no path is left; each output frame stands for `subsampling` input frames.
            least = min(len(matrix), self._config.encoder.subsampling * frames_needed(row))
            matrices.append(augment(matrix, self._config.augment, rng, least))
        weight = float(sum(map(len, labels)))
        return ctc_loss(network, matrices, labels).div(weight), weight

    def name(self, batch: List[int]) -> str:
        """The batch's first utterances."""
        return "utterances " + ", ".join(repr(self._features.ids[n]) for n in batch[:3])

    def evaluate(self, network: CtcNetwork) -> Dict[str, float]:
        """`dev_error`, the token error rate of greedy search, and `dev_loss` a label."""
        if self._dev is None:
            return {}
        loss, errors = 0.0, 0
        for batch in batches_by_length([len(matrix) for matrix in self._dev.matrices], BATCH_FRAMES):
            labels = [self._dev_labels[n] for n in batch]
            matrices = [self._dev.matrices[n] for n in batch]
            loss += float(ctc_loss(network, matrices, labels))
            errors += _greedy_errors(network, matrices, labels)
        count = sum(map(len, self._dev_labels))
        return {"dev_error": errors / count, "dev_loss": loss / count}

    def finish_epoch(self, network: CtcNetwork, epochs_done: int) -> None:
        """Chooses pronunciations where the configuration asks for it."""
        if epochs_done in self._config.realign_after:
            model = CtcModel(network, self._config.encoder, self._lexicon.tokens, self._feature_config)
            self._labels = aligned_labels(model, self._features, self._lexicon)

    def state(self) -> Any:
        """The labels of each utterance."""
        return self._labels

    def restore(self, state: Any) -> None:
        """Takes labels back."""
        self._labels = [list(labels) for labels in state]


def ctc_loss(network: CtcNetwork, matrices: Sequence[FloatArray], labels: Sequence[Labels]) -> Tensor:
    """Sum over utterances of -log p(labels | features), on the network's device."""
    device = network.output.weight.device
    batch, lengths = pad_matrices(matrices)
    log_probs, out_lengths = network(batch.to(device), lengths.to(device))
    targets = torch.tensor([label for row in labels for label in row])
    sizes = torch.tensor([len(row) for row in labels])
    return torch.nn.functional.ctc_loss(
        log_probs.transpose(0, 1), targets, out_lengths.cpu(), sizes, blank=0, reduction="sum", zero_infinity=False
    )


def _checked_labels(features: FeatureBatch, lexicon: Lexicon, subsampling: int) -> List[Labels]:
    labels = [first_labels(text.split(), lexicon) for text in features.texts]
    for name, matrix, row in zip(features.ids, features.matrices, labels):
        frames, needed = -(-len(matrix) // subsampling), frames_needed(row)
        if frames < needed:
            raise TrainingError(
                f"train_ctc: utterance {name!r} has {frames} frames after subsampling by {subsampling}, but its "
                f"{len(row)} labels need {needed}; drop it, correct its transcript, or use less subsampling"
            )
    return labels


def _greedy_errors(network: CtcNetwork, matrices: Sequence[FloatArray], labels: Sequence[Labels]) -> int:
    from kaldialign import edit_distance

    batch, lengths = pad_matrices(matrices)
    device = network.output.weight.device
    log_probs, out_lengths = network(batch.to(device), lengths.to(device))
    best = log_probs.argmax(dim=2).cpu().numpy()
    errors = 0
    for row, length, reference in zip(best, out_lengths.tolist(), labels):
        path = row[:length]
        kept = path[np.concatenate([[True], path[1:] != path[:-1]])]
        errors += edit_distance(reference, kept[kept > 0].tolist())["total"]
    return errors
