"""Union of the lattices that several systems give for one utterance."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any, Callable, List, Optional, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.common_words import common_words
from fsaasr.lattice.operations.time_order import time_order
from fsaasr.lattice.scored_paths import SEARCH_DIED
from fsaasr.lattice.word_lattice import GraphParts, WordLattice, places

Array = npt.NDArray[Any]
Lattices = Sequence[WordLattice]


def union(lattices: Lattices, log_weights: Optional[Sequence[float]] = None) -> WordLattice:
    """All paths of all lattices: a new start leads to the start of each by an arc without word and frames.

    Scores of different systems do not compare. `[-lattice.total_score() for lattice in lattices]` as weights make the
    systems equally probable.

    Args:
      lattices: of one utterance, with as many frames of one length (see `with_frame_shift`); at least one. Words are
        the same that have the same name; those of the first lattice keep their labels.
      log_weights: added to the graph scores of all paths of each lattice; 0 without.

    Returns:
      A lattice with states in the order of time. It has columns if all lattices have them, over the same tokens, and
      parts of graph scores if all have them (weights count as language model); it has the flags of all, and has
      reached a final state if all have.

    Raises:
      LatticeError: no lattice; lattices that differ in utterance or frames; a search that died; weights that are not
        finite, or not as many as lattices.
    """
    weights = np.zeros(len(lattices)) if log_weights is None else np.array(log_weights, dtype=np.float64)
    _check(lattices, weights)
    first = lattices[0]
    zeros = np.zeros(len(lattices))
    begins = 1 + np.cumsum([0, *(lattice.num_states for lattice in lattices)])[:-1]
    source, target = (
        _joined(new, [getattr(lattice, end) + begin for lattice, begin in zip(lattices, begins)]).astype(np.int32)
        for end, new in (("source", zeros), ("target", begins))
    )
    frame = _joined(zeros[:1], [lattice.state_frame for lattice in lattices]).astype(np.int32)
    final = _joined(zeros[:1] - np.inf, [lattice.final_score for lattice in lattices])
    order = time_order(frame, (source, target))
    words, labels = common_words(lattices)
    offsets = np.concatenate([[0], np.cumsum(frame[target] - frame[source], dtype=np.int64)])
    frames = places(offsets[order.arcs], offsets[order.arcs + 1])
    columns, column_flags = (_columns(lattices, name, frames) for name in ("columns", "column_flags"))

    def scores(new: Array, of: Callable[[WordLattice], Array]) -> npt.NDArray[np.float32]:
        return _joined(new, [of(lattice) for lattice in lattices]).astype(np.float32)[order.arcs]

    return WordLattice(
        first.utterance,
        order.source,
        order.target,
        _joined(zeros, labels).astype(np.int32)[order.arcs],
        scores(zeros, lambda lattice: lattice.acoustic_score),
        scores(weights, lambda lattice: lattice.graph_score),
        frame[order.states],
        final.astype(np.float32)[order.states],
        first.num_frames,
        first.frame_shift,
        words,
        first.tokens,
        first.column_token,
        columns,
        column_flags,
        _parts(lattices, weights, order.arcs),
        all(lattice.reached_final for lattice in lattices),
        tuple(dict.fromkeys(flag for lattice in lattices for flag in lattice.flags)),
    )


def _check(lattices: Lattices, weights: npt.NDArray[np.float64]) -> None:
    if not lattices:
        raise LatticeError("union: no lattices; give at least one")
    first = lattices[0]
    if weights.shape != (len(lattices),) or not np.isfinite(weights).all():
        raise LatticeError(f"union: {first.utterance!r}: weights {weights}; {len(lattices)} finite ones are expected")
    for lattice in lattices:
        same = lattice.utterance == first.utterance and lattice.num_frames == first.num_frames
        if not (same and math.isclose(lattice.frame_shift, first.frame_shift, rel_tol=1e-6)):
            raise LatticeError(
                f"union: {lattice.utterance!r}, {lattice.num_frames} frames of {lattice.frame_shift} s, after "
                f"{first.utterance!r}, {first.num_frames} frames of {first.frame_shift} s; expected one utterance on "
                "one grid of frames, see with_frame_shift"
            )
        if SEARCH_DIED in lattice.flags:
            raise LatticeError(f"union: a search of {lattice.utterance!r} died before its end; leave its lattice out")


def _joined(new: Array, rest: List[Array]) -> Array:
    """Values of what is new, and then those of the lattices."""
    return np.concatenate([new, *rest])


def _columns(lattices: Lattices, name: str, frames: npt.NDArray[np.int64]) -> Optional[Array]:
    """Columns or their flags, where all lattices have them, over the same tokens."""
    first = lattices[0]
    known = [getattr(lattice, name) for lattice in lattices]
    same = all(
        lattice.columns is not None
        and lattice.tokens == first.tokens
        and np.array_equal(lattice.column_token, first.column_token)
        for lattice in lattices
    )
    return np.concatenate(known)[frames] if same and not any(values is None for values in known) else None


def _parts(lattices: Lattices, weights: Array, arcs: npt.NDArray[np.int64]) -> Optional[GraphParts]:
    parts = [lattice.parts for lattice in lattices if lattice.parts is not None]
    if len(parts) < len(lattices):
        return None
    new = {"lm": weights}
    joined = {
        field.name: _joined(new.get(field.name, 0 * weights), [getattr(part, field.name) for part in parts])
        for field in fields(GraphParts)
    }
    return GraphParts(**{name: values.astype(np.float32)[arcs] for name, values in joined.items()})
