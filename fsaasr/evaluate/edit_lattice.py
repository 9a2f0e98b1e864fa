"""A lattice whose scores are edits, set beside a reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Sequence, TypeVar

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate.oracle import reference_labels
from fsaasr.lattice import Lattice, WordLattice

AnyLattice = TypeVar("AnyLattice", Lattice, WordLattice)
Int = npt.NDArray[np.int64]

MOST_STATES = 2**31 - 1
"""State numbers are int32."""


def edit_distance_lattice(lattice: AnyLattice, reference: Sequence[str]) -> AnyLattice:
    """The lattice's paths, each with all its alignments to a reference; a path's score is minus its edits.

    Words and times are those of the lattice, so a word sequence's best score is minus its edit distance to the
    reference: `best_path` gives the oracle, and `nbest` the word sequences in order of their errors.

    A state of the result is a state of the lattice and a number of reference words used. An arc with a word either
    stands beside the next reference word (0 if equal, else 1 edit) or is inserted (1); an arc without word costs
    nothing; an arc without word and frames skips a reference word (a deletion, 1). Edits are in the graph scores;
    acoustic scores are 0.

    Args:
      lattice: S states and A arcs.
      reference: W words, unknown ones too.

    Returns:
      A lattice of the same kind with S (W + 1) states and less than 2 A (W + 1) + S W arcs.

    Raises:
      EvaluationError: a string in place of words, or more states than can be numbered.
    """
    labels = reference_labels(lattice.words, reference)
    rows = len(labels) + 1
    if lattice.num_states * rows > MOST_STATES:
        raise EvaluationError(
            f"edit_distance_lattice: utterance {lattice.utterance!r}: {lattice.num_states} states times {rows} are "
            "more than can be numbered; prune the lattice"
        )
    source, target, arc, cost = _steps(lattice, labels)
    order = np.argsort(source, kind="stable")
    arc = arc[order]
    final = np.full((lattice.num_states, rows), -np.inf, np.float32)
    final[~np.isneginf(lattice.final_score), -1] = 0.0
    result: AnyLattice = replace(
        lattice,
        source=source[order].astype(np.int32),
        target=target[order].astype(np.int32),
        output_label=_taken(lattice.output_label, arc, 0),
        acoustic_score=np.zeros(len(arc), np.float32),
        graph_score=-cost[order].astype(np.float32),
        state_frame=np.repeat(lattice.state_frame, rows),
        final_score=final.ravel(),
        evidence=None,
        **_own_arrays(lattice, arc),
    )
    return result


def _steps(lattice: AnyLattice, reference: npt.NDArray[np.int32]) -> Any:
    """Source, target, arc of the lattice (-1 for deletions) and edits of each new arc."""
    rows = len(reference) + 1
    arcs, states = np.arange(lattice.num_arcs), np.arange(lattice.num_states)
    spoken = arcs[lattice.output_label > 0]
    # Arcs that stay beside the same number of reference words: insertions, and arcs without word.
    stay, place = (grid.ravel() for grid in np.meshgrid(arcs, np.arange(rows), indexing="ij"))
    beside, word = (grid.ravel() for grid in np.meshgrid(spoken, np.arange(rows - 1), indexing="ij"))
    skipped, gone = (grid.ravel() for grid in np.meshgrid(states, np.arange(rows - 1), indexing="ij"))
    source = np.concatenate(
        [lattice.source[stay] * rows + place, lattice.source[beside] * rows + word, skipped * rows + gone]
    )
    target = np.concatenate(
        [lattice.target[stay] * rows + place, lattice.target[beside] * rows + word + 1, skipped * rows + gone + 1]
    )
    arc = np.concatenate([stay, beside, np.full(len(skipped), -1)])
    wrong = lattice.output_label[beside] != reference[word]
    cost = np.concatenate([lattice.output_label[stay] > 0, wrong, np.ones(len(skipped), bool)])
    return source, target, arc, cost


def _taken(values: Any, arc: Int, missing: int) -> Any:
    """Values of arcs, `missing` for deletions; None stays None."""
    if values is None:
        return None
    return np.append(values, np.array(missing, values.dtype))[arc]


def _own_arrays(lattice: Any, arc: Int) -> Dict[str, Any]:
    """What one kind of lattice has and the other has not."""
    if isinstance(lattice, Lattice):
        defaults = {"input_label": 0, "arc_flags": 0, "graph_arc": -1}
        return {name: _taken(getattr(lattice, name), arc, missing) for name, missing in defaults.items()}
    frames = lattice.frames_of(arc[arc >= 0].astype(np.int32))
    arrays = {name: getattr(lattice, name) for name in ("columns", "column_flags")}
    return {"parts": None, **{name: None if values is None else values[frames] for name, values in arrays.items()}}
