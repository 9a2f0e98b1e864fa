"""`InternalTokenLm`: what an attention decoder has learned of the language itself."""

from __future__ import annotations

from typing import List, Sequence

import numpy as np

from fsaasr.decode.attention.hypotheses import Float64
from fsaasr.decode.attention.said_tokens import SaidTokens, said_nothing, said_one_more
from fsaasr.models.attention_model import Encoded
from fsaasr.models.decoders.decoder import TokenDecoder


class InternalTokenLm:
    """A `TokenLm`: the decoder when all that it can look at is one vector (Meng et al. 2021; Zeineldeen et al. 2021).

    Attributes:
      start: before the first token.
    """

    context = None

    def __init__(self, decoder: TokenDecoder, encoded: Encoded, estimate: str) -> None:
        """Args:
        decoder: in evaluation mode. encoded: one utterance.
        estimate: `zero` looks at zeros, `average` at the mean of the utterance's vectors.
        """
        mean = encoded.vectors.mean(dim=1, keepdim=True)
        vector = mean if estimate == "average" else mean.new_zeros(mean.shape)
        self._decoder = decoder
        self.start = said_nothing(decoder, vector, encoded.lengths.new_ones(1))

    def scores(self, states: Sequence[SaidTokens]) -> Float64:
        """As `TokenLm.scores`."""
        scores: Float64 = np.stack([state.log_probs for state in states])
        return scores

    def advance(self, states: Sequence[SaidTokens], tokens: Sequence[int]) -> List[SaidTokens]:
        """As `TokenLm.advance`."""
        return said_one_more(self._decoder, states, tokens)
