"""k2 against the native engine and the referees: one lattice, arc for arc."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import DecodeError, GraphError, ScoresError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode, k2_engine
from fsaasr.decode.dead_ends import fewest_frames
from fsaasr.decode.k2_batches import batches_of_similar_length
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.k2_graph import to_k2
from fsaasr.lattice import FROM_FALLBACK, SEARCH_DIED
from fsaasr.testing import best_and_total, enumerate_paths, exact_search, random_fst, random_matrix, toy_graph
from fsaasr.testing.strategies import graphs, matrices

pytest.importorskip("k2")
pytestmark = pytest.mark.k2

ENGINES = ("k2", "k2-exact")
ARRAYS = ("source", "target", "input_label", "output_label", "graph_arc", "state_frame")


def wide(engine, lattice_beam=1e6):
    """No pruning in the search, so that every engine is exact."""
    return SearchOptions(engine, search_beam=1e6, lattice_beam=lattice_beam, max_active=10**6)


def assert_same_lattice(one, other):
    one.check()
    for name in ARRAYS:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for name in ("acoustic_score", "graph_score", "final_score"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.reached_final == other.reached_final


@settings(max_examples=60)
@given(
    st.one_of(graphs(), graphs(alive=True)).filter(lambda graph: fewest_frames(graph.fst) is not None),
    matrices(),
    st.sampled_from(ENGINES),
    st.sampled_from([0.0, 1.0, 4.0, math.inf]),
)
def test_the_lattice_is_the_native_one(graph, matrix, engine, beam):
    scores = Scores.from_matrices([matrix], 0.01)
    (native,) = decode(graph, scores, wide("native", beam))
    (found,) = decode(graph, scores, wide(engine, beam))
    assert_same_lattice(found, native)
    assert (FROM_FALLBACK in found.flags) == (not native.reached_final)


@settings(max_examples=50)
@given(graphs(alive=True), matrices(impossible=False), st.sampled_from(ENGINES))
def test_best_and_total_are_those_of_all_paths(graph, matrix, engine):
    expected = best_and_total(enumerate_paths(graph.fst, matrix))
    (lattice,) = decode(graph, Scores.from_matrices([matrix], 0.01), wide(engine))
    assert lattice.best_path().score == pytest.approx(expected.best, abs=1e-4)
    assert lattice.total_score() == pytest.approx(expected.total, abs=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_dense_matrices_over_many_frames(engine, seed):
    rng = np.random.default_rng(seed)
    graph = toy_graph(random_fst(rng, num_states=20, num_arcs=120, num_columns=5), 5)
    matrix = random_matrix(rng, 60, 5)
    exact = exact_search(graph.fst, matrix)
    (lattice,) = decode(graph, Scores.from_matrices([matrix], 0.01), wide(engine, math.inf))
    assert lattice.best_path().score == pytest.approx(exact.best, abs=1e-4)
    assert lattice.total_score() == pytest.approx(exact.total, abs=1e-4)


@settings(max_examples=20)
@given(graphs(alive=True), st.lists(matrices(impossible=False), min_size=2, max_size=4), st.sampled_from(ENGINES))
def test_batch_and_padding_change_nothing(graph, arrays, engine):
    padded = np.full((len(arrays), 6, 3), np.nan, dtype=np.float32)
    for row, matrix in zip(padded, arrays):
        row[: len(matrix)] = matrix
    together = decode(graph, Scores(padded, [len(m) for m in arrays], 0.01), wide(engine, 4.0))
    for n, matrix in enumerate(arrays):
        (alone,) = decode(graph, Scores.from_matrices([matrix], 0.01), wide(engine, 4.0))
        assert together[n].utterance == f"utt{n}"
        assert together[n].num_frames == len(matrix)
        assert_same_lattice(together[n], alone)


@pytest.mark.parametrize("engine", ENGINES)
def test_many_small_batches_are_one_large_batch(engine, monkeypatch):
    rng = np.random.default_rng(5)
    graph = toy_graph(random_fst(rng, num_states=8, num_arcs=60))
    scores = Scores.from_matrices([random_matrix(rng, 3 + 5 * n % 7) for n in range(6)], 0.01)
    large = decode(graph, scores, wide(engine))
    monkeypatch.setattr(k2_engine, "MAX_BATCH_FRAMES", 12)
    monkeypatch.setattr(k2_engine, "MAX_EXACT_ARCS", 4000)
    for one, other in zip(decode(graph, scores, wide(engine)), large):
        assert one.utterance == other.utterance
        assert_same_lattice(one, other)


def test_the_order_of_utterances_changes_nothing():
    rng = np.random.default_rng(6)
    graph = toy_graph(random_fst(rng, num_states=12, num_arcs=70, num_columns=5), 5)
    arrays = [random_matrix(rng, int(frames), 5) for frames in rng.integers(1, 40, 8)]
    options = SearchOptions("k2", search_beam=4.0, lattice_beam=3.0, max_active=6, min_active=2)
    expected = decode(graph, Scores.from_matrices(arrays, 0.01), options)
    order = rng.permutation(8)
    ids = [f"utt{n}" for n in order]
    for n, found in zip(order, decode(graph, Scores.from_matrices([arrays[n] for n in order], 0.01, ids=ids), options)):
        assert found.utterance == expected[n].utterance
        assert found.flags == expected[n].flags
        assert_same_lattice(found, expected[n])


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 200))
def test_batches_hold_similar_lengths_within_bounds(lengths, most):
    batches = list(batches_of_similar_length(np.array(lengths), most))
    flat = [n for batch in batches for n in batch]
    assert sorted(flat) == list(range(len(lengths)))
    assert [lengths[n] for n in flat] == sorted(lengths, reverse=True)
    for batch in batches:
        assert len(batch) == 1 or len(batch) * lengths[batch[0]] <= most


def test_a_search_needs_no_more_than_one_active_state():
    fst = FstArrays.from_arcs([(0, 0, 1, 1, 0.0)], [(0, 0.0)])
    options = SearchOptions("k2", max_active=1, min_active=1)
    (lattice,) = decode(toy_graph(fst), Scores.from_matrices([np.zeros((3, 3))], 0.01), options)
    assert (lattice.best_path().text, lattice.flags) == ("w1 w1 w1", ())


@pytest.mark.parametrize("engine", ENGINES)
def test_good_scores_before_an_impossible_frame_end_the_search(engine):
    matrix = np.full((4, 3), 5.0)
    matrix[2] = -np.inf
    (lattice,) = decode(chain([1, 2, 3, 1]), Scores.from_matrices([matrix], 0.01), wide(engine))
    assert lattice.flags == (SEARCH_DIED, FROM_FALLBACK)
    assert lattice.best_path().acoustic_score == 10.0


def test_a_converted_graph_is_kept_for_each_device():
    converted = to_k2(chain([1, 2]))
    assert converted.on("cpu") is converted.fsa
    converted._copies["cuda:0"] = "there"
    assert converted.on("cuda:0") == "there"


def chain(labels):
    arcs = [(s, s + 1, label, s + 1, 0.0) for s, label in enumerate(labels)]
    return toy_graph(FstArrays.from_arcs(arcs, [(len(labels), 0.0)]))


@pytest.mark.parametrize("engine", ENGINES)
def test_too_few_frames_give_a_flagged_partial_lattice(engine):
    lattices = decode(chain([1, 2, 3]), Scores.from_matrices([np.zeros((3, 3)), np.zeros((2, 3))], 0.01), wide(engine))
    assert [lattice.reached_final for lattice in lattices] == [True, False]
    assert lattices[1].flags == (FROM_FALLBACK,)
    assert [word.name for word in lattices[1].best_path().words] == ["w1", "w2"]


@pytest.mark.parametrize("engine", ENGINES)
def test_too_many_frames_say_that_the_search_died(engine):
    (lattice,) = decode(chain([1, 2]), Scores.from_matrices([np.zeros((4, 3))], 0.01), wide(engine))
    assert lattice.flags == (SEARCH_DIED, FROM_FALLBACK)
    assert not lattice.best_path().reached_final


def test_an_exact_search_beyond_memory_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(k2_engine, "MAX_EXACT_ARCS", 3)
    with pytest.raises(DecodeError, match="utterance 'utt0' with 2 frames over 3 arcs is too large"):
        decode(chain([1, 2]), Scores.from_matrices([np.zeros((2, 3))], 0.01), wide("k2-exact"))


@pytest.mark.parametrize("engine", ENGINES)
def test_labels_beyond_the_columns_are_refused_before_k2_sees_them(engine):
    with pytest.raises(GraphError, match="input_label of arc 0 is 4"):
        decode(chain([4]), Scores.from_matrices([np.zeros((2, 3))], 0.01), wide(engine))
    with pytest.raises(ScoresError, match="the scores have 2 columns"):
        decode(chain([1]), Scores.from_matrices([np.zeros((2, 2))], 0.01), wide(engine))


def test_a_narrow_search_beam_is_noticed_and_searched_again():
    # The better first arc leads nowhere in the end; a beam of 0.5 and one active state keep only that.
    fst = FstArrays.from_arcs([(0, 1, 1, 0, 0.0), (1, 4, 3, 0, 0.0), (0, 2, 2, 0, -4.0), (2, 3, 1, 1, 0.0)], [(3, 0.0)])
    options = SearchOptions("k2", search_beam=0.5, min_active=0, max_active=1)
    (lattice,) = decode(toy_graph(fst), Scores.from_matrices([np.zeros((2, 3))], 0.01), options)
    assert lattice.flags == (FROM_FALLBACK,)
    assert lattice.reached_final
    assert lattice.best_path().score == -4.0
