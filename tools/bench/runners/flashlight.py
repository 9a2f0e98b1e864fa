"""flashlight-text: prefix-tree search with KenLM, which has no graph and prunes by a number of hypotheses."""

from __future__ import annotations

import math
from typing import Any, List

from flashlight.lib.text import decoder as flashlight
from flashlight.lib.text.decoder.kenlm import KenLM
from flashlight.lib.text.dictionary import Dictionary

from tools.bench.runner import Found, Runner
from tools.bench.scores_file import ScoreSet, read_scores

BEAM_THRESHOLD = 25.0
TOKENS = 40
"""Columns tried a frame."""


class LexiconDecoder(Runner):
    """The beam is the number of hypotheses. The language model's base-10 logarithms are turned natural."""

    def load(self) -> None:
        columns = read_scores(self.bed.scores).columns
        lines = [line.split() for line in self.bed.lexicon.read_text(encoding="utf-8").splitlines()]
        words = Dictionary()
        for name in dict.fromkeys(line[0] for line in lines):
            words.add_entry(name)
        words.add_entry("<unk>")
        self.words, self.lm = words, KenLM(str(self.bed.arpa), words)
        start = self.lm.start(False)
        index = {name: n for n, name in enumerate(columns)}
        self.trie = flashlight.Trie(len(columns), -1)
        for word, *phones in lines:
            number = words.get_index(word)
            _, score = self.lm.score(start, number)
            self.trie.insert([index[phone] for phone in phones], number, score)
        self.trie.smear(flashlight.SmearingMode.MAX)

    def prepare(self, scores: ScoreSet) -> List[Any]:
        return scores.matrices

    def search(self, scores: List[Any], beam: float) -> List[Any]:
        options = flashlight.LexiconDecoderOptions(
            int(beam), TOKENS, BEAM_THRESHOLD, math.log(10), 0.0, -math.inf, 0.0, False, flashlight.CriterionType.CTC
        )
        unknown = self.words.get_index("<unk>")
        decoder = flashlight.LexiconDecoder(options, self.trie, self.lm, -1, 0, unknown, [], False)
        return [decoder.decode(matrix.ctypes.data, *matrix.shape)[0] for matrix in scores]

    def found(self, results: List[Any]) -> List[Found]:
        return [
            Found([self.words.get_entry(word) for word in result.words if word >= 0], result.score)
            for result in results
        ]
