"""`TokenHotwords`: hotwords for models that say tokens, and for graphs whose words are tokens."""

from __future__ import annotations

from typing import List, Optional, Sequence

import numpy as np

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.failure_automaton import FailureAutomaton
from fsaasr.grammar.hotwords import Hotwords, Spell
from fsaasr.grammar.phrase_automaton import phrase_automaton
from fsaasr.lexicon import Lexicon
from fsaasr.lexicon.units import WORD_MARK

BOUNDARY = "<boundary>"
"""Name of what stands between words of pieces, which themselves tell where a word begins."""


class TokenHotwords(Hotwords):
    """Hotwords as the tokens that spell them.

    With a delimiter, or with pieces that begin with `▁`, a phrase counts only where its words are whole words; several
    delimiters in a row count as one. Other tokens do not tell where words begin: a phrase then counts wherever its
    tokens stand.
    """

    def __init__(self, hotwords: Hotwords, spell: Spell, delimiter: Optional[str] = None) -> None:
        """Args:
        hotwords: to be spelt. spell: the tokens of a word. delimiter: the token between words, if there is one.
        """
        super().__init__(hotwords.entries, hotwords.skip_unknown)
        self.spell, self.delimiter = spell, delimiter

    def automaton(self, words: SymbolTable) -> FailureAutomaton:
        """The automaton over a table of tokens; word w of it is token w.

        Raises:
          GrammarError: words that cannot be spelt, unless they are skipped; tokens that the table lacks. Names them.
        """
        names, begins, boundary = words.names, None, -1
        marks = np.array([name.startswith(WORD_MARK) for name in words.names])
        if self.delimiter is not None:
            boundary = words[self.delimiter]
        elif marks.any():
            names, begins, boundary = (*names, BOUNDARY), np.append(marks, False), len(names)
        between = [boundary] if boundary >= 0 else []
        phrases = []
        for said, weight in self.spelled(self.spell):
            tokens = list(between)
            for word in said:
                tokens += [*self._labels(word, words), *between]
            phrases.append((tokens, weight))
        return phrase_automaton(phrases, names, boundary, begins)

    @staticmethod
    def _labels(spelling: Sequence[str], tokens: SymbolTable) -> List[int]:
        lacking = [name for name in spelling if name not in tokens]
        if lacking:
            raise GrammarError(f"TokenHotwords: no token {lacking[0]!r} of {' '.join(spelling)!r} is in the table")
        return [tokens[name] for name in spelling]


def pronounced(lexicon: Lexicon) -> Spell:
    """Spells words as a lexicon pronounces them, in all its ways."""
    return lambda word: [entry.tokens for entry in lexicon.of(word)] if word in lexicon else []
