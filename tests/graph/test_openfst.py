import numpy as np
import pynini
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import GraphError
from fsaasr.graph import FstArrays, from_openfst, to_openfst
from fsaasr.testing import random_fst

FIELDS = ("arc_offsets", "next_state", "input_label", "output_label", "score", "final_score")


@given(st.integers(0, 10_000))
def test_round_trip_is_exact(seed):
    fst = random_fst(np.random.default_rng(seed))
    back = from_openfst(to_openfst(fst))
    assert back.start == fst.start
    for name in FIELDS:
        assert np.array_equal(getattr(back, name), getattr(fst, name)), name
        assert getattr(back, name).dtype == getattr(fst, name).dtype


def test_costs_are_negated_scores():
    fst = to_openfst(FstArrays.from_arcs([(0, 1, 1, 2, -0.25)], [(1, -0.5)]))
    arc = next(iter(fst.arcs(0)))
    assert (arc.ilabel, arc.olabel, float(arc.weight), arc.nextstate) == (1, 2, 0.25, 1)
    assert float(fst.final(1)) == 0.5


def test_zero_scores_are_not_negative_zero():
    assert b"-0" not in to_openfst(FstArrays.from_arcs([(0, 1, 1, 1, 0.0)], [(1, 0.0)])).print().encode()


def test_log_semiring_is_read():
    fst = pynini.arcmap(pynini.accep("ab", weight=1.5), map_type="to_log")
    assert from_openfst(fst).final_score[-1] == -1.5


def test_symbol_tables_are_left_behind():
    fst = pynini.accep("ab")
    fst.set_input_symbols(pynini.SymbolTable())
    assert from_openfst(fst).input_label.tolist() == [97, 98]
    assert fst.input_symbols() is not None


def test_empty_fst():
    assert from_openfst(pynini.Fst()).num_states == 0
    assert to_openfst(from_openfst(pynini.Fst())).num_states() == 0


def test_failed_operation_is_reported():
    log = pynini.arcmap(pynini.accep("a"), map_type="to_log")
    with pytest.raises(GraphError, match="arc type"):
        from_openfst(_Other(log))


class _Other:
    """An FST of a semiring that the library does not know."""

    def __init__(self, fst):
        self._fst = fst

    def properties(self, *_):
        return 0

    def arc_type(self):
        return "gallic"
