"""Training by minimum word error rate, as a task for `fit`."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from fsaasr.core.scores import FloatArray
from fsaasr.features import FeatureBatch
from fsaasr.models.hybrid import HybridNetwork
from fsaasr.models.matrix_batches import BATCH_FRAMES, apply_network, batches_by_length
from fsaasr.train.length_batches import LengthBatches
from fsaasr.train.mwer_config import MwerConfig
from fsaasr.train.mwer_losses import HypothesisList, ListTerms, mwer_terms
from fsaasr.train.task import Task
from fsaasr.train.training_features import draw_features

Lists = Sequence[HypothesisList]


class MwerTask(Task[List[int], HybridNetwork]):
    """A batch is a list of utterance numbers."""

    def __init__(
        self,
        features: FeatureBatch,
        lists: Lists,
        log_priors: FloatArray,
        config: MwerConfig,
        dev: Optional[Tuple[FeatureBatch, Lists]] = None,
    ) -> None:
        """Prepares batches.

        Args:
          features: with transcripts.
          lists: one for each of them.
          log_priors: (C,), what log posteriors have subtracted, scaled.
          config: how to train.
          dev: the same of dev data.
        """
        self._features, self._lists, self._config, self._dev = features, lists, config, dev
        self._log_priors = torch.from_numpy(np.asarray(log_priors, dtype=np.float32))
        self._batches = LengthBatches(features, config.batch_duration, config.fit.seed)

    def batches(self, epoch: int) -> Sequence[List[int]]:
        """Batches of utterances of similar length."""
        return self._batches.of_epoch(epoch)

    def loss(self, network: HybridNetwork, batch: List[int], rng: np.random.Generator) -> Tuple[Tensor, float]:
        """Expected errors an utterance, with the transcripts' share, and the number of utterances."""
        # Hypotheses have about as many tokens as there is room for: none is made shorter than it is.
        drawn = [draw_features(self._features, n, self._config.augment, rng, self._features.lengths[n]) for n in batch]
        terms = self._terms(network, [utterance.matrix for utterance in drawn], [self._lists[n] for n in batch])
        total = torch.add(terms.risk, terms.reference, alpha=self._config.reference_weight).sum()
        return total.div(len(batch)), float(len(batch))

    def name(self, batch: List[int]) -> str:
        """The batch's first utterances."""
        return "utterances " + ", ".join(repr(self._features.ids[n]) for n in batch[:3])

    def evaluate(self, network: HybridNetwork) -> Dict[str, float]:
        """`dev_risk`, expected errors a word, and `dev_error`, those of the best of each list."""
        if self._dev is None:
            return {}
        features, lists = self._dev
        risk, errors = 0.0, 0.0
        for batch in batches_by_length(features.lengths, BATCH_FRAMES):
            chosen = [lists[n] for n in batch]
            terms = self._terms(network, [features.matrices[n] for n in batch], chosen)
            risk += float(terms.risk.sum())
            errors += sum(float(entry.errors[best]) for entry, best in zip(chosen, terms.best))
        words = sum(len(text.split()) for text in features.texts)
        return {"dev_risk": risk / words, "dev_error": errors / words}

    def _terms(self, network: HybridNetwork, matrices: Sequence[FloatArray], lists: Lists) -> ListTerms:
        log_posteriors, lengths = apply_network(network, matrices)
        scores = (log_posteriors - self._log_priors.to(log_posteriors)).mul(self._config.acoustic_scale)
        return mwer_terms(scores, lengths, lists)
