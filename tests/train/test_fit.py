"""The training loop, with a linear regression in place of speech."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.train.curves import write_curves
from fsaasr.train.fit import fit
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.processes import Processes, own_device
from fsaasr.train.task import Task

SHARED = FitConfig(epochs=3, learning_rate=0.05, seed=3, batches_per_step=2)
CONFIG = FitConfig(epochs=6, learning_rate=0.05, warmup=0.2, seed=3)


class Regression(Task[int, nn.Sequential]):
    """Learns to add; batch numbers are seeds of the data. `poison` makes one batch's loss infinite."""

    def __init__(self, poison: int = -1, dev_errors: Sequence[float] = ()) -> None:
        self.poison = poison
        self.dev_errors = dev_errors
        self.epoch = 0
        self.stop_after = math.inf

    def batches(self, epoch: int) -> Sequence[int]:
        self.epoch = epoch
        return [10 * epoch + n for n in range(4)]

    def loss(self, network: nn.Sequential, batch: int, rng: np.random.Generator) -> tuple[Tensor, float]:
        if self.epoch >= self.stop_after:
            raise KeyboardInterrupt
        inputs = torch.from_numpy(rng.normal(size=(8, 2)).astype(np.float32))
        loss = (network(inputs).squeeze(1) - inputs.sum(dim=1)).square().mean()
        return (loss * math.inf if batch == self.poison else loss), 1.0

    def name(self, batch: int) -> str:
        return f"number {batch}"

    def evaluate(self, network: nn.Sequential) -> Mapping[str, float]:
        return {"dev_error": self.dev_errors[self.epoch]} if self.dev_errors else {}


def network() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))


def weights(model: nn.Module) -> np.ndarray:
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in model.parameters()])


def test_loss_falls_and_runs_repeat() -> None:
    first, second = network(), network()
    history = fit(first, Regression(), CONFIG)
    assert [record["epoch"] for record in history] == [1, 2, 3, 4, 5, 6]
    assert history[-1]["loss"] < 0.3 * history[0]["loss"]
    assert fit(second, Regression(), CONFIG) == history
    np.testing.assert_array_equal(weights(first), weights(second))


def test_the_seed_matters() -> None:
    first, second = network(), network()
    fit(first, Regression(), CONFIG)
    fit(second, Regression(), FitConfig(epochs=6, learning_rate=0.05, warmup=0.2, seed=4))
    assert not np.array_equal(weights(first), weights(second))


def test_global_chance_is_left_alone_and_does_not_matter() -> None:
    first, second = network(), network()
    torch.manual_seed(1)
    fit(first, Regression(), CONFIG)
    after = torch.random.get_rng_state()
    torch.manual_seed(1)
    assert torch.equal(torch.random.get_rng_state(), after)
    torch.manual_seed(2)
    fit(second, Regression(), CONFIG)
    np.testing.assert_array_equal(weights(first), weights(second))


@pytest.mark.parametrize("epochs_done", [1, 3, 5])
def test_an_interrupted_run_resumes_bit_for_bit(epochs_done: int, tmp_path: Path) -> None:
    whole = network()
    history = fit(whole, Regression(), CONFIG)
    task = Regression()
    task.stop_after = epochs_done
    with pytest.raises(KeyboardInterrupt):
        fit(network(), task, CONFIG, tmp_path / "c.safetensors", "me")
    resumed = network()
    assert fit(resumed, Regression(), CONFIG, tmp_path / "c.safetensors", "me") == history
    np.testing.assert_array_equal(weights(resumed), weights(whole))


def test_the_best_epoch_is_kept(tmp_path: Path) -> None:
    errors = [0.5, 0.25, 0.125, 0.125, 0.75, 0.5]
    best = network()
    fit(best, Regression(dev_errors=errors), CONFIG, tmp_path / "c.safetensors", "me")
    until_third = network()
    task = Regression(dev_errors=errors)
    task.stop_after = 3
    with pytest.raises(KeyboardInterrupt):
        fit(until_third, task, CONFIG)
    np.testing.assert_array_equal(weights(best), weights(until_third))
    again = network()
    fit(again, Regression(dev_errors=errors), CONFIG, tmp_path / "c.safetensors", "me")
    np.testing.assert_array_equal(weights(again), weights(best))


def weights_after(epochs: int, errors: Sequence[float]) -> np.ndarray:
    """The weights as they stood after so many epochs."""
    model, task = network(), Regression(dev_errors=errors)
    task.stop_after = epochs
    with pytest.raises(KeyboardInterrupt):
        fit(model, task, CONFIG)
    return weights(model)


