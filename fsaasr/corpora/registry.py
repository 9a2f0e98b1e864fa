"""Corpora by name. A new corpus is a new file and one line here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Dict, Tuple

from fsaasr.core.config import config_from_dict
from fsaasr.core.errors import CorpusError
from fsaasr.core.files import PathLike

if TYPE_CHECKING:
    from lhotse import CutSet


@dataclass(frozen=True)
class Corpus:
    """Where a corpus' recipe lives: `prepare(corpus_dir, out_dir, options)` and its option dataclass."""

    module: str
    prepare: str
    options: str
    summary: str

    def load(self) -> Tuple[Any, Any]:
        """The function and the option class."""
        module = import_module(self.module)
        return getattr(module, self.prepare), getattr(module, self.options)


CORPORA: Dict[str, Corpus] = {
    "an4": Corpus("fsaasr.corpora.an4", "prepare_an4", "An4Options", "CMU AN4: spelled names, dates, numbers"),
    "fsdd": Corpus("fsaasr.corpora.fsdd", "prepare_fsdd", "FsddOptions", "spoken digits, isolated or connected"),
    "kaldi": Corpus("fsaasr.corpora.kaldi", "prepare_kaldi", "KaldiOptions", "any Kaldi data directory"),
    "lhotse": Corpus(
        "fsaasr.corpora.lhotse_corpus", "prepare_lhotse", "LhotseOptions", "any data in Lhotse's own forms, Shar too"
    ),
    "librispeech": Corpus(
        "fsaasr.corpora.librispeech", "prepare_librispeech", "LibriSpeechOptions", "LibriSpeech and mini LibriSpeech"
    ),
    "speechocean762": Corpus(
        "fsaasr.corpora.speechocean762",
        "prepare_speechocean762",
        "Speechocean762Options",
        "English sentences read by Mandarin speakers",
    ),
    "synthetic": Corpus(
        "fsaasr.corpora.synthetic", "prepare_synthetic", "SyntheticOptions", "digits that espeak-ng speaks"
    ),
    "yesno": Corpus("fsaasr.corpora.yesno", "prepare_yesno", "YesnoOptions", "eight Hebrew yes or no an utterance"),
}
"""All corpora that `prepare` knows."""


def prepare(name: str, corpus_dir: PathLike, out_dir: PathLike, **options: Any) -> Dict[str, CutSet]:
    """Prepares the corpus `name`: audio directory in, Lhotse cuts out.

    Args:
      name: one of `CORPORA`.
      corpus_dir: the corpus in its published layout.
      out_dir: receives a manifest `cuts_<split>.jsonl.gz` a split; a finished one is read, not remade,
        unless options or inputs changed.
      **options: fields of the corpus' option dataclass.

    Returns:
      Split -> cuts; the text is in `cut.supervisions[0].text`.

    Raises:
      CorpusError: an unknown corpus, or what its recipe finds wrong with the directory.
      ConfigError: an unknown option or a value out of range.
    """
    if name not in CORPORA:
        raise CorpusError(f"prepare: no corpus {name!r}; there are {', '.join(sorted(CORPORA))}")
    function, option_class = CORPORA[name].load()
    cuts: Dict[str, CutSet] = function(corpus_dir, out_dir, config_from_dict(option_class, options, f"prepare {name}"))
    return cuts
