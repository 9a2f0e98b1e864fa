"""`HeardLabels`: the labels of the pronunciations that a CTC layer hears, for losses that need one sequence."""

from __future__ import annotations

from typing import List, Sequence

from torch import Tensor

from fsaasr.core.scores import Scores
from fsaasr.decode import align
from fsaasr.features import FeatureBatch
from fsaasr.lexicon import Lexicon
from fsaasr.train.ctc_losses import AllPronunciations, Labels


class HeardLabels:
    """Chooses among the pronunciations of each word the one that a CTC layer finds likeliest at the time.

    The layer itself learns from all of them, so that it can tell them apart, by `loss`.
    """

    def __init__(self, features: FeatureBatch, lexicon: Lexicon, subsampling: int) -> None:
        """Compiles the transcripts' graphs; arguments and errors as of `AllPronunciations`."""
        self.loss = AllPronunciations(features, lexicon, subsampling)
        self._tokens = lexicon.tokens

    def of(self, log_probs: Tensor, lengths: Tensor, numbers: Sequence[int]) -> List[Labels]:
        """Labels of some utterances; arguments as of `CtcLoss`."""
        # Their times do not matter, so the frame shift does not.
        scores = Scores(log_probs.detach(), lengths.cpu().numpy(), 0.01)
        aligned = align([self.loss.graphs[n] for n in numbers], scores)
        return [[self._tokens[token.name] for token in hypothesis.tokens] for hypothesis in aligned]
