"""Lattices as k2's Fsa: k2's own functions agree on best and total scores, and carry everything back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import LatticeError
from fsaasr.core.scores import Scores
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import SearchOptions, decode
from fsaasr.graph import to_k2_fsa
from fsaasr.lattice import check
from fsaasr.lattice.formats import LatticeSymbols, lattice_from_k2, lattice_to_k2
from fsaasr.testing import random_fst, random_matrix, toy_graph
from tests.lattice.formats.round_trip import frame_lattice, identical, paths, word_lattice

k2 = pytest.importorskip("k2")
pytestmark = pytest.mark.k2

LATTICES = [word_lattice(seed) for seed in range(30)]
LATTICES += [found for seed in range(60) for found in [frame_lattice(seed)] if found is not None]


def scores_of_k2(fsa):
    """Best and total score."""
    several = k2.create_fsa_vec([fsa])
    return [float(several.get_tot_scores(use_double_scores=True, log_semiring=log)[0]) for log in (False, True)]


@pytest.mark.parametrize("lattice", LATTICES, ids=lambda lattice: f"{type(lattice).__name__}-{lattice.utterance}")
def test_k2_agrees_and_all_comes_back(lattice):
    fsa = lattice_to_k2(lattice)
    assert "TopSorted" in fsa.properties_str
    best, total = scores_of_k2(fsa)
    assert best == pytest.approx(lattice.best_path().score, abs=1e-4)
    assert total == pytest.approx(lattice.total_score(), abs=1e-4)
    np.testing.assert_allclose((fsa.acoustic_scores + fsa.lm_scores).numpy(), fsa.scores.numpy(), atol=1e-5)
    read = lattice_from_k2(fsa, LatticeSymbols.of(lattice))
    check(read)
    assert paths(read) == paths(lattice)
    assert read.reached_final == lattice.reached_final
    lost = {"evidence": None, "flags": (), "num_frames": 0}
    lost.update({} if hasattr(lattice, "columns") else {"graph_arc": None})
    assert identical(replace(read, **lost), replace(lattice, **lost))


@pytest.mark.slow
@settings(max_examples=1000)
@given(st.integers(0, 1 << 30))
def test_any_lattice_comes_back(seed):
    lattice = word_lattice(seed)
    assert paths(lattice_from_k2(lattice_to_k2(lattice), LatticeSymbols.of(lattice))) == paths(lattice)


@pytest.mark.parametrize("lattice", LATTICES[:10] + LATTICES[-10:], ids=lambda lattice: lattice.utterance)
def test_what_k2_makes_of_it_is_read(lattice):
    """Its best path, taken by k2, with times and alignment."""
    best = k2.shortest_path(k2.create_fsa_vec([lattice_to_k2(lattice)]), use_double_scores=True)[0]
    read = lattice_from_k2(best, LatticeSymbols.of(lattice), "best")
    ((found, count),) = paths(read).items()
    assert count == 1
    assert read.best_path().score == pytest.approx(lattice.best_path().score, abs=1e-4)
    assert found in paths(lattice)
    assert (read.utterance, read.frame_shift) == ("best", lattice.frame_shift)


@pytest.mark.parametrize("seed", range(30))
def test_lattices_of_k2s_own_search_are_read(seed):
    graph = toy_graph(random_fst(np.random.default_rng(seed), 6, 20))
    matrix = random_matrix(np.random.default_rng(seed), 4)
    (mine,) = decode(graph, Scores.from_matrices([matrix], frame_shift=0.01), SearchOptions(lattice_beam=1000.0))
    if not mine.reached_final:
        return
    import torch

    dense = k2.DenseFsaVec(torch.from_numpy(matrix)[None], torch.tensor([[0, 0, len(matrix)]], dtype=torch.int32))
    try:
        fsa = to_k2_fsa(graph)
    except Exception:
        pytest.skip("no graph for k2")
    fsa.lm_scores = fsa.scores.clone()
    theirs = k2.intersect_dense(k2.create_fsa_vec([fsa]), dense, output_beam=1000.0)[0]
    read = lattice_from_k2(theirs, replace(LatticeSymbols.of(graph), frame_shift=0.01), "u")
    check(read)
    assert read.best_path().score == pytest.approx(mine.best_path().score, abs=1e-4)
    # Under other scales, so that scores must be split alike.
    one, other = (x.best_path(0.5, 2.0) for x in (read, mine))
    scaled = [0.5 * path.acoustic_score + 2.0 * path.graph_score for path in (one, other)]
    assert scaled[0] == pytest.approx(scaled[1], abs=1e-4)
    assert read.total_score() == pytest.approx(mine.total_score(), abs=1e-4)
    assert {p.text: round(p.score, 3) for p in read.nbest(100)} == {p.text: round(p.score, 3) for p in mine.nbest(100)}


def test_what_is_no_lattice_is_refused():
    symbols = LatticeSymbols(SymbolTable(["a"]), SymbolTable(["a"]), np.arange(2, dtype=np.int32), 0.01)
    line = "0 1 1 1 -0.5\n1 2 -1 -1 0\n2"
    fsa = k2.Fsa.from_str(line, acceptor=False)
    assert lattice_from_k2(fsa, symbols).best_path().text == "a"
    with pytest.raises(LatticeError, match="found a FsaVec"):
        lattice_from_k2(k2.create_fsa_vec([fsa]), symbols)
    with pytest.raises(LatticeError, match="word label 7 is beyond"):
        lattice_from_k2(k2.Fsa.from_str(line.replace("1 1 1 -0", "1 1 7 -0"), acceptor=False), symbols)
    with pytest.raises(LatticeError, match="input label 9 is beyond"):
        lattice_from_k2(k2.Fsa.from_str(line.replace("0 1 1 1", "0 1 8 1"), acceptor=False), symbols)
    with pytest.raises(LatticeError, match="lies on a cycle"):
        lattice_from_k2(k2.Fsa.from_str("0 1 1 1 0\n1 0 1 1 0\n1 2 -1 -1 0\n2", acceptor=False), symbols)
    with pytest.raises(LatticeError, match=r"reached at frame|paths end at frame"):
        lattice_from_k2(k2.Fsa.from_str("0 1 1 1 0\n0 2 1 1 0\n1 2 1 1 0\n2 3 -1 -1 0\n3", acceptor=False), symbols)
