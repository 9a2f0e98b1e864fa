"""Graphs of the transcripts of a batch of utterances, and the frames that they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np

from fsaasr.core.errors import DecodeError, TrainingError
from fsaasr.decode import viterbi
from fsaasr.features import FeatureBatch
from fsaasr.graph import DecodingGraph
from fsaasr.lexicon import Lexicon

Compile = Callable[[List[str], str], DecodingGraph]
"""Words and utterance id to a graph."""


@dataclass(frozen=True, eq=False)
class TranscriptGraphs:
    """What N utterances say.

    Attributes:
      ids: N. graphs: N; utterances of equal transcripts share one.
      least_frames: of each utterance, features from which its graph has a path for certain, or all that it has.
    """

    ids: Tuple[str, ...]
    graphs: Tuple[DecodingGraph, ...]
    least_frames: Tuple[int, ...]

    @classmethod
    def of(
        cls, features: FeatureBatch, lexicon: Lexicon, compile_words: Compile, token_frames: int, subsampling: int
    ) -> TranscriptGraphs:
        """Compiles each different transcript once.

        Args:
          features: with transcripts.
          lexicon: of their words.
          compile_words: makes a graph.
          token_frames: frames that are enough for any token.
          subsampling: input frames for each output frame.

        Raises:
          TrainingError: an utterance with fewer frames than its shortest pronunciation needs; names it.
          GraphError, LexiconError: no words, or one that the lexicon lacks; names the utterance or the word.
        """
        compiled: Dict[str, DecodingGraph] = {}
        for text, name in zip(features.texts, features.ids):
            if text not in compiled:
                compiled[text] = compile_words(text.split(), name)
        graphs = tuple(compiled[text] for text in features.texts)
        enough = [
            subsampling
            * token_frames
            * sum(min(len(entry.tokens) for entry in lexicon.of(word)) for word in text.split())
            for text in features.texts
        ]
        lengths = features.lengths
        doubtful = [n for n, (length, least) in enumerate(zip(lengths, enough)) if length < least]
        check_enough_frames(features, graphs, subsampling, doubtful)
        return cls(features.ids, graphs, tuple(map(min, lengths, enough)))

    def select(self, numbers: Sequence[int]) -> Tuple[List[DecodingGraph], List[str]]:
        """Graphs and ids of some utterances."""
        return [self.graphs[n] for n in numbers], [self.ids[n] for n in numbers]


def check_enough_frames(
    features: FeatureBatch, graphs: Sequence[DecodingGraph], subsampling: int, numbers: Sequence[int]
) -> None:
    """Raises TrainingError where one of the utterances `numbers` has fewer frames than its graph's shortest path."""
    for n in numbers:
        frames = -(-features.lengths[n] // subsampling)
        try:
            viterbi(graphs[n], np.zeros((frames, graphs[n].num_columns), dtype=np.float32), features.ids[n])
        except DecodeError as error:
            raise TrainingError(
                f"training: utterance {features.ids[n]!r} has {frames} frames after subsampling by {subsampling}, too "
                "few for its labels; drop it, correct its transcript, or use less subsampling"
            ) from error
