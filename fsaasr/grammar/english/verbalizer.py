"""`Verbalizer`: one kind of expression, written and spoken."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Iterable, Tuple

import pynini
import pywrapfst

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.pynini_grammar import grammar_from_pynini

RARER = 1.0
"""Cost of a way to say something that is less usual than another."""


@dataclass(frozen=True, eq=False)
class Verbalizer:
    """A transducer from written to spoken forms, over bytes.

    Every written form has one cheapest spoken one, and every spoken form belongs to one written form: reading back what
    was said gives what was written.

    Attributes:
      name: of the kind, for messages.
      fst: costs tell usual from rarer spoken forms; words are in lower case, with one space between two.
    """

    name: str
    fst: pynini.Fst

    @cached_property
    def _saying(self) -> pynini.Fst:
        saying: pynini.Fst = self.fst.copy().arcsort("ilabel")
        return saying

    @cached_property
    def _reading(self) -> pynini.Fst:
        # Determinized as far as outputs allow, or composition would follow every way that begins alike.
        reading: pynini.Fst = pynini.invert(self.fst).optimize().arcsort("ilabel")
        return reading

    def say(self, written: str) -> str:
        """The most usual spoken form; raises GrammarError for what is not of this kind."""
        return self._through(self._saying, written)

    def read(self, spoken: str) -> str:
        """The written form of words, usual or rarer; raises GrammarError for what is not of this kind."""
        return self._through(self._reading, spoken)

    def all_said(self, written: str) -> Tuple[str, ...]:
        """All spoken forms, the most usual first."""
        lattice = self._compose(self._saying, written)
        ranked = pynini.shortestpath(pynini.project(lattice, "output"), nshortest=1000, unique=True)
        items = sorted(ranked.paths().items(), key=lambda item: (float(item[2]), item[1]))
        return tuple(output for _, output, _ in items)

    def acceptor(self, words: SymbolTable, upper: bool = False) -> pynini.Fst:
        """All that may be said, over the labels of `words`: a slot of a grammar, or a grammar.

        Args:
          words: the recognizer's words.
          upper: whether these are in upper case.

        Raises:
          GrammarError: words that the table lacks (named).
        """
        spoken = pynini.project(self.fst, "output")
        return grammar_from_pynini(pynini.compose(spoken, _upper()).project("output") if upper else spoken, words)

    def _through(self, fst: pynini.Fst, text: str) -> str:
        lattice = self._compose(fst, text)
        best: str = pynini.shortestpath(lattice).project("output").rmepsilon().string()
        return best

    def _compose(self, fst: pynini.Fst, text: str) -> pynini.Fst:
        lattice = pynini.compose(pynini.accep(pynini.escape(text)), fst)
        if lattice.start() == pywrapfst.NO_STATE_ID:
            raise GrammarError(f"{self.name}: {text!r} is nothing that they write or say; see the kind's examples")
        return lattice


def pairs(items: Iterable[Tuple[str, str, float]]) -> pynini.Fst:
    """A transducer of written form, spoken form and cost, listed."""
    listed = [(pynini.escape(written), pynini.escape(spoken), str(cost)) for written, spoken, cost in items]
    return pynini.string_map(listed).optimize()


def _upper() -> pynini.Fst:
    letters = pynini.string_map([(chr(code), chr(code - 32)) for code in range(ord("a"), ord("z") + 1)])
    return pynini.union(letters, " ", "'", "-").closure().optimize()
