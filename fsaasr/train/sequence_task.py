"""Training of a hybrid model on transcripts, as a task for `fit`."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
from torch import Tensor

from fsaasr.features import FeatureBatch
from fsaasr.models.matrix_batches import BATCH_FRAMES, apply_network, batches_by_length
from fsaasr.train.length_batches import LengthBatches
from fsaasr.train.sequence_config import SequenceConfig
from fsaasr.train.sequence_objective import AnyNetwork, SequenceObjective
from fsaasr.train.task import Task
from fsaasr.train.token_errors import TokenErrors
from fsaasr.train.training_features import draw_features


class SequenceTask(Task[List[int], AnyNetwork]):
    """A batch is a list of utterance numbers."""

    def __init__(
        self,
        features: FeatureBatch,
        objective: SequenceObjective[AnyNetwork],
        subsampling: int,
        config: SequenceConfig,
        dev: Optional[FeatureBatch],
    ) -> None:
        """Prepares graphs and batches.

        Args:
          features, dev: with transcripts.
          objective: what to minimise.
          subsampling: the encoder's.
          config: augmentation and batches.
        """
        self._features, self._objective, self._config, self._dev = features, objective, config, dev
        self._transcripts = objective.transcripts(features, subsampling)
        self._batches = LengthBatches(features, config.batch_duration, config.fit.seed)
        if dev is not None:
            self._dev_transcripts = objective.transcripts(dev, subsampling)
            self._dev_errors = TokenErrors(dev, objective.lexicon, objective.language)

    def batches(self, epoch: int) -> Sequence[List[int]]:
        """Batches of utterances of similar length."""
        return self._batches.of_epoch(epoch)

    def loss(self, network: AnyNetwork, batch: List[int], rng: np.random.Generator) -> Tuple[Tensor, float]:
        """Loss a frame, and the number of frames."""
        least = self._transcripts.least_frames
        drawn = [draw_features(self._features, n, self._config.augment, rng, least[n]) for n in batch]
        matrices = [utterance.matrix for utterance in drawn]
        total, frames = self._objective.training_loss(network, matrices, *self._transcripts.select(batch))
        return total.div(frames), frames

    def name(self, batch: List[int]) -> str:
        """The batch's first utterances."""
        return "utterances " + ", ".join(repr(self._features.ids[n]) for n in batch[:3])

    def evaluate(self, network: AnyNetwork) -> Dict[str, float]:
        """`dev_error`, errors a token of what an n-gram model of tokens recognizes, and `dev_loss` a frame."""
        if self._dev is None:
            return {}
        loss, errors, frames = 0.0, 0, 0
        for batch in batches_by_length([len(matrix) for matrix in self._dev.matrices], BATCH_FRAMES):
            scores, lengths = apply_network(network, [self._dev.matrices[n] for n in batch])
            loss += float(self._objective.loss(scores, lengths, *self._dev_transcripts.select(batch)))
            frames += int(lengths.sum())
            for n, rows, length in zip(batch, scores.cpu().numpy(), lengths.tolist()):
                errors += self._dev_errors.of(n, rows[:length])
        return {"dev_error": errors / self._dev_errors.tokens, "dev_loss": loss / frames}
