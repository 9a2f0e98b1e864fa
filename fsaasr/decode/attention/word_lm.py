"""`AttentionWordLm`: an attention decoder on one utterance, asked word by word, to rescore what another model found."""

from __future__ import annotations

from collections import defaultdict
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from fsaasr.decode.attention.hypotheses import Float64
from fsaasr.decode.attention.said_tokens import SaidTokens, said_nothing, said_one_more
from fsaasr.lexicon import Lexicon
from fsaasr.models.attention_model import AttentionModel, Encoded
from fsaasr.models.decoders.decoder import END


class _Way(NamedTuple):
    """One pronunciation of a word behind some words: which question it is for, where it stands, its score."""

    question: int
    said: SaidTokens
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
        self.start = said_nothing(self._decoder, encoded.vectors, encoded.lengths)

    def advance(self, states: Sequence[SaidTokens], words: Sequence[str]) -> Tuple[List[SaidTokens], Float64]:
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
        found: List[SaidTokens] = list(states)
        scores = np.full(len(states), -np.inf)
        for way in ways:
            if way.score > scores[way.question]:
                scores[way.question], found[way.question] = way.score, way.said
        return found, scores

    def final(self, states: Sequence[SaidTokens]) -> Float64:
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
        """All ways one token further, those at their end excepted."""
        going = [place for place, way in enumerate(ways) if way.tokens]
        chosen = [ways[place] for place in going]
        following = list(ways)
        said = said_one_more(self._decoder, [way.said for way in chosen], [way.tokens[0] for way in chosen])
        for place, way, after in zip(going, chosen, said):
            added = float(way.said.log_probs[way.tokens[0]])
            following[place] = _Way(way.question, after, way.tokens[1:], way.score + added)
        return following
