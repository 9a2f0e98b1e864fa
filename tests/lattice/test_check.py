"""`check` accepts what searches give and finds each kind of damage."""

from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.core.scores import Scores
from fsaasr.decode import decode
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.lattice import KeptArcs, Utterance, best_path, check, lattice_from_arcs
from fsaasr.testing import toy_graph

# Two frames: 0 -1:1-> 1, then 2 by label 2 or 3; label 3 is worse by 1.
GRAPH = toy_graph(FstArrays.from_arcs([(0, 1, 1, 1, 0.0), (1, 2, 2, 0, 0.0), (1, 2, 3, 0, -1.0)], [(2, -0.5)]))


def a_lattice():
    (lattice,) = decode(GRAPH, Scores.from_matrices([np.zeros((2, 3))], 0.01))
    return lattice


def test_a_searched_lattice_is_sound():
    lattice = a_lattice()
    check(lattice)
    assert lattice.source.tolist() == [0, 1, 1]
    assert lattice.state_frame.tolist() == [0, 1, 2]
    assert lattice.final_score.tolist() == [-np.inf, -np.inf, -0.5]


def int32(*values):
    return np.array(values, dtype=np.int32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": int32(1, 2)}, r"target has shape \(2,\), expected \(3,\)"),
        ({"final_score": np.zeros(2, dtype=np.float32)}, r"\(2,\) final scores for 3 states"),
        ({"target": int32(1, 2, 3)}, "an arc leaves the states"),
        ({"target": int32(1, 1, 2)}, "an arc goes to an earlier state"),
        ({"source": int32(1, 0, 1), "target": int32(2, 1, 2)}, "not sorted by source"),
        ({"input_label": int32(1, 2, 9)}, "an input label beyond the columns .first at 2 of 3"),
        ({"output_label": int32(1, 2, 0)}, "an output label beyond the words"),
        ({"graph_score": np.array([0, np.nan, 0], dtype=np.float32)}, "an arc score that is not finite"),
        ({"final_score": np.array([-np.inf, -np.inf, np.nan], dtype=np.float32)}, "a final score that is NaN"),
        ({"final_score": np.full(3, -np.inf, dtype=np.float32)}, "no state is final"),
        ({"state_frame": int32(1, 2, 3)}, "the start is at frame 1"),
        ({"state_frame": int32(0, 1, 1)}, "not as many frames apart"),
        ({"num_frames": 3}, "a final state that is not at frame 3"),
        ({"source": int32(0, 0, 0), "target": int32(1, 1, 1)}, "a state that no arc leads to"),
        (
            {"source": int32(0, 0, 0), "target": int32(1, 1, 2), "state_frame": int32(0, 1, 1), "num_frames": 1},
            "dead end",
        ),
        ({"arc_flags": np.zeros(1, dtype=np.uint8)}, "arc_flags has shape"),
    ],
)
def test_damage_is_found(change, message):
    damaged = replace(a_lattice(), **change)
    with pytest.raises(LatticeError, match=f"utterance 'utt0': .*{message}"):
        check(damaged)


def test_a_lattice_without_final_states_has_no_best_path():
    with pytest.raises(LatticeError, match="'utt0' has no path to a final state"):
        best_path(replace(a_lattice(), final_score=np.full(3, -np.inf, dtype=np.float32)))


def test_kept_arcs_may_come_in_any_order():
    utterance = Utterance("utt0", np.zeros((2, 3), dtype=np.float32), 0.01)
    score = np.array([-0.5], dtype=np.float32)
    kept = KeptArcs(np.array([1, 0, 1]), np.array([2, 0, 1]), np.array([2]), score, 2)
    lattice = lattice_from_arcs(GRAPH, utterance, kept)
    assert lattice.graph_arc.tolist() == [0, 1, 2]
    assert np.array_equal(lattice.target, a_lattice().target)
