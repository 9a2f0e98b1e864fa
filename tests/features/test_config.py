from __future__ import annotations

import pytest

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError
from fsaasr.features import FeatureConfig


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "plp"},
        {"cmvn": "global"},
        {"deltas": 3},
        {"frame_shift": 0.0},
        {"frame_shift": 0.05},
        {"sampling_rate": 0},
        {"low_freq": 5000.0, "sampling_rate": 8000},
        {"high_freq": 9000.0},
        {"num_filters": 3},
        {"num_ceps": 24},
        {"num_ceps": 0},
        {"cmvn_variance": True},
        {"kind": "waveform", "cmvn": "utterance"},
        {"kind": "waveform", "deltas": 1},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ConfigError, match="FeatureConfig: found"):
        FeatureConfig(**values)


@pytest.mark.parametrize("key", ["dither", "use_energy"])
def test_unknown_keys_are_refused(key):
    with pytest.raises(ConfigError, match=key):
        config_from_dict(FeatureConfig, {key: 1})


def test_round_trip_through_a_mapping():
    config = FeatureConfig(kind="fbank", sampling_rate=8000, deltas=1, cmvn="speaker")
    assert config_from_dict(FeatureConfig, config_to_dict(config)) == config


@pytest.mark.parametrize(
    ("values", "dim"),
    [
        ({}, 13),
        ({"deltas": 2}, 39),
        ({"kind": "fbank"}, 80),
        ({"kind": "fbank", "sampling_rate": 8000}, 40),
        ({"kind": "fbank", "num_filters": 24, "deltas": 1}, 48),
    ],
)
def test_dimension(values, dim):
    assert FeatureConfig(**values).dim == dim
