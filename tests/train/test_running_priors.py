"""Running priors follow the mean posterior, are saved, and make hybrid scores."""

from __future__ import annotations

import pytest
import torch

from fsaasr.core.errors import ConfigError
from fsaasr.testing import linear_ctc_fst, toy_graph
from fsaasr.train import RunningPriors, full_sum_loss


def posteriors(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, 7, 4, generator=torch.Generator().manual_seed(seed)).log_softmax(2)


def test_priors_are_an_exponential_average_over_frames_without_padding():
    priors = RunningPriors(4, decay=0.75)
    expected = torch.full((4,), 0.25)
    for seed in range(3):
        batch = posteriors(seed)
        priors(batch, torch.tensor([7, 3]))
        mean = torch.cat([batch[0], batch[1, :3]]).exp().mean(0)
        expected = 0.75 * expected + 0.25 * mean
    torch.testing.assert_close(priors.priors, expected)
    assert priors.priors.sum().item() == pytest.approx(1.0)


def test_scores_are_posteriors_over_priors_by_their_scale():
    priors = RunningPriors(4, prior_scale=0.5).eval()
    priors.priors.copy_(torch.tensor([0.5, 0.25, 0.125, 0.125]))
    batch = posteriors()
    scores = priors(batch, torch.tensor([7, 7]))
    torch.testing.assert_close(scores, batch - 0.5 * torch.tensor([0.5, 0.25, 0.125, 0.125]).log())
    # They stand still in evaluation.
    assert priors.priors.tolist() == [0.5, 0.25, 0.125, 0.125]


def test_they_are_saved_and_loaded():
    trained, fresh = RunningPriors(4), RunningPriors(4)
    trained(posteriors(), torch.tensor([7, 7]))
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(trained.priors, fresh.priors)
    assert not torch.equal(fresh.priors, RunningPriors(4).priors)
    assert list(trained.state_dict()) == ["priors"]


def test_they_train_with_the_full_sum_loss_and_no_gradient_flows_into_them():
    priors = RunningPriors(3)
    logits = torch.zeros(1, 8, 3, requires_grad=True)
    graph = toy_graph(linear_ctc_fst([1, 2]), 3)
    optimizer = torch.optim.SGD([logits], lr=0.5)
    losses = []
    for _ in range(5):
        loss = full_sum_loss(priors(logits.log_softmax(2), torch.tensor([8])), torch.tensor([8]), [graph]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] - 0.1
    assert not priors.priors.requires_grad


@pytest.mark.parametrize("values", [{"num_columns": 0}, {"prior_scale": -1.0}, {"decay": 1.0}])
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ConfigError, match="RunningPriors"):
        RunningPriors(**{"num_columns": 3, **values})
