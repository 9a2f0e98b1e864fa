"""Seeded fuzzing of the search on token graphs: what it finds is what the spelled-out graph holds."""

import math

import numpy as np
import pytest

from fsaasr import decode as decode_package
from fsaasr.core.errors import GraphError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode, native
from fsaasr.lattice import nbest
from fsaasr.testing import search_trellis
from tests.decode.fuzzing import BLOCK, FIRST, SHIFT, blocks, open_beams
from tests.decode.token_fuzzing import token_case

pytestmark = pytest.mark.skipif(
    not hasattr(decode_package, "one_best"), reason="the search on token graphs is not there yet"
)
MANY = 50


@pytest.fixture(autouse=True)
def pruned_search(monkeypatch):
    """Makes `native` take the pruned search, however small the graph is."""
    monkeypatch.setattr(native, "MAX_EXACT_CELLS", -1)


def as_scores(case):
    return Scores.from_matrices([case.matrix], SHIFT)


def readings(lattice):
    """Words and score of the best sequences, without those that may tie with one that was left out."""
    found = [(path.text, path.score) for path in nbest(lattice, MANY)]
    return found if len(found) < MANY else [(text, score) for text, score in found if score > found[-1][1]]


def word_differences(case, spelled, lattice):
    """The word sequences within the lattice beam are those of the graph; beyond it, worse paths may stand for them."""
    (everything,) = decode(spelled, as_scores(case), open_beams("native-exact", math.inf))
    expected = readings(everything)
    cutoff = max(expected[0][1] - case.lattice_beam, expected[-1][1])
    expected = {reading for reading in expected if reading[1] >= cutoff}
    found = {reading for reading in readings(lattice) if reading[1] >= cutoff}
    missing, wrong = sorted(expected - found), sorted(found - expected)
    return [f"{reading} is missing" for reading in missing] + [f"{reading} is wrong" for reading in wrong]


def without_path(case):
    """Where the spelled-out graph is empty, the search refuses it, or finds nothing complete."""
    try:
        (lattice,) = decode(case.graph, as_scores(case), open_beams("native", case.lattice_beam))
    except GraphError:
        return []
    lattice.check()
    return ["complete paths where there are none"] if lattice.reached_final else []


def differences(seed):
    case = token_case(seed)
    spelled = case.graph.expand()
    if spelled.fst.num_states == 0:
        return without_path(case)
    (lattice,) = decode(case.graph, as_scores(case), open_beams("native", case.lattice_beam))
    lattice.check()
    trellis = search_trellis(spelled.fst, case.matrix)
    if lattice.reached_final != trellis.reached_final:
        return [f"reached_final is {lattice.reached_final}"]
    if not trellis.reached_final:
        return []
    best = lattice.best_path()
    found = [] if best.score == trellis.best else [f"best score {best.score}, expected {trellis.best}"]
    (everything,) = decode(case.graph, as_scores(case), open_beams("native", math.inf))
    if not math.isclose(everything.total_score(), trellis.total, abs_tol=1e-6):
        found.append(f"total {everything.total_score()}, expected {trellis.total}")
    one = decode_package.one_best(case.graph, as_scores(case), open_beams("native", 0.0))[0]
    if one.score != trellis.best:
        found.append(f"one_best scores {one.score}, expected {trellis.best}")
    return found + word_differences(case, spelled, lattice)


@pytest.mark.parametrize("first", blocks(3, 12))
def test_token_graphs_hold_what_their_spelled_out_graphs_hold(first):
    found = [f"seed {seed}: {text}" for seed in range(first, first + BLOCK) for text in differences(seed)]
    assert found == []


@pytest.mark.parametrize("first", [FIRST])
def test_narrow_beams_find_true_paths_only(first):
    found = []
    for seed in range(first, first + BLOCK):
        case, rng = token_case(seed), np.random.default_rng(seed)
        options = SearchOptions("native", search_beam=float(rng.choice([0.5, 2.0, 6.0])), max_active=5, min_active=0)
        spelled = case.graph.expand()
        if spelled.fst.num_states == 0:
            continue
        (lattice,) = decode(case.graph, as_scores(case), options)
        lattice.check()
        best = search_trellis(spelled.fst, case.matrix).best
        if lattice.reached_final and lattice.best_path().score > best:
            found.append(f"seed {seed}: {lattice.best_path().score} where the best path has {best}")
        if lattice.evidence.no_search_error and lattice.reached_final and lattice.best_path().score < best:
            found.append(f"seed {seed}: it holds that nothing was lost")
    assert found == []
