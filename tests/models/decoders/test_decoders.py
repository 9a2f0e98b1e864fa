"""Laws of all decoders: steps = all at once, batch = single, no look ahead, rows in any order."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch

from fsaasr.core.config import config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError
from fsaasr.models.attention.additive import AdditiveConfig
from fsaasr.models.attention.multi_head import MultiHeadConfig
from fsaasr.models.decoders.build import build_decoder
from fsaasr.models.decoders.decoder import TokenDecoder
from fsaasr.models.decoders.rnn import RnnDecoderConfig
from fsaasr.models.decoders.transformer import TransformerDecoderConfig, positional

MEMORY, TOKENS = 6, 4
LENGTHS = torch.tensor([9, 4, 1])
INPUTS = torch.tensor([[0, 1, 2, 3], [0, 4, 4, 1], [0, 2, 0, 1]])
KINDS: dict[str, Any] = {
    "rnn": RnnDecoderConfig(units=8, embedding=4, attention=AdditiveConfig(units=5)),
    "rnn-hybrid": RnnDecoderConfig(units=8, layers=2, embedding=4),
    "transformer": TransformerDecoderConfig(units=8, heads=2, feedforward=12),
}


def made(config: Any) -> TokenDecoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_decoder(MEMORY, TOKENS, config).eval()


def values(seed: int = 0) -> torch.Tensor:
    return torch.randn(3, 9, MEMORY, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", KINDS)
def test_step_by_step_is_all_at_once(kind: str) -> None:
    decoder = made(KINDS[kind])
    logits, weights = decoder(values(), LENGTHS, INPUTS)
    assert logits.shape == (3, 4, 1 + TOKENS)
    torch.testing.assert_close(weights.sum(dim=2), torch.ones(3, 4))
    state = decoder.start(values(), LENGTHS)
    for place in range(4):
        step = decoder.step(state, INPUTS[:, place])
        torch.testing.assert_close(step.logits, logits[:, place])
        torch.testing.assert_close(step.weights, weights[:, place])
        state = step.state


@pytest.mark.parametrize("kind", KINDS)
def test_batch_equals_one_by_one_whatever_the_padding_holds(kind: str) -> None:
    decoder = made(KINDS[kind])
    dirty = values()
    for n, length in enumerate(LENGTHS.tolist()):
        dirty[n, length:] = math.nan
    together, weights = decoder(dirty, LENGTHS, INPUTS)
    for n, length in enumerate(LENGTHS.tolist()):
        alone, _ = decoder(values()[n : n + 1, :length], LENGTHS[n : n + 1], INPUTS[n : n + 1])
        torch.testing.assert_close(together[n], alone[0])
        assert (weights[n, :, length:] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_said_without_knowing_those_after_it(kind: str) -> None:
    decoder = made(KINDS[kind])
    changed = INPUTS.clone()
    changed[:, 2:] = 3 - changed[:, 2:] % 3
    (one, _), (other, _) = decoder(values(), LENGTHS, INPUTS), decoder(values(), LENGTHS, changed)
    torch.testing.assert_close(one[:, :2], other[:, :2])
    assert not torch.allclose(one[:, 2:], other[:, 2:])


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_a_state_go_where_they_are_sent(kind: str) -> None:
    decoder = made(KINDS[kind])
    first = decoder.step(decoder.start(values(), LENGTHS), INPUTS[:, 0]).state
    rows = torch.tensor([2, 0, 0])
    sent = decoder.step(first.select(rows), torch.tensor([1, 2, 1])).logits
    for place, (row, token) in enumerate(((2, 1), (0, 2), (0, 1))):
        alone = decoder.step(first.select(torch.tensor([row])), torch.tensor([token])).logits
        torch.testing.assert_close(sent[place], alone[0])


@pytest.mark.parametrize("kind", KINDS)
def test_scheduled_sampling_replaces_tokens_by_the_decoders_own(kind: str) -> None:
    decoder = made(KINDS[kind])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        sampled, _ = decoder(values(), LENGTHS, INPUTS, sampling=1.0)
        torch.manual_seed(0)
        again, _ = decoder(values(), LENGTHS, INPUTS, sampling=1.0)
    forced, _ = decoder(values(), LENGTHS, INPUTS)
    torch.testing.assert_close(sampled, again)
    # The first step has nothing to draw from.
    torch.testing.assert_close(sampled[:, 0], forced[:, 0])
    assert not torch.allclose(sampled[:, 1:], forced[:, 1:])


def test_positions_are_waves_of_growing_length() -> None:
    place = positional(3, 2, 4)
    expected = [[math.sin(3), math.cos(3), math.sin(0.03), math.cos(0.03)]]
    torch.testing.assert_close(place[:1], torch.tensor(expected))
    torch.testing.assert_close(place[1:], positional(4, 1, 4))


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        ("rnn", {"units": 9}),
        ("rnn", {"layers": 2}),
        ("rnn", {"embedding": 5}),
        ("rnn", {"attention": MultiHeadConfig(heads=1, units=4)}),
        ("rnn", {"dropout": 0.5}),
        ("transformer", {"units": 12}),
        ("transformer", {"layers": 1}),
        ("transformer", {"heads": 4}),
        ("transformer", {"feedforward": 5}),
        ("transformer", {"dropout": 0.5}),
    ],
)
def test_every_option_changes_something(kind: str, option: dict[str, Any]) -> None:
    results = []
    for config in (KINDS[kind], dataclasses.replace(KINDS[kind], **option)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            results.append(made(config).train()(values(), LENGTHS, INPUTS)[0])
        assert config_from_dict(type(config), config_to_dict(config)) == config
    assert not torch.allclose(*results)


def test_impossible_options_are_refused() -> None:
    for config, option in (
        (RnnDecoderConfig, {"units": 0}),
        (RnnDecoderConfig, {"dropout": 1.0}),
        (TransformerDecoderConfig, {"units": 12, "heads": 4}),
        (TransformerDecoderConfig, {"dropout": -0.1}),
    ):
        with pytest.raises(ConfigError, match="expected"):
            config(**option)  # type: ignore[operator]
    with pytest.raises(ConfigError, match="attention"):
        config_from_dict(RnnDecoderConfig, {"attention": {"kind": "telepathy"}})
