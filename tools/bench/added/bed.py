"""A smaller test bed than `make bench` has: its sentences, some of them, with fewer words."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

from fsaasr.core.errors import CorpusError, FsaasrError
from fsaasr.core.files import write_json
from fsaasr.grammar import NgramModel, estimate_ngram
from fsaasr.lexicon import Lexicon, Pronunciation
from tools.bench.bed import Bed, Settings
from tools.bench.build import make_sentences, pronunciations
from tools.bench.measure import ROOT
from tools.bench.posteriors import synthesize
from tools.bench.scores_file import ScoreSet

Known = Dict[str, List[Tuple[str, ...]]]


@dataclass(frozen=True)
class Texts:
    """Sentences to learn from and to say, and how words are pronounced.

    Attributes:
      train, held_out: sentences, words with spaces between them.
      counts: of each word in `train`.
      known: pronunciations of each word that the lexicon has.
    """

    train: List[str]
    held_out: List[str]
    counts: Dict[str, int]
    known: Known

    def frequent(self, count: int) -> List[str]:
        """The most frequent words that the lexicon has."""
        return [word for word, _ in Counter(self.counts).most_common() if word in self.known][:count]

    def model(self, words: Sequence[str], order: int, prune: Tuple[int, ...]) -> NgramModel:
        """An n-gram model of some words."""
        text = (sentence.split() for sentence in self.train)
        return estimate_ngram(text, order, prune=prune, limit_vocabulary=sorted(words), extra_words=sorted(words))

    def lexicon(self, words: Sequence[str]) -> Lexicon:
        """The lexicon of some words."""
        entries = [Pronunciation(word, phones) for word in sorted(words) for phones in dict.fromkeys(self.known[word])]
        return Lexicon(tuple(entries))

    def spoken(self, sentences: Sequence[str], columns: Sequence[str], settings: Settings) -> ScoreSet:
        """Synthetic scores of sentences."""
        scores, _ = synthesize(sentences, self.known, columns, settings.utterances, settings.per, settings.seed)
        return scores


def read_texts(settings: Settings, out: Path, sentences: int) -> Texts:
    """The first `sentences` of a bed's training text, and its held-out ones; makes them where they are missing."""
    bed = Bed(out / f"bed-{settings.key}")
    bed.folder.mkdir(parents=True, exist_ok=True)
    if not bed.held_out.exists():
        make_sentences(bed, settings, out)
    train = bed.train.read_text(encoding="utf-8").splitlines()[:sentences]
    held_out = bed.held_out.read_text(encoding="utf-8").splitlines()
    counts = Counter(word for sentence in train for word in sentence.split())
    everything = {word for sentence in (*train, *held_out) for word in sentence.split()}
    known = pronunciations(settings, everything)
    if not held_out or not known:
        raise CorpusError(
            "bench: no held-out sentences, or a lexicon without their words; give other TEXT= or LEXICON="
        )
    return Texts(train, held_out, dict(counts), dict(known))


def report(measure: Callable[[argparse.Namespace], Dict[str, Any]], given: argparse.Namespace, name: str) -> int:
    """Measures, writes the figures to a file of that name, prints them; exits with what is wrong with the input."""
    try:
        result = measure(given)
    except FsaasrError as error:
        sys.exit(str(error))
    write_json(given.out / name, result)
    for key, value in result.items():
        print(f"{key}: {value}")
    return 0


def seconds(ways: Sequence[Callable[[], object]], rounds: int) -> List[List[float]]:
    """Processor seconds of each way in each of some rounds, interleaved, after one call of each that does not count."""
    spent: List[List[float]] = [[] for _ in ways]
    for each in range(rounds + 1):
        for way, of_way in zip(ways, spent):
            begun = time.process_time()
            way()
            if each:
                of_way.append(time.process_time() - begun)
    return spent


def parser(program: str, description: str, utterances: int = 200) -> argparse.ArgumentParser:
    """The options of both measurements."""
    options = argparse.ArgumentParser(prog=program, description=description)
    options.add_argument("--text", help="a file or folder; Debian's packages by default")
    options.add_argument("--lexicon", help="`word phone ...` lines; CMUdict by default, `letters` for letters")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--words", type=int, default=5000, help="vocabulary")
    options.add_argument("--sentences", type=int, default=100_000, help="of the training text")
    options.add_argument("--utterances", type=int, default=utterances)
    options.add_argument("--per", type=float, default=0.17)
    options.add_argument("--rounds", type=int, default=5, help="of timing, interleaved")
    options.add_argument("--out", type=Path, default=ROOT / "build/bench")
    return options


def settings_of(given: argparse.Namespace) -> Settings:
    """What the bed is made from."""
    return Settings(given.text, given.lexicon, None, given.seed, given.words, given.utterances, given.per)
