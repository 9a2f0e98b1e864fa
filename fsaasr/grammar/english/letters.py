"""Spelled words."""

from __future__ import annotations

import string
from functools import lru_cache

import pynini

from fsaasr.grammar.english.verbalizer import Verbalizer, pairs


@lru_cache(maxsize=1)
def letters() -> Verbalizer:
    """Words in capitals, letter by letter: `KLM` is `k l m`."""
    letter = pairs((capital, capital.lower(), 0.0) for capital in string.ascii_uppercase)
    return Verbalizer("letters", (letter + (pynini.cross("", " ") + letter).closure()).optimize())
