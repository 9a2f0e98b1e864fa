"""`NeuralLm`: a trained network and its vocabulary, as the language model that searches and rescoring ask."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from fsaasr.core.config import STRICT, config_from_dict, config_to_dict
from fsaasr.core.errors import GrammarError
from fsaasr.core.files import PathLike, atomic_path, content_hash, write_json
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.neural.config import LmConfig
from fsaasr.grammar.neural.network import LmNetwork, LmState
from fsaasr.grammar.neural.networks import build_lm_network
from fsaasr.grammar.perplexity_report import PerplexityReport, report_of

Float64 = npt.NDArray[np.float64]

FORMAT = "fsaasr.NeuralLm.1"
UNKNOWN = "<unk>"

_BATCH = 128


@dataclass(frozen=True)
class _Shape:
    __pydantic_config__ = STRICT

    network: LmConfig


@dataclass(frozen=True, eq=False)
class NeuralLm:
    """A trained network that predicts the next word or token.

    It is a `WordLm` for lattice rescoring; `fsaasr.decode.NeuralTokenLm` makes a `TokenLm` of it. Words that it does
    not know count as `<unk>`, if that is one of its words.

    Attributes:
      network: used in evaluation mode only, never changed.
      config: its shape.
      words: V words, labels 1 .. V.
    """

    network: LmNetwork
    config: LmConfig
    words: SymbolTable

    def __post_init__(self) -> None:
        rows = self.network.words.num_embeddings
        if rows != len(self.words):
            raise GrammarError(
                f"NeuralLm: a network of {rows - 1} words for a vocabulary of {len(self.words) - 1}; give its own"
            )
        self.network.eval()

    def labels_of(self, words: Sequence[str]) -> List[int]:
        """Labels of words, of `<unk>` for unknown ones; raises GrammarError where there is no `<unk>`."""
        unknown = self.words.get(UNKNOWN)
        labels = [self.words.get(word, unknown) for word in words]
        for word, label in zip(words, labels):
            if label < 1:
                raise GrammarError(
                    f"NeuralLm: unknown word {word!r}, and no {UNKNOWN} among its {len(self.words) - 1} words; train "
                    f"it with the word or with {UNKNOWN}"
                )
        return labels

    @cached_property
    def start(self) -> LmState:
        """State behind the sentence's begin."""
        with torch.no_grad():
            hidden, memories = self.network.step(self._tensor([0]), [self.network.begin()])
        return LmState(hidden[0], memories[0])

    def distributions(self, states: Sequence[LmState]) -> Float64:
        """Natural log probabilities float64 (M, 1 + V) of the end (column 0) and of each word, in each of M states."""
        with torch.no_grad():
            scores: Float64 = self.network.log_probs(torch.stack([state.hidden for state in states])).double().numpy()
        return scores

    def read(self, states: Sequence[LmState], labels: Sequence[int]) -> List[LmState]:
        """States behind one more word (1 .. V) each."""
        with torch.no_grad():
            hidden, memories = self.network.step(self._tensor(labels), [state.memory for state in states])
        return [LmState(*pair) for pair in zip(hidden, memories)]

    def advance(self, states: Sequence[LmState], words: Sequence[str]) -> Tuple[List[LmState], Float64]:
        """Next state and natural log probability of each of M words, one for each of M states."""
        labels = self.labels_of(words)
        scores: Float64 = self.distributions(states)[np.arange(len(labels)), labels]
        return self.read(states, labels), scores

    def final(self, states: Sequence[LmState]) -> Float64:
        """Natural log probability of the sentence's end in each of M states."""
        scores: Float64 = self.distributions(states)[:, 0]
        return scores

    def score(self, sentences: Sequence[Sequence[str]]) -> List[Float64]:
        """Natural log probabilities, float64 (W + 1,), of the words and the end of each sentence of W words.

        Raises:
          GrammarError: an unknown word, and no `<unk>`; a sentence that is a string.
        """
        for sentence in sentences:
            if isinstance(sentence, str):
                raise GrammarError(f"NeuralLm.score: found the string {sentence!r}, expected a sequence of words")
        labels = [self.labels_of(sentence) for sentence in sentences]
        order = sorted(range(len(labels)), key=lambda n: -len(labels[n]))
        results: List[Float64] = [np.empty(0)] * len(labels)
        for begin in range(0, len(order), _BATCH):
            places = order[begin : begin + _BATCH]
            batch = torch.zeros((len(places), 1 + len(labels[places[0]])), dtype=torch.int64)
            for row, place in zip(batch, places):
                row[1 : 1 + len(labels[place])] = self._tensor(labels[place])
            with torch.no_grad():
                scores = self.network(batch).double().numpy()
            for row, place in zip(scores, places):
                targets = [*labels[place], 0]
                results[place] = row[np.arange(len(targets)), targets]
        return results

    def sentence_scores(self, sentences: Sequence[Sequence[str]]) -> List[float]:
        """Natural log probability of each whole sentence, for `fsaasr.lattice.rescore_nbest`."""
        return [float(scores.sum()) for scores in self.score(sentences)]

    def perplexity(self, sentences: Sequence[Sequence[str]]) -> PerplexityReport:
        """As `fsaasr.grammar.perplexity` for n-gram models.

        Raises:
          GrammarError: no sentence; also as `score`.
        """
        if not sentences:
            raise GrammarError("NeuralLm.perplexity: found no sentence; give at least one")
        unknown = [[word == UNKNOWN or word not in self.words for word in words] for words in sentences]
        return report_of(sentences, [scores / np.log(10.0) for scores in self.score(sentences)], unknown)

    @staticmethod
    def _tensor(labels: Sequence[int]) -> torch.Tensor:
        return torch.tensor(list(labels), dtype=torch.int64)


