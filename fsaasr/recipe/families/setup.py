"""`Setup`: a training file of any family, and what its training is given and gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Protocol, Sequence, Tuple, TypeVar

from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.corpora import read_cuts
from fsaasr.features import FeatureBatch, FeatureConfig, add_speeds, compute_features
from fsaasr.features.extract import Storage
from fsaasr.graph import Columns, find_topology
from fsaasr.lexicon import Lexicon
from fsaasr.models import AcousticModel, load_lexicon, load_model
from fsaasr.recipe.alignment import adapted_to_transcripts, align_features
from fsaasr.train.augment import AugmentConfig

if TYPE_CHECKING:
    from fsaasr.models.ctc import CtcModel

Outcome = TypeVar("Outcome")


class NetworkTraining(Protocol):
    """The section `training` of a neural family."""

    @property
    def augment(self) -> AugmentConfig:
        """What is done to features."""


@dataclass(frozen=True)
class TrainingData:
    """What a family trains on.

    Attributes:
      lexicon: of the training words.
      features: how features are extracted.
      cuts_path, dev_path: manifests; `dev_path` chooses the best epoch, where there are epochs.
      start_dir: model directory that the training begins with, for families that need one.
      work: folder of checkpoints, from which a killed training goes on.
      cache_dir: where extracted features are kept.
      device: torch device.
      storage: of the training features, see `compute_features`.
    """

    lexicon: Lexicon
    features: FeatureConfig
    cuts_path: PathLike
    work: Path
    dev_path: Optional[PathLike] = None
    start_dir: Optional[PathLike] = None
    cache_dir: Optional[PathLike] = None
    device: str = "cpu"
    storage: Storage = "memory"

    @cached_property
    def train(self) -> FeatureBatch:
        """Features of the training cuts, with transcripts."""
        return compute_features(
            read_cuts(self.cuts_path), self.features, cache_dir=self.cache_dir, storage=self.storage
        )

    def train_at(self, speeds: Sequence[float]) -> FeatureBatch:
        """Features of the training cuts, and of the same audio played at other speeds; see `AugmentConfig.speeds`."""
        cuts = read_cuts(self.cuts_path)
        return add_speeds(self.train, cuts, self.features, speeds, cache_dir=self.cache_dir, storage=self.storage)

    @cached_property
    def dev(self) -> Optional[FeatureBatch]:
        """Features of the dev cuts, or None."""
        if self.dev_path is None:
            return None
        return compute_features(read_cuts(self.dev_path), self.features, cache_dir=self.cache_dir)

    def train_network(self, train: Callable[..., Outcome], training: NetworkTraining, **more: Any) -> Outcome:
        """What the training function of a neural family makes of the data, at the speeds that its section asks for.

        Args:
          train: the function.
          training: its configuration.
          more: what else it is given.
        """
        return train(
            self.train_at(training.augment.speeds),
            self.lexicon,
            self.features,
            training,
            dev=self.dev,
            work_dir=self.work,
            device=self.device,
            **more,
        )

    def start_ctc(self) -> Optional[CtcModel]:
        """The CTC model to begin with, or None where none was given; raises ConfigError for one of another family."""
        if self.start_dir is None:
            return None
        from fsaasr.models.ctc import CtcModel

        start = load_model(self.start_dir)
        if not isinstance(start, CtcModel):
            raise ConfigError(
                f"train_model: {self.start_dir} is of family {start.family!r}; this family begins with a model of "
                "family ctc, or with none"
            )
        return start

    def start_model(self) -> Tuple[AcousticModel, Lexicon]:
        """The model to begin with, and its lexicon.

        Raises:
          ConfigError: none was given, or one of other tokens than the lexicon's.
        """
        if self.start_dir is None:
            raise ConfigError("train_model: this family starts from a model; give one, e.g. of family gmm")
        start = load_model(self.start_dir)
        if start.tokens != self.lexicon.tokens:
            raise ConfigError(
                f"train_model: {self.start_dir} has the tokens {start.tokens}, the lexicon {self.lexicon.tokens}; "
                "start from a model of the same lexicon"
            )
        return start, load_lexicon(self.start_dir)

    def start_alignments(self) -> Tuple[List[Hypothesis], Columns]:
        """Alignments of the training cuts with the model to begin with, and the meaning of their columns.

        Raises:
          ConfigError: as `start_model`. Also as `align_features`.
        """
        start, aligned = self.start_aligned(self.cuts_path)
        return aligned, find_topology(start.topology).columns(start.tokens)

    def start_aligned(self, cuts_path: PathLike) -> Tuple[AcousticModel, List[Hypothesis]]:
        """The model to begin with, adapted to the speakers of a manifest if it is one to be adapted, and alignments.

        Raises:
          ConfigError: as `start_model`. Also as `align_features`.
        """
        start, lexicon = self.start_model()
        features = compute_features(read_cuts(cuts_path), start.features, cache_dir=self.cache_dir)
        adapted = adapted_to_transcripts(start, lexicon, features)
        return adapted, align_features(adapted, lexicon, features)


@dataclass(frozen=True)
class Trained:
    """What a training gives.

    Attributes:
      model: the model.
      lexicon: the one that its graphs are made from.
      record: what `model.json` keeps of the training, JSON-ready: `history`, one entry a pass.
    """

    model: AcousticModel
    lexicon: Lexicon
    record: Dict[str, Any]


class Setup(Protocol):
    """A training file of one family: a frozen dataclass of its sections, `features` among them."""

    @property
    def features(self) -> FeatureConfig:
        """How features are extracted."""

    def train(self, data: TrainingData) -> Trained:
        """Trains a model; raises what is wrong with the input, by name."""
