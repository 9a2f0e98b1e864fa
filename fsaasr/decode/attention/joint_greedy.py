"""Greedy search with an attention decoder and the CTC layer beside it: the best next token of both, again and again."""

from __future__ import annotations

from typing import List

from fsaasr.decode.attention.options import BeamOptions
from fsaasr.decode.attention.search import search_tokens
from fsaasr.models.attention_model import AttentionNetwork, Encoded


def joint_greedy_tokens(network: AttentionNetwork, encoded: Encoded, ctc_weight: float) -> List[List[int]]:
    """As `greedy_tokens`, by decoder and CTC together: a beam of one.

    Args:
      network: in evaluation mode, with a CTC layer.
      encoded: a batch of N utterances, padded.
      ctc_weight: share of CTC, as in `BeamOptions`.

    Raises:
      DecodeError: no CTC layer.
    """
    alone = []
    for row, end in enumerate(encoded.lengths.tolist()):
        one = slice(row, row + 1)
        ctc = None if encoded.ctc is None else encoded.ctc[one, :end]
        alone.append(Encoded(encoded.vectors[one, :end], encoded.lengths[one], ctc))
    found = search_tokens(network, alone, BeamOptions(beam=1, nbest=1, ctc_weight=ctc_weight))
    return [list(best.tokens) for best, *_ in found]
