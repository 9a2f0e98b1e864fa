"""`FasterDecoder` of the package kaldi-decoder: the best path only."""

from __future__ import annotations

import json
from typing import Any, List, Tuple

import kaldi_decoder
import kaldifst

from tools.bench.runner import Found, Runner
from tools.bench.scores_file import ScoreSet


class FasterDecoder(Runner):
    """Its decoding and its traceback."""

    def load(self) -> None:
        self.fst = kaldifst.StdVectorFst.read(str(self.bed.openfst))

    def prepare(self, scores: ScoreSet) -> List[Any]:
        self.words = json.loads(self.bed.words.read_text(encoding="utf-8"))
        return scores.matrices

    def search(self, scores: List[Any], beam: float) -> List[Tuple[List[int], float]]:
        task = self.task
        options = kaldi_decoder.FasterDecoderOptions(beam=beam, max_active=task.max_active, min_active=task.min_active)
        found = []
        for matrix in scores:
            decoder = kaldi_decoder.FasterDecoder(self.fst, options)
            decoder.decode(kaldi_decoder.DecodableCtc(matrix))
            _, path = decoder.get_best_path()
            _, _, words, weight = kaldifst.get_linear_symbol_sequence(path)
            found.append((words, -(weight.value1 + weight.value2)))
        return found

    def found(self, results: List[Tuple[List[int], float]]) -> List[Found]:
        return [Found([self.words[word] for word in words], score) for words, score in results]
