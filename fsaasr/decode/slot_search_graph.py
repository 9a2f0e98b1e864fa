"""What the pruned search reads of a graph with slots: the frame's records, made once, and behind them the slots'."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from fsaasr.decode.search_graph import Searchable, chained, epsilon_heights
from fsaasr.decode.search_records import STATE, WAY_OUT, SearchGraph
from fsaasr.decode.search_tables import check_searchable, frozen
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.slots import SlotGraph
from fsaasr.graph.slots.contents import Contents
from fsaasr.graph.slots.frame import SlotFrame

_FRAMES: WeakKeyDictionary[SlotFrame, Searchable] = WeakKeyDictionary()


def searchable_slots(graph: SlotGraph) -> Searchable:
    """The frame's part, kept as long as the frame lives, with what is in the slots put behind it by copying arrays."""
    main = _FRAMES.get(graph.frame)
    if main is None:
        main = _FRAMES[graph.frame] = _of_frame(graph)
    return _behind(main, graph.frame, _records_of(main.tables, graph.frame, graph.contents), graph.contents)


def _of_frame(graph: SlotGraph) -> Searchable:
    check_searchable(graph)
    frame, fst = graph.frame, graph.frame.fst
    inside = replace(fst, next_state=np.minimum(fst.next_state, fst.num_states).astype(np.int32))
    # One more state stands for the ways into the slots, from which no epsilons lead on.
    open_end = replace(
        inside,
        arc_offsets=np.append(fst.arc_offsets, fst.num_arcs),
        final_score=np.append(fst.final_score, np.float32(-np.inf)),
    )
    greatest = float(fst.score.max(initial=0.0, where=fst.input_label > 0))
    heights = epsilon_heights(open_end)
    states = _states(fst, greatest, heights[:-1])
    column, enter, rules, start_label = chained(graph)
    best_epsilon = float(fst.score.max(initial=-np.inf, where=fst.input_label == 0))
    highest = int(heights.max(initial=0))
    tables = SearchGraph(
        states, frozen(fst.input_label), frozen(fst.score), frozen(fst.next_state), frozen(fst.output_label), column,
        enter, rules, fst.start, start_label, True, highest, greatest, greatest, highest * max(best_epsilon, 0.0),
        best_epsilon, float(fst.final_score.max()), fst.num_states, max(len(frame.returns), 1),
        np.array(frame.returns, dtype=np.int32), (),
    )  # fmt: skip
    return Searchable(tables, None, fst.num_arcs, fst.input_label, fst.output_label, frame.arc_flags, fst.final_score)


def _states(fst: FstArrays, greatest: float, heights: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    from fsaasr.decode.search_graph_kernels import state_records

    states = np.zeros(fst.num_states + 1, STATE)
    state_records(frozen(fst.arc_offsets), frozen(fst.input_label), frozen(fst.score), greatest, states)
    states["height"][:-1] = heights
    return states


@dataclass(frozen=True, eq=False)
class _Slots:
    """Records of the slots' states but the way out, and what they change for the whole graph."""

    states: npt.NDArray[Any]
    target: npt.NDArray[np.int32]
    highest: int
    greatest: float
    best_epsilon: float


def _records_of(main: SearchGraph, frame: SlotFrame, contents: Contents) -> _Slots:
    fst = contents.fst
    epsilon = fst.input_label == 0
    greatest = max(main.greatest, float(fst.score.max(initial=0.0, where=~epsilon)))
    after = int(main.states["height"][frame.returns].max(initial=0))
    # A chain of epsilons may lead out of the slot, and goes on where it returns to.
    heights = epsilon_heights(fst, after)
    states = _states(fst, greatest, heights)
    states["begin"] += len(main.label)
    way_out = fst.next_state == contents.way_out
    target = np.where(way_out, WAY_OUT, frame.fst.num_states + fst.next_state * max(len(frame.returns), 1))
    return _Slots(
        np.append(states[:-2], states[-1:]),
        target.astype(np.int32),
        max(main.highest, int(heights.max(initial=0))),
        greatest,
        max(main.best_epsilon, float(fst.score.max(initial=-np.inf, where=epsilon))),
    )


def _behind(main: Searchable, frame: SlotFrame, slots: _Slots, contents: Contents) -> Searchable:
    """One set of arrays, the frame's first."""
    tables, fst = main.tables, contents.fst
    joined = tables._replace(
        states=np.concatenate([tables.states[:-1], slots.states]),
        label=frozen(np.concatenate([tables.label, fst.input_label])),
        score=frozen(np.concatenate([tables.score, fst.score])),
        target=frozen(np.concatenate([tables.target, slots.target])),
        output=frozen(np.concatenate([tables.output, fst.output_label])),
        highest=slots.highest,
        peak=slots.greatest,
        greatest=slots.greatest,
        bonus=slots.highest * max(slots.best_epsilon, 0.0),
        best_epsilon=slots.best_epsilon,
    )
    return replace(
        main,
        tables=joined,
        input_label=joined.label,
        output_label=joined.output,
        arc_flags=np.concatenate([frame.arc_flags, contents.arc_flags]),
    )
