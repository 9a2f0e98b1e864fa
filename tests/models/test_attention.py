"""Self-attention against torch's own, and relative positions against their definition."""

from __future__ import annotations

import math

import torch
from torch import nn

from fsaasr.models.encoders.attention import RelativeAttention, SelfAttention, shift_distances, sinusoids

EVERY = torch.ones(1, 1, 6, dtype=torch.bool)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def relative() -> RelativeAttention:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        attention = RelativeAttention(8, 2, 0.0)
        for bias in (attention.content_bias, attention.distance_bias):
            nn.init.normal_(bias)
    return attention


def test_self_attention_equals_torchs() -> None:
    own = SelfAttention(8, 2, 0.0)
    torchs = nn.MultiheadAttention(8, 2, batch_first=True)
    with torch.no_grad():
        torchs.in_proj_weight.copy_(own.inputs.weight)
        torchs.in_proj_bias.copy_(own.inputs.bias)
        torchs.out_proj.weight.copy_(own.output.weight)
        torchs.out_proj.bias.copy_(own.output.bias)
    hidden = drawn(2, 6, 8)
    within = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    expected, _ = torchs(hidden, hidden, hidden, key_padding_mask=~within)
    torch.testing.assert_close(own(hidden, within[:, None]), expected, atol=1e-6, rtol=1e-5)


def test_relative_attention_equals_its_definition() -> None:
    attention = relative()
    hidden = drawn(1, 6, 8)
    with torch.no_grad():
        query, key, value = (part[0] for part in attention.inputs(hidden).chunk(3, dim=2))
        heads = []
        for head in range(2):
            columns = slice(4 * head, 4 * head + 4)
            scores = torch.empty(6, 6)
            for i in range(6):
                for j in range(6):
                    distance = attention.distances(sinusoids(torch.tensor([i - j]), 8))[0, columns]
                    scores[i, j] = (query[i, columns] + attention.content_bias[head, 0]) @ key[j, columns]
                    scores[i, j] += (query[i, columns] + attention.distance_bias[head, 0]) @ distance
            heads.append((scores / math.sqrt(4)).softmax(dim=1) @ value[:, columns])
        expected = attention.output(torch.cat(heads, dim=1))
        torch.testing.assert_close(attention(hidden, EVERY)[0], expected, atol=1e-6, rtol=1e-5)


def test_relative_attention_does_not_know_where_it_stands() -> None:
    attention, hidden = relative(), drawn(1, 6, 8)
    late = torch.tensor([False, False, True, True, True, True])[None, None]
    shorter = attention(hidden[:, 2:], EVERY[:, :, :4])
    torch.testing.assert_close(attention(hidden, late)[:, 2:], shorter, atol=1e-6, rtol=1e-5)


def test_distances_shift_to_frames() -> None:
    scores = torch.arange(4, -5, -1).expand(1, 1, 5, 9).contiguous().float()
    places = torch.arange(5)
    assert torch.equal(shift_distances(scores)[0, 0], (places[:, None] - places[None, :]).float())


def test_memory_is_what_came_before() -> None:
    for attention in (relative(), SelfAttention(8, 2, 0.0)):
        hidden = drawn(1, 6, 8)
        late = attention(hidden[:, 4:], EVERY, hidden[:, :4])
        torch.testing.assert_close(late, attention(hidden, EVERY)[:, 4:], atol=1e-6, rtol=1e-5)


def test_sinusoids_are_sines_and_cosines() -> None:
    # Vaswani et al. 2017, section 3.5, sines and cosines in halves: 10000 ** (-1 / 2) = 0.01.
    expected = [[math.sin(3), math.sin(0.03), math.cos(3), math.cos(0.03)]]
    torch.testing.assert_close(sinusoids(torch.tensor([3]), 4), torch.tensor(expected))
