"""`G2pModel`: pronunciations of words by a joint n-gram model of letters and tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, Iterable, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LexiconError
from fsaasr.g2p.alignment import Unit
from fsaasr.grammar import NgramModel
from fsaasr.lexicon import Pronunciation

Int64 = npt.NDArray[np.int64]

BEAM = 12.0
"""Default of `G2pModel.pronounce`; natural log."""


@dataclass(frozen=True, eq=False)
class G2pModel:
    """A joint-sequence model: an n-gram model over units of letters and tokens (Bisani and Ney 2008).

    The probability of tokens given a word is that of their best sequence of units, over the sum of all sequences of
    units that spell the word.

    Attributes:
      units: the U units, distinct; each has letters.
      ngram: model of sequences of units; word `unit_name(k)` is unit k.
    """

    units: Tuple[Unit, ...]
    ngram: NgramModel

    @cached_property
    def letters(self) -> frozenset[str]:
        """Letters that the model knows."""
        return frozenset(letter for unit in self.units for letter in unit.letters)

    @cached_property
    def tokens(self) -> frozenset[str]:
        """Tokens that the model can say."""
        return frozenset(token for unit in self.units for token in unit.tokens)

    def pronounce(
        self, word: str, count: int = 1, beam: Optional[float] = BEAM, skip_unknown: bool = False
    ) -> Tuple[Pronunciation, ...]:
        """The most probable pronunciations of a word, distinct, best first.

        Args:
          word: its letters are those of the training words: no letter case is changed.
          count: how many at most, >= 1; fewer where there are no more.
          beam: sequences of units that are so much worse (natural log) than the best one over the same letters are
            given up; None searches all, so that the result is exact.
          skip_unknown: leave out letters that the model does not know, instead of refusing the word.

        Returns:
          Pronunciations whose log_prob is the log of their probability; the probabilities sum to at most 1.

        Raises:
          LexiconError: an unknown letter; a word without letters; letters that no sequence of units spells.
        """
        if count < 1 or (beam is not None and not beam > 0):
            raise LexiconError(f"G2pModel.pronounce: count {count}, beam {beam}; expected a count >= 1 and a beam > 0")
        letters = self._known(word, skip_unknown)
        found = _UnitLattice(self, letters, math.inf if beam is None else beam).paths(count)
        if not found and beam is not None:  # all that the beam kept may have led nowhere
            found = _UnitLattice(self, letters, math.inf).paths(count)
        if not found:
            raise LexiconError(
                f"G2pModel.pronounce: word {word!r}: its letters are known, but no sequence of units spells it; write "
                "its pronunciation yourself, or train with words like it"
            )
        return tuple(Pronunciation(word, tokens, min(0.0, score)) for tokens, score in found)

    def pronounce_all(
        self, words: Iterable[str], count: int = 1, beam: Optional[float] = BEAM, skip_unknown: bool = False
    ) -> List[Pronunciation]:
        """Pronunciations of several words, word after word; arguments and errors as those of `pronounce`."""
        return [entry for word in words for entry in self.pronounce(word, count, beam, skip_unknown)]

    def _known(self, word: str, skip_unknown: bool) -> str:
        unknown = sorted(set(word) - self.letters)
        if unknown and not skip_unknown:
            raise LexiconError(
                f"G2pModel.pronounce: word {word!r} has the letter {unknown[0]!r}, which the model does not know; it "
                f"knows {''.join(sorted(self.letters))!r}; spell the word with these, or let unknown letters be skipped"
            )
        left = "".join(letter for letter in word if letter in self.letters)
        if not left:
            raise LexiconError(f"G2pModel.pronounce: word {word!r} has no letter that the model knows")
        return left

    @cached_property
    def tables(self) -> _Tables:
        """The model as the search takes it."""
        return _Tables(self)


def unit_name(number: int) -> str:
    """Word of the n-gram model that stands for a unit."""
    return f"u{number}"


class _Tables:
    """Units by the letters that they spell, and room for the search."""

    def __init__(self, model: G2pModel) -> None:
        by_letters: Dict[str, List[int]] = {}
        for number, unit in enumerate(model.units):
            by_letters.setdefault(unit.letters, []).append(number)
        self.strings = {letters: number for number, letters in enumerate(by_letters)}
        self.longest = max(map(len, by_letters))
        self.units = np.array([number for group in by_letters.values() for number in group], dtype=np.int64)
        ids = np.array([model.ngram.ids[unit_name(number)] for number in self.units], dtype=np.int64)
        offsets = np.cumsum([0, *map(len, by_letters.values())]).astype(np.int64)
        self.choices = (offsets, ids)
        states = model.ngram.states
        self.lm, self.start, self.end = states.tables, states.start, states.end_id
        shape = (self.longest + 1, len(states))
        self.scratch = (np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=np.int64))
        self.used = 0

    def mark(self, letters: int) -> int:
        """A number from which on marks are free for a word of so many letters."""
        self.used += letters + 1
        return self.used - letters - 1


class _UnitLattice:
    """All that can be said for one word."""

    def __init__(self, model: G2pModel, word: str, beam: float) -> None:
        from fsaasr.g2p.search_kernels import unit_lattice

        tables = model.tables
        strings = np.full((tables.longest + 1, len(word) + 1), -1, dtype=np.int64)
        for n in range(1, tables.longest + 1):
            for i in range(len(word) - n + 1):
                strings[n, i] = tables.strings.get(word[i : i + n], -1)
        ends = (tables.start, tables.end, tables.mark(len(word)))
        self.model, self.letters = model, len(word)
        self.spelt, self.values, self.arcs, self.scores, self.via = unit_lattice(
            tables.lm, ends, strings, tables.choices, tables.scratch, beam
        )
        self.final = self.values[:, 2]

    def paths(self, count: int) -> List[Tuple[Tuple[str, ...], float]]:
        """The best distinct sequences of tokens, not empty, with the log of their share of all."""
        if not np.isfinite(self.final).any():
            return []
        total = float(np.logaddexp.reduce(self.values[:, 1] + self.final))
        if count == 1:
            end = int(np.argmax(self.values[:, 0] + self.final))
            tokens = self._best(end)
            if tokens:
                return [(tokens, float(self.values[end, 0] + self.final[end]) - total)]
        from fsaasr.g2p.nbest import best_paths

        ways: Dict[int, List[Tuple[int, Any, float]]] = {}
        for (source, target, unit), score in zip(self.arcs.tolist(), self.scores.tolist()):
            ways.setdefault(source, []).append((target, self._tokens(unit), score))
        order = np.argsort(self.spelt, kind="stable").tolist()
        return [(tokens, score - total) for tokens, score in best_paths(ways, self.final.tolist(), order, count)]

    def _tokens(self, choice: int) -> Tuple[str, ...]:
        tokens: Tuple[str, ...] = self.model.units[self.model.tables.units[choice]].tokens
        return tokens

    def _best(self, item: int) -> Tuple[str, ...]:
        parts = []
        while self.via[item] >= 0:
            source, _, choice = self.arcs[self.via[item]]
            parts.append(self._tokens(choice))
            item = source
        return tuple(token for part in reversed(parts) for token in part)
