from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fsaasr.core import Scores, ScoresError

VALUES = st.integers(-40, 0).map(lambda n: n * 0.25) | st.just(-np.inf)


@st.composite
def matrices(draw: Any) -> list[np.ndarray]:
    columns = draw(st.integers(1, 4))
    lengths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    return [draw(arrays.arrays(np.float32, (length, columns), elements=VALUES)) for length in lengths]


@given(matrices())
def test_a_batch_holds_each_matrix_without_its_padding(batch: list[np.ndarray]) -> None:
    scores = Scores.from_matrices(batch, 0.01)
    assert len(scores) == len(batch)
    assert scores.num_columns == batch[0].shape[1]
    assert scores.ids == tuple(f"utt{n}" for n in range(len(batch)))
    for n, matrix in enumerate(batch):
        np.testing.assert_array_equal(scores.utterance(n), matrix)


@given(matrices())
def test_torch_and_numpy_give_the_same(batch: list[np.ndarray]) -> None:
    from_numpy = Scores.from_matrices(batch, 0.01)
    from_torch = Scores(torch.from_numpy(from_numpy.array.copy()), from_numpy.lengths, 0.01)
    np.testing.assert_array_equal(from_torch.array, from_numpy.array)
    assert torch.equal(from_torch.tensor, from_numpy.tensor)
    for n in range(len(batch)):
        np.testing.assert_array_equal(from_torch.utterance(n), batch[n])


@given(matrices(), st.integers(1, 3))
def test_padding_is_never_read(batch: list[np.ndarray], extra: int) -> None:
    scores = Scores.from_matrices(batch, 0.01)
    padded = np.pad(scores.array, ((0, 0), (0, extra), (0, 0)), constant_values=np.nan)
    for n, length in enumerate(scores.lengths):
        padded[n, length:] = np.nan
    again = Scores(padded, scores.lengths, 0.01)
    for n in range(len(batch)):
        np.testing.assert_array_equal(again.utterance(n), batch[n])


def test_the_callers_array_is_not_changed() -> None:
    values = np.full((1, 2, 3), -1.0, dtype=np.float32)
    Scores(values, np.array([2]), 0.01).scaled(0.5)
    assert (values == -1.0).all()
    tensor = torch.full((1, 2, 3), -1.0, requires_grad=True)
    scores = Scores(tensor, np.array([2]), 0.01)
    assert scores.tensor is tensor
    assert tensor.requires_grad
    assert scores.array.shape == (1, 2, 3)


def test_scaling() -> None:
    scores = Scores.from_matrices([[[-1.0, -2.0]]], 0.02, kind="hmm", ids=["a"])
    half = scores.scaled(0.5)
    np.testing.assert_array_equal(half.array, [[[-0.5, -1.0]]])
    assert (half.frame_shift, half.kind, half.ids) == (0.02, "hmm", ("a",))
    with pytest.raises(ScoresError, match=r"acoustic_scale is 0, expected > 0"):
        scores.scaled(0)


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
def test_plus_moves_columns_and_nothing_else(kind: Any) -> None:
    values = kind([[[-1.0, -2.0], [-3.0, -np.inf]]])
    scores = Scores(values, np.array([2]), 0.03, "hmm", ("a",))
    moved = scores.plus([0.5, -0.25])
    np.testing.assert_array_equal(moved.array, [[[-0.5, -2.25], [-2.5, -np.inf]]])
    np.testing.assert_array_equal(scores.array, [[[-1.0, -2.0], [-3.0, -np.inf]]])
    assert (moved.frame_shift, moved.kind, moved.ids) == (0.03, "hmm", ("a",))
    with pytest.raises(ScoresError, match=r"constants \(3,\), expected one for each of 2"):
        scores.plus(np.zeros(3))


def test_wider_and_narrower_floats_become_float32() -> None:
    assert Scores(np.zeros((1, 1, 1)), np.array([1]), 0.01).array.dtype == np.float32
    assert Scores(torch.zeros(1, 1, 1, dtype=torch.float64), np.array([1]), 0.01).tensor.dtype == torch.float32
    assert Scores(torch.zeros(1, 1, 1, dtype=torch.float16), np.array([1]), 0.01).tensor.dtype == torch.float32


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_nan_and_infinity_are_named_with_their_place(value: float, kind: Any) -> None:
    values = np.zeros((2, 3, 2), dtype=np.float32)
    values[1, 1, 0] = value
    with pytest.raises(ScoresError, match=rf"'b' has {value} at frame 1, column 0; log scores are finite or -inf"):
        Scores(kind(values), np.array([3, 2]), 0.01, ids=("a", "b"))


def test_minus_infinity_is_a_score() -> None:
    scores = Scores.from_matrices([[[-np.inf, 0.0]]], 0.01)
    assert scores.utterance(0)[0, 0] == -np.inf


@pytest.mark.parametrize(
    ("shape", "lengths", "frame_shift", "ids", "message"),
    [
        ((3, 2), [3], 0.01, (), r"shape \(3, 2\), expected \(N, T, C\); add a batch axis"),
        ((1, 3, 2), [0], 0.01, (), "'utt0' has 0 frames, expected 1 to 3; drop empty utterances"),
        ((1, 3, 2), [4], 0.01, (), "'utt0' has 4 frames, expected 1 to 3"),
        ((1, 3, 2), [-1], 0.01, ("x",), "'x' has -1 frames"),
        ((2, 3, 2), [3], 0.01, (), r"2 matrices with \(1,\) lengths"),
        ((2, 3, 2), [3, 3], 0.01, ("x",), "and 1 ids; give one each"),
        ((1, 3, 2), [3], 0.0, (), "frame_shift is 0.0; expected seconds > 0"),
        ((1, 3, 2), [3], float("nan"), (), "frame_shift is nan"),
    ],
)
def test_bad_shapes_and_lengths_are_errors(
    shape: tuple[int, ...], lengths: list[int], frame_shift: float, ids: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ScoresError, match=message):
        Scores(np.zeros(shape), np.array(lengths), frame_shift, ids=ids)


@pytest.mark.parametrize(
    "batch",
    [[], [np.zeros(3)], [np.zeros((2, 3)), np.zeros((2, 4))], [np.zeros((0, 3))]],
    ids=["none", "vector", "columns differ", "no frames"],
)
def test_bad_matrices_are_errors(batch: list[np.ndarray]) -> None:
    with pytest.raises(ScoresError, match=r"found shapes|has 0 frames"):
        Scores.from_matrices(batch, 0.01)
