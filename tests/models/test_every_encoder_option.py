"""Each option of an encoder changes what it hears."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from fsaasr.core.config import config_to_dict
from fsaasr.models.encoders.front_ends import FilterbankConfig, SampleConvolutionsConfig
from fsaasr.models.encoders.registry import ENCODERS, encoder_config_from_dict
from tests.every_option import Options, every
from tests.models.test_encoders import FILTERBANK, SMALL, batch, encoder


def heard(config: Any) -> Any:
    """What an encoder makes of a batch, in training, so that dropout draws."""
    made = encoder(config_to_dict(config)).train()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(3)
        vectors, lengths = made(*batch(40, 27))
    return tuple(vectors.shape), lengths.tolist(), float(vectors.double().abs().sum())


def shaped(**values: Any) -> Any:
    return encoder_config_from_dict(values)


def of_front_end(front_end: Any) -> Any:
    return heard(shaped(kind="waveform", front_end=config_to_dict(front_end), encoder=SMALL))


CONVOLUTIONS = SampleConvolutionsConfig(strides=(4, 2), channels=6)
CASES = {
    "tdnn": Options(
        shaped(**SMALL),
        {"hidden": 17, "dilations": (2,), "early_dilations": (1,), "subsampling": 3, "dropout": 0.5},
        heard,
    ),
    "blstm": Options(
        shaped(kind="blstm", hidden=8, layers=2),
        {"hidden": 9, "layers": 1, "subsampling": 2, "subsampling_by": "max", "dropout": 0.5},
        heard,
    ),
    "lstm": Options(
        shaped(kind="lstm", hidden=8, layers=2),
        {"hidden": 9, "layers": 1, "subsampling": 2, "subsampling_by": "max", "dropout": 0.5},
        heard,
    ),
    "pyramid": Options(shaped(kind="pyramid", hidden=8), {"hidden": 9, "subsampling": 8, "dropout": 0.5}, heard),
    "crdnn": Options(
        shaped(kind="crdnn", channels=[4, 6], hidden=8, layers=1, dense=12),
        {
            "channels": (4, 5),
            "hidden": 9,
            "layers": 2,
            "dense": 13,
            "dense_layers": 2,
            "subsampling": 3,
            "dropout": 0.5,
        },
        heard,
    ),
    "transformer": Options(
        shaped(kind="transformer", hidden=16, layers=1, heads=4),
        {
            "hidden": 32,
            "layers": 2,
            "heads": 2,
            "expansion": 2,
            "subsampling": 3,
            "subsampling_by": "stack",
            "dropout": 0.5,
        },
        heard,
    ),
    "conformer": Options(
        shaped(kind="conformer", hidden=16, layers=1, heads=4, kernel=5, subsampling=2, chunk=4, left_chunks=1),
        {
            "hidden": 32,
            "layers": 2,
            "heads": 2,
            "kernel": 7,
            "chunk": 5,
            "left_chunks": 0,
            "expansion": 2,
            "subsampling": 3,
            "subsampling_by": "stack",
            "dropout": 0.5,
        },
        heard,
    ),
    "waveform": Options(
        shaped(kind="waveform", front_end=FILTERBANK, encoder=SMALL),
        {
            "front_end": SampleConvolutionsConfig(strides=(4, 2), channels=6),
            "encoder": shaped(**{**SMALL, "hidden": 17}),
        },
        heard,
    ),
    "filterbank": Options(
        FilterbankConfig(**FILTERBANK),
        {
            "filters": 6,
            "initial": "mel",
            "frame_shift": 0.005,
            "frame_length": 0.05,
            "low_freq": 100.0,
            "high_freq": 300.0,
            "stride": 2,
            "preemphasis": 0.0,
        },
        of_front_end,
    ),
    "convolutions": Options(CONVOLUTIONS, {"strides": (2, 4), "channels": 7}, of_front_end),
}


@pytest.mark.parametrize(("kind", "option"), every(CASES))
def test_every_option_changes_what_is_heard(kind: str, option: str) -> None:
    assert CASES[kind].matters(option)


@pytest.mark.parametrize("kind", CASES)
def test_no_option_is_forgotten(kind: str) -> None:
    assert CASES[kind].forgotten() == set()


def test_no_encoder_is_forgotten() -> None:
    assert set(ENCODERS) <= set(CASES)
