from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.models.transducer import TOPOLOGIES
from fsaasr.train import transducer_batch
from fsaasr.train.transducer_lattice import sum_lattice
from fsaasr.train.transducer_losses import joint_transducer_loss, transducer_loss
from tests.train.transducer_paths import enumerated_loss

FRAMES, COUNTS = torch.tensor([5, 3, 1, 4]), torch.tensor([3, 1, 0, 0])


def random_logits(seed: int = 0, columns: int = 4, spread: float = 2.0) -> tuple[Tensor, Tensor]:
    """Logits float64 (4, 5, 4, C) and labels (4, 3)."""
    generator = torch.Generator().manual_seed(seed)
    logits = spread * torch.randn(4, 5, 4, columns, generator=generator, dtype=torch.float64)
    return logits, torch.randint(1, columns, (4, 3), generator=generator)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_it_equals_the_sum_over_enumerated_paths(topology: str) -> None:
    for seed in range(5):
        logits, labels = random_logits(seed)
        losses = transducer_loss(logits, labels, FRAMES, COUNTS, topology)
        for n, (frames, count) in enumerate(zip(FRAMES.tolist(), COUNTS.tolist())):
            expected = enumerated_loss(logits[n, :frames, : count + 1].numpy(), labels[n, :count].tolist(), topology)
            assert losses[n].item() == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_gradient_equals_finite_differences(topology: str) -> None:
    logits, labels = random_logits()
    weights = torch.tensor([1.0, 0.5, 2.0, 0.0], dtype=torch.float64)

    def weighted(values: Tensor) -> Tensor:
        return transducer_loss(values, labels, FRAMES, COUNTS, topology) @ weights

    assert torch.autograd.gradcheck(weighted, logits.requires_grad_(), eps=1e-6, atol=1e-7)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_padding_is_never_read_and_company_changes_nothing(topology: str) -> None:
    logits, labels = random_logits()
    alone = []
    for n, (frames, count) in enumerate(zip(FRAMES.tolist(), COUNTS.tolist())):
        part = logits[n : n + 1, :frames, : count + 1]
        lengths = FRAMES[n : n + 1], COUNTS[n : n + 1]
        alone.append(transducer_loss(part, labels[n : n + 1, :count], *lengths, topology).item())
        logits[n, frames:] = torch.nan
        logits[n, :, count + 1 :] = torch.nan
        labels[n, count:] = -1
    logits.requires_grad_()
    losses = transducer_loss(logits, labels, FRAMES, COUNTS, topology)
    assert losses.tolist() == pytest.approx(alone, abs=1e-12)
    losses.sum().backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert logits.grad[1, 3:].abs().sum() == 0


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_pieces_of_any_size_give_the_same(topology: str, monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for size in (1, 1 << 18):
        monkeypatch.setitem(transducer_batch.NUMBERS, "cpu", size)
        logits, labels = random_logits()
        losses = transducer_loss(logits.requires_grad_(), labels, FRAMES, COUNTS, topology)
        losses.sum().backward()
        assert logits.grad is not None
        results.append((losses.detach().numpy(), logits.grad.numpy()))
    np.testing.assert_allclose(results[0][0], results[1][0], atol=1e-12)
    np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-12)


def test_long_utterances_lose_nothing_in_float32() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = 3 * torch.randn(1, 400, 101, 6, generator=generator)
    labels, lengths = torch.randint(1, 6, (1, 100), generator=generator), (torch.tensor([400]), torch.tensor([100]))
    single, double = (transducer_loss(logits.to(kind), labels, *lengths) for kind in (torch.float32, torch.float64))
    assert single.dtype == torch.float32
    assert single.item() == pytest.approx(double.item(), rel=1e-7)


