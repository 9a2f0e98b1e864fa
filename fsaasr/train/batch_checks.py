"""Checks that every kind of training does on its data."""

from __future__ import annotations

from fsaasr.core.errors import TrainingError
from fsaasr.features import FeatureBatch, FeatureConfig


def check_batch(features: FeatureBatch, config: FeatureConfig, function: str) -> None:
    """Raises TrainingError for no utterances, one without words, or features of another dimension than configured."""
    if not len(features):
        raise TrainingError(f"{function}: no utterances; give at least one")
    if features.dim != config.dim:
        raise TrainingError(
            f"{function}: features of {features.dim} dimensions, {config.dim} are configured; "
            "give the configuration that they were extracted with"
        )
    for name, text in zip(features.ids, features.texts):
        if not text.split():
            raise TrainingError(
                f"{function}: utterance {name!r} has no transcript; drop it or set its supervision text"
            )
