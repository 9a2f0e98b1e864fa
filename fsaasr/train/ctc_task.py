"""CTC training as a task for `fit`: batches, loss, and measures on dev data."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
from torch import Tensor

from fsaasr.features import FeatureBatch
from fsaasr.lexicon import Lexicon
from fsaasr.models.ctc import CtcNetwork
from fsaasr.models.matrix_batches import BATCH_FRAMES, apply_network, batches_by_length
from fsaasr.train.ctc_config import CtcTrainConfig
from fsaasr.train.ctc_losses import LOSSES, CtcLoss, Labels, frames_needed
from fsaasr.train.length_batches import LengthBatches
from fsaasr.train.task import Task
from fsaasr.train.training_features import draw_features


class CtcTask(Task[List[int], CtcNetwork]):
    """A batch is a list of utterance numbers."""

    def __init__(
        self, features: FeatureBatch, lexicon: Lexicon, config: CtcTrainConfig, dev: Optional[FeatureBatch]
    ) -> None:
        """Prepares labels and batches.

        Args:
          features, lexicon, config, dev: as `train_ctc`; the lexicon without silence.
        """
        self._features = features
        self._config = config
        self._dev = dev
        kind = LOSSES[config.pronunciations]
        self._loss: CtcLoss = kind(features, lexicon, config.encoder.subsampling)
        self._dev_loss: Optional[CtcLoss] = kind(dev, lexicon, config.encoder.subsampling) if dev is not None else None
        self._batches = LengthBatches(features, config.batch_duration, config.fit.seed)

    def batches(self, epoch: int) -> Sequence[List[int]]:
        """Batches of utterances of similar length."""
        return self._batches.of_epoch(epoch)

    def loss(self, network: CtcNetwork, batch: List[int], rng: np.random.Generator) -> Tuple[Tensor, float]:
        """CTC loss a label, and the number of labels."""
        matrices = []
        for n in batch:
            # Shorter than this, no path is left; each output frame stands for `subsampling` input frames.
            least = min(
                self._features.lengths[n], self._config.encoder.subsampling * frames_needed(self._loss.labels[n])
            )
            matrices.append(draw_features(self._features, n, self._config.augment, rng, least).matrix)
        weight = float(sum(len(self._loss.labels[n]) for n in batch))
        return self._loss(*apply_network(network, matrices), batch).div(weight), weight

    def name(self, batch: List[int]) -> str:
        """The batch's first utterances."""
        return "utterances " + ", ".join(repr(self._features.ids[n]) for n in batch[:3])

    def evaluate(self, network: CtcNetwork) -> Dict[str, float]:
        """`dev_error`, the token error rate of greedy search, and `dev_loss` a label."""
        if self._dev is None or self._dev_loss is None:
            return {}
        loss, errors = 0.0, 0
        for batch in batches_by_length(self._dev.lengths, BATCH_FRAMES):
            log_probs, lengths = apply_network(network, [self._dev.matrices[n] for n in batch])
            loss += float(self._dev_loss(log_probs, lengths, batch))
            errors += greedy_errors(log_probs, lengths, [self._dev_loss.labels[n] for n in batch])
        count = sum(map(len, self._dev_loss.labels))
        return {"dev_error": errors / count, "dev_loss": loss / count}


def greedy_errors(log_probs: Tensor, lengths: Tensor, references: Sequence[Labels]) -> int:
    """Token errors of the best column of each frame, repeats merged and blanks left out."""
    from kaldialign import edit_distance

    best = log_probs.argmax(dim=2).cpu().numpy()
    errors = 0
    for row, length, reference in zip(best, lengths.tolist(), references):
        path = row[:length]
        kept = path[np.concatenate([[True], path[1:] != path[:-1]])]
        errors += edit_distance(reference, kept[kept > 0].tolist())["total"]
    return errors
