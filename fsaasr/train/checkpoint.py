"""Checkpoints: one file that holds all that training needs to go on, or is absent."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, Dict, Iterable, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from fsaasr.core.config import config_to_dict
from fsaasr.core.errors import TrainingError
from fsaasr.core.files import PathLike, atomic_path, hash_of_all
from fsaasr.features import FeatureBatch
from fsaasr.lexicon import Lexicon

Tensors = Dict[str, npt.NDArray[Any]]

_FORMAT = "fsaasr.Checkpoint.1"


def fingerprint(
    configs: Iterable[Any],
    lexicon: Lexicon,
    batches: Iterable[FeatureBatch],
    start: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    """Hash of all that training depends on: configurations, lexicon, features, transcripts, arrays to begin with."""
    settings = [[type(config).__name__, config_to_dict(config)] for config in configs]
    parts = [json.dumps(settings, sort_keys=True), lexicon.hash]
    held = list(batches)
    parts += [json.dumps([batch.ids, batch.texts, *batch.at_speed]) for batch in held]
    matrices = chain.from_iterable(chain(batch.matrices, *batch.at_speed.values()) for batch in held)
    arrays = chain(matrices, (start[name] for name in sorted(start)))
    return hash_of_all(chain(parts, (np.ascontiguousarray(array).tobytes() for array in arrays)))


def save_checkpoint(path: PathLike, tensors: Tensors, state: Mapping[str, Any], identity: str) -> None:
    """Writes arrays and JSON-ready `state`, atomically, in one safetensors file.

    Args:
      path: the file.
      tensors: arrays by name.
      state: counters, history and whatever else is no array.
      identity: fingerprint of the run.
    """
    meta = {"format": _FORMAT, "identity": identity, "state": json.dumps(state)}
    with atomic_path(path) as temporary:
        save_file({name: np.asarray(array, order="C") for name, array in tensors.items()}, temporary, metadata=meta)


def load_checkpoint(path: PathLike, identity: str) -> Optional[Tuple[Tensors, Dict[str, Any]]]:
    """Reads a checkpoint; None where there is none.

    Raises:
      TrainingError: not a checkpoint, or one of a run with other data or another configuration.
    """
    if not Path(path).exists():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            meta = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{path}: not a checkpoint ({error}); delete it to train from the beginning") from error
    if meta.get("format") != _FORMAT:
        raise TrainingError(f"{path}: not a checkpoint of format {_FORMAT}; delete it to train from the beginning")
    if meta["identity"] != identity:
        raise TrainingError(
            f"{path}: belongs to a run with other data or another configuration; delete it to train from the "
            "beginning, or give another work directory"
        )
    return tensors, json.loads(meta["state"])
