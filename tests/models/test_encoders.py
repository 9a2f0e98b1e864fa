"""Laws that every encoder keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError
from fsaasr.models.encoder_network import EncoderNetwork, encoder_precision
from fsaasr.models.encoders.encoder import Encoder
from fsaasr.models.encoders.registry import ENCODERS, build_encoder, encoder_config_from_dict
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.train.ctc_config import CtcTrainConfig

FEATURES = 8
SMALL = {"kind": "tdnn", "hidden": 16, "dilations": [1], "subsampling": 2}
# Eight samples in 10 ms: 800 Hz.
FILTERBANK = {"filters": 5, "stride": 4, "high_freq": 0.0}
SHAPES: list[dict[str, Any]] = [
    *({"kind": "waveform", "front_end": {**FILTERBANK, "initial": i}, "encoder": SMALL} for i in ("gabor", "mel")),
    {"kind": "waveform", "front_end": {"kind": "convolutions", "strides": [4, 2], "channels": 6}, "encoder": SMALL},
    *({"kind": "tdnn", "hidden": 16, "dilations": [1, 3], "subsampling": n} for n in (1, 2, 3, 4)),
    {"kind": "tdnn", "hidden": 16, "dilations": [1], "early_dilations": [1, 2], "subsampling": 3},
    *({"kind": "blstm", "hidden": 8, "layers": n, "subsampling": n} for n in (1, 2)),
    *({"kind": "pyramid", "hidden": 8, "subsampling": n} for n in (2, 4, 8)),
    *(
        {"kind": "crdnn", "channels": [4, 6], "hidden": 8, "layers": 2, "dense": 12, "subsampling": n}
        for n in (1, 2, 3, 4)
    ),
    *({"kind": "lstm", "hidden": 8, "layers": n, "subsampling": 3} for n in (1, 2)),
    {"kind": "transformer", "hidden": 16, "layers": 2, "subsampling": 3},
    {"kind": "conformer", "hidden": 16, "layers": 2, "kernel": 5, "subsampling": 2, "chunk": 4, "left_chunks": 1},
    {"kind": "conformer", "hidden": 16, "layers": 2, "kernel": 5, "subsampling": 4},
    *({"kind": "blstm", "hidden": 8, "layers": 2, "subsampling_by": by} for by in ("stack", "conv", "conv2d", "max")),
    *({"kind": "conformer", "hidden": 16, "layers": 1, "subsampling": n} for n in (1, 2, 3)),
]


def name_of(values: dict[str, Any]) -> str:
    return "-".join(str(value) for value in values.values())


def with_dropout(values: dict[str, Any], dropout: float) -> dict[str, Any]:
    if values["kind"] == "waveform":
        return {**values, "encoder": {**values["encoder"], "dropout": dropout}}
    return {**values, "dropout": dropout}


every_shape = pytest.mark.parametrize("values", SHAPES, ids=name_of)


def encoder(values: dict[str, Any]) -> Encoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_encoder(FEATURES, encoder_config_from_dict(values))


def batch(*lengths: int, padding: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    features = torch.full((len(lengths), max(lengths), FEATURES), padding)
    for row, length in zip(features, lengths):
        row[:length] = torch.from_numpy(rng.normal(size=(length, FEATURES)).astype(np.float32))
    return features, torch.tensor(lengths)


def test_every_encoder_is_held_to_the_laws() -> None:
    assert {values["kind"] for values in SHAPES} == set(ENCODERS)


@every_shape
@pytest.mark.parametrize("training", [False, True])
def test_batch_equals_one_by_one(values: dict[str, Any], training: bool) -> None:
    network = encoder(with_dropout(values, 0.0)).train(training)
    features, lengths = batch(1, 50, 13, 14, 15, 16)
    together, frames = network(features, lengths)
    for row, encoded, length, count in zip(features, together, lengths.tolist(), frames.tolist()):
        alone, own = network(row[None, :length], torch.tensor([length]))
        assert own.tolist() == [count]
        assert alone.shape[1] == count
        torch.testing.assert_close(encoded[:count], alone[0], atol=2e-5, rtol=1e-4)


@every_shape
def test_what_stands_in_the_padding_does_not_matter(values: dict[str, Any]) -> None:
    network = encoder(with_dropout(values, 0.0)).train()
    lengths = (12, 7, 30)
    (first, frames), (second, _) = network(*batch(*lengths)), network(*batch(*lengths, padding=1e3))
    for one, other, count in zip(first, second, frames.tolist()):
        torch.testing.assert_close(one[:count], other[:count], atol=1e-6, rtol=1e-6)


@every_shape
def test_attributes_say_what_comes_out(values: dict[str, Any]) -> None:
    network = encoder(values)
    features, lengths = batch(1, 2, 3, 4, 5, 40, 41)
    encoded, frames = network(features, lengths)
    assert network.input_dim == FEATURES
    assert encoded.shape == (7, int(frames.max()), network.output_dim)
    assert encoded.dtype == torch.float32
    assert frames.tolist() == [-(-length // network.subsampling) for length in lengths.tolist()]
    assert network.subsampling == encoder_config_from_dict(values).subsampling


@every_shape
def test_the_gradient_reaches_every_parameter(values: dict[str, Any]) -> None:
    network = encoder(with_dropout(values, 0.0)).train()
    encoded, _ = network(*batch(40, 31))
    weights = torch.randn(encoded.shape, generator=torch.Generator().manual_seed(1))
    (encoded * weights).sum().backward()
    silent = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert silent == []


@every_shape
def test_dropout_draws_in_training_only_and_from_the_seed(values: dict[str, Any]) -> None:
    network = encoder(with_dropout(values, 0.5))
    features, lengths = batch(30, 20)

    def encoded(seed: int) -> torch.Tensor:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            result: torch.Tensor = network(features, lengths)[0].detach()
            return result

    network.train()
    assert torch.equal(encoded(1), encoded(1))
    assert not torch.equal(encoded(1), encoded(2))
    network.eval()
    assert torch.equal(encoded(1), encoded(2))


@every_shape
@torch.no_grad()
def test_every_encoder_can_multiply_in_bfloat16(values: dict[str, Any]) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = EncoderNetwork(FEATURES, encoder_config_from_dict(values)).eval()
    features, lengths = batch(40, 31)
    precise, _ = network.encode(features, lengths)
    with encoder_precision(network, torch.bfloat16):
        coarse, _ = network.encode(features, lengths)
    again, _ = network.encode(features, lengths)
    assert coarse.dtype == torch.float32
    assert torch.equal(again, precise)
    assert (coarse - precise).norm() < 0.05 * precise.norm()
    assert not torch.equal(coarse, precise)


@every_shape
def test_a_frame_is_heard_where_it_is_spoken(values: dict[str, Any]) -> None:
    network = encoder(with_dropout(values, 0.0)).eval()
    features, lengths = batch(60)
    changed = features.clone()
    changed[0, 30] += 3.0
    change = (network(changed, lengths)[0] - network(features, lengths)[0]).abs().sum(dim=2)[0]
    assert abs(int(change.argmax()) - 30 // network.subsampling) <= 1


@every_shape
def test_configurations_go_to_json_and_back(values: dict[str, Any]) -> None:
    config = encoder_config_from_dict(values)
    assert encoder_config_from_dict(config_to_dict(config)) == config
    training = config_from_dict(CtcTrainConfig, {"encoder": values})
    assert training.encoder == config
    assert config_from_dict(CtcTrainConfig, config_to_dict(training)) == training


def test_without_a_kind_it_is_a_tdnn() -> None:
    assert config_from_dict(CtcTrainConfig, {"encoder": {"hidden": 24}}).encoder == TdnnConfig(hidden=24)
    assert encoder_config_from_dict({"hidden": 24}) == TdnnConfig(hidden=24)


def test_an_unknown_kind_or_key_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"kind 'rnn'; expected one of .*tdnn"):
        encoder_config_from_dict({"kind": "rnn"})
    with pytest.raises(ConfigError, match=r"key 'encoder\.features'.*'rnn'.*tdnn"):
        config_from_dict(CtcTrainConfig, {"encoder": {"kind": "rnn"}})
    with pytest.raises(ConfigError, match=r"encoder\.features\.tdnn\.heads"):
        config_from_dict(CtcTrainConfig, {"encoder": {"heads": 4}})


@pytest.mark.parametrize(
    ("kind", "change", "problem"),
    [
        ("blstm", {"layers": 0}, "layers 0"),
        ("blstm", {"subsampling_by": "mean"}, "subsampling_by"),
        ("transformer", {"heads": 5}, "heads 5"),
        ("conformer", {"kernel": 4}, "kernel 4"),
        ("conformer", {"dropout": 1.0}, "dropout 1"),
        ("pyramid", {"subsampling": 3}, "subsampling 3"),
        ("crdnn", {"dense_layers": 0}, "dense_layers 0"),
        ("conformer", {"chunk": -1}, "chunk -1"),
        ("waveform", {"front_end": {"stride": 0}}, "stride 0"),
        ("waveform", {"front_end": {"frame_shift": 0.03}}, "frame_shift"),
        ("waveform", {"front_end": {"kind": "convolutions", "strides": []}}, "strides"),
        ("waveform", {"front_end": {"kind": "sinc"}}, "sinc"),
        ("tdnn", {"early_dilations": [0]}, "early_dilations"),
    ],
)
def test_ranges_are_checked(kind: str, change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        encoder_config_from_dict({"kind": kind, **change})


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("tdnn", {"early_dilations": [1]}),
        ("blstm", {"layers": 2}),
        ("pyramid", {"subsampling": 8}),
        ("crdnn", {"dense_layers": 2}),
        ("crdnn", {"channels": [8, 8]}),
        ("transformer", {"expansion": 2}),
        ("conformer", {"kernel": 7}),
    ],
)
def test_shapes_change_the_network(kind: str, change: dict[str, Any]) -> None:
    counts = [sum(p.numel() for p in encoder({"kind": kind, **extra}).parameters()) for extra in ({}, change)]
    assert counts[0] != counts[1]


def test_no_encoder_draws_from_global_chance_when_it_runs() -> None:
    network = encoder(SHAPES[0]).eval()
    state = torch.random.get_rng_state()
    network(*batch(10))
    assert torch.equal(torch.random.get_rng_state(), state)