def save_neural_lm(lm: NeuralLm, directory: PathLike, training: Optional[Mapping[str, Any]] = None) -> None:
    """Writes a directory with `lm.json` and `lm.safetensors`; `lm.json` comes last, so one that has it is whole.

    Args:
      lm: the model.
      directory: made where it does not exist; an older model there is replaced.
      training: how it was trained, JSON-ready.
    """
    folder = Path(directory)
    (folder / "lm.json").unlink(missing_ok=True)
    with atomic_path(folder / "lm.safetensors") as temporary:
        save_file({name: tensor.contiguous() for name, tensor in lm.network.state_dict().items()}, str(temporary))
    record = {
        "format": FORMAT,
        "network": config_to_dict(lm.config),
        "words": list(lm.words.names[1:]),
        "training": dict(training or {}),
        "sha256": content_hash((folder / "lm.safetensors").read_bytes()),
    }
    write_json(folder / "lm.json", record)


def load_neural_lm(directory: PathLike) -> NeuralLm:
    """Reads what `save_neural_lm` wrote.

    Raises:
      GrammarError: a file is missing, malformed, or of another model.
    """
    folder = Path(directory)
    advice = "train or copy the language model again"
    try:
        record: Dict[str, Any] = json.loads((folder / "lm.json").read_text(encoding="utf-8"))
        tensors = load_file(str(folder / "lm.safetensors"))
        content = content_hash((folder / "lm.safetensors").read_bytes())
    except (OSError, ValueError, SafetensorError) as error:
        raise GrammarError(f"{folder}: not a neural language model ({error}); {advice}") from error
    if record.get("format") != FORMAT or record.get("sha256") != content:
        raise GrammarError(f"{folder}: lm.json and lm.safetensors are not of one model of format {FORMAT}; {advice}")
    config = config_from_dict(_Shape, {"network": record["network"]}, str(folder / "lm.json")).network
    words = SymbolTable(record["words"])
    with torch.random.fork_rng(devices=[]):
        network = build_lm_network(len(words) - 1, config)
    network.load_state_dict(tensors)
    return NeuralLm(network, config, words)
