"""Searches with attention decoders: one token after another."""

from fsaasr.decode.attention.greedy import greedy_tokens
from fsaasr.decode.attention.hypotheses import TokenHypothesis
from fsaasr.decode.attention.options import BeamOptions
from fsaasr.decode.attention.search import Side, search_tokens

__all__ = ["BeamOptions", "Side", "TokenHypothesis", "greedy_tokens", "search_tokens"]
