"""Models adapted to the speakers at hand: by what a first recognition finds, or by transcripts."""

from __future__ import annotations

from typing import Callable, Optional, Protocol, Sequence, Tuple, runtime_checkable

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.features import FeatureBatch
from fsaasr.models import AcousticModel, GmmModel
from fsaasr.models.speaker_adaptation import AdaptationConfig, SpeakerTransforms, speaker_names
from fsaasr.train.fmllr import transforms_of


@runtime_checkable
class Adaptable(Protocol):
    """What a model has beside `AcousticModel` if it may be one of adapted features."""

    @property
    def adapter(self) -> Optional[GmmModel]:
        """The GMM-HMM over the same score columns that finds transforms; None for features as they are."""

    @property
    def transforms(self) -> Optional[SpeakerTransforms]:
        """Of the speakers at hand, once they are known."""

    def adapted(self, transforms: SpeakerTransforms) -> AcousticModel:
        """The model for these speakers."""


Reader = Callable[[GmmModel, AdaptationConfig, FeatureBatch], Sequence[Hypothesis]]
"""Finds paths of a model's columns through all utterances, in their order."""


def adapted_model(
    model: AcousticModel, features: FeatureBatch, read: Reader, readings: Optional[int] = None
) -> AcousticModel:
    """The model for the speakers of these utterances; the model itself where none is to be adapted, or it is already.

    An utterance whose speaker is not known is a speaker of its own.

    Args:
      model: of any family.
      features: the utterances, all that there are of each speaker.
      read: finds paths with the model's adapter: first for features as they are, then for adapted ones.
      readings: how often; None for as often as the adapter's configuration says.
    """
    if not isinstance(model, Adaptable) or model.adapter is None or model.transforms is not None:
        return model
    adapter = model.adapter
    if adapter.adaptation is None:
        return model
    config, silence = adapter.adaptation.config, adapter.adaptation.silence
    for _ in range(readings or config.recognitions):
        paths = read(adapter, config, features)
        transforms = transforms_of(adapter, features, paths, config, silence)
        adapter = adapter.adapted(transforms)
    return model.adapted(transforms)


def transforms_at_hand(model: AcousticModel) -> Optional[SpeakerTransforms]:
    """Those of the speakers that a model is adapted to; None of one that is not."""
    return model.transforms if isinstance(model, Adaptable) else None


def unadapted_utterances(transforms: Optional[SpeakerTransforms], features: FeatureBatch) -> Tuple[str, ...]:
    """Those with features as they are for lack of speech, though their speakers have transforms."""
    if transforms is None:
        return ()
    kinds = dict(zip(transforms.speakers, transforms.kinds))
    owners = speaker_names(features.ids, features.speakers)
    return tuple(name for name, owner in zip(features.ids, owners) if kinds[owner] == "identity")
