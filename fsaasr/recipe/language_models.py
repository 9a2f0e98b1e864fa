"""Language models beside the grammars: their directories, training and perplexities.

The directory of an n-gram model holds `lm.arpa`, that of a neural one what `save_neural_lm` writes.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from fsaasr.core.config import config_from_dict
from fsaasr.core.files import PathLike, read_json, write_json
from fsaasr.core.symbols import SymbolTable
from fsaasr.corpora import read_cuts
from fsaasr.grammar import NgramModel, PerplexityReport, perplexity, read_arpa, read_sentences
from fsaasr.grammar.scoring import score_sentences
from fsaasr.lexicon import LexiconTokenizer, read_lang
from fsaasr.recipe.grammars import estimate_arpa
from fsaasr.recipe.neural_lm import train_lm_directory

ARPA = "lm.arpa"
UNKNOWN = "<unk>"

Sentences = List[Sequence[str]]


def transcripts(cuts_path: PathLike) -> Sentences:
    """The words of each supervision of a manifest."""
    return [segment.text.split() for cut in read_cuts(cuts_path) for segment in cut.supervisions]


def train_language_model(
    out_dir: PathLike,
    lang_dir: PathLike,
    text: Optional[PathLike],
    parts: Mapping[str, PathLike],
    over: str,
    order: int,
    config: Optional[Mapping[str, Any]],
) -> None:
    """Trains a language model and writes its directory.

    Args:
      out_dir: receives the model.
      lang_dir: lexicon whose words or tokens it is of.
      text: a sentence a line; None for the transcripts of the `train` part.
      parts: manifests of `train` and `dev`; dev chooses the best epoch.
      over: `words` or `tokens`.
      order: of an n-gram model.
      config: a `NeuralLmTrainConfig` as a mapping; None for an n-gram model.

    Raises:
      LexiconError: a model of tokens, and a word that the lexicon lacks. Also as `train_neural_lm`.
    """
    symbols, read = _units(lang_dir, over)
    sentences = read(list(read_sentences(text)) if text is not None else transcripts(parts["train"]))
    if config is None:
        estimate_arpa(sentences, Path(out_dir) / ARPA, order, symbols.names[1:])
        return
    from fsaasr.train.neural_lm import NeuralLmTrainConfig

    names = symbols.names[1:] if over == "tokens" else sorted({UNKNOWN, *symbols.names[1:]})
    chosen = config_from_dict(NeuralLmTrainConfig, config)
    train_lm_directory(sentences, SymbolTable(names), chosen, out_dir, read(transcripts(parts["dev"])))


def _units(lang_dir: PathLike, over: str) -> Tuple[SymbolTable, Callable[[Sentences], Sentences]]:
    """What a model predicts, and how sentences of words become such of that."""
    lexicon = replace(read_lang(lang_dir), silence=None)
    if over == "words":
        return lexicon.words, lambda sentences: sentences
    tokenizer = LexiconTokenizer(lexicon)
    return lexicon.tokens, lambda sentences: [tokenizer.encode(words) for words in sentences]


@dataclass(frozen=True)
class Perplexities:
    """How well a model predicts transcripts.

    Attributes:
      dev, test: perplexity for each word (or token) and end, unknown words as `<unk>`.
      dev_oov, test_oov: share of the words that it does not know.
      parameters: of a neural model; n-grams of an n-gram model.
      minutes: of training on one core; None for n-gram models.
    """

    dev: float
    test: float
    dev_oov: float
    test_oov: float
    parameters: int
    minutes: Optional[float] = None


def measure_perplexities(
    model: PathLike, lang_dir: PathLike, parts: Mapping[str, PathLike], over: str, out: PathLike
) -> None:
    """Writes the `Perplexities` of a model on the `dev` and `test` manifests to a JSON file.

    Args:
      model: ARPA file, or directory of a language model.
      lang_dir, over: as for `train_language_model`.
    """
    _, read = _units(lang_dir, over)
    texts = {part: read(transcripts(path)) for part, path in parts.items()}
    path = arpa_of(model)
    if path is not None:
        ngrams = read_arpa(path)
        found = {part: perplexity(ngrams, sentences) for part, sentences in texts.items()}
        size, minutes = sum(len(order.ngrams) for order in ngrams.orders), None
    else:
        from fsaasr.grammar.neural import load_neural_lm

        lm = load_neural_lm(model)
        found = {part: lm.perplexity(sentences) for part, sentences in texts.items()}
        size = sum(parameter.numel() for parameter in lm.network.parameters())
        minutes = read_json(Path(model) / "lm.json")["training"]["minutes"]
    write_json(out, asdict(_perplexities(found, size, minutes)))


def _perplexities(found: Dict[str, PerplexityReport], size: int, minutes: Optional[float]) -> Perplexities:
    rounded = [round(found[part].perplexity, 4) for part in ("dev", "test")]
    oov = [round(found[part].oov_rate, 6) for part in ("dev", "test")]
    return Perplexities(rounded[0], rounded[1], oov[0], oov[1], size, minutes)


def arpa_of(model: PathLike) -> Optional[Path]:
    """The ARPA file of an n-gram model, given as that or as a directory; None for a neural model."""
    path = Path(model)
    if path.is_dir():
        return path / ARPA if (path / ARPA).exists() else None
    return path


def sentence_scorer(model: PathLike) -> Callable[[Sequence[Sequence[str]]], List[float]]:
    """Natural log probabilities of whole sentences, by a model of words, as `rescore_nbest` asks for them."""
    path = arpa_of(model)
    if path is not None:
        return _ngram_scorer(read_arpa(path))
    from fsaasr.grammar.neural import load_neural_lm

    return load_neural_lm(model).sentence_scores


def _ngram_scorer(model: NgramModel) -> Callable[[Sequence[Sequence[str]]], List[float]]:
    def scores(sentences: Sequence[Sequence[str]]) -> List[float]:
        # Of each sentence the words and the end.
        sizes = np.array([len(words) + 1 for words in sentences])
        each = score_sentences(model, sentences).log10_prob * math.log(10.0)
        totals: List[float] = np.add.reduceat(each, np.cumsum(sizes) - sizes).tolist()
        return totals

    return scores
