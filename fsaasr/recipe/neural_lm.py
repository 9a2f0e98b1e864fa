"""Neural language models from text files to directories."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence

from fsaasr.core.config import config_to_dict, read_config
from fsaasr.core.files import PathLike, content_hash
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import read_sentences
from fsaasr.hypotheses import read_transcripts
from fsaasr.lexicon import read_lang
from fsaasr.recipe.clock import TrainingClock

if TYPE_CHECKING:
    from fsaasr.grammar.neural import NeuralLm
    from fsaasr.train.neural_lm import NeuralLmTrainConfig

WORK = "work"
"""Folder of checkpoints within a model directory; gone when training is over."""


@dataclass(frozen=True)
class TrainedLm:
    """What `train_lm_model` made: V words, the perplexity, and the file that it was measured on."""

    words: int
    perplexity: float
    measured: Path


def train_lm_model(
    text: PathLike,
    config_path: PathLike,
    out_dir: PathLike,
    dev: Optional[PathLike] = None,
    ids: bool = False,
    lang_dir: Optional[PathLike] = None,
) -> TrainedLm:
    """Trains a neural language model on a text file and writes its directory.

    A killed training goes on where its last checkpoint was.

    Args:
      text: a sentence a line.
      config_path: YAML of a `NeuralLmTrainConfig`.
      out_dir: receives the model, as `fsaasr.grammar.neural.load_neural_lm` reads it.
      dev: text that chooses the best epoch, and that perplexity is measured on; else it is `text`.
      ids: utterance ids stand before the sentences.
      lang_dir: gives the vocabulary; else it is the words of `text` and `<unk>`.

    Raises:
      ConfigError, GrammarError, TrainingError: what is wrong with the input, by name.
    """
    from fsaasr.train.neural_lm import NeuralLmTrainConfig

    config = read_config(NeuralLmTrainConfig, config_path)
    sentences, held_out = _sentences(text, ids), _sentences(dev, ids) if dev is not None else None
    words = read_lang(lang_dir).words if lang_dir is not None else _vocabulary(sentences)
    lm = train_lm_directory(sentences, words, config, out_dir, held_out)
    report = lm.perplexity(sentences if held_out is None else held_out)
    return TrainedLm(len(words) - 1, report.perplexity, Path(dev if dev is not None else text))


def train_lm_directory(
    sentences: Sequence[Sequence[str]],
    words: SymbolTable,
    config: NeuralLmTrainConfig,
    out_dir: PathLike,
    dev: Optional[Sequence[Sequence[str]]] = None,
) -> NeuralLm:
    """Trains as `train_neural_lm` and writes the model's directory; a killed training goes on."""
    from fsaasr.grammar.neural import save_neural_lm
    from fsaasr.train.neural_lm import train_neural_lm

    parts = [repr(config), repr(sentences), repr(dev), repr(words.names)]
    work = Path(out_dir) / WORK / content_hash(*parts)[:16]
    with TrainingClock(work / "clock.json") as clock:
        trained = train_neural_lm(sentences, words, config, dev=dev, work_dir=work)
    history = [dict(entry) for entry in trained.history]
    record = {"setup": config_to_dict(config), "minutes": round(clock.minutes, 3), "history": history}
    save_neural_lm(trained.lm, out_dir, record)
    shutil.rmtree(Path(out_dir) / WORK)
    return trained.lm


def _sentences(path: PathLike, ids: bool) -> List[Sequence[str]]:
    return list(read_transcripts(path).values() if ids else read_sentences(path))


def _vocabulary(sentences: Sequence[Sequence[str]]) -> SymbolTable:
    return SymbolTable(sorted({"<unk>", *(word for sentence in sentences for word in sentence)}))
