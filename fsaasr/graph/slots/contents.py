"""`Contents`: what all slots of a frame hold together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.slots.filling import Filling
from fsaasr.graph.slots.frame import SlotFrame


@dataclass(frozen=True, eq=False)
class Contents:
    """The fillings of all K slots in one set of arrays.

    Attributes:
      fst: states 0 .. K - 1 are the ways in; the last is the way out of every slot. Output labels are those of `words`.
      arc_flags: uint8 (A,).
      words: the frame's words, then those that only the fillings have.
    """

    fst: FstArrays
    arc_flags: npt.NDArray[np.uint8]
    words: SymbolTable

    @property
    def way_out(self) -> int:
        """The last state."""
        return self.fst.num_states - 1


def join_fillings(frame: SlotFrame, fillings: Mapping[str, Filling]) -> Contents:
    """Contents of a frame's slots; those without a filling are empty.

    Raises:
      GraphError: more states than int32 has numbers for.
    """
    found = [fillings.get(slot) for slot in frame.slots]
    words = _words(frame.words, [filling for filling in found if filling])
    inner = [max(0, filling.fst.num_states - 2) if filling else 0 for filling in found]
    count = len(found) + sum(inner) + 1
    largest = frame.fst.num_states + count * len(frame.returns)
    if largest >= 1 << 30:
        raise GraphError(
            f"SlotGraph: {count} states in the slots, each in {len(frame.returns)} places, are {largest} of at most "
            "2^30; put fewer words into the slots, or prune the language model"
        )
    arcs: List[List[npt.NDArray[Any]]] = []
    scores, flags = [np.zeros(0, np.float32)], [np.zeros(0, np.uint8)]
    first = len(found)
    for slot, filling in enumerate(found):
        if filling is None:
            continue
        number = np.arange(first - 1, first - 1 + filling.fst.num_states)
        number[[0, -1]] = slot, count - 1
        label = np.array([0, *map(words.get, filling.words)])
        fst = filling.fst
        arcs.append([number[fst.source_state], number[fst.next_state], fst.input_label, label[fst.output_label]])
        scores.append(fst.score)
        flags.append(filling.arc_flags)
        first += fst.num_states - 2
    nothing = np.zeros(0, np.int64)
    source, target, ilabel, olabel = (np.concatenate(parts) for parts in zip([nothing] * 4, *arcs))
    order = np.argsort(source, kind="stable")
    final = np.full(count, -np.inf)
    final[-1] = 0.0
    fst = FstArrays.from_columns(
        source[order], target[order], ilabel[order], olabel[order], np.concatenate(scores)[order], final
    )
    return Contents(fst, np.concatenate(flags)[order], words)


def _words(table: SymbolTable, fillings: Sequence[Filling]) -> SymbolTable:
    new = dict.fromkeys(word for filling in fillings for word in filling.words if word not in table)
    return table.extended(new) if new else table
