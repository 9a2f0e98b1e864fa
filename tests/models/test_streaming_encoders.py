"""Chunk by chunk is as all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ModelError
from fsaasr.models.encoders.conformer import chunk_mask
from fsaasr.models.encoders.frames import FrameWindow
from fsaasr.models.encoders.streaming import StreamingEncoder, streaming
from tests.models.test_encoders import batch, encoder

SHAPES: list[dict[str, Any]] = [
    *({"kind": "tdnn", "hidden": 16, "dilations": [1, 3], "subsampling": n} for n in (1, 3)),
    {"kind": "tdnn", "hidden": 16, "dilations": [2], "early_dilations": [1, 2], "subsampling": 4},
    *({"kind": "lstm", "hidden": 8, "layers": 2, "subsampling": 3, "subsampling_by": b} for b in ("stack", "conv")),
    *({"kind": "lstm", "hidden": 8, "layers": 1, "subsampling": n, "subsampling_by": "conv2d"} for n in (1, 2, 3, 4)),
    {"kind": "lstm", "hidden": 8, "layers": 1, "subsampling": 3, "subsampling_by": "max"},
    *(
        {"kind": "conformer", "hidden": 16, "layers": 3, "kernel": 5, "chunk": chunk, "left_chunks": left}
        for chunk, left in ((1, 0), (4, 0), (3, 1), (4, 2))
    ),
]

every_shape = pytest.mark.parametrize("values", SHAPES, ids=lambda values: "-".join(map(str, values.values())))


def streaming_encoder(values: dict[str, Any]) -> StreamingEncoder:
    return streaming(encoder(values)).eval()


def chunked(network: StreamingEncoder, features: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    """Vectors of all chunks; the last one is told to be the last together with its frames."""
    state, vectors, start = network.start(features), [], 0
    for size in sizes:
        final = start + size >= features.shape[1]
        given, state = network.advance(features[:, start : start + size], state, final)
        vectors.append(given)
        start += size
        if final:
            break
    return torch.cat(vectors, dim=1)


@every_shape
@pytest.mark.parametrize("frames", [1, 2, 5, 57])
@torch.no_grad()
def test_chunked_equals_offline_however_it_is_cut(values: dict[str, Any], frames: int) -> None:
    network = streaming_encoder(values)
    features, lengths = batch(frames, frames)
    offline, _ = network(features, lengths)
    rng = np.random.default_rng(frames)
    for sizes in ([1] * frames, [frames], [*rng.integers(0, 12, size=2 * frames).tolist(), frames]):
        result = chunked(network, features, sizes)
        assert result.shape == offline.shape
        torch.testing.assert_close(result, offline, atol=2e-5, rtol=1e-4)


@every_shape
@torch.no_grad()
def test_the_end_may_be_told_later(values: dict[str, Any]) -> None:
    network = streaming_encoder(values)
    features, lengths = batch(31)
    first, state = network.advance(features, network.start(features))
    last, _ = network.advance(features[:, :0], state, final=True)
    torch.testing.assert_close(torch.cat([first, last], dim=1), network(features, lengths)[0], atol=2e-5, rtol=1e-4)


@every_shape
@torch.no_grad()
def test_a_vector_waits_for_no_more_than_the_look_ahead(values: dict[str, Any]) -> None:
    network = streaming_encoder(values)
    features, _ = batch(200)
    state = network.start(features)
    needed = network.subsampling + network.look_ahead
    first, after = network.advance(features[:, : needed - 1], state)
    second, _ = network.advance(features[:, needed - 1 : needed], after)
    assert first.shape[1] == 0
    assert second.shape[1] >= 1


@every_shape
@torch.no_grad()
def test_advancing_changes_no_state(values: dict[str, Any]) -> None:
    network = streaming_encoder(values)
    features, _ = batch(90)
    _, state = network.advance(features[:, :40], network.start(features))
    one, _ = network.advance(features[:, 40:], state, final=True)
    other, _ = network.advance(features[:, 40:], state, final=True)
    assert torch.equal(one, other)


@torch.no_grad()
def test_a_stream_without_frames_has_no_vectors() -> None:
    for values in SHAPES:
        network = streaming_encoder(values)
        features = torch.zeros(2, 0, network.input_dim)
        vectors, _ = network.advance(features, network.start(features), final=True)
        assert vectors.shape == (2, 0, network.output_dim)


def test_encoders_of_whole_utterances_say_so() -> None:
    with pytest.raises(ModelError, match="Blstm needs whole utterances"):
        streaming(encoder({"kind": "blstm", "hidden": 4, "layers": 1}))
    whole = streaming(encoder({"kind": "conformer", "hidden": 16, "layers": 1}))
    with pytest.raises(ModelError, match="with chunks"):
        whole.start(torch.zeros(1, 1, 8))
    with pytest.raises(ModelError, match="with chunks"):
        _ = whole.look_ahead


def test_a_chunk_sees_itself_and_those_before() -> None:
    # Chunks of two frames: 0 0 1 1 2.
    seen = [[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 0], [0, 0, 1, 1, 1]]
    assert chunk_mask(5, 2, 1, torch.device("cpu")).int().tolist() == seen


def test_windows_hold_the_ends() -> None:
    window = FrameWindow(before=2, width=6, rate=3)
    assert window.look_ahead == 1
    held = window.held(torch.arange(1.0, 5.0)[None, :, None], torch.tensor([4]))
    assert held[0, :, 0].tolist() == [1, 1, 1, 2, 3, 4, 4, 4, 4]
