"""Scores of silence that depend on the words around it, arc by arc of a word lattice."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.lattice.word_lattice import WordLattice
from fsaasr.lexicon import Lexicon, SilenceWeights

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


class _Context(NamedTuple):
    """What is known of the way to a state: the last pronunciation, and whether silence came after it."""

    left: int
    silent: bool


class SilenceParts(NamedTuple):
    """A lattice whose states know what silence depends on.

    Attributes:
      lattice: the same paths with the same scores; states that several contexts reach are there once for each.
      origin: int64 (A,): arcs of the lattice that was given.
      silence: float64 (A,): score of silence or none.
    """

    lattice: WordLattice
    origin: Int64
    silence: Float64


class WordSilence:
    """Splits silence scores off for a lexicon whose probability of silence depends on the words.

    A word's arc has the score of no silence behind it, and its correction for what came before it; an arc of silence
    has the difference that it makes; an arc from the start has the score of no silence there, and one into a final
    state the correction of a sentence's end.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        """Args:
        lexicon: with word-dependent silence.
        """
        entries = lexicon.pronunciations
        # The ends of sentences come after all pronunciations, and in the end what is not known and costs nothing.
        self.sentence, self.unknown = len(entries), len(entries) + 1
        rows = [_row(lexicon.silence_weights(entry)) for entry in (*entries, None)]
        self.none_after, self.odds, self.not_before, self.before = np.array([*rows, (0.0,) * 4]).T

    def split(self, lattice: WordLattice, entry: Int64, outside: Int64) -> SilenceParts:
        """Args:
        lattice: to be split.
        entry: (A,) numbers of the arcs' pronunciations in the lexicon; negative where there is no word, or it is not
          finished. outside: (A,) tokens of silence on each arc.
        """
        said = np.where(entry < 0, self.unknown, entry)
        contexts = self._contexts(lattice, said, outside)
        first = np.concatenate([[0], np.cumsum([len(of_state) for of_state in contexts])])
        rows = [
            (arc, number, first[lattice.target[arc]] + target)
            for state, of_state in enumerate(contexts)
            for number, (context, steps) in enumerate(of_state.items(), int(first[state]))
            for arc, target in steps
        ]
        origin, source, target = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        known = [context for of_state in contexts for context in of_state]
        expanded = _expanded(lattice, origin, source, target, np.repeat(np.arange(len(contexts)), np.diff(first)))
        left = np.array([context.left for context in known])[source]
        silent = np.array([context.silent for context in known])
        own = said[origin]
        silence = self.none_after[own] + np.where(silent[source], self.before[own], self.not_before[own])
        silence += self.odds[left] * ((outside[origin] > 0) & (lattice.output_label[origin] == 0))
        silence += self.none_after[self.sentence] * (source == 0)
        end = np.where(silent, self.before[self.sentence], self.not_before[self.sentence])
        ending = end * (lattice.reached_final & np.isfinite(expanded.final_score))
        ending[0] = 0.0
        return SilenceParts(expanded, origin, silence + ending[target] - ending[source])

    def _contexts(
        self, lattice: WordLattice, said: Int64, outside: Int64
    ) -> List[Dict[_Context, List[Tuple[int, int]]]]:
        """By state, the contexts that reach it; for each, its arcs with the number of their target's context."""
        is_word = lattice.output_label > 0
        is_silence = (outside > 0) & ~is_word
        needs_left = np.zeros(lattice.num_states, dtype=np.bool_)
        for arc in range(lattice.num_arcs - 1, -1, -1):
            needs_left[lattice.source[arc]] |= is_silence[arc] or (not is_word[arc] and needs_left[lattice.target[arc]])
        contexts: List[Dict[_Context, List[Tuple[int, int]]]] = [{} for _ in range(lattice.num_states)]
        contexts[0][_Context(self.sentence if needs_left[0] else self.unknown, False)] = []
        for arc in range(lattice.num_arcs):
            target = int(lattice.target[arc])
            for context, steps in contexts[lattice.source[arc]].items():
                after = context
                if is_word[arc]:
                    after = _Context(int(said[arc]), False)
                elif is_silence[arc]:
                    after = _Context(self.unknown, True)
                if not needs_left[target]:
                    after = after._replace(left=self.unknown)
                of_target = contexts[target]
                of_target.setdefault(after, [])
                steps.append((arc, list(of_target).index(after)))
        return contexts


def _row(weights: SilenceWeights) -> Tuple[float, ...]:
    none = math.log(1 - weights.after)
    return none, math.log(weights.after) - none, math.log(weights.not_before), math.log(weights.before)


def _expanded(lattice: WordLattice, origin: Int64, source: Int64, target: Int64, state: Int64) -> WordLattice:
    """Arcs `origin` of a lattice between new states, which are copies of `state`."""
    frames = lattice.frames_of(origin.astype(np.int32))
    return replace(
        lattice,
        source=source.astype(np.int32),
        target=target.astype(np.int32),
        output_label=lattice.output_label[origin],
        acoustic_score=lattice.acoustic_score[origin],
        graph_score=lattice.graph_score[origin],
        state_frame=lattice.state_frame[state],
        final_score=lattice.final_score[state],
        columns=None if lattice.columns is None else lattice.columns[frames],
        column_flags=None if lattice.column_flags is None else lattice.column_flags[frames],
        parts=None if lattice.parts is None else lattice.parts.take(origin),
    )
