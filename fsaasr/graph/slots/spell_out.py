"""A frame and what its slots hold as one plain set of arrays: each place of each slot gets a copy of its words."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.graph.epsilon import ranges
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.slots.contents import Contents
from fsaasr.graph.slots.frame import SlotFrame

IntArray = npt.NDArray[np.int64]


def spell_out(frame: SlotFrame, contents: Contents) -> Tuple[FstArrays, npt.NDArray[np.uint8]]:
    """Arrays and flags of a TokenGraph; the frame's states and arcs come first and keep their numbers."""
    entries = frame.entry_arcs
    slot, place = frame.entered(entries)
    pairs, which = np.unique(np.stack([slot, place], axis=1), axis=0, return_inverse=True)
    next_state = frame.fst.next_state.astype(np.int64)
    parts: List[Tuple[IntArray, ...]] = [
        (frame.fst.source_state.astype(np.int64), next_state, np.arange(frame.fst.num_arcs))
    ]
    roots = np.zeros(len(pairs), np.int64)
    count = frame.fst.num_states
    for k in np.unique(pairs[:, 0]).tolist():
        copies = np.flatnonzero(pairs[:, 0] == k)
        states, arcs = _of_slot(contents, k)
        number = np.full(contents.fst.num_states, -1, dtype=np.int64)
        number[states] = np.arange(len(states))
        base = count + len(states) * np.arange(len(copies))[:, None]
        roots[copies] = base[:, 0]
        source = base + number[contents.fst.source_state[arcs]]
        target = base + number[contents.fst.next_state[arcs]]
        out = contents.fst.next_state[arcs] == contents.way_out
        target[:, out] = frame.returns[pairs[copies, 1]][:, None]
        ids = np.broadcast_to(frame.fst.num_arcs + arcs, source.shape)
        parts.append((source.reshape(-1), target.reshape(-1), ids.reshape(-1)))
        count += len(states) * len(copies)
    next_state[entries] = roots[which.reshape(-1)]
    source, target, arc = (np.concatenate(columns) for columns in zip(*parts))
    both = (frame.fst, contents.fst)
    ilabel, olabel, score = (
        np.concatenate([getattr(fst, name) for fst in both])[arc] for name in ("input_label", "output_label", "score")
    )
    final = np.full(count, -np.inf, np.float32)
    final[: frame.fst.num_states] = frame.fst.final_score
    fst = FstArrays.from_columns(source, target, ilabel, olabel, score, final, frame.fst.start)
    return fst, np.concatenate([frame.arc_flags, contents.arc_flags])[arc]


def _of_slot(contents: Contents, slot: int) -> Tuple[IntArray, IntArray]:
    """States of one slot, its way in first, and their arcs."""
    fst = contents.fst
    reached = np.zeros(fst.num_states, np.bool_)
    reached[slot] = True
    wave = np.array([slot])
    while len(wave):
        found = np.unique(fst.next_state[ranges(fst.arc_offsets[wave], fst.arc_offsets[wave + 1])])
        wave = found[~reached[found]]
        reached[wave] = True
    reached[contents.way_out] = False
    states = np.flatnonzero(reached)
    return states, ranges(fst.arc_offsets[states], fst.arc_offsets[states + 1])