def test_the_best_epochs_are_averaged(tmp_path: Path) -> None:
    errors = [0.5, 0.25, 0.125, 0.125, 0.75, 0.5]
    config = replace(CONFIG, average=3)
    model = network()
    # The task's measure after training is that of its last epoch, 0.5: worse than the best epoch.
    history = fit(model, Regression(dev_errors=errors), config)
    assert history[-1]["averaged"] == []
    assert history[-1]["averaged_dev_error"] == 0.5
    np.testing.assert_array_equal(weights(model), weights_after(3, errors))
    errors[5] = 0.0625
    model = network()
    history = fit(model, Regression(dev_errors=errors), config, tmp_path / "c.safetensors", "me")
    assert history[-1]["averaged"] == [6, 3, 4]
    whole = network()
    fit(whole, Regression(dev_errors=[*errors[:5], 0.0625]), CONFIG)
    expected = (weights(whole) + weights_after(3, errors) + weights_after(4, errors)) / 3
    np.testing.assert_allclose(weights(model), expected, rtol=1e-5, atol=1e-7)
    again = network()
    assert (
        fit(again, Regression(dev_errors=[0.0625] * 6), config, tmp_path / "c.safetensors", "me")[:-1] == history[:-1]
    )


def test_without_dev_the_last_epochs_are_averaged() -> None:
    model, last = network(), network()
    assert fit(model, Regression(), replace(CONFIG, average=2))[-1]["averaged"] == [6, 5]
    fit(last, Regression(), CONFIG)
    np.testing.assert_allclose(weights(model), (weights(last) + weights_after(5, [])) / 2, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("epochs_done", [2, 4])
def test_averaging_resumes_bit_for_bit(epochs_done: int, tmp_path: Path) -> None:
    config = replace(CONFIG, average=3)
    errors = [0.5, 0.25, 0.5, 0.125, 0.75, 0.0625]
    whole, resumed = network(), network()
    history = fit(whole, Regression(dev_errors=errors), config)
    task = Regression(dev_errors=errors)
    task.stop_after = epochs_done
    with pytest.raises(KeyboardInterrupt):
        fit(network(), task, config, tmp_path / "c.safetensors", "me")
    assert fit(resumed, Regression(dev_errors=errors), config, tmp_path / "c.safetensors", "me") == history
    np.testing.assert_array_equal(weights(resumed), weights(whole))


def test_patience_ends_a_training_that_no_longer_gains(tmp_path: Path) -> None:
    errors = [0.5, 0.25, 0.5, 0.5, 0.125, 0.5]
    ends = [len(fit(network(), Regression(dev_errors=errors), replace(CONFIG, patience=n))) for n in (0, 1, 2, 3)]
    assert ends == [6, 3, 4, 6]
    assert len(fit(network(), Regression(), replace(CONFIG, patience=1))) == 6
    stopped, resumed = network(), network()
    config = replace(CONFIG, patience=2)
    history = fit(stopped, Regression(dev_errors=errors), config, tmp_path / "c.safetensors", "me")
    assert fit(resumed, Regression(dev_errors=errors), config, tmp_path / "c.safetensors", "me") == history
    np.testing.assert_array_equal(weights(resumed), weights(stopped))


def test_several_batches_a_step_are_one_greater_batch() -> None:
    """By hand: the weights move by AdamW along the mean of the two batches' gradients, weighted."""

    class Weighted(Regression):
        def loss(self, network: nn.Sequential, batch: int, rng: np.random.Generator) -> tuple[Tensor, float]:
            return super().loss(network, batch, rng)[0], 1.0 + batch % 2

    model, expected = network().eval(), network().eval()
    config = replace(CONFIG, epochs=1, batches_per_step=3, clip_norm=1e9)
    model.train = lambda mode=True: model  # type: ignore[method-assign] # no dropout
    fit(model, Weighted(), config)
    optimizer = torch.optim.AdamW(expected.parameters(), weight_decay=config.weight_decay)
    for step, batches in enumerate(([0, 1, 2], [3])):
        for group in optimizer.param_groups:
            group["lr"] = config.rate_at((step + 0.5) / 2)
        losses = [Weighted().loss(expected, batch, generator(config.seed, batch)) for batch in batches]
        optimizer.zero_grad()
        (sum(loss * weight for loss, weight in losses) / sum(weight for _, weight in losses)).backward()
        optimizer.step()
    np.testing.assert_allclose(weights(model), weights(expected), rtol=1e-4, atol=1e-6)


def generator(seed: int, batch: int) -> np.random.Generator:
    """What `fit` gives to a batch of the first epoch."""
    rng = np.random.default_rng([seed, 0, batch])
    rng.integers(2**62)
    return rng


def test_a_diverging_loss_in_a_step_names_its_batches() -> None:
    with pytest.raises(TrainingError, match=r"epoch 2, batch 3 \(number 12\); batch 4 \(number 13\): loss inf"):
        fit(network(), Regression(poison=12), replace(CONFIG, batches_per_step=2))


def run_processes(folder: Path, processes: int) -> list[tuple[str, int]]:
    """Runs `fit_processes.py` in as many processes as `torchrun` would start; their messages and codes."""
    port = str(free_port())
    started = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.train.fit_processes",
                str(folder / f"{rank}.npz"),
                str(folder / "c.safetensors"),
            ],
            cwd=Path(__file__).resolve().parents[2],
            env={
                **os.environ,
                **{"WORLD_SIZE": str(processes), "RANK": str(rank), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port},
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(processes)
    ]
    return [(process.communicate(timeout=300)[1], process.returncode) for process in started]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_two_processes_do_what_one_does(tmp_path: Path) -> None:
    outcome = run_processes(tmp_path, 2)
    assert [code for _, code in outcome] == [0, 0], outcome
    first, second = (np.load(tmp_path / f"{rank}.npz") for rank in range(2))
    np.testing.assert_array_equal(first["weights"], second["weights"])
    alone = network()
    history = fit(alone, Regression(), SHARED)
    np.testing.assert_allclose(first["weights"], weights(alone), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(first["losses"], [record["loss"] for record in history], rtol=1e-5)
    # One process goes on from what two have written.
    again = network()
    fit(again, Regression(), SHARED, tmp_path / "c.safetensors", "me")
    np.testing.assert_array_equal(weights(again), first["weights"])


def test_processes_share_a_steps_batches() -> None:
    shares = [Processes(3, rank).share("abcdefg") for rank in range(3)]
    assert shares == [["a", "d", "g"], ["b", "e"], ["c", "f"]]
    Processes(3, 1).check_shares(6)
    with pytest.raises(TrainingError, match="3 processes share 2 batches a step"):
        Processes(3, 1).check_shares(2)


def test_each_process_has_its_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_device("cuda") == "cuda"
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert [own_device(name) for name in ("cuda", "cuda:0", "cpu")] == ["cuda:1", "cuda:0", "cpu"]


def test_curves_are_a_table(tmp_path: Path) -> None:
    history = fit(network(), Regression(dev_errors=[0.5] * 6), CONFIG, tmp_path / "c.safetensors", "me")
    lines = (tmp_path / "c.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,learning_rate,dev_error"
    assert lines[6].split(",") == [str(history[5][name]) for name in ("epoch", "loss", "learning_rate", "dev_error")]
    write_curves([{"a": 1}, {"a": 2, "b": [3, 4]}], tmp_path / "own.csv")
    assert (tmp_path / "own.csv").read_text() == "a,b\n1,\n2,3 4\n"


def test_a_diverging_loss_is_an_error_that_names_the_batch() -> None:
    with pytest.raises(TrainingError, match=r"epoch 2, batch 3 \(number 12\): loss inf"):
        fit(network(), Regression(poison=12), CONFIG)


def test_a_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    fit(network(), Regression(), CONFIG, tmp_path / "c.safetensors", "me")
    with pytest.raises(TrainingError, match="other data or another configuration"):
        fit(network(), Regression(), CONFIG, tmp_path / "c.safetensors", "you")


def test_the_learning_rate_rises_and_falls() -> None:
    assert CONFIG.rate_at(0.0) == 0.0
    assert CONFIG.rate_at(0.1) == pytest.approx(0.025)
    assert CONFIG.rate_at(0.2) == pytest.approx(0.05)
    assert CONFIG.rate_at(0.6) == pytest.approx(0.025)
    assert CONFIG.rate_at(1.0) == pytest.approx(0.0)


@pytest.mark.parametrize(
    "change",
    [
        *({"epochs": 0}, {"warmup": 1.0}, {"learning_rate": 0.0}, {"clip_norm": 0.0}),
        *({"average": 0}, {"patience": -1}, {"batches_per_step": 0}, {"precision": "int8"}),
    ],
)
def test_ranges_are_checked(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(change))):
        FitConfig(**change)
