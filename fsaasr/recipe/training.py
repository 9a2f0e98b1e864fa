"""Training from files to a model directory, whatever the family."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Optional

from fsaasr.core.config import config_to_dict
from fsaasr.core.files import PathLike, atomic_path, content_hash
from fsaasr.corpora import read_cuts
from fsaasr.features import FeatureBatch, compute_features
from fsaasr.features.extract import Storage
from fsaasr.lexicon import Lexicon, read_lang
from fsaasr.models import AcousticModel, save_model
from fsaasr.recipe.clock import TrainingClock
from fsaasr.recipe.families import Setup, TrainingData
from fsaasr.recipe.pieces import PIECES
from fsaasr.train.curves import write_curves
from fsaasr.train.processes import is_first_process, own_device

WORK = "work"
"""Folder of checkpoints within a model directory; gone when training is over."""

CURVES = "curves.csv"
"""Table of the training's passes in a model directory."""


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
    storage: Storage = "memory",
) -> AcousticModel:
    """Trains a model on a cut manifest and writes its directory.

    A killed training goes on where its last checkpoint was, unless configuration or data have changed since;
    a finished one is done anew. Under `torchrun`, where each process runs this, the first one writes.

    Args:
      setup: features and training; its class says which family.
      cuts_path: manifest of the training cuts.
      lang_dir: lexicon of the training words.
      out_dir: model directory to write, `curves.csv` among its files.
      dev_path: manifest that chooses the best epoch; families that have no epochs to choose from ignore it.
      cache_dir: where extracted features are kept.
      device: torch device of the families that use one; `cuda` under `torchrun`: one GPU a process.
      start_dir: model directory to begin with, e.g. with its alignments or its encoder.
      storage: of the training features, see `compute_features`; networks alone gain from another than memory.

    Raises:
      ConfigError: no `start_dir` for a family that needs one.
      CorpusError, LexiconError, GraphError, TrainingError: what is wrong with the input, by name.
    """
    lexicon = read_lang(lang_dir)
    batch = compute_features(read_cuts(cuts_path), setup.features, cache_dir=cache_dir, storage=storage)
    work = Path(out_dir) / WORK / _identity(setup, lexicon, batch)
    data = TrainingData(
        lexicon,
        setup.features,
        cuts_path,
        work,
        dev_path=dev_path,
        start_dir=start_dir,
        cache_dir=cache_dir,
        device=own_device(device),
        storage=storage,
    )
    clock = TrainingClock(work / "clock.json")
    # Other processes write nothing, as this one removes the folder when it is done.
    with clock if is_first_process() else nullcontext():
        trained = setup.train(data)
    if not is_first_process():
        return trained.model
    record = {"setup": config_to_dict(setup), "minutes": round(clock.minutes, 3), **trained.record}
    write_curves(trained.record.get("history", ()), Path(out_dir) / CURVES)
    _keep_pieces(Path(lang_dir) / PIECES, Path(out_dir) / "lang" / PIECES)
    save_model(trained.model, out_dir, trained.lexicon, record)
    shutil.rmtree(Path(out_dir) / WORK, ignore_errors=True)
    return trained.model


def _keep_pieces(source: Path, target: Path) -> None:
    """Takes over the sentencepiece model of a lang directory that has one."""
    target.unlink(missing_ok=True)
    if source.exists():
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)


def _identity(setup: Setup, lexicon: Lexicon, batch: FeatureBatch) -> str:
    """Names the work of one training, so that what another one left behind is not gone on with."""
    data = json.dumps([batch.ids, batch.texts, batch.lengths])
    return content_hash(json.dumps(config_to_dict(setup), sort_keys=True), lexicon.hash, data)[:16]
