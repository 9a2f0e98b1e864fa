"""Trained hybrid models tuned by minimum word error rate."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Mapping, Optional, Tuple

import numpy as np

from fsaasr.core.errors import TrainingError
from fsaasr.core.files import PathLike, content_hash
from fsaasr.features import FeatureBatch
from fsaasr.grammar import estimate_ngram
from fsaasr.lexicon import Lexicon
from fsaasr.models.hybrid import HybridModel
from fsaasr.train.batch_checks import check_batch
from fsaasr.train.checkpoint import fingerprint
from fsaasr.train.fit import fit
from fsaasr.train.mwer_config import MwerConfig
from fsaasr.train.mwer_lists import ListMaker
from fsaasr.train.mwer_task import MwerTask

CHECKPOINT = "mwer.safetensors"
DEFAULTS = MwerConfig()


@dataclass(frozen=True, eq=False)
class MwerTraining:
    """Outcome of `train_mwer`.

    Attributes:
      model: the model, as it was after the epoch of least dev risk (after the last one without dev data).
      history: of each epoch: `epoch`, `loss` an utterance, `learning_rate`; with dev data `dev_risk` and `dev_error`,
        expected errors of its lists and those of their best hypotheses, a word.
    """

    model: HybridModel
    history: Tuple[Mapping[str, Any], ...]


def train_mwer(
    start: HybridModel,
    features: FeatureBatch,
    lexicon: Lexicon,
    config: MwerConfig = DEFAULTS,
    *,
    dev: Optional[FeatureBatch] = None,
    work_dir: Optional[PathLike] = None,
    device: str = "cpu",
) -> MwerTraining:
    """Goes on with the training of a hybrid model, by the expected word errors of lists of hypotheses.

    The lists are made once, with the model to start from and an n-gram model of the training transcripts; the
    transcript is in each.

    Args:
      start: of any training whose scores are of the frames that its network gives: not interleaved, without a front.
      features: as the model has them, with transcripts.
      lexicon: the model's.
      config: how to train.
      dev: chooses the best epoch; never trained on.
      work_dir, device: as for `train_full_sum`.

    Raises:
      TrainingError: a model that is interleaved or has a front. Also as `train_full_sum`.
    """
    if start.interleaved or start.front is not None:
        raise TrainingError(
            "train_mwer: the model's scores are interleaved, or its features go through a front; give one that "
            "train_full_sum or train_lf_mmi trained"
        )
    batches = [features] if dev is None else [features, dev]
    for batch in batches:
        check_batch(batch, start.features, "train_mwer")
    words = estimate_ngram([text.split() for text in features.texts], config.order, extra_words=lexicon.words.names[1:])
    maker = ListMaker(start, lexicon, words, config.hypotheses, config.acoustic_scale)
    log_priors = np.float32(start.prior_scale) * start.log_priors
    dev_lists = None if dev is None else (dev, maker.lists(dev))
    task = MwerTask(features, maker.lists(features), log_priors, config, dev_lists)
    network = copy.deepcopy(start.network).to(device)
    path = Path(work_dir) / CHECKPOINT if work_dir is not None else None
    tensors = [np.ascontiguousarray(array).tobytes() for _, array in sorted(start.tensors().items())]
    identity = content_hash(fingerprint([config, start.features], lexicon, batches), *tensors) if path else ""
    history = fit(network, task, config.fit, path, identity)
    return MwerTraining(replace(start, network=network.cpu()), history)
