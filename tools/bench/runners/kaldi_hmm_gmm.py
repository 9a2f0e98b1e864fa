"""`LatticeFasterDecoder` of the package kaldi-hmm-gmm.

Its one function decodes, prunes the lattice, extracts the raw lattice and takes the best path from it; it does
not determinize.
"""

from __future__ import annotations

import json
from typing import Any, List

import kaldi_hmm_gmm  # comes before kaldifst, else the import hangs
import kaldifst

from tools.bench.runner import Found, Runner
from tools.bench.scores_file import ScoreSet


class LatticeFasterDecoder(Runner):
    """Decoding, lattice extraction and best path, which cannot be told apart."""

    def load(self) -> None:
        self.fst = kaldifst.StdVectorFst.read(str(self.bed.openfst))

    def prepare(self, scores: ScoreSet) -> List[Any]:
        self.words = json.loads(self.bed.words.read_text(encoding="utf-8"))
        self.transitions = kaldi_hmm_gmm.TransitionModel()  # asked for, never looked at
        return scores.matrices

    def search(self, scores: List[Any], beam: float) -> List[Any]:
        task = self.task
        options = kaldi_hmm_gmm.LatticeFasterDecoderConfig(
            beam=beam, max_active=task.max_active, min_active=task.min_active, lattice_beam=task.lattice_beam
        )
        found = []
        for matrix in scores:
            decoder = kaldi_hmm_gmm.LatticeFasterDecoderStdVectorFst(self.fst, options)
            decodable = kaldi_hmm_gmm.DecodableCtc(matrix)
            found.append(
                kaldi_hmm_gmm.decode_utterance_lattice_faster(decoder, decodable, self.transitions, "utt", True)
            )
        return found

    def found(self, results: List[Any]) -> List[Found]:
        return [Found([self.words[word] for word in words], score) for _, _, words, score in results]
