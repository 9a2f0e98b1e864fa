"""`Filling`: the words of one slot as a small graph with one way in and one way out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.build_report import BuildReport
from fsaasr.graph.compile import CompileOptions, compose_lexicon
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.lexicon_fst import lexicon_fst
from fsaasr.graph.preflight import check_grammar, check_lexicon
from fsaasr.graph.slots.words import SlotWords


@dataclass(frozen=True, eq=False)
class Filling:
    """Words of a slot, lexicon and grammar composed.

    Attributes:
      fst: input label = token, output label = word, epsilons first. State 0 is the way in, without epsilons; the last
        state is the way out: the only final one, with score 0 and without arcs.
      arc_flags: uint8 (A,), as a TokenGraph has them.
      words: names of the output labels 1, 2, ...
    """

    fst: FstArrays
    arc_flags: npt.NDArray[np.uint8]
    words: Tuple[str, ...]

    def weighted(self, scale: float, each_word: float) -> Filling:
        """The filling with its scores times `scale` and `each_word` added for each word."""
        return replace(self, fst=self.fst.weighted(scale, each_word))


def compile_filling(content: SlotWords, tokens: SymbolTable, slot: str) -> Filling:
    """det(L o G) of what a slot holds.

    Args:
      tokens: the model's.
      slot: for messages.

    Raises:
      GraphError: tokens that the model lacks, words that cannot be told apart, or a grammar that accepts nothing said.
    """
    lexicon = content.lexicon
    check_lexicon(lexicon)
    lex = lexicon_fst(lexicon, tokens, within=True)
    language = check_grammar(content.grammar, lexicon.words).arcsort("ilabel")
    arrays = compose_lexicon(lex, language, tokens, CompileOptions(), BuildReport())
    if np.isfinite(arrays.final_score[arrays.start]):
        raise GraphError(f"slot {slot}: its grammar accepts saying nothing; make it say at least one word")
    label, flags = lex.labels.split(arrays.input_label)
    fst, order = _with_one_end(replace(arrays, input_label=label))
    return Filling(fst, np.append(flags, np.zeros(len(order) - len(flags), np.uint8))[order], lexicon.words.names[1:])


def _with_one_end(fst: FstArrays) -> Tuple[FstArrays, npt.NDArray[np.int64]]:
    """The same with its start as state 0 and one final state, the last; and the arc that each of its arcs was."""
    final = np.isfinite(fst.final_score)
    merged = final & (np.diff(fst.arc_offsets) == 0)
    going_on = np.flatnonzero(final & ~merged)
    kept = ~merged
    kept[fst.start] = False
    number = np.cumsum(kept)
    number[fst.start] = 0
    end = int(kept.sum()) + 1
    number[merged] = end
    score = fst.score + np.where(merged, fst.final_score, np.float32(0))[fst.next_state]
    nothing = np.zeros(len(going_on), np.int32)
    source = np.append(number[fst.source_state], number[going_on])
    label = np.append(fst.input_label, nothing)
    order = np.lexsort((label > 0, source))
    one_final = np.full(end + 1, -np.inf)
    one_final[end] = 0.0
    return (
        FstArrays.from_columns(
            source[order],
            np.append(number[fst.next_state], np.full(len(going_on), end))[order],
            label[order],
            np.append(fst.output_label, nothing)[order],
            np.append(score, fst.final_score[going_on])[order],
            one_final,
        ),
        order,
    )
