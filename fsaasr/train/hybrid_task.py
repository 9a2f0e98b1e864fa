"""Training of a hybrid model's network on labelled frames, as a task for `fit`."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import nll_loss

from fsaasr.core.scores import FloatArray
from fsaasr.models.hybrid import HybridNetwork, shifted
from fsaasr.models.matrix_batches import BATCH_FRAMES, apply_network, batches_by_length
from fsaasr.train.aligned_batch import AlignedBatch, Int64
from fsaasr.train.hybrid_config import HybridTrainConfig
from fsaasr.train.length_batches import LengthBatches
from fsaasr.train.task import Task
from fsaasr.train.training_features import draw_features

OUTSIDE = -100
"""Label of frames beyond an utterance's end."""


class HybridTask(Task[List[int], HybridNetwork]):
    """A batch is a list of utterance numbers."""

    def __init__(
        self, data: AlignedBatch, subsampling: int, config: HybridTrainConfig, dev: Optional[AlignedBatch]
    ) -> None:
        """Prepares batches.

        Args:
          data, config, dev: as `train_hybrid`.
          subsampling: the encoder's.
        """
        self._data, self._config, self._dev = data, config, dev
        self._subsampling = subsampling
        self._batches = LengthBatches(data.inputs, config.batch_duration, config.fit.seed)

    def batches(self, epoch: int) -> Sequence[List[int]]:
        """Batches of utterances of similar length."""
        return self._batches.of_epoch(epoch)

    def loss(self, network: HybridNetwork, batch: List[int], rng: np.random.Generator) -> Tuple[Tensor, float]:
        """Cross-entropy a frame, and the number of frames."""
        pairs = [self._drawn(n, rng) for n in batch]
        log_probs, labels = labelled([matrix for matrix, _ in pairs], [path for _, path in pairs], network)
        smoothing = self._config.label_smoothing
        loss: Tensor = nll_loss(log_probs, labels)
        if smoothing:
            loss = (1 - smoothing) * loss - smoothing * log_probs.mean()
        return loss, float(len(labels))

    def _drawn(self, n: int, rng: np.random.Generator) -> Tuple[FloatArray, Int64]:
        """Augmented features, moved by some frames, and the labels of the frames that the network will score."""
        drawn = draw_features(self._data.inputs, n, self._config.augment, rng, self._subsampling)
        path = self._data.paths[n][np.rint(drawn.places).astype(np.int64)]
        shift = int(rng.integers(self._subsampling))
        return shifted(drawn.matrix, shift, self._subsampling), path[shift :: self._subsampling]

    def name(self, batch: List[int]) -> str:
        """The batch's first utterances."""
        return "utterances " + ", ".join(repr(self._data.features.ids[n]) for n in batch[:3])

    def evaluate(self, network: HybridNetwork) -> Dict[str, float]:
        """`dev_error`, the share of frames whose best column is not their label, and `dev_loss` a frame."""
        if self._dev is None:
            return {}
        loss, errors, frames = 0.0, 0, 0
        matrices = [shifted(matrix, 0, self._subsampling) for matrix in self._dev.inputs.matrices]
        paths = [path[:: self._subsampling] for path in self._dev.paths]
        for batch in batches_by_length([len(matrix) for matrix in matrices], BATCH_FRAMES):
            log_probs, labels = labelled([matrices[n] for n in batch], [paths[n] for n in batch], network)
            loss += float(nll_loss(log_probs, labels, reduction="sum"))
            errors += int((log_probs.argmax(dim=1) != labels).sum())
            frames += len(labels)
        return {"dev_error": errors / frames, "dev_loss": loss / frames}


def labelled(matrices: Sequence[FloatArray], paths: Sequence[Int64], network: HybridNetwork) -> Tuple[Tensor, Tensor]:
    """Log posteriors (L, C) of all frames that have a label, and these labels int64 (L,), on the network's device.

    Args:
      matrices: (T_n, F). paths: labels of the first outputs of each; outputs beyond count for nothing.
    """
    log_probs, _ = apply_network(network, matrices)
    labels = torch.full(log_probs.shape[:2], OUTSIDE)
    for row, path in zip(labels, paths):
        row[: len(path)] = torch.from_numpy(path)
    labels = labels.to(log_probs.device)
    inside = labels != OUTSIDE
    return log_probs[inside], labels[inside]
