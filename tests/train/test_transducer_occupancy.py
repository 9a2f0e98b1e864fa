from __future__ import annotations

import numpy as np
import pytest
import torch

from fsaasr.core.errors import TrainingError
from fsaasr.train.transducer_loss import transducer_loss
from fsaasr.train.transducer_occupancy import token_occupancy
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
