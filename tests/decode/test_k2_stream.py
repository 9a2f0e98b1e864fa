"""Streaming on k2: chunks change nothing, many streams are one by one, an open beam is the offline search."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import ConfigError, DecodeError, GraphError, ScoresError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode, k2_online, k2_stream
from fsaasr.decode.dead_ends import fewest_frames
from fsaasr.decode.expanded import expanded
from fsaasr.decode.k2_stream import K2Decoder, advance_k2
from fsaasr.decode.k2_stream_graph import BEAM_OF_LAST_ROW, COARSEST, Units, stream_graph
from fsaasr.decode.streaming import Decoder, advance_all
from fsaasr.graph import compile_token_graph, word_loop
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.k2_graph import to_k2
from fsaasr.lattice import FROM_FALLBACK, SEARCH_DIED
from fsaasr.lexicon import Lexicon
from fsaasr.testing import TOY_LEXICON, random_fst, random_matrix, toy_graph
from fsaasr.testing.strategies import graphs, matrices

pytest.importorskip("k2")
pytestmark = pytest.mark.k2

ARRAYS = ("source", "target", "input_label", "output_label", "graph_arc", "state_frame")
SCORES = ("acoustic_score", "graph_score", "final_score")
OPEN = SearchOptions("k2", search_beam=1e6, lattice_beam=4.0, max_active=10**6)
PRUNED = SearchOptions("k2", search_beam=6.0, lattice_beam=4.0, max_active=12, min_active=3)


def assert_same_lattice(one, other):
    one.check()
    for name in (*ARRAYS, *SCORES):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert (one.reached_final, one.flags) == (other.reached_final, other.flags)


def stream(graph, matrix, options, chunk):
    decoder = K2Decoder(graph, options, 0.01)
    for begin in range(0, len(matrix), chunk):
        decoder.advance(matrix[begin : begin + chunk])
    return decoder.finalize()


def offline(graph, matrix, options):
    return decode(graph, Scores.from_matrices([matrix], 0.01), options)[0]


def random_case(seed, frames=100, epsilon=0.25):
    rng = np.random.default_rng(seed)
    graph = toy_graph(random_fst(rng, num_states=30, num_arcs=150, num_columns=5, epsilon=epsilon), 5)
    return graph, random_matrix(rng, frames, 5)


@pytest.fixture(name="small_blocks")
def make_blocks_small(monkeypatch):
    """Blocks of 4 frames, then 8, then 12, or fewer, and sums are taken off often."""
    monkeypatch.setattr(k2_stream, "BLOCK_FRAMES", 4)
    monkeypatch.setattr(k2_stream, "GROWTH", 8)
    monkeypatch.setattr(k2_online, "MOST_DRIFT", 120.0)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("options", [OPEN, PRUNED], ids=["open", "pruned"])
def test_chunks_change_nothing(seed, options):
    graph, matrix = random_case(seed)
    whole = stream(graph, matrix, options, len(matrix))
    for chunk in (1, 7, 50):
        assert_same_lattice(stream(graph, matrix, options, chunk), whole)


@pytest.mark.usefixtures("small_blocks")
def test_asking_for_results_changes_nothing():
    graph, matrix = random_case(4)
    decoder = K2Decoder(graph, PRUNED, 0.01)
    for row in matrix:
        decoder.advance(row[None])
        decoder.partial()
    assert_same_lattice(decoder.finalize(), stream(graph, matrix, PRUNED, 100))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("seed", range(5))
def test_an_open_beam_gives_the_offline_lattice(seed):
    graph, matrix = random_case(seed)
    assert_same_lattice(stream(graph, matrix, OPEN, 7), offline(graph, matrix, OPEN))


@settings(max_examples=60)
@given(
    st.one_of(graphs(), graphs(alive=True)).filter(lambda graph: fewest_frames(graph.fst) is not None),
    st.lists(matrices(), min_size=1, max_size=4),
    st.sampled_from([0.0, 4.0, math.inf]),
)
def test_an_open_beam_gives_the_exact_lattice(graph, chunks, beam):
    decoder = K2Decoder(graph, SearchOptions("k2", search_beam=1e6, lattice_beam=beam, max_active=10**6), 0.01)
    for chunk in chunks:
        decoder.advance(chunk)
    found = decoder.finalize()
    exact = offline(graph, np.concatenate(chunks), SearchOptions("native-exact", lattice_beam=beam))
    for name in (*ARRAYS, *SCORES):
        assert np.array_equal(getattr(found, name), getattr(exact, name)), name
    assert (FROM_FALLBACK in found.flags) == (not exact.reached_final)


def token_graph():
    lexicon = Lexicon.from_text(TOY_LEXICON)
    return compile_token_graph(lexicon, word_loop(lexicon.words), "ctc")


def peaky(rng, graph, frames):
    """Scores of a random path of the graph, with noise."""
    fst, state, columns = graph.fst, graph.fst.start, []
    while len(columns) < frames:
        arcs = np.arange(fst.arc_offsets[state], fst.arc_offsets[state + 1])
        arc = int(rng.choice(arcs)) if len(arcs) else None
        if arc is None:
            state = fst.start
            continue
        columns += [int(fst.input_label[arc]) - 1] if fst.input_label[arc] else []
        state = int(fst.next_state[arc])
    logits = rng.normal(0.0, 1.0, (frames, graph.num_columns))
    logits[np.arange(frames), columns] += 5.0
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_under_a_beam_the_best_path_is_the_offline_one(seed):
    graph = expanded(token_graph())
    matrix = peaky(np.random.default_rng(seed), graph, 200)
    options = SearchOptions("k2", search_beam=8.0, lattice_beam=4.0, max_active=50, min_active=0)
    found, expected = stream(graph, matrix, options, 9), offline(graph, matrix, options)
    assert found.best_path() == expected.best_path()
    assert len(found.best_path().words) > 10


@pytest.mark.usefixtures("small_blocks")
def test_many_streams_are_one_by_one():
    graph, _ = random_case(0)
    other, _ = random_case(1)
    rng = np.random.default_rng(7)
    graphs_ = [graph, graph, other, graph, other]
    sizes = [[5, 30, 9, 1], [50, 1, 1, 1], [8, 8, 8, 8], [1, 2, 3, 70], [33, 33, 33, 33]]
    data = [[random_matrix(rng, size, 5) for size in row] for row in sizes]
    decoders = [K2Decoder(one, PRUNED, 0.01, f"u{n}") for n, one in enumerate(graphs_)]
    for step in range(4):
        advance_k2(decoders, [row[step] for row in data])
    for n, decoder in enumerate(decoders):
        alone = stream(graphs_[n], np.concatenate(data[n]), PRUNED, 11)
        assert_same_lattice(decoder.finalize(), alone)
        assert decoder.finalize().utterance == f"u{n}"


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("seed", range(3))
def test_partial_is_the_best_path_so_far(seed):
    graph, matrix = random_case(seed, 40, epsilon=0.0)
    fst = graph.fst
    # In the reference every state is final; without epsilons a path ends where its last frame leads.
    names = ("arc_offsets", "next_state", "input_label", "output_label", "score")
    anywhere = FstArrays(
        **{name: getattr(fst, name) for name in names}, final_score=np.zeros_like(fst.final_score), start=fst.start
    )
    reference = toy_graph(anywhere, 5, num_words=len(graph.words) - 1)
    decoder = K2Decoder(graph, OPEN, 0.01)
    assert decoder.partial().columns == ()
    for begin in range(0, 40, 3):
        decoder.advance(matrix[begin : begin + 3])
        partial = decoder.partial()
        expected = offline(reference, matrix[: begin + 3], SearchOptions("native-exact")).best_path()
        assert partial.score == pytest.approx(expected.score, abs=1e-4)
        assert len(partial.columns) == len(matrix[: begin + 3])
        assert not partial.reached_final


def chain(labels):
    arcs = [(s, s + 1, label, s + 1, 0.0) for s, label in enumerate(labels)]
    return toy_graph(FstArrays.from_arcs(arcs, [(len(labels), 0.0)]))


def test_too_few_frames_give_a_flagged_partial_lattice():
    decoder = K2Decoder(chain([1, 2, 3]), OPEN, 0.01)
    decoder.advance(np.zeros((2, 3)))
    assert [word.name for word in decoder.partial().words] == ["w1", "w2"]
    lattice = decoder.finalize()
    assert (lattice.reached_final, lattice.flags) == (False, (FROM_FALLBACK,))
    assert [word.name for word in lattice.best_path().words] == ["w1", "w2"]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("offset", [0.0, 5.0])
def test_a_search_that_dies_says_so(offset):
    graph = chain([1, 2, 3, 1, 2, 3, 1, 2])
    matrix = np.full((14, 3), offset, dtype=np.float32)
    matrix[5] = -np.inf
    decoder = K2Decoder(graph, OPEN, 0.01)
    for begin in range(0, 14, 2):
        decoder.advance(matrix[begin : begin + 2])
    # The block of frames 0 to 3 is the last that was searched whole.
    assert [word.name for word in decoder.partial().words] == ["w1", "w2", "w3", "w4"]
    lattice = decoder.finalize()
    assert lattice.flags == (SEARCH_DIED, FROM_FALLBACK)
    assert len(lattice.best_path().columns) == 5


def test_scores_far_from_zero_are_searched_alike():
    graph, matrix = random_case(2)
    # A constant per frame changes no decision, only the sums.
    shift = np.random.default_rng(0).integers(-(2**10), 2**10, (len(matrix), 1)).astype(np.float32)
    found, expected = stream(graph, matrix + shift, PRUNED, 30), stream(graph, matrix, PRUNED, 30)
    assert np.array_equal(found.graph_arc, expected.graph_arc)
    total = float(shift.sum())
    assert found.best_path().score - total == pytest.approx(expected.best_path().score, abs=1e-2)


def test_token_graphs_tensors_and_scales():
    torch = pytest.importorskip("torch")
    tokens = token_graph()
    assert expanded(tokens) is expanded(tokens)
    static = expanded(tokens)
    assert expanded(static) is static
    matrix = peaky(np.random.default_rng(1), static, 60)
    options = SearchOptions("k2", search_beam=1e6, max_active=10**6, acoustic_scale=0.5, blank_threshold=0.9)
    decoder = K2Decoder(tokens, options, 0.04)
    decoder.advance(torch.from_numpy(matrix))
    assert_same_lattice(decoder.finalize(), offline(tokens.expand(), matrix, options))
    assert_same_lattice(offline(tokens, matrix, options), decoder.finalize())
    assert any((matrix[:, 0] > np.log(0.9)) & (np.isfinite(matrix[:, 1])))


def test_decoders_of_both_engines_advance_together():
    graph, matrix = random_case(3)
    other = SearchOptions("native", search_beam=6.0, lattice_beam=4.0)
    decoders = [K2Decoder(graph, PRUNED, 0.01), Decoder(graph, other, frame_shift=0.01)]
    advance_all(decoders, [matrix, matrix])
    assert decoders[0].frames == decoders[1].frames == len(matrix)
    assert_same_lattice(decoders[0].finalize(), stream(graph, matrix, PRUNED, 100))


def test_mistakes_are_refused_by_name():
    graph = chain([1, 2])
    with pytest.raises(ConfigError, match="engine is 'native', expected 'k2'"):
        K2Decoder(graph, SearchOptions("native"), 0.01)
    with pytest.raises(ConfigError, match="frame_shift is 0"):
        K2Decoder(graph, OPEN, 0)
    with pytest.raises(GraphError, match="input_label of arc 0 is 4"):
        K2Decoder(chain([4]), OPEN, 0.01)
    first, second = K2Decoder(graph, OPEN, 0.01, "a"), K2Decoder(graph, OPEN, 0.01, "b")
    with pytest.raises(DecodeError, match="'a' has no frame"):
        first.finalize()
    with pytest.raises(ScoresError, match="the scores have 2 columns"):
        advance_k2([first, second], [np.zeros((1, 3)), np.zeros((1, 2))])
    with pytest.raises(ScoresError, match="of 'b' hold nan"):
        advance_k2([first, second], [np.zeros((1, 3)), np.full((1, 3), np.nan)])
    with pytest.raises(DecodeError, match="2 matrices for 1 decoders"):
        advance_k2([first, first], [np.zeros((1, 3))] * 2)
    first.advance(np.zeros((2, 3)))
    assert first.finalize().num_frames == 2  # what was refused has not been taken in
    assert first.finalize() is first.finalize()
    with pytest.raises(DecodeError, match="'a' has been finalized"):
        first.advance(np.zeros((1, 3)))


@given(st.floats(0.01, 1e9))
def test_units_make_the_search_beam_what_k2_sets_it_to(beam):
    units = Units.of_beam(beam)
    assert units.beam(beam) == pytest.approx(BEAM_OF_LAST_ROW, rel=1e-12)
    assert units.quantum <= COARSEST
    assert math.log2(units.step) % 1 == 0


def test_units_count_in_whole_steps():
    units = Units.of_beam(10.0)
    counted = units.count(np.array([0.0, -1.0, 3.14159, -1e5, -np.inf], dtype=np.float32))
    assert counted[0] == 0.0
    assert np.all(counted[:3] % units.step == 0)
    assert counted[:3] / units.step * units.quantum == pytest.approx([0.0, -1.0, 3.14159], abs=units.quantum / 2)
    assert np.all(counted[3:] == -np.inf)


def test_a_stream_graph_has_one_stop_at_each_state_and_is_kept():
    graph, _ = random_case(0)
    converted = to_k2(graph)
    streamed = stream_graph(converted, 8.0, "cpu")
    assert stream_graph(converted, 8.0, "cpu") is streamed
    assert stream_graph(converted, 4.0, "cpu") is not streamed
    fsa = streamed.vec[0]
    assert "ArcSorted" in fsa.properties_str
    rows, path = fsa.arcs.values().numpy(), fsa.arc_path.numpy()
    stops = path >= streamed.num_paths
    assert rows[stops, 0].tolist() == list(range(fsa.shape[0] - 1))
    assert np.all(rows[stops, 2] == -1)
    assert np.array_equal(rows[~stops, :3], converted.fsa.arcs.values().numpy()[path[~stops], :3])


@pytest.mark.parametrize("seed", range(6))
def test_sums_stay_exact_whatever_the_range_of_scores(seed):
    # k2 would stop the process where forward and backward sums differ.
    rng = np.random.default_rng(seed)
    graph = toy_graph(random_fst(rng, num_states=40, num_arcs=200, num_columns=8), 8)
    matrix = (rng.normal(0.0, 10.0 ** (seed - 2), (300, 8)) - 300.0).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.1] = -np.inf
    exact = offline(graph, matrix, SearchOptions("native-exact")).best_path().score
    for beam in (1.0, 30.0, 1e6):
        options = SearchOptions("k2", search_beam=beam, lattice_beam=1.0, max_active=100)
        found = stream(graph, matrix, options, 70)
        found.check()
        assert found.best_path().score <= exact + 1e-6 * abs(exact)
    assert found.best_path().score == pytest.approx(exact, rel=1e-6)


def test_a_fresh_stream_has_the_state_that_k2_wants(monkeypatch):
    k2 = pytest.importorskip("k2")
    # k2 1.24 makes states and refuses None; k2 1.23 makes none.
    monkeypatch.setattr(k2, "DecodeStateInfo", lambda: "fresh")
    assert k2_online.start_of_stream().state == "fresh"

    def refuse():
        raise TypeError("_k2.DecodeStateInfo: No constructor defined!")

    monkeypatch.setattr(k2, "DecodeStateInfo", refuse)
    assert k2_online.start_of_stream().state is None
