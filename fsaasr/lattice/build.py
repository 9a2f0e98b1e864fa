"""From the graph arcs that a search kept, frame by frame, to a `Lattice`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.epsilon import epsilon_rank
from fsaasr.lattice.lattice import Lattice

IntArray = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Utterance:
    """What a search sees of one utterance: id, scores (T, C) float32 without padding, seconds a frame."""

    id: str
    matrix: FloatArray
    frame_shift: Seconds


@dataclass(frozen=True, eq=False)
class KeptArcs:
    """What a search kept: each (frame, arc) once, all of them on complete paths.

    Attributes:
      frame: int (A,): frames consumed before the arc, 0 .. T. arc: int (A,): arc of the graph.
      end_state: int (E,): graph states in which paths end, and end_score: float32 (E,), their final scores.
      end_frame: frames consumed there.
      reached_final, flags: as in Lattice.
    """

    frame: IntArray
    arc: IntArray
    end_state: IntArray
    end_score: npt.NDArray[np.float32]
    end_frame: int
    reached_final: bool = True
    flags: Tuple[str, ...] = ()


def lattice_from_arcs(graph: DecodingGraph, utterance: Utterance, kept: KeptArcs) -> Lattice:
    """Joins kept arcs into a lattice whose states are pairs of frame and graph state.

    Arcs may come in any order. Acoustic scores are taken from the utterance's matrix, everything else from the graph.
    """
    fst = graph.fst
    rank = epsilon_rank(fst)
    arc = np.asarray(kept.arc, dtype=np.int64)
    frame = np.asarray(kept.frame, dtype=np.int64)
    label = fst.input_label[arc]
    consumes = label > 0
    states = fst.num_states
    source_key = frame * states + rank[np.searchsorted(fst.arc_offsets, arc, side="right") - 1]
    if not _is_sorted(source_key, arc):
        order = np.lexsort((arc, source_key))
        arc, frame, label, consumes, source_key = (x[order] for x in (arc, frame, label, consumes, source_key))
    target_key = (frame + consumes) * states + rank[fst.next_state[arc]]
    end_key = kept.end_frame * states + rank[kept.end_state].astype(np.int64)
    start_key = np.array([rank[fst.start]], dtype=np.int64)
    keys = np.unique(np.concatenate([start_key, source_key, target_key, end_key]))
    final_score = np.full(len(keys), -np.inf, dtype=np.float32)
    final_score[np.searchsorted(keys, end_key)] = kept.end_score
    acoustic = np.zeros(len(arc), dtype=np.float32)
    acoustic[consumes] = utterance.matrix[frame[consumes], label[consumes] - 1]
    return Lattice(
        utterance.id,
        np.searchsorted(keys, source_key).astype(np.int32),
        np.searchsorted(keys, target_key).astype(np.int32),
        label,
        fst.output_label[arc],
        acoustic,
        fst.score[arc],
        None if graph.arc_flags is None else graph.arc_flags[arc],
        (keys // states).astype(np.int32),
        final_score,
        len(utterance.matrix),
        utterance.frame_shift,
        graph.words,
        graph.tokens,
        graph.column_token,
        kept.reached_final,
        kept.flags,
        arc.astype(np.int32),
    )


def _is_sorted(key: IntArray, arc: IntArray) -> bool:
    step = np.diff(key)
    return bool(np.all((step > 0) | ((step == 0) & (np.diff(arc) > 0))))
