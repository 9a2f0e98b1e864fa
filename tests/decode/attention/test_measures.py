from __future__ import annotations

import math

import numpy as np
import pytest

from fsaasr.decode.attention.measures import entropy, forced_weights, monotonicity
from tests.decode.attention.toys import attention_log_prob, encoded_utterances, toy_model


def test_forced_weights_are_those_of_teacher_forcing() -> None:
    model = toy_model()
    (encoded,) = encoded_utterances(model, 6)
    weights = forced_weights(model, encoded, (1, 3, 2))
    np.testing.assert_allclose(weights, attention_log_prob(model, encoded, (1, 3, 2))[1], atol=1e-6)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-5)


def test_measures_of_maps_that_can_be_worked_out() -> None:
    sharp, flat = np.eye(4, dtype=np.float32), np.full((3, 4), 0.25, dtype=np.float32)
    assert monotonicity(sharp) == 1.0
    assert monotonicity(sharp[::-1]) == 0.0
    # From frame 0 to 2 to 1 to 3: two of three steps go on.
    assert monotonicity(sharp[[0, 2, 1, 3]]) == pytest.approx(2 / 3)
    assert monotonicity(flat) == 1.0
    assert entropy(sharp) == 0.0
    assert entropy(flat) == pytest.approx(math.log(4))
    half = np.array([[0.5, 0.5, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]], dtype=np.float32)
    assert entropy(half) == pytest.approx(math.log(2) / 2)
    assert (monotonicity(sharp[:1]), entropy(sharp[:0])) == (1.0, 0.0)
