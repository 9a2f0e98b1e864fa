"""pyctcdecode and flashlight-text on the jobs of a folder; runs where they are installed, and knows nothing of fsaasr.

`python referee.py FOLDER` reads `job.json` and `outputs.npz`, writes `found.json`. KenLM is flashlight's, for both.
"""

from __future__ import annotations

import json
import math
import sys
import types
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
from flashlight.lib.text import decoder as flashlight
from flashlight.lib.text.decoder.kenlm import KenLM
from flashlight.lib.text.dictionary import Dictionary


class State:
    """What pyctcdecode hands from word to word."""

    inner: Any = None


class Model:
    """KenLM as pyctcdecode asks for it."""

    def __init__(self, path: str, words: List[str]) -> None:
        self.words = Dictionary([*words, "<unk>"])
        self.words.set_default_index(self.words.get_index("<unk>"))
        self.lm, self.known, self.order = KenLM(path, self.words), set(words), 0

    def BeginSentenceWrite(self, state: State) -> None:  # noqa: N802
        state.inner = self.lm.start(False)

    def BaseScore(self, state: State, word: str, after: State) -> float:  # noqa: N802
        if word == "</s>":
            after.inner, score = self.lm.finish(state.inner)
        else:
            after.inner, score = self.lm.score(state.inner, self.words.get_index(word))
        return float(score)

    def __contains__(self, word: str) -> bool:
        return word in self.known


kenlm = types.ModuleType("kenlm")
kenlm.State, kenlm.Model = State, Model  # type: ignore[attr-defined]
sys.modules["kenlm"] = kenlm


def prefixes(job: Dict[str, Any], matrix: Any) -> List[Any]:
    """pyctcdecode's list: text, score of the alignments, score of all."""
    from pyctcdecode.alphabet import Alphabet
    from pyctcdecode.decoder import BeamSearchDecoderCTC
    from pyctcdecode.language_model import LanguageModel

    lm = None
    if job["arpa"]:
        model = Model(job["arpa"], job["words"])
        lm = LanguageModel(model, job["words"], job["alpha"], job["beta"], job["unk_score_offset"])
    decoder = BeamSearchDecoderCTC(Alphabet(job["labels"], False), lm)
    beams = decoder.decode_beams(matrix, 100, -15.0, -9.0)
    return [[text, acoustic, total] for text, _, _, acoustic, total in beams]


def with_lexicon(job: Dict[str, Any], matrix: Any) -> List[Any]:
    """flashlight's best words, and their score."""
    words = Dictionary([*job["spellings"], "<unk>"])
    lm = KenLM(job["arpa"], words)
    index = {name: n for n, name in enumerate(job["labels"])}
    silence, blank = index["|"], index["<blk>"]
    trie, start = flashlight.Trie(len(index), silence), lm.start(False)
    for word, spelling in job["spellings"].items():
        number = words.get_index(word)
        trie.insert([index[token] for token in spelling], number, lm.score(start, number)[1])
    trie.smear(flashlight.SmearingMode.MAX)
    options = flashlight.LexiconDecoderOptions(
        5000, len(index), 1e9, job["lm_weight"], job["word_score"], -math.inf, 0.0, False, flashlight.CriterionType.CTC
    )
    search = flashlight.LexiconDecoder(options, trie, lm, silence, blank, words.get_index("<unk>"), [], False)
    best = search.decode(matrix.ctypes.data, *matrix.shape)[0]
    return [[words.get_entry(word) for word in best.words if word >= 0], best.score]


def without_lexicon(job: Dict[str, Any], matrix: Any) -> List[Any]:
    """flashlight's best tokens, blank and repeats left out, and their score; best alignment or sum of all."""
    labels = job["labels"]
    options = flashlight.LexiconFreeDecoderOptions(
        5000, len(labels), 1e9, 0.0, 0.0, job["log_add"], flashlight.CriterionType.CTC
    )
    blank = labels.index("<blk>")
    search = flashlight.LexiconFreeDecoder(options, flashlight.ZeroLM(), labels.index("|"), blank, [])
    best = search.decode(matrix.ctypes.data, *matrix.shape)[0]
    tokens = [t for t, before in zip(best.tokens[1:], best.tokens) if t != before and t != blank]
    return ["".join(labels[t] for t in tokens), best.score]


KINDS = {"prefixes": prefixes, "with_lexicon": with_lexicon, "without_lexicon": without_lexicon}


def main(folder: Path) -> None:
    jobs = json.loads((folder / "job.json").read_text())
    with np.load(folder / "outputs.npz") as outputs:
        found = [KINDS[job["kind"]](job, np.ascontiguousarray(outputs[job["outputs"]])) for job in jobs]
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
