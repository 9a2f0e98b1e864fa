"""Training of neural language models on sentences."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from fsaasr.core.config import STRICT, config_to_dict
from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.core.files import PathLike, content_hash
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.neural import LmConfig, LmNetwork, LstmLmConfig, NeuralLm, build_lm_network
from fsaasr.train.fit import fit
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.network_state import isolated_chance
from fsaasr.train.task import Task

CHECKPOINT = "lm.safetensors"

_IGNORE = -1

Sentences = Sequence[Sequence[str]]


@dataclass(frozen=True)
class NeuralLmTrainConfig:
    """How a neural language model is trained.

    Attributes:
      network: its shape.
      fit: epochs, learning rate, seed.
      batch_words: words a batch, at most, but one sentence at least; >= 1.
      noise: share of the words read (never of those predicted) that others, equally likely, stand in for: smooths as
        Kneser-Ney does for n-grams (Xie et al. 2017); 0 to below 1.
    """

    __pydantic_config__ = STRICT

    network: LmConfig = field(default_factory=LstmLmConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    batch_words: int = 400
    noise: float = 0.0

    def __post_init__(self) -> None:
        if self.batch_words < 1 or not 0.0 <= self.noise < 1.0:
            raise ConfigError(
                f"NeuralLmTrainConfig: batch_words {self.batch_words}, noise {self.noise}; expected >= 1, 0 to below 1"
            )


@dataclass(frozen=True, eq=False)
class NeuralLmTraining:
    """Outcome of `train_neural_lm`.

    Attributes:
      lm: as it was after the epoch of least dev loss (after the last one without dev sentences).
      history: of each epoch: `epoch`, `loss` a word, `learning_rate`; with dev sentences `dev_loss`.
    """

    lm: NeuralLm
    history: Tuple[Mapping[str, Any], ...]


class NeuralLmTask(Task[List[int], LmNetwork]):
    """A batch is a list of sentence numbers."""

    def __init__(self, lm: NeuralLm, sentences: Sentences, dev: Optional[Sentences], config: NeuralLmTrainConfig):
        """Takes the labels of the sentences; raises GrammarError for an unknown word."""
        self._labels = [lm.labels_of(sentence) for sentence in sentences]
        self._dev = [lm.labels_of(sentence) for sentence in dev or ()]
        self._vocabulary = len(lm.words) - 1
        self._config = config

    def batches(self, epoch: int) -> Sequence[List[int]]:
        """Sentences of similar length together, batches in any order."""
        rng = np.random.default_rng([self._config.fit.seed, epoch])
        lengths = np.array([len(labels) for labels in self._labels])
        order = np.lexsort((rng.random(len(lengths)), lengths))
        batches: List[List[int]] = [[]]
        for n in order.tolist():
            # Sentences come longer and longer: the new one is the width of the batch.
            if batches[-1] and (1 + len(batches[-1])) * (1 + lengths[n]) > self._config.batch_words:
                batches.append([])
            batches[-1].append(n)
        return [batches[n] for n in rng.permutation(len(batches))]

    def loss(self, network: LmNetwork, batch: List[int], rng: np.random.Generator) -> Tuple[Tensor, float]:
        """Cross-entropy a word, sentence ends included, and their number."""
        inputs, targets = _padded([self._labels[n] for n in batch])
        if self._config.noise:
            others = rng.integers(1, self._vocabulary + 1, size=inputs.shape)
            swapped = (rng.random(inputs.shape) < self._config.noise) & (inputs.numpy() > 0)
            inputs = torch.where(torch.from_numpy(swapped), torch.from_numpy(others), inputs)
        return _cross_entropy(network, inputs, targets), _count(targets)

    def name(self, batch: List[int]) -> str:
        """The batch's first sentences."""
        return "sentences " + ", ".join(str(n + 1) for n in batch[:3])

    def evaluate(self, network: LmNetwork) -> Dict[str, float]:
        """`dev_loss` a word: the log of the perplexity."""
        if not self._dev:
            return {}
        total = count = 0.0
        for begin in range(0, len(self._dev), 64):
            inputs, targets = _padded(self._dev[begin : begin + 64])
            words = _count(targets)
            total, count = total + float(_cross_entropy(network, inputs, targets)) * words, count + words
        return {"dev_loss": total / count}


def train_neural_lm(
    sentences: Sentences,
    words: SymbolTable,
    config: NeuralLmTrainConfig,
    *,
    dev: Optional[Sentences] = None,
    work_dir: Optional[PathLike] = None,
) -> NeuralLmTraining:
    """Trains a network to predict the next word of sentences, their ends included.

    Args:
      sentences: each a sequence of words, or of an acoustic model's tokens.
      words: the vocabulary; with `<unk>` in it, other words count as that.
      config: how to train.
      dev: chooses the best epoch; never trained on.
      work_dir: where to keep a checkpoint after every epoch, from which a killed run goes on; None keeps none.

    Raises:
      TrainingError: no sentence; a loss that diverges; a checkpoint of another run.
      GrammarError: an unknown word, and no `<unk>`.
    """
    if not sentences:
        raise TrainingError("train_neural_lm: no sentences; give at least one")
    with isolated_chance(config.fit.seed, torch.device("cpu")):
        lm = NeuralLm(build_lm_network(len(words) - 1, config.network), config.network, words)
    task = NeuralLmTask(lm, sentences, dev, config)
    path = Path(work_dir) / CHECKPOINT if work_dir is not None else None
    parts = [config_to_dict(config), list(words.names), [list(s) for s in sentences], [list(s) for s in dev or ()]]
    history = fit(lm.network, task, config.fit, path, content_hash(json.dumps(parts)))
    return NeuralLmTraining(lm, history)


def _padded(labels: Sequence[List[int]]) -> Tuple[Tensor, Tensor]:
    """What is read, int64 (N, L), and what follows it, `_IGNORE` beyond the ends."""
    length = 1 + max(map(len, labels))
    inputs = torch.zeros((len(labels), length), dtype=torch.int64)
    targets = torch.full((len(labels), length), _IGNORE, dtype=torch.int64)
    for row, sentence in enumerate(labels):
        inputs[row, 1 : 1 + len(sentence)] = torch.tensor(sentence, dtype=torch.int64)
        targets[row, : 1 + len(sentence)] = torch.tensor([*sentence, 0], dtype=torch.int64)
    return inputs, targets


def _cross_entropy(network: LmNetwork, inputs: Tensor, targets: Tensor) -> Tensor:
    device = network.bias.device
    log_probs = network(inputs.to(device))
    return nn.functional.nll_loss(log_probs.flatten(0, 1), targets.flatten().to(device), ignore_index=_IGNORE)


def _count(targets: Tensor) -> float:
    return float(targets.ne(_IGNORE).sum())
