"""Training from files to a model directory, whatever the family."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple, Type, Union

import yaml

from fsaasr.core.config import STRICT, config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike, content_hash
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.corpora import read_cuts
from fsaasr.features import FeatureConfig, compute_features
from fsaasr.graph import Columns, find_topology
from fsaasr.lexicon import Lexicon, read_lang
from fsaasr.models import AcousticModel, load_lexicon, load_model, save_model
from fsaasr.recipe.alignment import align_features
from fsaasr.train import GmmTrainConfig, GmmTraining, train_gmm
from fsaasr.train.ctc_config import CtcTrainConfig
from fsaasr.train.tied_gmm import TiedGmmConfig, train_tied_gmm
from fsaasr.train.transform_estimation import TransformConfig
from fsaasr.train.tree_config import TreeConfig

if TYPE_CHECKING:
    from fsaasr.features import FeatureBatch

WORK = "work"
"""Folder of checkpoints within a model directory; gone when training is over."""


@dataclass(frozen=True)
class GmmSetup:
    """A training file of the family `gmm`: its sections `features` and `training`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: GmmTrainConfig = field(default_factory=GmmTrainConfig)


@dataclass(frozen=True)
class TiedGmmSetup:
    """A training file of the family `tied-gmm`: its sections `features`, `tree`, `training` and `transform`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    tree: TreeConfig = field(default_factory=TreeConfig)
    training: GmmTrainConfig = field(default_factory=GmmTrainConfig)
    transform: Optional[TransformConfig] = None


@dataclass(frozen=True)
class CtcSetup:
    """A training file of the family `ctc`: its sections `features` and `training`."""

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: CtcTrainConfig = field(default_factory=CtcTrainConfig)


Setup = Union[GmmSetup, TiedGmmSetup, CtcSetup]

SETUPS: Dict[str, Type[Any]] = {"gmm": GmmSetup, "tied-gmm": TiedGmmSetup, "ctc": CtcSetup}
"""Setup class of each family."""


def setup_from_dict(family: str, values: Mapping[str, Any], source: str = "") -> Setup:
    """Checks a training configuration.

    Raises:
      ConfigError: an unknown family or key, or a value out of range.
    """
    if family not in SETUPS:
        raise ConfigError(f"{source or 'setup'}: family {family!r}; expected one of {', '.join(sorted(SETUPS))}")
    setup: Setup = config_from_dict(SETUPS[family], values, source)
    return setup


def read_setup(family: str, path: PathLike) -> Setup:
    """Reads a training YAML file; raises as `setup_from_dict`, or where it is not a YAML mapping."""
    return setup_from_dict(family, read_mapping(path), str(path))


def read_mapping(path: PathLike) -> Dict[str, Any]:
    """Reads a YAML file that holds a mapping; an empty file is an empty one.

    Raises:
      ConfigError: no such file, not YAML, or not a mapping.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: found a {type(values).__name__}, expected `key: value` lines")
    return values


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
      start_dir: model directory whose alignments `tied-gmm` begins with.

    Raises:
      ConfigError: `tied-gmm` without `start_dir`.
      CorpusError, LexiconError, GraphError, TrainingError: what is wrong with the input, by name.
    """
    lexicon = read_lang(lang_dir)

    def features(path: PathLike) -> FeatureBatch:
        return compute_features(read_cuts(path), setup.features, cache_dir=cache_dir)

    batch = features(cuts_path)
    work = Path(out_dir) / WORK / _identity(setup, lexicon, batch)
    record: Dict[str, Any] = {"setup": config_to_dict(setup)}
    model: AcousticModel
    if isinstance(setup, CtcSetup):
        from fsaasr.train.ctc import train_ctc

        dev = features(dev_path) if dev_path is not None else None
        ctc = train_ctc(batch, lexicon, setup.features, setup.training, dev=dev, work_dir=work, device=device)
        model, used, record["history"] = ctc.model, ctc.lexicon, [dict(entry) for entry in ctc.history]
    else:
        start = None
        if isinstance(setup, TiedGmmSetup):
            start = start_alignments(start_dir, cuts_path, lexicon, cache_dir)
        gmm = _train_gmm(setup, batch, lexicon, work, start)
        model, used, record["history"] = gmm.model, lexicon, [dict(entry) for entry in gmm.history]
        record["unseen"] = list(gmm.unseen)
    save_model(model, out_dir, used, record)
    shutil.rmtree(Path(out_dir) / WORK, ignore_errors=True)
    return model


def start_alignments(
    start_dir: Optional[PathLike], cuts_path: PathLike, lexicon: Lexicon, cache_dir: Optional[PathLike]
) -> Tuple[List[Hypothesis], Columns]:
    """Alignments of a cut manifest with a model, and the meaning of their columns.

    Raises:
      ConfigError: no model, or one of other tokens than the lexicon's. Also as `align_features`.
    """
    if start_dir is None:
        raise ConfigError("train_model: the family tied-gmm starts from alignments; give a model, e.g. of family gmm")
    start = load_model(start_dir)
    if start.tokens != lexicon.tokens:
        raise ConfigError(
            f"train_model: {start_dir} has the tokens {start.tokens}, the lexicon {lexicon.tokens}; start from a model "
            "of the same lexicon"
        )
    features = compute_features(read_cuts(cuts_path), start.features, cache_dir=cache_dir)
    columns = find_topology(start.topology).columns(start.tokens)
    return align_features(start, load_lexicon(start_dir), features), columns


def _train_gmm(
    setup: Union[GmmSetup, TiedGmmSetup],
    batch: FeatureBatch,
    lexicon: Lexicon,
    work: Path,
    start: Optional[Tuple[List[Hypothesis], Columns]],
) -> GmmTraining:
    if isinstance(setup, GmmSetup) or start is None:
        return train_gmm(batch, lexicon, setup.features, setup.training, work_dir=work)
    config = TiedGmmConfig(setup.tree, setup.training, setup.transform)
    return train_tied_gmm(batch, *start, lexicon, setup.features, config, work_dir=work)


def _identity(setup: Setup, lexicon: Lexicon, batch: FeatureBatch) -> str:
    """Names the work of one training, so that what another one left behind is not gone on with."""
    data = json.dumps([batch.ids, batch.texts, [len(matrix) for matrix in batch.matrices]])
    return content_hash(json.dumps(config_to_dict(setup), sort_keys=True), lexicon.hash, data)[:16]