def test_every_path_has_each_label_once_and_in_the_regular_topology_a_blank_a_frame() -> None:
    scores = torch.randn(2, 4, 4, 3, generator=torch.Generator().manual_seed(0)).log_softmax(dim=3)
    lengths = torch.tensor([4, 3]), torch.tensor([3, 1])
    regular = sum_lattice(scores[..., 0], scores[..., 1], *lengths, "regular")
    np.testing.assert_allclose(regular.blank.sum(dim=2), [[1, 1, 1, 1], [1, 1, 1, 0]], atol=1e-6)
    np.testing.assert_allclose(regular.label.sum(dim=1), [[1, 1, 1, 0], [1, 0, 0, 0]], atol=1e-6)
    single = sum_lattice(scores[..., 0], scores[..., 1], *lengths, "one-per-frame")
    np.testing.assert_allclose(single.node.sum(dim=2), [[1, 1, 1, 1], [1, 1, 1, 0]], atol=1e-6)
    np.testing.assert_allclose(single.label.sum(dim=1), [[1, 1, 1, 0], [1, 0, 0, 0]], atol=1e-6)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_joint_loss_and_all_its_gradients_are_those_of_whole_logits(
    topology: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, labels = random_logits()
    generator = torch.Generator().manual_seed(2)
    given = [torch.randn(size, generator=generator).double() for size in ((4, 5, 3), (4, 4, 3), (4, 3), (4,))]
    monkeypatch.setitem(transducer_batch.NUMBERS, "cpu", 30)
    results = []
    for joint in (True, False):
        encoded, predicted, weight, bias = (tensor.clone().requires_grad_() for tensor in given)

        def joiner(e: Tensor, p: Tensor, weight: Tensor = weight, bias: Tensor = bias) -> Tensor:
            return torch.tanh(e + p) @ weight.T + bias

        rest = labels, FRAMES, COUNTS, topology
        if joint:
            losses = joint_transducer_loss(encoded, predicted, joiner, [weight, bias], *rest)
        else:
            losses = transducer_loss(joiner(encoded[:, :, None], predicted[:, None]), *rest)
        (losses @ torch.arange(1.0, 5.0, dtype=torch.float64)).backward()
        results.append([losses, *(tensor.grad for tensor in (encoded, predicted, weight, bias))])
    for one, other in zip(*results):
        assert one is not None
        assert other is not None
        np.testing.assert_allclose(one.detach(), other.detach(), atol=1e-10)


def test_frozen_joiners_pass_gradients_on() -> None:
    _, labels = random_logits()
    encoded, predicted = torch.ones(4, 5, 4).requires_grad_(), torch.ones(4, 4, 4)
    scale = torch.tensor(2.0)
    joint_transducer_loss(
        encoded, predicted, lambda e, p: scale * (e + p), [scale], labels, FRAMES, COUNTS
    ).sum().backward()
    assert encoded.grad is not None
    assert encoded.grad.abs().sum() > 0


def test_misfits_name_the_utterance() -> None:
    logits, labels = random_logits()
    names = ["a", "b", "c", "d"]
    with pytest.raises(TrainingError, match="'a' has 3 labels in 2 frames"):
        transducer_loss(logits, labels, torch.tensor([2, 2, 2, 2]), COUNTS, "one-per-frame", names)
    with pytest.raises(TrainingError, match=r"'a' has labels .* expected 1 to 2"):
        transducer_loss(logits[..., :3], torch.full((4, 3), 3), FRAMES, COUNTS, ids=names)
    with pytest.raises(TrainingError, match="'b' has 6 frames and 1 labels, expected 1 to 5 and 0 to 3"):
        transducer_loss(logits, labels, torch.tensor([5, 6, 1, 1]), COUNTS, ids=names)
    with pytest.raises(TrainingError, match="expected float32 or float64"):
        transducer_loss(logits[:, :, :3], labels, FRAMES, COUNTS)
    with pytest.raises(TrainingError, match="one of each"):
        transducer_loss(logits, labels, FRAMES[:3], COUNTS)
    with pytest.raises(ConfigError, match="'modified'"):
        transducer_loss(logits, labels, FRAMES, COUNTS, "modified")
