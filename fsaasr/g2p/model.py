"""`G2pModel`: pronunciations of words by a joint n-gram model of letters and tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LexiconError
from fsaasr.g2p.alignment import Unit
from fsaasr.grammar import NgramModel
from fsaasr.lexicon import Pronunciation

if TYPE_CHECKING:
    from fsaasr.g2p.nbest import Path

Int64 = npt.NDArray[np.int64]
Tokens = Tuple[str, ...]

BEAM = 8.0
"""Default of `G2pModel.pronounce`; natural log."""

RIVALS, RIVAL_BEAM = 6, 6.0
"""How many pronunciations a backward model ranks, and how far behind the best they may be; natural log."""


@dataclass(frozen=True, eq=False)
class G2pModel:
    """A joint-sequence model: an n-gram model over units of letters and tokens (Bisani and Ney 2008).

    The probability of tokens given a word is that of their best sequence of units, over the sum of all sequences of
    units that spell the word. With a backward model, the best few share their probability anew, by the geometric mean
    of what both models say of their sequences: each smooths what is rare by other contexts, and errs elsewhere.

    Attributes:
      units: the U units, distinct; each has letters.
      ngram: model of sequences of units; word `unit_name(k)` is unit k.
      backward: the same of sequences from last to first, or None.
    """

    units: Tuple[Unit, ...]
    ngram: NgramModel
    backward: Optional[NgramModel] = None

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
        found = _UnitLattice(self, letters, math.inf if beam is None else beam).pronunciations(count)
        if not found and beam is not None:  # all that the beam kept may have led nowhere
            found = _UnitLattice(self, letters, math.inf).pronunciations(count)
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
        self.backward: Optional[_Backward] = None if model.backward is None else _Backward(model.backward, self.units)
        shape = (self.longest + 1, len(states))
        self.scratch = (np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=np.int64))
        self.used = 0

    def mark(self, letters: int) -> int:
        """A number from which on marks are free for a word of so many letters."""
        self.used += letters + 1
        return self.used - letters - 1


class _Backward:
    """The backward model as the search takes it; units are known by their places among the choices."""

    def __init__(self, ngram: NgramModel, units: Int64) -> None:
        self.ids = [ngram.ids[unit_name(number)] for number in units]
        self.lm, self.ends = ngram.states.tables, (ngram.states.start, ngram.states.end_id)

    def scores(self, sequences: Sequence[Sequence[int]]) -> List[float]:
        """Log probabilities of sequences of units, which are given from first to last."""
        from fsaasr.g2p.search_kernels import sequence_scores

        offsets = np.cumsum([0, *map(len, sequences)])
        ids = np.array([self.ids[unit] for units in sequences for unit in reversed(units)], dtype=np.int64)
        scores: List[float] = sequence_scores(self.lm, self.ends, offsets, ids).tolist()
        return scores


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
        self.model = model
        self.values, self.arcs, self.scores, self.via = unit_lattice(
            tables.lm, ends, strings, tables.choices, tables.scratch, beam
        )
        self.final = self.values[:, 2]

    def pronunciations(self, count: int) -> List[Tuple[Tokens, float]]:
        """The best distinct sequences of tokens, not empty, with their log probabilities."""
        if not np.isfinite(self.final).any():
            return []
        total = float(np.logaddexp.reduce(self.values[:, 1] + self.final))
        backward = self.model.tables.backward
        if backward is None:
            return [(path.tokens, path.score - total) for path in self._paths(count)]
        rivals = self._paths(RIVALS, RIVAL_BEAM)
        found = [(path.tokens, path.score - total) for path in rivals]
        if len(rivals) > 1:
            others = backward.scores([path.units for path in rivals])
            means = np.array([(path.score + other) / 2 for path, other in zip(rivals, others)])
            shared = np.logaddexp.reduce([share for _, share in found]) - np.logaddexp.reduce(means)
            found = [(path.tokens, float(mean + shared)) for path, mean in zip(rivals, means)]
        if count > len(rivals):
            ranked = {tokens for tokens, _ in found}
            found += [(path.tokens, path.score - total) for path in self._paths(count) if path.tokens not in ranked]
        return sorted(found, key=lambda pair: -pair[1])[:count]

    def _paths(self, count: int, beam: float = math.inf) -> List[Path]:
        """The best paths with distinct tokens, at most so much worse than the best path."""
        from fsaasr.g2p.nbest import Path, best_paths
        from fsaasr.g2p.search_kernels import near_best

        if count == 1:
            units = self._best()
            tokens = self._said(units)
            if tokens:
                return [Path(tokens, units, float((self.values[:, 0] + self.final).max()))]
        rest, kept = near_best(self.values, self.arcs, self.scores, beam)
        ways: Dict[int, List[Tuple[int, int, Tokens, float]]] = {}
        for (source, target, unit), score in zip(self.arcs[kept].tolist(), self.scores[kept].tolist()):
            ways.setdefault(source, []).append((target, unit, self._said([unit]), score))
        paths = best_paths(ways, self.final.tolist(), rest.tolist(), count)
        return [path for path in paths if path.score >= rest[0] - beam]

    def _said(self, units: Sequence[int]) -> Tokens:
        numbers = self.model.tables.units
        return tuple(token for unit in units for token in self.model.units[numbers[unit]].tokens)

    def _best(self) -> Tuple[int, ...]:
        """Units of the best path, by their places among the choices."""
        item = int(np.argmax(self.values[:, 0] + self.final))
        units: List[int] = []
        while self.via[item] >= 0:
            source, _, unit = self.arcs[self.via[item]].tolist()
            units.append(unit)
            item = source
        return tuple(reversed(units))
