"""Training from files to a model directory, whatever the family."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Optional

from fsaasr.core.config import config_to_dict
from fsaasr.core.files import PathLike, content_hash
from fsaasr.corpora import read_cuts
from fsaasr.features import FeatureBatch, compute_features
from fsaasr.lexicon import Lexicon, read_lang
from fsaasr.models import AcousticModel, save_model
from fsaasr.recipe.clock import TrainingClock
from fsaasr.recipe.families import Setup, TrainingData

WORK = "work"
"""Folder of checkpoints within a model directory; gone when training is over."""


def train_model(
    setup: Setup,
    cuts_path: PathLike,
    lang_dir: PathLike,
    out_dir: PathLike,
    *,
    dev_path: Optional[PathLike] = None,
    cache_dir: Optional[PathLike] = None,
    device: str = "cpu",
    start_dir: Optional[PathLike] = None,
) -> AcousticModel:
    """Trains a model on a cut manifest and writes its directory.

    A killed training goes on where its last checkpoint was, unless configuration or data have changed since;
    a finished one is done anew.

    Args:
      setup: features and training; its class says which family.
      cuts_path: manifest of the training cuts.
      lang_dir: lexicon of the training words.
      out_dir: model directory to write.
      dev_path: manifest that chooses the best epoch; families that have no epochs to choose from ignore it.
      cache_dir: where extracted features are kept.
      device: torch device of the families that use one.
      start_dir: model directory to begin with, e.g. with its alignments; for families that need one.

    Raises:
      ConfigError: no `start_dir` for a family that needs one.
      CorpusError, LexiconError, GraphError, TrainingError: what is wrong with the input, by name.
    """
    lexicon = read_lang(lang_dir)
    batch = compute_features(read_cuts(cuts_path), setup.features, cache_dir=cache_dir)
    work = Path(out_dir) / WORK / _identity(setup, lexicon, batch)
    data = TrainingData(
        lexicon,
        setup.features,
        cuts_path,
        work,
        dev_path=dev_path,
        start_dir=start_dir,
        cache_dir=cache_dir,
        device=device,
    )
    with TrainingClock(work / "clock.json") as clock:
        trained = setup.train(data)
    record = {"setup": config_to_dict(setup), "minutes": round(clock.minutes, 3), **trained.record}
    save_model(trained.model, out_dir, trained.lexicon, record)
    shutil.rmtree(Path(out_dir) / WORK, ignore_errors=True)
    return trained.model


def _identity(setup: Setup, lexicon: Lexicon, batch: FeatureBatch) -> str:
    """Names the work of one training, so that what another one left behind is not gone on with."""
    data = json.dumps([batch.ids, batch.texts, [len(matrix) for matrix in batch.matrices]])
    return content_hash(json.dumps(config_to_dict(setup), sort_keys=True), lexicon.hash, data)[:16]
