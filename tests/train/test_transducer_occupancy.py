from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from fsaasr.core.errors import TrainingError
from fsaasr.train.transducer_losses import transducer_loss
from fsaasr.train.transducer_occupancy import token_frames, token_occupancy
from tests.models.test_transducer_model import SHAPES, transducer_model


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_it_is_the_slope_of_the_loss(shape: object) -> None:
    model = transducer_model(shape)  # type: ignore[arg-type]
    encoded = torch.from_numpy(model.encoded([np.random.default_rng(0).normal(size=(14, 4))])[0])
    labels = [2, 1, 3]
    found = token_occupancy(model, encoded, labels)
    predicted = model.network.predict(torch.tensor([labels]))
    logits = model.network.join(encoded[None, :, None], predicted[:, None]).detach()
    scores = logits.log_softmax(dim=3).requires_grad_()
    sizes = torch.tensor([len(encoded)]), torch.tensor([3])
    # Of scores that are log probabilities already, the loss has the slope p - occupancy.
    loss = transducer_loss(scores, torch.tensor([labels]), *sizes)
    loss.sum().backward()
    assert loss.item() == pytest.approx(-found.total.item(), abs=1e-4)
    assert scores.grad is not None
    blank = found.node * scores.detach().exp()[..., 0] - scores.grad[..., 0]
    np.testing.assert_allclose(blank, found.blank, atol=1e-5)
    np.testing.assert_allclose(found.label.sum(dim=1), [[1, 1, 1, 0]], atol=1e-5)
    with pytest.raises(TrainingError, match="expected 1 to 3"):
        token_occupancy(model, encoded, [4])


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_tokens_are_said_on_the_best_path(shape: object) -> None:
    model = transducer_model(shape)  # type: ignore[arg-type]
    encoded = torch.from_numpy(model.encoded([np.random.default_rng(1).normal(size=(14, 4))])[0])
    labels = [3, 1, 3]
    found = tuple(token_frames(model, encoded, labels).tolist())
    predicted = model.network.predict(torch.tensor([labels]))
    logits = model.network.join(encoded[None, :, None], predicted[:, None]).detach()
    log_probs = logits.log_softmax(dim=3)[0].double().numpy()
    apart = model.config.topology == "one-per-frame"

    def score(path: tuple[int, ...]) -> float:
        total = sum(log_probs[frame, u, labels[u]] for u, frame in enumerate(path))
        rests = [t for t in range(len(encoded)) if not (apart and t in path)]
        return float(total + sum(log_probs[t, sum(frame <= t for frame in path), 0] for t in rests))

    ways = itertools.combinations if apart else itertools.combinations_with_replacement
    scores = {path: score(path) for path in ways(range(len(encoded)), 3)}
    assert found == max(scores, key=lambda path: scores[path])
    # All ways together are the full sum that training knows.
    total = token_occupancy(model, encoded, labels).total.item()
    assert np.logaddexp.reduce(list(scores.values())) == pytest.approx(total, abs=1e-4)
    with pytest.raises(TrainingError, match="expected 1 to 3"):
        token_frames(model, encoded, [0])
