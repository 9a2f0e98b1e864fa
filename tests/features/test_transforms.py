from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fsaasr.core.errors import ConfigError
from fsaasr.features import add_deltas, normalise

MATRICES = st.integers(1, 12).flatmap(lambda frames: arrays(np.float32, (frames, 3), elements=st.integers(-50, 50)))


def kaldi_deltas(features: np.ndarray, order: int) -> np.ndarray:
    """Kaldi's DeltaFeatures::Process, loop for loop (feat/feature-functions.cc)."""
    window = 2
    scales = [[1.0]]
    for _ in range(order):
        previous = scales[-1]
        reach = (len(previous) - 1) // 2
        current = [0.0] * (len(previous) + 2 * window)
        normalizer = sum(j * j for j in range(-window, window + 1))
        for j in range(-window, window + 1):
            for k in range(-reach, reach + 1):
                current[j + k + reach + window] += j * previous[k + reach] / normalizer
        scales.append(current)
    rows = []
    for frame in range(len(features)):
        row = []
        for scale in scales:
            reach = (len(scale) - 1) // 2
            taken = [min(max(frame + j, 0), len(features) - 1) for j in range(-reach, reach + 1)]
            row.extend(sum(weight * features[t] for weight, t in zip(scale, taken)))
        rows.append(row)
    return np.array(rows)


@given(MATRICES, st.integers(0, 2))
def test_deltas_are_kaldis(features, order):
    result = add_deltas(features, order)
    assert result.dtype == np.float32
    assert np.allclose(result, kaldi_deltas(features.astype(np.float64), order), atol=1e-4)


def test_deltas_of_a_ramp_are_its_slope():
    ramp = np.arange(20, dtype=np.float32)[:, None] * 3
    result = add_deltas(ramp, 2)
    assert result[4:-4, 1] == pytest.approx(3.0)
    assert result[4:-4, 2] == pytest.approx(0.0, abs=1e-5)


def test_order_out_of_range():
    with pytest.raises(ConfigError, match="order is 3"):
        add_deltas(np.zeros((2, 2), dtype=np.float32), 3)


@given(st.lists(MATRICES, min_size=1, max_size=5), st.booleans(), st.data())
def test_normalised_groups_have_mean_zero_and_variance_one(matrices, variance, data):
    groups = data.draw(st.lists(st.sampled_from("ab"), min_size=len(matrices), max_size=len(matrices)))
    before = [matrix.copy() for matrix in matrices]
    result = normalise(matrices, groups, variance)
    assert all(np.array_equal(a, b) for a, b in zip(matrices, before))
    for group in set(groups):
        old = np.concatenate([m for m, g in zip(matrices, groups) if g == group])
        new = np.concatenate([m for m, g in zip(result, groups) if g == group])
        assert np.allclose(new.mean(axis=0), 0, atol=1e-4)
        moving = old.std(axis=0) > 0
        expected = np.where(moving, 1.0, 0.0) if variance else old.std(axis=0)
        assert np.allclose(new.std(axis=0), expected, atol=1e-3)


@given(MATRICES, st.integers(-100, 100))
def test_normalisation_removes_a_constant(features, offset):
    assert np.allclose(normalise([features], ["u"]), normalise([features + np.float32(offset)], ["u"]), atol=1e-3)
