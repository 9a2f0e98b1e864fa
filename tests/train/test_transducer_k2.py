"""The transducer loss against k2's, and k2's pruned loss against the full one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from fsaasr.core.errors import ConfigError
from fsaasr.models.transducer import TOPOLOGIES
from fsaasr.train.transducer_losses import transducer_loss
from fsaasr.train.transducer_pruned import PruningConfig, pruned_transducer_loss

pytestmark = pytest.mark.k2
KINDS = {"regular": "regular", "one-per-frame": "modified"}


def random_batch(rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Logits, labels, frames and counts; k2 1.23 wants labels, and no more of them than frames."""
    utterances, frames, columns = int(rng.integers(1, 5)), int(rng.integers(2, 30)), int(rng.integers(2, 20))
    most = int(rng.integers(1, frames + 1))
    counts = rng.integers(1, most + 1, size=utterances)
    lengths = np.maximum(rng.integers(1, frames + 1, size=utterances), counts)
    logits = torch.from_numpy(2 * rng.standard_normal((utterances, frames, most + 1, columns)))
    labels = torch.from_numpy(rng.integers(1, columns, size=(utterances, most)))
    return logits, labels, torch.from_numpy(lengths), torch.from_numpy(counts)


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_losses_and_gradients_equal_k2s(topology: str, kind: torch.dtype) -> None:
    k2 = pytest.importorskip("k2")
    rng = np.random.default_rng(0)
    for _ in range(10):
        logits, labels, frames, counts = random_batch(rng)
        boundary = torch.zeros(len(logits), 4, dtype=torch.int64)
        boundary[:, 2], boundary[:, 3] = counts, frames
        ours, theirs = (logits.to(kind).requires_grad_() for _ in range(2))
        loss = transducer_loss(ours, labels, frames, counts, topology)
        expected = k2.rnnt_loss(theirs, labels, 0, boundary, rnnt_type=KINDS[topology], reduction="none")
        loss.sum().backward()
        expected.sum().backward()
        np.testing.assert_allclose(loss.detach(), expected.detach(), atol=1e-4)
        assert ours.grad is not None
        assert theirs.grad is not None
        np.testing.assert_allclose(ours.grad, theirs.grad, atol=1e-4)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_a_band_of_all_labels_gives_the_full_loss_and_a_narrow_one_more(topology: str) -> None:
    pytest.importorskip("k2")
    generator = torch.Generator().manual_seed(0)
    encoded, predicted = (torch.randn(2, size, 5, generator=generator) for size in (12, 7))
    labels = torch.randint(1, 5, (2, 6), generator=generator)
    rest = labels, torch.tensor([12, 9]), torch.tensor([6, 4]), topology
    full = transducer_loss(torch.tanh(encoded[:, :, None] + predicted[:, None]), *rest).sum().item()
    losses = {}
    for band in (2, 3, 7):
        given = (encoded, predicted), encoded, predicted, lambda e, p: torch.tanh(e + p)
        simple, losses[band] = pruned_transducer_loss(*given, *rest, PruningConfig(band, lm_only=0.0))
        whole = transducer_loss(encoded[:, :, None] + predicted[:, None], *rest).sum()
        assert simple.item() == pytest.approx(whole.item(), rel=1e-5)
    assert losses[7].item() == pytest.approx(full, rel=1e-5)
    assert full < losses[3].item() < losses[2].item()
    smoothed, _ = pruned_transducer_loss(*given, *rest, PruningConfig(lm_only=0.5, am_only=0.2))
    assert abs(smoothed.item() - whole.item()) > 1e-3


def test_odd_bands_are_refused() -> None:
    with pytest.raises(ConfigError, match="band 1"):
        PruningConfig(band=1)
    with pytest.raises(ConfigError, match=r"am_only 0\.5"):
        PruningConfig(lm_only=0.75, am_only=0.5)
