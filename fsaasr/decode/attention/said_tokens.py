"""An attention decoder asked for any token sequences of one utterance, many at once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

import torch
from torch import Tensor

from fsaasr.decode.attention.hypotheses import Float64
from fsaasr.models.decoders.decoder import END, DecoderState, TokenDecoder


@dataclass(frozen=True, eq=False)
class SaidTokens:
    """The decoder behind some tokens.

    Attributes:
      state: of one row.
      log_probs: float64 (1 + V,), of the end and of each next token.
    """

    state: DecoderState
    log_probs: Float64


def said_nothing(decoder: TokenDecoder, vectors: Tensor, lengths: Tensor) -> SaidTokens:
    """The decoder before the first token, of one utterance's vectors (1, T, E) and length (1,)."""
    with torch.no_grad():
        (start,) = _step(decoder, decoder.start(vectors, lengths), [END])
    return start


def said_one_more(decoder: TokenDecoder, said: Sequence[SaidTokens], tokens: Sequence[int]) -> List[SaidTokens]:
    """The decoder behind one more token (1 .. V) each; sequences of one utterance, of any lengths."""
    # States of one shape make a batch: those of a Transformer grow.
    groups: Dict[Tuple[torch.Size, ...], List[int]] = defaultdict(list)
    for place, before in enumerate(said):
        groups[tuple(part.shape for part in before.state.parts)].append(place)
    following = list(said)
    for places in groups.values():
        with torch.no_grad():
            after = _step(decoder, _stacked([said[n].state for n in places]), [tokens[n] for n in places])
        for place, one in zip(places, after):
            following[place] = one
    return following


def _step(decoder: TokenDecoder, state: DecoderState, tokens: Sequence[int]) -> List[SaidTokens]:
    given = state.memory.inside.new_tensor(tokens, dtype=torch.int64)
    step = decoder.step(state, given)
    log_probs: Float64 = step.logits.double().log_softmax(dim=1).cpu().numpy()
    rows: Tensor = torch.arange(len(tokens), device=given.device)
    return [SaidTokens(step.state.select(rows[n : n + 1]), log_probs[n]) for n in range(len(tokens))]


def _stacked(states: Sequence[DecoderState]) -> DecoderState:
    """States of one row each, of one utterance and one shape, as a batch."""
    memory = states[0].memory.select(torch.zeros(len(states), dtype=torch.int64))
    return DecoderState(memory, tuple(torch.cat(parts) for parts in zip(*(state.parts for state in states))))
