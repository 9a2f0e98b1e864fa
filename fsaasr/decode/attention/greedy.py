"""Greedy search with an attention decoder: the most likely token, again and again."""

from __future__ import annotations

from typing import List

import torch

from fsaasr.models.attention_model import AttentionNetwork, Encoded
from fsaasr.models.decoders.decoder import END

TOKENS_PER_FRAME = 1.0
"""Tokens of a hypothesis at most, for each of the encoder's frames."""


def most_tokens(frames: int, per_frame: float = TOKENS_PER_FRAME) -> int:
    """Tokens of a hypothesis at most: at least one."""
    return max(1, int(per_frame * frames))


def greedy_tokens(network: AttentionNetwork, encoded: Encoded) -> List[List[int]]:
    """The most likely token after the most likely tokens before it, until the end is likeliest.

    Args:
      network: in evaluation mode.
      encoded: a batch of N utterances, padded.

    Returns:
      Tokens, 1 .. V, of each utterance; cut off where there are TOKENS_PER_FRAME.
    """
    limits = [most_tokens(frames) for frames in encoded.lengths.tolist()]
    said: List[List[int]] = [[] for _ in limits]
    going = list(range(len(limits)))
    with torch.no_grad():
        state = network.decoder.start(encoded.vectors, encoded.lengths)
        tokens = encoded.lengths.new_full((len(limits),), END)
        while going:
            step = network.decoder.step(state, tokens)
            best = step.logits.argmax(dim=1).tolist()
            kept = []
            for row, (n, token) in enumerate(zip(going, best)):
                if token != END:
                    said[n].append(token)
                    if len(said[n]) < limits[n]:
                        kept.append(row)
            going = [going[row] for row in kept]
            rows = encoded.lengths.new_tensor(kept)
            state, tokens = step.state.select(rows), encoded.lengths.new_tensor([best[row] for row in kept])
    return said
