"""The CTC loss of transcripts: of one pronunciation a word, or summed over all of them."""

from __future__ import annotations

from typing import Any, Dict, List, Protocol, Sequence

import numpy as np
import torch
from torch import Tensor

from fsaasr.core.errors import DecodeError, TrainingError
from fsaasr.decode import viterbi
from fsaasr.features import FeatureBatch
from fsaasr.graph import TranscriptCompiler
from fsaasr.lexicon import Lexicon
from fsaasr.train.flat_start import first_pronunciations
from fsaasr.train.full_sum import full_sum_loss

Labels = List[int]
"""Token labels, 1 .. V, which are the score columns too."""


class CtcLoss(Protocol):
    """Knows the transcripts of a set of utterances."""

    @property
    def labels(self) -> Sequence[Labels]:
        """Labels of each utterance's first pronunciations."""

    def __call__(self, log_probs: Tensor, lengths: Tensor, numbers: Sequence[int]) -> Tensor:
        """Sum over utterances of -log p(transcript | features).

        Args:
          log_probs: float32 (N, T', C) log posteriors.
          lengths: int64 (N,).
          numbers: which utterances they are.
        """


class FirstPronunciations:
    """torch's own CTC loss, of each word's most probable pronunciation."""

    def __init__(self, features: FeatureBatch, lexicon: Lexicon, subsampling: int) -> None:
        """Looks up labels, and checks that they fit.

        Args:
          features: utterances with transcripts.
          lexicon: of their words, without silence.
          subsampling: input frames for each output frame.

        Raises:
          TrainingError: an utterance with fewer output frames than labels and repeats; names it.
        """
        self.labels = [first_labels(text.split(), lexicon) for text in features.texts]
        for name, length, row in zip(features.ids, features.lengths, self.labels):
            frames, needed = -(-length // subsampling), frames_needed(row)
            if frames < needed:
                raise TrainingError(
                    f"train_ctc: utterance {name!r} has {frames} frames after subsampling by {subsampling}, but its "
                    f"{len(row)} labels need {needed}; drop it, correct its transcript, or use less subsampling"
                )

    def __call__(self, log_probs: Tensor, lengths: Tensor, numbers: Sequence[int]) -> Tensor:
        """As `CtcLoss`."""
        rows = [self.labels[n] for n in numbers]
        targets = torch.tensor([label for row in rows for label in row])
        sizes = torch.tensor([len(row) for row in rows])
        return torch.nn.functional.ctc_loss(
            log_probs.transpose(0, 1), targets, lengths.cpu(), sizes, blank=0, reduction="sum", zero_infinity=False
        )


class AllPronunciations:
    """The total score of the transcript's graph: every pronunciation, weighed by its probability."""

    def __init__(self, features: FeatureBatch, lexicon: Lexicon, subsampling: int) -> None:
        """As `FirstPronunciations`; raises alike where even the shortest pronunciations do not fit."""
        self.labels = [first_labels(text.split(), lexicon) for text in features.texts]
        compiler = TranscriptCompiler(lexicon, "ctc")
        self.graphs = [compiler.compile(text.split(), name) for text, name in zip(features.texts, features.ids)]
        self._ids = features.ids
        for name, length, graph in zip(features.ids, features.lengths, self.graphs):
            frames = -(-length // subsampling)
            try:
                viterbi(graph, np.zeros((frames, graph.num_columns), dtype=np.float32), name)
            except DecodeError as error:
                raise TrainingError(
                    f"train_ctc: utterance {name!r} has {frames} frames after subsampling by {subsampling}, too few "
                    "for its labels; drop it, correct its transcript, or use less subsampling"
                ) from error

    def __call__(self, log_probs: Tensor, lengths: Tensor, numbers: Sequence[int]) -> Tensor:
        """As `CtcLoss`."""
        graphs = [self.graphs[n] for n in numbers]
        ids = [self._ids[n] for n in numbers]
        loss: Tensor = full_sum_loss(log_probs, lengths, graphs, ids).sum()
        return loss


LOSSES: Dict[str, Any] = {"first": FirstPronunciations, "all": AllPronunciations}
"""Kinds of CTC loss by name."""


def first_labels(words: Sequence[str], lexicon: Lexicon) -> Labels:
    """Labels of the most probable pronunciation of each word; raises LexiconError for an unknown word."""
    return [lexicon.tokens[token] for token in first_pronunciations(words, lexicon)]


def frames_needed(labels: Sequence[int]) -> int:
    """Frames of the shortest CTC path: one a label, and a blank between equal neighbours."""
    return len(labels) + sum(a == b for a, b in zip(labels, labels[1:]))
