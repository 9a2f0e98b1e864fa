"""Token errors of HMM scores, recognized by an n-gram model of tokens: a measure without words for dev data."""

from __future__ import annotations

from typing import List

from fsaasr.core.scores import FloatArray
from fsaasr.decode import viterbi
from fsaasr.features import FeatureBatch
from fsaasr.graph import DecodingGraph
from fsaasr.lexicon import Lexicon
from fsaasr.train.flat_start import first_pronunciations


class TokenErrors:
    """Counts edits between recognized tokens and the most probable pronunciations of the words; silence is none.

    Attributes:
      tokens: how many there are in the references of all utterances.
    """

    def __init__(self, features: FeatureBatch, lexicon: Lexicon, language: DecodingGraph) -> None:
        """Looks the references up.

        Args:
          features: utterances with transcripts.
          lexicon: of their words.
          language: what sequences of tokens there may be, e.g. a `denominator_graph`; its words are tokens.
        """
        self._silence = lexicon.silence.token if lexicon.silence is not None else ""
        self._ids, self._language = features.ids, language
        self._references = [first_pronunciations(text.split(), lexicon) for text in features.texts]
        self.tokens = sum(map(len, self._references))

    def of(self, n: int, scores: FloatArray) -> int:
        """Errors of utterance n, whose scores are (T, C)."""
        from kaldialign import edit_distance

        return int(edit_distance(self._references[n], self.recognize(n, scores))["total"])

    def recognize(self, n: int, scores: FloatArray) -> List[str]:
        """Tokens of the best path, silences left out."""
        arcs = viterbi(self._language, scores, self._ids[n]).arcs
        names = [self._language.words.name(label) for label in self._language.fst.output_label[arcs].tolist() if label]
        return [name for name in names if name != self._silence]
