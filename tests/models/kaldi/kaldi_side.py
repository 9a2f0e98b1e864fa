"""Kaldi as referee: where it is installed, what it is given, what it found."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import pynini

from fsaasr.core.scores import FloatArray
from fsaasr.graph import TokenGraph, to_openfst
from fsaasr.lexicon import Lexicon, disambiguation
from fsaasr.models import GmmModel
from fsaasr.models.kaldi import write_kaldi_model

ROOT = Path(__file__).resolve().parents[3]
CLASSES, ITSELF = "referee.py", "referee_itself.py"
"""Kaldi's classes in the package kaldi-hmm-gmm, and Kaldi itself in pykaldi."""
_WHERE = {
    CLASSES: ("KALDI_PYTHON", "kaldi_hmm_gmm", ".venv-bench-kaldi"),
    ITSELF: ("PYKALDI_PYTHON", "kaldi.gmm", ".venv-bench-pykaldi"),
}


def kaldi_python(referee: str = CLASSES) -> Optional[str]:
    """A Python for a referee: what the environment says, this one, or the one that `make bench` makes; None without."""
    variable, module, folder = _WHERE[referee]
    if variable in os.environ:
        return os.environ[variable]
    if importlib.util.find_spec(module.partition(".")[0]):
        return sys.executable
    made = ROOT / folder / "bin/python"
    return str(made) if made.exists() else None


class KaldiSide:
    """A folder in which Kaldi works on a model."""

    def __init__(self, folder: Path, model: GmmModel, referee: str = CLASSES) -> None:
        write_kaldi_model(model, folder)
        self.folder, self.referee, self.job = folder, referee, dict[str, Any]()

    def likelihoods(self, matrices: Sequence[FloatArray]) -> None:
        self.job["likelihoods"] = True
        self._features(matrices)

    def graph(self, tokens: TokenGraph) -> None:
        self.job["graph"] = True
        to_openfst(tokens.fst).arcsort("ilabel").write(str(self.folder / "LG.fst"))

    def align(self, lexicon: Lexicon, texts: Sequence[str], matrices: Sequence[FloatArray]) -> None:
        fst, symbols = disambiguated_lexicon(lexicon)
        fst.write(str(self.folder / "L.fst"))
        self.job["align"] = [[lexicon.words[word] for word in text.split()] for text in texts]
        self.job["disambiguation"] = symbols
        self._features(matrices)

    def run(self) -> None:
        (self.folder / "job.json").write_text(json.dumps(self.job))
        python, script = str(kaldi_python(self.referee)), str(Path(__file__).with_name(self.referee))
        done = subprocess.run([python, script, str(self.folder)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def found_likelihoods(self) -> Dict[str, FloatArray]:
        return dict(np.load(self.folder / "likelihoods.npz"))

    def found_graph(self) -> pynini.Fst:
        return pynini.Fst.read(str(self.folder / "HCLG.fst"))

    def _features(self, matrices: Sequence[FloatArray]) -> None:
        np.savez(self.folder / "features.npz", **{f"u{k}": matrix for k, matrix in enumerate(matrices)})


def disambiguated_lexicon(lexicon: Lexicon) -> tuple[pynini.Fst, List[int]]:
    """L as Kaldi's `make_lexicon_fst.pl` writes it, and its disambiguation symbols."""
    fst, tokens, silence = pynini.Fst(), lexicon.tokens, lexicon.silence
    start, loop, pause = fst.add_state(), fst.add_state(), fst.add_state()
    fst.set_start(start)
    fst.set_final(loop)
    symbols = disambiguation(lexicon)
    last = len(tokens) + max(symbols, default=0)
    ends = [(loop, 0.0)]
    if silence is not None:
        ends = [(loop, -math.log(1 - silence.probability)), (pause, -math.log(silence.probability))]
        after = fst.add_state()
        fst.add_arc(pause, pynini.Arc(tokens[silence.token], 0, 0.0, after))
        fst.add_arc(after, pynini.Arc(last, 0, 0.0, loop))
    for end, cost in ends:
        fst.add_arc(start, pynini.Arc(0, 0, cost, end))
    for entry, symbol in zip(lexicon.pronunciations, symbols):
        labels = [tokens[token] for token in entry.tokens] + ([len(tokens) + symbol - 1] if symbol else [])
        state, word, cost = loop, lexicon.words[entry.word], -entry.log_prob
        for label in labels[:-1]:
            following = fst.add_state()
            fst.add_arc(state, pynini.Arc(label, word, cost, following))
            state, word, cost = following, 0, 0.0
        for end, more in ends:
            fst.add_arc(state, pynini.Arc(labels[-1], word, cost + more, end))
    return fst.arcsort("olabel"), list(range(len(tokens), last + 1))


def acceptor(labels: Sequence[int]) -> pynini.Fst:
    fst = pynini.Fst()
    states = [fst.add_state() for _ in range(len(labels) + 1)]
    fst.set_start(states[0])
    fst.set_final(states[-1])
    for k, label in enumerate(labels):
        fst.add_arc(k, pynini.Arc(int(label), int(label), 0, k + 1))
    return fst


def best_score(fst: pynini.Fst, inputs: Sequence[int], outputs: Sequence[int]) -> Optional[float]:
    """Score of the best path of a pair of label sequences; None where there is none."""
    composed = pynini.compose(acceptor(inputs), pynini.compose(fst, acceptor(outputs)))
    if composed.num_states() == 0:
        return None
    return -float(pynini.shortestdistance(composed, reverse=True)[composed.start()])


def minimal_acceptor(fst: pynini.Fst) -> pynini.Fst:
    """The one deterministic acceptor of least states that accepts the same inputs, scores left out."""
    plain = pynini.arcmap(fst.copy(), map_type="rmweight").project("input").rmepsilon()
    return pynini.determinize(plain).minimize()
