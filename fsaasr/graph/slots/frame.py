"""`SlotFrame`: a graph of tokens with gaps in it, compiled once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.lexicon_fst import LexiconFst
from fsaasr.graph.topology import Topology


@dataclass(frozen=True, eq=False)
class SlotFrame:
    """min(det(L o G)) with K slots, each in as many places as the grammar has it.

    What stands in a slot is one small graph, whatever the number of places; a state of it is told from the same state
    in another place by where it will return to. With S states of the frame and R places to return to, state s of the
    slots in place r has the number S + s * R + r, and state k of the slots (k < K) is the way into slot k.

    Attributes:
      fst: as a TokenGraph's. Arcs into slots are epsilons, and lead to such numbers.
      arc_flags: uint8 (A,).
      returns: int32 (R,): the states to return to, all different.
      slots: K names.
      words, tokens, topology, transitions: as a TokenGraph's.
      scale, each_word: how the scores of `fst` are weighted, and those of what is put into slots will be.
    """

    fst: FstArrays
    arc_flags: npt.NDArray[np.uint8]
    returns: npt.NDArray[np.int32]
    slots: Tuple[str, ...]
    words: SymbolTable
    tokens: SymbolTable
    topology: Topology
    transitions: Optional[npt.NDArray[np.float32]] = None
    scale: float = 1.0
    each_word: float = 0.0

    def weighted(self, scale: float, each_word: float) -> SlotFrame:
        """The frame with its scores times `scale` and `each_word` added for each word, in its slots, too."""
        fst = self.fst.weighted(scale, each_word)
        return replace(self, fst=fst, scale=self.scale * scale, each_word=self.each_word * scale + each_word)

    @property
    def entry_arcs(self) -> npt.NDArray[np.int64]:
        """The arcs that lead into slots."""
        return np.flatnonzero(self.fst.next_state >= self.fst.num_states)

    def entered(self, arcs: npt.NDArray[np.int64]) -> Tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Slot and place that each of some entry arcs leads to."""
        slot, place = np.divmod(self.fst.next_state[arcs] - self.fst.num_states, max(len(self.returns), 1))
        return slot, place

    def check(self) -> None:
        """Raises GraphError where the arrays do not fit one another."""
        arcs = self.entry_arcs
        slot, _ = self.entered(arcs)
        states = self.fst.num_states
        inside = self.fst.next_state.copy()
        inside[arcs] = 0
        replace(self.fst, next_state=inside).check(len(self.tokens) - 1)
        bad = (slot >= len(self.slots)) | (self.fst.input_label[arcs] != 0)
        if bad.any() or np.any((self.returns < 0) | (self.returns >= states)):
            raise GraphError("SlotFrame: an arc into a slot consumes a token, or leads nowhere; build the graph again")


def open_frame(
    lg: FstArrays,
    lex: LexiconFst,
    slots: Tuple[str, ...],
    tokens: SymbolTable,
    topology: Topology,
    transitions: Optional[npt.NDArray[np.float32]],
) -> SlotFrame:
    """`compose_lexicon`'s result with the arcs of slots led into them.

    Raises:
      GraphError: a slot that the grammar never says.
    """
    slot = lg.input_label - lex.slot_input
    entry = slot >= 0
    unused = [name for number, name in enumerate(slots) if not (slot == number).any()]
    if unused:
        raise GraphError(
            f"compile_slot_graph: the grammar never says {', '.join(unused)}; check the names, or leave the slots out"
        )
    returns, place = np.unique(lg.next_state[entry], return_inverse=True)
    target = lg.next_state.astype(np.int64)
    target[entry] = lg.num_states + slot[entry] * len(returns) + place.reshape(-1)
    label = np.where(entry, 0, lg.input_label)
    order = np.lexsort((label, lg.source_state))
    token, flags = lex.labels.split(label[order])
    fst = FstArrays(
        lg.arc_offsets,
        target[order].astype(np.int32),
        token,
        lg.output_label[order],
        lg.score[order],
        lg.final_score,
        lg.start,
    )
    return SlotFrame(fst, flags, returns.astype(np.int32), slots, lex.words, tokens, topology, transitions)
