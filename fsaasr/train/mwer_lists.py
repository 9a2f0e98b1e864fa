"""Lists of hypotheses for training: what a model recognizes, and what was said."""

from __future__ import annotations

from typing import Iterator, List, Sequence, Tuple

import numpy as np

from fsaasr.decode import SearchOptions, decode
from fsaasr.features import FeatureBatch
from fsaasr.grammar import NgramModel
from fsaasr.graph import TranscriptCompiler, compile_graph
from fsaasr.lexicon import Lexicon
from fsaasr.models.hybrid import HybridModel
from fsaasr.train.mwer_losses import HypothesisList

CHUNK = 32
"""Utterances whose lattices are held at a time."""


class ListMaker:
    """Recognizes utterances with an n-gram model of words, and compiles what was found."""

    def __init__(
        self, model: HybridModel, lexicon: Lexicon, words: NgramModel, size: int, acoustic_scale: float
    ) -> None:
        """Compiles the graph.

        Args:
          model: gives scores.
          lexicon: with the model's tokens.
          words: language model.
          size: longest list.
          acoustic_scale: of the scores.
        """
        self._model, self._words, self._size = model, words, size
        self._options = SearchOptions(acoustic_scale=acoustic_scale)
        self._compiler = TranscriptCompiler(lexicon, model.topology, transitions=model.transitions)
        self._graph = compile_graph(lexicon, words, model.topology, transitions=model.transitions)

    def lists(self, features: FeatureBatch) -> List[HypothesisList]:
        """A list for each utterance: its transcript, then the best other word sequences.

        Raises:
          GraphError: a transcript with words that the lexicon lacks; names the utterance.
        """
        transcripts = [tuple(text.split()) for text in features.texts]
        return [
            self._list(name, words, found)
            for name, words, found in zip(features.ids, transcripts, self._recognized(features))
        ]

    def _recognized(self, features: FeatureBatch) -> Iterator[List[Tuple[str, ...]]]:
        for start in range(0, len(features), CHUNK):
            part = features.select(features.ids[start : start + CHUNK])
            for lattice in decode(self._graph, self._model.scores(part), self._options):
                yield [tuple(path.text.split()) for path in lattice.nbest(self._size)]

    def _list(self, name: str, transcript: Tuple[str, ...], found: Sequence[Tuple[str, ...]]) -> HypothesisList:
        from kaldialign import edit_distance

        others = [words for words in found if words and words != transcript]
        hypotheses = [transcript, *others][: self._size]
        return HypothesisList(
            tuple(self._compiler.compile(words, name) for words in hypotheses),
            np.array([self._words.log10_prob(words).sum() * np.log(10) for words in hypotheses], dtype=np.float32),
            np.array([edit_distance(transcript, words)["total"] for words in hypotheses], dtype=np.float32),
            reference=0,
        )
