"""Family `hybrid`: a network for HMM states, trained on alignments of the model that it starts from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.models import AcousticModel, GmmModel
from fsaasr.models.gmm_front import GmmFront
from fsaasr.recipe.families.setup import Trained, TrainingData
from fsaasr.train.hybrid_config import HybridTrainConfig

if TYPE_CHECKING:
    from fsaasr.train.aligned_batch import AlignedBatch


@dataclass(frozen=True)
class HybridSetup:
    """A training file of the family `hybrid`.

    Attributes:
      features: how features are extracted.
      training: how the network is trained.
      front: `start` sends features through the transforms of the GMM-HMM to start from (or of a hybrid's front), those
        of speakers included; the features must then be its own. `none` gives them to the network as they are.
    """

    __pydantic_config__ = STRICT

    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: HybridTrainConfig = field(default_factory=HybridTrainConfig)
    front: Literal["none", "start"] = "none"

    def train(self, data: TrainingData) -> Trained:
        """Trains a network with the topology, the tree and the transitions of the model to start from.

        Raises:
          ConfigError: that model has no HMM states with transitions, or no such front.
        """
        from fsaasr.train.hybrid import train_hybrid

        start, _ = data.start_model()
        if start.transitions is None:
            raise ConfigError(
                f"train_model: {data.start_dir} is of family {start.family!r}, without HMM states; start the family "
                "hybrid from e.g. gmm, tied-gmm or hybrid"
            )
        dev = None if data.dev is None or data.dev_path is None else self._aligned(data, data.dev, data.dev_path)
        trained = train_hybrid(
            self._aligned(data, data.train_at(self.training.augment.speeds), data.cuts_path),
            start.topology,
            start.transitions,
            data.lexicon,
            self.features,
            self.training,
            dev=dev,
            work_dir=data.work,
            device=data.device,
        )
        return Trained(trained.model, data.lexicon, {"history": [dict(entry) for entry in trained.history]})

    def _aligned(self, data: TrainingData, features: FeatureBatch, cuts_path: PathLike) -> AlignedBatch:
        from fsaasr.train.aligned_batch import AlignedBatch

        start, aligned = data.start_aligned(cuts_path)
        front = None if self.front == "none" else front_of(start, self.features)
        return AlignedBatch.from_alignments(features, aligned, front)


def front_of(start: AcousticModel, features: FeatureConfig) -> GmmFront:
    """The transforms that a model's features go through, for the speakers that it is adapted to.

    Raises:
      ConfigError: a model that has none, or one of other features.
    """
    from fsaasr.models.hybrid import HybridModel

    front = GmmFront(start, start.transforms) if isinstance(start, GmmModel) else None
    if isinstance(start, HybridModel):
        front = start.front
    if front is None or start.features != features:
        raise ConfigError(
            f"train_model: front 'start', but the model to start from, of family {start.family!r}, has "
            f"{'no transforms' if front is None else f'other features ({start.features})'}; use front 'none', or start "
            "from a GMM-HMM of the same features"
        )
    return front
