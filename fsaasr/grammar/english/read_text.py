"""`TextReader`: recognized sentences with their numbers, dates and amounts as one writes them."""

from __future__ import annotations

import pynini

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.english.verbalizer import Verbalizer

WORD = 100.0
"""Cost of a word that stays as it is: expressions are as long as they can be."""

EXPRESSION = 10.0
"""Cost of an expression: they are as few as they can be."""


class TextReader:
    """Writes sentences (Ebden and Sproat 2015 call it inverse text normalization).

    As many words as can be belong to expressions, and these are as few as can be; of equals the kind named first wins.
    """

    def __init__(self, *kinds: Verbalizer) -> None:
        """Takes the kinds to look for, those that matter most first; raises GrammarError for none."""
        if not kinds:
            raise GrammarError("TextReader: no kinds of expressions; give one or more")
        spoken = [
            pynini.invert(kind.fst) + pynini.accep("", weight=EXPRESSION + n / 10) for n, kind in enumerate(kinds)
        ]
        character = pynini.union(*(pynini.escape(chr(code)) for code in range(33, 127)))
        others = pynini.union(*(f"[{byte}]" for byte in range(128, 256)))
        word = pynini.union(character, others).plus + pynini.accep("", weight=WORD)
        part = pynini.union(*spoken, word)
        self._fst = (part + (pynini.accep(" ") + part).closure()).optimize()

    def read(self, text: str) -> str:
        """The sentence, with expressions written; spaces become single ones."""
        words = " ".join(text.split())
        if not words:
            return ""
        best = pynini.shortestpath(pynini.compose(pynini.accep(pynini.escape(words)), self._fst))
        written: str = best.project("output").rmepsilon().string()
        return written
