"""Laws of all kinds of attention, then each kind against its formula."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ConfigError
from fsaasr.models.attention import Attention, build_attention
from fsaasr.models.attention.additive import AdditiveConfig
from fsaasr.models.attention.chunkwise import ChunkwiseConfig, expected_boundary, first_boundary
from fsaasr.models.attention.content import ContentConfig
from fsaasr.models.attention.dot import DotConfig
from fsaasr.models.attention.general import GeneralConfig
from fsaasr.models.attention.local import LocalConfig
from fsaasr.models.attention.location import HybridConfig, LocationConfig
from fsaasr.models.attention.multi_head import MultiHeadConfig
from fsaasr.models.attention.none import NoAttentionConfig

SIZE = 6
LENGTHS = [9, 4, 1]
KINDS: dict[str, Any] = {
    "additive": AdditiveConfig(units=5),
    "chunkwise": ChunkwiseConfig(units=5, chunk=3, noise=0.0, offset=-0.5),
    "content": ContentConfig(),
    "dot": DotConfig(),
    "general": GeneralConfig(),
    "hybrid": HybridConfig(units=5, filters=2, width=3),
    "local": LocalConfig(units=5, window=2, stride=1.5),
    "location": LocationConfig(units=5, filters=2, width=3),
    "multi-head": MultiHeadConfig(heads=2, units=8),
    "last": NoAttentionConfig(),
    "mean": NoAttentionConfig(pooling="mean"),
}


def made(config: Any, seed: int = 0) -> Attention:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_attention(SIZE, SIZE, config).eval()


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def steps(attention: Attention, values: torch.Tensor, lengths: list[int], queries: torch.Tensor) -> list[Any]:
    """All steps, queries (N, U, D)."""
    memory = attention.prepare(values, torch.tensor(lengths))
    state, found = attention.start(memory), []
    for query in queries.unbind(dim=1):
        found.append(attention(query, memory, state))
        state = found[-1].state
    return found


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_sum_to_one_and_are_zero_in_the_padding(kind: str, training: bool) -> None:
    attention = made(KINDS[kind]).train(training)
    values = normal(3, 9, SIZE)
    for context, weights, _ in steps(attention, values, LENGTHS, normal(3, 4, SIZE, seed=1)):
        assert (weights >= 0).all()
        torch.testing.assert_close(weights.sum(dim=1), torch.ones(3))
        for row, length in zip(weights, LENGTHS):
            assert (row[length:] == 0).all()
        if kind != "multi-head":
            expected = (weights[:, :, None] * values).sum(dim=1)
            torch.testing.assert_close(context, expected)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_batch_equals_one_by_one_whatever_the_padding_holds(kind: str, training: bool) -> None:
    attention = made(KINDS[kind]).train(training)
    values, queries = normal(3, 9, SIZE), normal(3, 4, SIZE, seed=1)
    dirty = values.clone()
    for n, length in enumerate(LENGTHS):
        dirty[n, length:] = math.nan
    together = steps(attention, dirty, LENGTHS, queries)
    for n, length in enumerate(LENGTHS):
        alone = steps(attention, values[n : n + 1, :length], [length], queries[n : n + 1])
        for many, one in zip(together, alone):
            torch.testing.assert_close(many.context[n], one.context[0])
            torch.testing.assert_close(many.weights[n, :length], one.weights[0])


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_finite_differences(kind: str) -> None:
    attention = made(KINDS[kind]).double().train()
    values, queries = normal(2, 5, SIZE).double(), normal(2, 2, SIZE, seed=1).double()

    def contexts(values: torch.Tensor, queries: torch.Tensor) -> torch.Tensor:
        return torch.stack([step.context for step in steps(attention, values, [5, 3], queries)])

    assert torch.autograd.gradcheck(contexts, (values.requires_grad_(), queries.requires_grad_()))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"last", "mean", "location"}))
def test_a_sharp_enough_match_is_looked_at(kind: str) -> None:
    """Training by gradient makes each kind look at the frame that it is paid for."""
    config = dataclasses.replace(KINDS[kind], window=5) if kind == "local" else KINDS[kind]
    attention = made(config).train()
    values, queries, target = normal(1, 6, SIZE), normal(1, 1, SIZE, seed=1).requires_grad_(), 3
    optimizer = torch.optim.Adam([*attention.parameters(), queries], lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        (-steps(attention, values, [6], queries)[0].weights[0, target].log()).backward()
        optimizer.step()
    assert int(steps(attention, values, [6], queries)[0].weights[0].argmax()) == target


def scores_of(attention: Attention, values: torch.Tensor, query: torch.Tensor, state: Any = None) -> np.ndarray:
    memory = attention.prepare(values, torch.tensor([values.shape[1]]))
    return attention.scores(query, memory, attention.start(memory) if state is None else state)[0].detach().numpy()


def arrays(module: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy() for name, value in module.state_dict().items()}


def test_scores_are_those_of_the_formulas() -> None:
    values, query = normal(1, 7, SIZE), normal(1, SIZE, seed=1)
    e, q = values[0].numpy(), query[0].numpy()
    np.testing.assert_allclose(scores_of(made(KINDS["dot"]), values, query), e @ q, rtol=1e-5)
    general = made(KINDS["general"])
    np.testing.assert_allclose(
        scores_of(general, values, query), e @ arrays(general)["to_key.weight"].T @ q, rtol=1e-4, atol=1e-6
    )
    cosines = e @ q / np.linalg.norm(e, axis=1) / np.linalg.norm(q)
    np.testing.assert_allclose(scores_of(made(ContentConfig(sharpness=3.0)), values, query), 3 * cosines, rtol=1e-4)
    additive = made(KINDS["additive"])
    a = arrays(additive)
    hidden = np.tanh(a["to_query.weight"] @ q + e @ a["to_key.weight"].T + a["to_key.bias"])
    np.testing.assert_allclose(
        scores_of(additive, values, query), hidden @ a["to_score.weight"][0], rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("kind", ["location", "hybrid"])
def test_location_scores_convolve_the_weights_before(kind: str) -> None:
    attention = made(KINDS[kind])
    values, query = normal(1, 7, SIZE), normal(1, SIZE, seed=1)
    before = normal(1, 7, seed=2).softmax(dim=1)
    a = arrays(attention)
    padded = np.concatenate([[0.0], before[0].numpy(), [0.0]])
    places = np.array([a["convolution.weight"][:, 0] @ padded[t : t + 3] for t in range(7)])
    hidden = a["to_query.weight"] @ query[0].numpy() + a["to_query.bias"] + places @ a["to_place.weight"].T
    if kind == "hybrid":
        hidden = hidden + values[0].numpy() @ a["to_key.weight"].T
    expected = np.tanh(hidden) @ a["to_score.weight"][0]
    np.testing.assert_allclose(scores_of(attention, values, query, before), expected, rtol=1e-4, atol=1e-6)


def test_only_hybrid_and_content_kinds_see_what_is_in_the_frames() -> None:
    one, other, query = normal(1, 7, SIZE), normal(1, 7, SIZE, seed=3), normal(1, SIZE, seed=1)
    for kind in ("location", "hybrid"):
        attention = made(KINDS[kind])
        same = np.allclose(scores_of(attention, one, query), scores_of(attention, other, query))
        assert same == (kind == "location")


def test_multi_head_attention_is_torchs_own() -> None:
    attention = made(KINDS["multi-head"])
    a = attention.state_dict()
    reference = torch.nn.MultiheadAttention(SIZE, 2, kdim=SIZE, vdim=SIZE, batch_first=True).eval()
    attention = made(MultiHeadConfig(heads=2, units=SIZE))
    a = attention.state_dict()
    biases = torch.cat([a["to_query.bias"], torch.zeros(SIZE), a["to_value.bias"]])
    stacked = torch.cat([a["to_query.weight"], a["to_key.weight"], a["to_value.weight"]])
    reference.load_state_dict(
        {
            "in_proj_weight": stacked,
            "in_proj_bias": biases,
            "out_proj.weight": a["output.weight"],
            "out_proj.bias": a["output.bias"],
        }
    )
    values, queries = normal(3, 9, SIZE), normal(3, 1, SIZE, seed=1)
    padding = torch.arange(9)[None, :] >= torch.tensor(LENGTHS)[:, None]
    expected, weights = reference(queries, values, values, key_padding_mask=padding)
    found = steps(attention, values, LENGTHS, queries)[0]
    torch.testing.assert_close(found.context, expected[:, 0])
    torch.testing.assert_close(found.weights, weights[:, 0])


def test_the_local_window_only_moves_forward_and_cuts_off() -> None:
    attention = made(LocalConfig(units=5, window=2, stride=1.0))
    found = steps(attention, normal(1, 12, SIZE), [12], normal(1, 8, SIZE, seed=1))
    places = [step.state.item() for step in found]
    assert all(later > earlier or later == 11 for earlier, later in zip(places, places[1:]))
    for place, step in zip(places, found):
        outside = (torch.arange(12) - max(place, 0.0)).abs() > 2
        assert (step.weights[0][outside] == 0).all()
        assert (step.weights[0][~outside] > 0).all()


def monotonic_paths(stops: np.ndarray, start: int) -> np.ndarray:
    """Distribution of the boundary behind frame `start`, by walking from frame to frame."""
    chances, left = np.zeros(len(stops)), 1.0
    for frame in range(start, len(stops)):
        stop = 1.0 if frame == len(stops) - 1 else stops[frame]
        chances[frame] = left * stop
        left *= 1 - stop
    return chances


def test_expected_boundaries_are_those_of_all_walks() -> None:
    attention = made(KINDS["chunkwise"])
    memory = attention.prepare(normal(2, 6, SIZE), torch.tensor([6, 4]))
    scores, before = normal(2, 6, seed=4) * 3, torch.zeros(2, 6)
    before[0], before[1, :4] = normal(6, seed=5).softmax(0), normal(4, seed=6).softmax(0)
    found = expected_boundary(scores, memory, before).numpy()
    for n, length in enumerate((6, 4)):
        stops = scores[n, :length].sigmoid().numpy()
        expected = sum(before[n, k].item() * monotonic_paths(stops, k) for k in range(length))
        np.testing.assert_allclose(found[n, :length], expected, atol=1e-6)
        assert (found[n, length:] == 0).all()


def test_the_hard_boundary_is_the_expected_one_where_there_is_no_doubt() -> None:
    attention = made(KINDS["chunkwise"])
    memory = attention.prepare(normal(40, 6, SIZE), torch.full((40,), 5))
    scores = torch.where(normal(40, 6, seed=4) > 0.5, 100.0, -100.0)
    before = torch.nn.functional.one_hot(torch.arange(40) % 5, 6).float()
    hard, soft = first_boundary(scores, memory, before), expected_boundary(scores, memory, before)
    torch.testing.assert_close(hard, soft)
    assert (hard.argmax(dim=1) >= before.argmax(dim=1)).all()
    assert len(hard.argmax(dim=1).unique()) == 5


def test_a_chunk_is_a_softmax_over_the_last_frames_up_to_the_boundary() -> None:
    attention = made(KINDS["chunkwise"])
    values, query = normal(1, 7, SIZE), normal(1, SIZE, seed=1)
    memory = attention.prepare(values, torch.tensor([7]))
    scores = attention.scores(query, memory._replace(keys=memory.keys[:, :, 0]), memory.keys)
    for boundary, frames in ((0, [0]), (1, [0, 1]), (5, [3, 4, 5])):
        place = torch.nn.functional.one_hot(torch.tensor([boundary]), 7).float()
        weights = attention._spread(place, scores, memory)[0]
        torch.testing.assert_close(weights[frames], scores[0, frames].softmax(dim=0))
        assert weights.count_nonzero() == len(frames)


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        ("additive", {"units": 7}),
        ("content", {"sharpness": 1.0}),
        ("hybrid", {"units": 7}),
        ("hybrid", {"filters": 3}),
        ("hybrid", {"width": 5}),
        ("location", {"units": 7}),
        ("location", {"filters": 3}),
        ("location", {"width": 5}),
        ("multi-head", {"heads": 4}),
        ("multi-head", {"units": 4}),
        ("local", {"units": 7}),
        ("local", {"window": 5}),
        ("local", {"stride": 3.0}),
        ("chunkwise", {"units": 7}),
        ("chunkwise", {"chunk": 1}),
        ("chunkwise", {"noise": 1.0}),
        ("chunkwise", {"offset": 1.0}),
        ("last", {"pooling": "mean"}),
    ],
)
def test_every_option_changes_something(kind: str, option: dict[str, Any]) -> None:
    values, queries = normal(1, 9, SIZE), normal(1, 3, SIZE, seed=1)
    contexts = [
        steps(made(config).train(), values, [9], queries)[-1].context
        for config in (KINDS[kind], dataclasses.replace(KINDS[kind], **option))
    ]
    assert not torch.allclose(*contexts)


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        (AdditiveConfig, {"units": 0}),
        (ContentConfig, {"sharpness": 0.0}),
        (HybridConfig, {"width": 4}),
        (LocationConfig, {"filters": 0}),
        (MultiHeadConfig, {"heads": 3, "units": 8}),
        (LocalConfig, {"window": 0}),
        (ChunkwiseConfig, {"chunk": 0}),
    ],
)
def test_impossible_options_are_refused(kind: Any, option: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="expected"):
        kind(**option)


@pytest.mark.parametrize("config", [DotConfig(), ContentConfig()])
def test_vectors_of_two_sizes_cannot_be_compared_directly(config: Any) -> None:
    with pytest.raises(ConfigError, match="queries of 4 dimensions, encoder vectors of 6"):
        build_attention(4, 6, config)
