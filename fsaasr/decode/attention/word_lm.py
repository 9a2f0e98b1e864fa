"""`AttentionWordLm`: an attention decoder on one utterance, asked word by word, to rescore what another model found."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fsaasr.decode.attention.hypotheses import Float64
from fsaasr.lexicon import Lexicon
from fsaasr.models.attention_model import AttentionModel, Encoded
from fsaasr.models.decoders.decoder import END, DecoderState


@dataclass(frozen=True, eq=False)
class SaidWords:
    """The decoder behind some words.

    Attributes:
      state: of one row.
      log_probs: float64 (1 + V,), of the end and of each next token.
    """

    state: DecoderState
    log_probs: Float64


class _Way(NamedTuple):
    """One pronunciation of a word behind some words: which question it is for, where it stands, its score."""

    question: int
    said: SaidWords
    tokens: Tuple[int, ...]
    score: float


class AttentionWordLm:
    """A `WordLm` for `rescore_lattice`, and by `score_words` the model that `rescore_nbest` asks.

    Its probabilities are those of words given the utterance, so they stand beside an acoustic score, not for an LM's.
    Of several pronunciations of a word the one goes on that the decoder finds likeliest at that place: an approximation
    where a later word would have changed the choice.
    """

    def __init__(self, model: AttentionModel, encoded: Encoded, lexicon: Lexicon) -> None:
        """Args:
        model: whose decoder is asked. encoded: one utterance, as `AttentionModel.encode` gives it.
        lexicon: of all words that are asked for, over the model's tokens.
        """
        self._decoder = model.network.decoder
        self._tokens: Dict[str, List[Tuple[int, ...]]] = defaultdict(list)
        for entry in lexicon.pronunciations:
            self._tokens[entry.word].append(tuple(model.tokens[token] for token in entry.tokens))
        self._lexicon = lexicon
        with torch.no_grad():
            (self.start,) = self._step(self._decoder.start(encoded.vectors, encoded.lengths), [END])

    def advance(self, states: Sequence[SaidWords], words: Sequence[str]) -> Tuple[List[SaidWords], Float64]:
        """The decoder behind one more word each, and the log probability of that word; as `WordLm.advance`.

        Raises:
          LexiconError: a word that the lexicon lacks.
        """
        ways = [
            _Way(question, state, tokens, 0.0)
            for question, (state, word) in enumerate(zip(states, words))
            for tokens in self._pronunciations(word)
        ]
        while any(way.tokens for way in ways):
            ways = self._one_token(ways)
        found: List[SaidWords] = list(states)
        scores = np.full(len(states), -np.inf)
        for way in ways:
            if way.score > scores[way.question]:
                scores[way.question], found[way.question] = way.score, way.said
        return found, scores

    def final(self, states: Sequence[SaidWords]) -> Float64:
        """Log probability of the end; as `WordLm.final`."""
        return np.array([state.log_probs[END] for state in states])

    def score_words(self, sentences: Sequence[Sequence[str]]) -> List[float]:
        """Log probability of whole sentences, ends included; as `rescore_nbest` asks."""
        states, totals = [self.start] * len(sentences), np.zeros(len(sentences))
        for place in range(max(map(len, sentences), default=0)):
            going = [n for n, words in enumerate(sentences) if len(words) > place]
            following, scores = self.advance([states[n] for n in going], [sentences[n][place] for n in going])
            totals[going] += scores
            for n, state in zip(going, following):
                states[n] = state
        whole: List[float] = (totals + self.final(states)).tolist()
        return whole

    def _pronunciations(self, word: str) -> List[Tuple[int, ...]]:
        if word not in self._tokens:
            self._lexicon.of(word)  # raises, with the remedy
        return self._tokens[word]

    def _one_token(self, ways: Sequence[_Way]) -> List[_Way]:
        """All ways one token further, those at their end excepted; states of one shape in one batch."""
        groups: Dict[Tuple[torch.Size, ...], List[int]] = defaultdict(list)
        following = list(ways)
        for place, way in enumerate(ways):
            if way.tokens:
                groups[tuple(part.shape for part in way.said.state.parts)].append(place)
        for places in groups.values():
            chosen = [ways[place] for place in places]
            with torch.no_grad():
                said = self._step(_stacked([way.said.state for way in chosen]), [way.tokens[0] for way in chosen])
            for place, way, after in zip(places, chosen, said):
                added = float(way.said.log_probs[way.tokens[0]])
                following[place] = _Way(way.question, after, way.tokens[1:], way.score + added)
        return following

    def _step(self, state: DecoderState, tokens: Sequence[int]) -> List[SaidWords]:
        given = state.memory.inside.new_tensor(tokens, dtype=torch.int64)
        step = self._decoder.step(state, given)
        log_probs: npt.NDArray[np.float64] = step.logits.double().log_softmax(dim=1).cpu().numpy()
        rows: Tensor = torch.arange(len(tokens), device=given.device)
        return [SaidWords(step.state.select(rows[n : n + 1]), log_probs[n]) for n in range(len(tokens))]


def _stacked(states: Sequence[DecoderState]) -> DecoderState:
    """States of one row each, of one utterance and one shape, as a batch."""
    memory = states[0].memory.select(torch.zeros(len(states), dtype=torch.int64))
    return DecoderState(memory, tuple(torch.cat(parts) for parts in zip(*(state.parts for state in states))))
