"""Random small lexicons, rich in homophones and prefixes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from fsaasr.lexicon import Lexicon, OptionalSilence, Pronunciation, SilenceWeights

PROBABILITIES = st.one_of(
    st.sampled_from([1.0, 0.5, 0.25, 0.3, 1e-5]), st.floats(min_value=1e-300, max_value=1.0, exclude_min=True)
)


@st.composite
def lexicons(draw: Any) -> Lexicon:
    words = st.sampled_from(["a", "b", "ab", "überall", "1", "0.5"])
    tokens = st.lists(st.sampled_from(["X", "Y", "1", "<sil>"]), min_size=1, max_size=3).map(tuple)
    keys = draw(st.lists(st.tuples(words, tokens), min_size=1, max_size=8, unique=True))
    entries = tuple(Pronunciation(word, tokens, math.log(draw(PROBABILITIES))) for word, tokens in keys)
    silence = draw(st.sampled_from([None, OptionalSilence(), OptionalSilence("<sil>", 0.25)]))
    return Lexicon(entries, silence)


WEIGHTS = st.builds(
    SilenceWeights,
    st.floats(min_value=1e-6, max_value=1 - 1e-6),
    st.floats(min_value=1e-3, max_value=1e3),
    st.floats(min_value=1e-3, max_value=1e3),
)


@st.composite
def weighted_lexicons(draw: Any) -> Lexicon:
    """With silence; its ends and some of the pronunciations have weights of their own, or none has."""
    plain = draw(lexicons())
    silence = OptionalSilence("<sil>", 0.25, draw(st.none() | WEIGHTS))
    return Lexicon(tuple(replace(e, silence=draw(st.none() | WEIGHTS)) for e in plain.pronunciations), silence)
