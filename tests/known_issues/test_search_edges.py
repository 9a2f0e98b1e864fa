"""Searches that once read beyond their tokens, lost paths in silence, or proved what was not so."""

import math

import numpy as np
import pytest

from fsaasr.core.errors import GraphError
from fsaasr.core.scores import Scores
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import Decoder, SearchOptions, decode
from fsaasr.decode.beam import beam_lattice
from fsaasr.graph import DecodingGraph, FstArrays, TokenGraph
from fsaasr.graph.topologies import TOPOLOGIES
from fsaasr.lattice import SEARCH_DIED, Utterance
from fsaasr.testing import toy_graph


def search(graph, matrix, **options):
    return beam_lattice(graph, Utterance("u", np.asarray(matrix, dtype=np.float32), 0.01), SearchOptions(**options))


def test_masks_of_minus_a_billion_leave_tokens():
    # -20 vanishes beside -1e9 in float32 but not in float64, so the cutoff lay above everything that was to reach it.
    arcs = [arc for k in range(30) for arc in ((0, 1 + k, 1, 0, 0.0), (1 + k, 1 + k, 2, 0, -20.0))]
    graph = toy_graph(FstArrays.from_arcs(arcs, [(1 + k, 0.0) for k in range(30)]), 2)
    decoder = Decoder(graph, frame_shift=0.01)
    decoder.advance(np.array([[0, -1e9], [0, -1e9]]))
    assert decoder.partial().columns == (0, 1)
    assert decoder.stable().columns == (0,) or decoder.stable().columns == ()
    lattice = decoder.finalize()
    lattice.check()
    assert lattice.reached_final
    assert lattice.best_path().score == pytest.approx(-1e9 - 20, rel=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_beams_next_to_nothing_keep_a_path_or_say_that_it_died(seed):
    rng = np.random.default_rng(seed)
    arcs = [(0, 0, label, 0, float(rng.normal())) for label in (1, 2, 3)]
    graph = toy_graph(FstArrays.from_arcs(arcs, [(0, 0.0)]), 3)
    lattice = search(graph, 100 * rng.normal(size=(50, 3)), search_beam=1e-9, min_active=0)
    lattice.check()
    assert lattice.reached_final != (SEARCH_DIED in lattice.flags)


def test_epsilon_chains_that_are_too_long_are_refused():
    arcs = [(state, state + 1, 0, 0, 0.0) for state in range(70_000)] + [(70_000, 70_001, 1, 0, 0.0)]
    graph = toy_graph(FstArrays.from_arcs(arcs, [(70_001, 0.0)]), 1)
    with pytest.raises(GraphError, match="longer than 65535"):
        search(graph, [[0.0]])


def test_epsilons_above_zero_are_no_false_proof():
    arcs = [(0, 1, 0, 0, -3), (1, 2, 0, 0, 2.5), (2, 3, 1, 1, 0), (3, 4, 0, 0, 2.5), (4, 5, 0, 0, 2.5)]
    arcs += [(5, 6, 0, 0, 2.5), (0, 3, 2, 0, -0.9)]
    fst = FstArrays.from_arcs(arcs, [(0, -3.0), (6, 0.0)])
    flags = (fst.input_label > 0).astype(np.uint8)
    graph = TokenGraph(fst, flags, SymbolTable(["w"]), SymbolTable(["a", "b"]), TOPOLOGIES["ctc"])
    scores = Scores.from_matrices([np.zeros((1, 3))], 0.01)
    (exact,) = decode(graph, scores, SearchOptions("native-exact"))
    # -3 + 2.5 + 3 * 2.5 = 7 by `a`, -0.9 + 3 * 2.5 = 6.6 by `b`.
    assert exact.best_path().score == pytest.approx(7.0)
    (narrow,) = decode(graph, scores, SearchOptions(search_beam=1.0, min_active=0))
    lost = 7.0 - narrow.best_path().score
    assert lost <= narrow.evidence.possible_gain + 1e-6 or lost <= 0
    assert not narrow.evidence.no_search_error or lost <= 1e-6


def test_pieces_change_no_evidence_after_death():
    fst = FstArrays.from_arcs([(0, 0, 1, 0, 0.0), (0, 0, 2, 0, -5.0)], [(0, 0.0)])
    graph: DecodingGraph = toy_graph(fst, 3)
    rows = np.array([[0, 0, 0], [-math.inf, -math.inf, 0], [-math.inf] * 3], dtype=np.float32)
    gains = set()
    for cuts in ([], [1], [2], [1, 2]):
        decoder = Decoder(graph, SearchOptions(search_beam=1.0, min_active=0), frame_shift=0.01)
        for piece in np.split(rows, cuts):
            decoder.advance(piece)
        gains.add(decoder.finalize().evidence.possible_gain)
    assert len(gains) == 1
