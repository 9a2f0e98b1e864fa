"""`FstArrays`: a weighted transducer as plain arrays, grouped by source state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterable, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError

Arc = Tuple[int, int, int, int, float]
"""source state, next state, input label, output label, score."""

ARRAY_NAMES = ("arc_offsets", "next_state", "input_label", "output_label", "score", "final_score")
"""Names of the array attributes of FstArrays, in the order of its file."""

_DTYPES = (np.int64, np.int32, np.int32, np.int32, np.float32, np.float32)


@dataclass(frozen=True, eq=False)
class FstArrays:
    """S states and A arcs in compressed-sparse-row order; scores are log probabilities, larger is better.

    Attributes:
      arc_offsets: int64 (S + 1,); the arcs of state s are `arc_offsets[s] : arc_offsets[s + 1]`.
      next_state, input_label, output_label: int32 (A,); label 0 is epsilon.
      score: float32 (A,).
      final_score: float32 (S,); -inf where a state is not final.
      start: start state; -1 exactly if there are no states.
    """

    arc_offsets: npt.NDArray[np.int64]
    next_state: npt.NDArray[np.int32]
    input_label: npt.NDArray[np.int32]
    output_label: npt.NDArray[np.int32]
    score: npt.NDArray[np.float32]
    final_score: npt.NDArray[np.float32]
    start: int

    @property
    def num_states(self) -> int:
        """S."""
        return len(self.final_score)

    @property
    def num_arcs(self) -> int:
        """A."""
        return len(self.next_state)

    @property
    def source_state(self) -> npt.NDArray[np.int32]:
        """int32 (A,): the state that each arc leaves."""
        return np.repeat(np.arange(self.num_states, dtype=np.int32), np.diff(self.arc_offsets))

    def weighted(self, scale: float, each_word: float) -> FstArrays:
        """The same with scores times `scale`, and `each_word` added on every arc that says a word."""
        score = self.score * scale + each_word * (self.output_label > 0)
        # What is impossible stays so at scale 0.
        final = np.where(np.isfinite(self.final_score), np.nan_to_num(self.final_score, neginf=0.0) * scale, -np.inf)
        return replace(self, score=score.astype(np.float32), final_score=final.astype(np.float32))

    def to_bytes(self) -> bytes:
        """Content of all arrays, for hashing."""
        arrays = (getattr(self, name) for name in ARRAY_NAMES)
        return self.start.to_bytes(8, "little", signed=True) + b"".join(array.tobytes() for array in arrays)

    @classmethod
    def from_arcs(cls, arcs: Iterable[Arc], finals: Iterable[Tuple[int, float]], start: int = 0) -> FstArrays:
        """Builds from arc tuples in any order; states are those that arcs and finals name."""
        arc_list = list(arcs)
        final_list = list(finals)
        table = np.array(arc_list, dtype=np.float64).reshape(-1, 5)
        mentioned = [int(table[:, :2].max(initial=start)), *(s for s, _ in final_list)]
        source, target, ilabel, olabel = table[:, :4].astype(np.int32).T
        final_score = np.full(max(mentioned) + 1, -np.inf, dtype=np.float32)
        for state, score in final_list:
            final_score[state] = score
        return cls.from_columns(source, target, ilabel, olabel, table[:, 4], final_score, start)

    @classmethod
    def from_columns(
        cls,
        source: npt.ArrayLike,
        next_state: npt.ArrayLike,
        input_label: npt.ArrayLike,
        output_label: npt.ArrayLike,
        score: npt.ArrayLike,
        final_score: npt.ArrayLike,
        start: int = 0,
    ) -> FstArrays:
        """Builds from arc columns in any order; arcs of one state keep their order."""
        sources = np.asarray(source, dtype=np.int64)
        finals = np.ascontiguousarray(final_score, dtype=np.float32)
        order = np.argsort(sources, kind="stable")
        offsets = np.zeros(len(finals) + 1, dtype=np.int64)
        np.cumsum(np.bincount(sources, minlength=len(finals)), out=offsets[1:])
        return cls(
            offsets,
            np.asarray(next_state, dtype=np.int32)[order],
            np.asarray(input_label, dtype=np.int32)[order],
            np.asarray(output_label, dtype=np.int32)[order],
            np.asarray(score, dtype=np.float32)[order],
            finals,
            start,
        )

    def check(self, num_columns: int) -> None:
        """Raises GraphError where an array is inconsistent or an input label lies beyond `num_columns`."""
        for name, dtype in zip(ARRAY_NAMES, _DTYPES):
            _check_array(name, getattr(self, name), dtype)
        states, arcs = self.num_states, self.num_arcs
        if not isinstance(self.start, (int, np.integer)):
            raise GraphError(f"FstArrays: start state {self.start!r}, expected an integer")
        if states == 0 or not 0 <= self.start < states:
            raise GraphError(f"FstArrays: start state {self.start} of {states} states; the graph accepts nothing")
        if self.arc_offsets.shape != (states + 1,) or self.arc_offsets[0] != 0 or self.arc_offsets[-1] != arcs:
            raise GraphError(f"FstArrays: arc_offsets do not run from 0 to {arcs} over {states} states")
        if np.any(np.diff(self.arc_offsets) < 0):
            raise GraphError("FstArrays: arc_offsets decrease")
        for name, upper in (("next_state", states), ("input_label", num_columns + 1), ("output_label", 2**31 - 1)):
            values = getattr(self, name)
            if len(values) != arcs:
                raise GraphError(f"FstArrays: {name} has {len(values)} entries, expected {arcs}")
            if arcs and not (values.min() >= 0 and values.max() < upper):
                arc = int(np.argmax((values < 0) | (values >= upper)))
                raise GraphError(f"FstArrays: {name} of arc {arc} is {values[arc]}, expected 0 to {upper - 1}")
        if len(self.score) != arcs:
            raise GraphError(f"FstArrays: score has {len(self.score)} entries, expected {arcs}")
        _check_values("score of arc", self.score)
        _check_values("final score of state", self.final_score)


def _check_array(name: str, array: object, dtype: type) -> None:
    if not (isinstance(array, np.ndarray) and array.ndim == 1 and array.dtype == dtype):
        found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"
        raise GraphError(
            f"FstArrays: {name} is {found}, expected a {np.dtype(dtype)} array of one axis; "
            "FstArrays.from_columns makes the arrays"
        )


def _check_values(what: str, scores: npt.NDArray[np.float32]) -> None:
    # A maximum is NaN or +inf exactly where an element is: one pass, no temporary.
    peak = scores.max(initial=-np.inf)
    if np.isnan(peak) or peak == np.inf:
        place = int(np.argmax(np.isnan(scores) | (scores == np.inf)))
        value = "NaN" if np.isnan(scores[place]) else "+inf"
        raise GraphError(f"FstArrays: {what} {place} is {value}; log scores are finite or -inf")
