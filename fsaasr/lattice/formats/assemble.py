"""From arcs in any order, as files have them, to a lattice: trimmed, topologically numbered, with frames of states."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Optional

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.word_lattice import GraphParts, WordLattice, places

Integers = npt.NDArray[Any]
Floats = npt.NDArray[Any]
MAX_FRAMES = 1 << 30
"""More frames than any recording has: a lattice that claims more is damaged."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The arcs and states that lie on complete paths, put in the order of `ScoredPaths`.

    Attributes:
      states: int64 (S',): the old number of each state; 0 is the start.
      arcs: int64 (A',): the old place of each arc; sorted by source, arcs of one state as they came.
      source, target: int32 (A',) new numbers; source < target.
    """

    states: npt.NDArray[np.int64]
    arcs: npt.NDArray[np.int64]
    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]

    def state_frame(self, frames: Integers, utterance: str) -> npt.NDArray[np.int32]:
        """int32 (S',): frames consumed when each state is reached, from the frames of each old arc (A,), >= 0.

        Raises:
          LatticeError: two ways to a state differ in frames, an arc has a negative number, or a path more than 2^30.
        """
        from fsaasr.lattice.formats.assemble_kernels import frames_reached

        frames = np.asarray(frames, dtype=np.int64)[self.arcs]
        if len(frames) and not 0 <= frames.min() <= frames.max() <= MAX_FRAMES:
            bad = int(self.arcs[np.argmax((frames < 0) | (frames > MAX_FRAMES))])
            raise _error(utterance, f"arc {bad} has a number of frames outside 0 .. {MAX_FRAMES}")
        reached, arc, other = frames_reached(self.source, self.target, frames, len(self.states))
        if arc >= 0:
            target = self.target[arc]
            raise _error(
                utterance,
                f"state {self.states[target]} is reached at frame {reached[target]} on one path and at frame {other} "
                f"by the arc from state {self.states[self.source[arc]]}; all paths to a state have as many frames",
            )
        if reached.max() > MAX_FRAMES:
            raise _error(utterance, f"{reached.max()} frames, more than {MAX_FRAMES}")
        return np.asarray(reached, dtype=np.int32)


def arrange(
    source: Integers, target: Integers, start: int, is_final: npt.NDArray[np.bool_], utterance: str
) -> Arrangement:
    """Trims, and numbers states topologically; those that are numbered so already keep their order.

    Args:
      source, target: int (A,): states of each arc, 0 .. S - 1, arcs in any order.
      start: 0 .. S - 1.
      is_final: (S,).
      utterance: for errors.

    Raises:
      LatticeError: a state beyond S, a cycle among arcs on complete paths, or no complete path at all.
    """
    from fsaasr.lattice.formats import assemble_kernels

    num_states = len(is_final)
    if not 0 <= start < num_states:
        raise _error(utterance, f"the start is state {start} of {num_states}: the lattice has no path")
    for states in (source, target):
        if len(states) and not 0 <= states.min() <= states.max() < num_states:
            bad = int(np.argmax((states < 0) | (states >= num_states)))
            raise _error(utterance, f"arc {bad} has state {states[bad]}, beyond the {num_states} states")
    keep, order, arcs = assemble_kernels.arrange(source, target, start, is_final)
    if not keep[start]:
        raise _error(utterance, "no path leads from the start to a final state")
    if len(order) < np.count_nonzero(keep):
        keep[order] = False
        state = assemble_kernels.state_on_cycle(source, target, keep)
        raise _error(utterance, f"state {state} lies on a cycle; the paths of a lattice are finite in number")
    number = np.empty(num_states, dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return Arrangement(order, arcs, number[source[arcs]], number[target[arcs]])


@dataclass(frozen=True, eq=False)
class LooseArcs:
    """What a file tells of a lattice, in its own order: arcs as they come, dead ends and all.

    Attributes:
      source, target: int (A,): states of each arc, 0 .. S - 1.
      output_label: int (A,): word label; 0 is none.
      acoustic_score, graph_score: float (A,), log; an arc with -inf in either is impossible, and left out.
      final_score: float (S,): -inf where a state is not final.
      start: first state.
    """

    source: Integers
    target: Integers
    output_label: Integers
    acoustic_score: Floats
    graph_score: Floats
    final_score: Floats
    start: int = 0


def assemble_lattice(
    utterance: str,
    loose: LooseArcs,
    input_label: Integers,
    symbols: LatticeSymbols,
    arc_flags: Optional[Integers] = None,
) -> Lattice:
    """A frame-level lattice of arcs in any order; it has no arcs of the graph.

    Args:
      utterance: id.
      loose: the arcs.
      input_label: int (A,): score column + 1; 0 consumes no frame.
      symbols: names of the labels.
      arc_flags: int (A,) in 0 .. 255, where they are known.

    Raises:
      LatticeError: as `arrange` and `Arrangement.state_frame`; labels beyond the symbols; scores that are NaN or +inf;
        complete paths that differ in frames.
    """
    order = _arranged(utterance, loose)
    labels = _checked(utterance, "input label", input_label[order.arcs], len(symbols.column_token) + 1)
    common = _common(utterance, loose, order, order.state_frame(input_label > 0, utterance), symbols)
    flags = None if arc_flags is None else arc_flags[order.arcs].astype(np.uint8)
    return Lattice(input_label=labels, arc_flags=flags, **common)


def assemble_word_lattice(
    utterance: str,
    loose: LooseArcs,
    frames: Integers,
    symbols: LatticeSymbols,
    columns: Optional[Integers] = None,
    parts: Optional[GraphParts] = None,
    column_flags: Optional[Integers] = None,
) -> WordLattice:
    """A word lattice of arcs in any order.

    Args:
      utterance: id.
      loose: the arcs.
      frames: int (A,): frames of each arc, >= 0.
      symbols: names of the labels.
      columns: int (F,): score columns of the arcs' frames, arc after arc, where they are known.
      parts: of the arcs' graph scores, in their order, where they are known.
      column_flags: int (F,) in 0 .. 255, of `columns`, where they are known.

    Raises:
      LatticeError: as `assemble_lattice`; columns of another number than frames.
    """
    order = _arranged(utterance, loose)
    state_frame = order.state_frame(frames, utterance)
    if columns is not None:
        offsets = np.concatenate([[0], np.cumsum(frames, dtype=np.int64)])
        if offsets[-1] != len(columns):
            raise _error(utterance, f"{len(columns)} columns for {offsets[-1]} frames; expected one each")
        chosen = places(offsets[order.arcs], offsets[order.arcs + 1])
        columns = _checked(utterance, "column", columns[chosen], len(symbols.column_token))
        column_flags = None if column_flags is None else column_flags[chosen].astype(np.uint8)
    common = _common(utterance, loose, order, state_frame, symbols)
    kept = None if parts is None else parts.take(order.arcs)
    return WordLattice(columns=columns, column_flags=column_flags, parts=kept, **common)


def _arranged(utterance: str, loose: LooseArcs) -> Arrangement:
    is_final = ~np.isneginf(loose.final_score)
    possible = ~(np.isneginf(loose.acoustic_score) | np.isneginf(loose.graph_score))
    if possible.all():
        return arrange(loose.source, loose.target, loose.start, is_final, utterance)
    arcs = np.flatnonzero(possible)
    order = arrange(loose.source[arcs], loose.target[arcs], loose.start, is_final, utterance)
    return replace(order, arcs=arcs[order.arcs])


def _common(
    utterance: str,
    loose: LooseArcs,
    order: Arrangement,
    state_frame: npt.NDArray[np.int32],
    symbols: LatticeSymbols,
) -> Dict[str, Any]:
    """What both kinds of lattice have, checked."""
    final_score = loose.final_score[order.states].astype(np.float32)
    is_final = ~np.isneginf(final_score)
    ends = state_frame[is_final]
    if ends.min() != ends.max():
        raise _error(utterance, f"paths end at frame {ends.min()} and at frame {ends.max()}; all have as many frames")
    with np.errstate(over="ignore"):  # infinity is refused below
        scores = [values[order.arcs].astype(np.float32) for values in (loose.acoustic_score, loose.graph_score)]
    if not all(np.isfinite(values).all() for values in (*scores, final_score[is_final])):
        raise _error(utterance, "a score is NaN or +inf, a cost NaN or -inf; the file is damaged")
    return {
        "utterance": utterance,
        "source": order.source,
        "target": order.target,
        "output_label": _checked(utterance, "word label", loose.output_label[order.arcs], len(symbols.words)),
        "acoustic_score": scores[0],
        "graph_score": scores[1],
        "state_frame": state_frame,
        "final_score": final_score,
        "num_frames": int(ends[0]),
        "frame_shift": symbols.frame_shift,
        "words": symbols.words,
        "tokens": symbols.tokens,
        "column_token": symbols.column_token,
    }


def _checked(utterance: str, what: str, labels: Integers, count: int) -> npt.NDArray[np.int32]:
    """Labels, all in 0 .. count - 1."""
    if len(labels) and not 0 <= labels.min() <= labels.max() < count:
        bad = labels[np.argmax((labels < 0) | (labels >= count))]
        raise _error(utterance, f"{what} {bad} is beyond the symbols, which run to {count - 1}; read it with its own")
    return labels.astype(np.int32, copy=False)


def _error(utterance: str, problem: str) -> LatticeError:
    return LatticeError(f"utterance {utterance!r}: {problem}")
