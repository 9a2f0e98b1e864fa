"""Features: audio in, one matrix (T, F) an utterance out."""

from fsaasr.features.batching import FeatureDataset, PaddedBatch, bucketing_sampler, pad
from fsaasr.features.config import FeatureConfig
from fsaasr.features.extract import (
    FeatureBatch,
    compute_features,
    cut_text,
    features_of,
    load_samples,
    waveform_features,
)
from fsaasr.features.speeds import add_speeds
from fsaasr.features.streaming import FeatureStream
from fsaasr.features.transforms import add_deltas, normalise

__all__ = [
    "FeatureBatch",
    "FeatureConfig",
    "FeatureDataset",
    "FeatureStream",
    "PaddedBatch",
    "add_deltas",
    "add_speeds",
    "bucketing_sampler",
    "compute_features",
    "cut_text",
    "features_of",
    "load_samples",
    "normalise",
    "pad",
    "waveform_features",
]
