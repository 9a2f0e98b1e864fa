"""Malformed graphs and odd scores: a clear error that names the thing, or the right result."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from fsaasr import decode as decode_package
from fsaasr.core.errors import DecodeError, GraphError, ScoresError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, align, decode, forward_backward, native, viterbi
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.lattice import SEARCH_DIED
from fsaasr.testing import toy_graph

# Frame 1 takes state 0 to 1 by column 0 (word 1, -0.5) or column 1 (word 2, -1); state 1 loops on column 0.
FST = FstArrays.from_arcs([(0, 1, 1, 1, -0.5), (0, 1, 2, 2, -1.0), (1, 1, 1, 0, 0.0), (1, 0, 3, 0, 0.0)], [(1, -0.25)])
MATRIX = np.array([[-1.0, -2.0, -3.0], [-0.5, -1.0, -2.0]], dtype=np.float32)
BEST = -0.5 - 1.0 - 0.5 - 0.25  # arc 0, its score, the loop's score, the end
SHIFT = 0.01


@pytest.fixture(
    params=[
        "native-exact",
        "native",
        pytest.param("k2", marks=pytest.mark.k2),
        pytest.param("k2-exact", marks=pytest.mark.k2),
    ]
)
def engine(request, monkeypatch):
    """Each engine; `native` as pruned search, however small the graph is."""
    if request.param == "native":
        monkeypatch.setattr(native, "MAX_EXACT_CELLS", -1)
        monkeypatch.setattr(native, "exact_lattice", None)
    return request.param


def graph_with(**change):
    return toy_graph(replace(FST, **change), 3, num_words=2)


def batch(matrix=MATRIX):
    return Scores.from_matrices([matrix], SHIFT)


def search(graph, engine, scores=None):
    (lattice,) = decode(graph, batch() if scores is None else scores, SearchOptions(engine))
    lattice.check()
    return lattice


def int32(*values):
    return np.array(values, dtype=np.int32)


def float32(*values):
    return np.array(values, dtype=np.float32)


MALFORMED = {
    "dangling next state": ({"next_state": int32(1, 1, 1, 7)}, "next_state of arc 3 is 7, expected 0 to 1"),
    "negative next state": ({"next_state": int32(1, 1, 1, -1)}, "next_state of arc 3 is -1"),
    "too few next states": ({"next_state": int32(1, 1, 1)}, "next_state has 3 entries, expected 4|run from 0 to 3"),
    "decreasing offsets": ({"arc_offsets": np.array([0, 5, 4])}, "arc_offsets decrease"),
    "offsets that end early": ({"arc_offsets": np.array([0, 2, 3])}, "do not run from 0 to 4"),
    "offsets that begin late": ({"arc_offsets": np.array([1, 2, 4])}, "do not run from 0 to 4"),
    "too few offsets": ({"arc_offsets": np.array([0, 4])}, "do not run from 0 to 4 over 2 states"),
    "no offsets": ({"arc_offsets": np.zeros(0, dtype=np.int64)}, "do not run from 0 to 4"),
    "label beyond the columns": ({"input_label": int32(1, 2, 1, 4)}, "input_label of arc 3 is 4, expected 0 to 3"),
    "negative label": ({"input_label": int32(1, 2, 1, -1)}, "input_label of arc 3 is -1"),
    "word beyond the words": ({"output_label": int32(1, 2, 0, 3)}, "output label 3 beyond the 3 words"),
    "negative word": ({"output_label": int32(1, 2, 0, -3)}, "output_label of arc 3 is -3"),
    "arc score NaN": ({"score": float32(0, math.nan, 0, 0)}, "score of arc 1 is NaN"),
    "arc score +inf": ({"score": float32(0, 0, math.inf, 0)}, r"score of arc 2 is \+inf"),
    "too few scores": ({"score": float32(0, 0, 0)}, "score has 3 entries, expected 4"),
    "final score NaN": ({"final_score": float32(math.nan, 0)}, "final score of state 0 is NaN"),
    "final score +inf": ({"final_score": float32(0, math.inf)}, r"final score of state 1 is \+inf"),
    "no final state": ({"final_score": float32(-math.inf, -math.inf)}, "no final state"),
    "start beyond the states": ({"start": 2}, "start state 2 of 2 states"),
    "negative start": ({"start": -1}, "start state -1 of 2 states"),
    "start that is no integer": ({"start": 0.5}, "start state 0.5, expected an integer"),
    "epsilon cycle": ({"input_label": int32(0, 2, 1, 0)}, "epsilons form a cycle that state 0"),
    "epsilon loop": ({"input_label": int32(1, 2, 0, 3)}, "epsilons form a cycle that state 1"),
    "labels that are no integers": ({"input_label": float32(1, 2, 1, 3)}, "input_label is float32 .*expected a int32"),
    "scores of two axes": ({"score": np.zeros((4, 1), dtype=np.float32)}, r"score is float32 \(4, 1\)"),
    "a list": ({"next_state": [1, 1, 1, 0]}, "next_state is a list"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_graph_is_refused_by_name(name, engine):
    change, message = MALFORMED[name]
    with pytest.raises(GraphError, match=message):
        search(graph_with(**change), engine)


@pytest.mark.parametrize("name", MALFORMED)
def test_alignment_refuses_it_too(name):
    change, message = MALFORMED[name]
    with pytest.raises(GraphError, match=message):
        viterbi(graph_with(**change), MATRIX)
    with pytest.raises(GraphError, match=message):
        forward_backward(graph_with(**change), MATRIX)


def test_a_malformed_graph_from_a_file_is_refused(engine, tmp_path):
    graph_with(next_state=int32(1, 1, 1, 7)).save(tmp_path / "graph.fsa")
    with pytest.raises(GraphError, match="next_state of arc 3 is 7"):
        search(DecodingGraph.load(tmp_path / "graph.fsa"), engine)


def test_a_graph_without_states_is_refused(engine):
    empty = FstArrays.from_columns([], [], [], [], [], np.zeros(0), start=-1)
    with pytest.raises(GraphError, match="start state -1 of 0 states; the graph accepts nothing"):
        search(toy_graph(empty, 3), engine)


def test_a_graph_without_columns_is_refused(engine):
    graph = DecodingGraph(
        FstArrays.from_arcs([], [(0, 0.0)]), *(toy_graph(FST).words, toy_graph(FST).tokens), int32(), ()
    )
    with pytest.raises(ScoresError, match="3 columns"):
        search(graph, engine)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"column_token": int32(0, 1, 9)}, "column 2 has token 9"),
        ({"column_token": int32(0, -1, 1)}, "column 1 has token -1"),
        ({"arc_flags": np.zeros(4, dtype=np.int64)}, "arc_flags are int64, expected uint8"),
    ],
)
def test_symbols_and_flags_that_do_not_fit_are_refused(change, message, engine):
    with pytest.raises(GraphError, match=message):
        search(replace(toy_graph(FST), **change), engine)


def test_a_graph_whose_final_state_is_out_of_reach_says_so(engine):
    fst = FstArrays.from_arcs([(0, 0, 1, 1, 0.0)], [(1, 0.0)])
    if engine.startswith("k2"):
        # There is nothing left that could be converted.
        with pytest.raises(GraphError, match="final state"):
            search(toy_graph(fst), engine)
    else:
        assert not search(toy_graph(fst), engine).reached_final


def strided(matrix):
    return np.repeat(matrix, 2, axis=-1)[..., ::2]


def read_only(matrix):
    copy = matrix.copy()
    copy.flags.writeable = False
    return copy


FORMS = {
    "lists": np.ndarray.tolist,
    "float64": lambda matrix: matrix.astype(np.float64),
    "float16": lambda matrix: matrix.astype(np.float16),
    "big-endian": lambda matrix: matrix.astype(">f4"),
    "strided": strided,
    "Fortran order": np.asfortranarray,
    "read-only": read_only,
    "torch": lambda matrix: torch.from_numpy(matrix.copy()),
    "torch with gradient": lambda matrix: torch.from_numpy(matrix.copy()).requires_grad_(),
    "torch double": lambda matrix: torch.from_numpy(matrix).double(),
    "torch half": lambda matrix: torch.from_numpy(matrix).half(),
    "torch bfloat16": lambda matrix: torch.from_numpy(matrix).bfloat16(),
    "torch transposed": lambda matrix: torch.from_numpy(np.swapaxes(matrix, -1, -2).copy()).transpose(-1, -2),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_scores_gives_the_same(form, engine):
    # All of them are multiples of 0.5, exact in every one of these types.
    for scores in (batch(FORMS[form](MATRIX)), Scores(FORMS[form](MATRIX[None]), [2], SHIFT)):
        best = search(graph_with(), engine, scores).best_path()
        assert (best.text, best.score, best.columns) == ("w1", BEST, (0, 0))


@pytest.mark.parametrize("form", FORMS)
def test_alignment_and_sums_take_every_form(form):
    graph = graph_with()
    assert viterbi(graph, FORMS[form](MATRIX)).score == BEST
    assert align([graph], batch(FORMS[form](MATRIX)))[0].score == BEST
    assert forward_backward(graph, FORMS[form](MATRIX)).total == forward_backward(graph, MATRIX).total


def test_whole_numbers_are_scores_too(engine):
    assert search(graph_with(), engine, batch((2 * MATRIX).astype(np.int64))).best_path().score == -0.75 + 2 * -1.5


def taken_by():
    """Everything that takes one matrix, (T, C)."""
    graph = toy_graph(FST, 3, num_words=2)
    return {
        "Scores": lambda matrix: Scores(matrix[None], [len(matrix)], SHIFT),
        "from_matrices": batch,
        "viterbi": lambda matrix: viterbi(graph, matrix, "utt0"),
        "forward_backward": lambda matrix: forward_backward(graph, matrix),
    }


def with_entry(value):
    matrix = MATRIX.astype(np.float64)
    matrix[1, 2] = value
    return matrix


REFUSED = {
    "NaN": (with_entry(math.nan), "nan"),
    "+inf": (with_entry(math.inf), "inf"),
    "beyond float32": (with_entry(1e39), "inf"),
    "complex": (MATRIX.astype(complex), "type complex128, expected real numbers"),
    "truth values": (MATRIX > 0, "type bool, expected real numbers"),
    "strings": (MATRIX.astype(str), "expected real numbers"),
    "objects": (MATRIX.astype(object), "type object, expected real numbers"),
    "masked": (np.ma.masked_array(MATRIX, MATRIX < -2), "masked elements"),
    "three axes": (MATRIX[None], r"shape.*\(1, (1, )?2, 3\)"),
    "no frame": (np.zeros((0, 3)), r"0 frames|shape \(0, 3\)"),
    "no column": (np.zeros((2, 0)), r"shape \((1, )?2, 0\)"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("taker", taken_by())
def test_matrices_that_are_no_scores_are_refused(taker, name):
    matrix, message = REFUSED[name]
    with pytest.raises(ScoresError, match=message):
        taken_by()[taker](matrix)


@pytest.mark.parametrize("taker", ["from_matrices", "viterbi", "forward_backward"])
def test_lists_of_unequal_length_and_nothing_at_all_are_refused(taker):
    with pytest.raises(ScoresError, match=r"is no array|expected real numbers"):
        taken_by()[taker]([[0.0, 1.0, 2.0], [0.0, 1.0]])
    with pytest.raises(ScoresError, match="expected real numbers"):
        taken_by()[taker](None)


def test_scores_of_something_else_are_refused():
    for values in (None, {"a": 1}, [["a"]]):
        with pytest.raises(ScoresError, match=r"log_probs has elements of type .*, expected real numbers"):
            Scores(values, [1], SHIFT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lengths": [0]}, "'utt0' has 0 frames"),
        ({"lengths": [3]}, "'utt0' has 3 frames, expected 1 to 2"),
        ({"lengths": [1.5]}, r"lengths are \[1.5\], expected whole numbers"),
        ({"lengths": [math.nan]}, r"lengths are \[nan\], expected whole numbers"),
        ({"lengths": ["2"]}, "expected whole numbers"),
        ({"lengths": 2}, r"1 matrices with \(\) lengths"),
        ({"frame_shift": math.inf}, "frame_shift is inf"),
        ({"frame_shift": "10ms"}, "frame_shift is '10ms'; expected seconds > 0"),
        ({"ids": "a"}, "ids is the string 'a'"),
    ],
)
def test_the_rest_of_a_batch_is_checked_too(change, message):
    with pytest.raises(ScoresError, match=message):
        Scores(**{"log_probs": MATRIX[None], "lengths": [2], "frame_shift": SHIFT, **change})


def test_lengths_may_be_a_tensor_or_whole_floats():
    for lengths in (torch.tensor([2]), np.array([2.0]), (2,)):
        assert Scores(MATRIX[None], lengths, SHIFT).lengths.tolist() == [2]


@pytest.mark.parametrize("columns", [2, 4])
def test_another_number_of_columns_is_refused(columns, engine):
    with pytest.raises(ScoresError, match=rf"the scores have {columns} columns, the graph .* built for 3"):
        search(graph_with(), engine, batch(np.zeros((2, columns))))


def test_a_batch_of_no_utterances_gives_no_lattices(engine):
    nothing = Scores(np.zeros((0, 4, 3)), [], SHIFT)
    assert decode(graph_with(), nothing, SearchOptions(engine)) == []
    assert align([], nothing) == []
    with pytest.raises(ScoresError, match="expected one or more"):
        Scores.from_matrices([], SHIFT)


@pytest.mark.parametrize("frame", [0, 1])
def test_a_frame_of_minus_infinity_ends_the_search_before_it_and_says_so(frame, engine):
    matrix = MATRIX.copy()
    matrix[frame] = -math.inf
    lattice = search(graph_with(), engine, batch(matrix))
    assert (lattice.reached_final, SEARCH_DIED in lattice.flags) == (False, True)
    best = lattice.best_path()
    assert (best.columns, best.text) == ([(), (0,)][frame], ["", "w1"][frame])
    with pytest.raises(DecodeError, match="no path of the graph fits the 2 frames of utterance 'utt0'"):
        align([graph_with()], batch(matrix))


def test_scores_far_below_any_other_are_no_trouble(engine):
    matrix = np.full((2, 3), -1e30, dtype=np.float32)
    best = search(graph_with(), engine, batch(matrix)).best_path()
    assert best.reached_final
    assert best.score == pytest.approx(-2e30, rel=1e-6)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_scales_that_are_none_are_refused(scale):
    with pytest.raises(ScoresError, match=f"acoustic_scale is {scale}, expected > 0 and finite"):
        batch().scaled(scale)


@pytest.mark.skipif(not hasattr(decode_package, "Decoder"), reason="there is no streaming decoder yet")
class TestStreaming:
    def decoder(self, **options):
        return decode_package.Decoder(graph_with(), SearchOptions(**options), frame_shift=SHIFT, utterance="utt0")

    @pytest.mark.parametrize("form", FORMS)
    def test_chunks_of_every_form(self, form):
        decoder = self.decoder()
        for row in MATRIX:
            decoder.advance(FORMS[form](row[None]))
        assert decoder.finalize().best_path().score == BEST

    @pytest.mark.parametrize("name", REFUSED)
    def test_chunks_that_are_no_scores_are_refused_and_leave_the_stream_as_it_was(self, name):
        matrix, message = REFUSED[name]
        decoder = self.decoder()
        decoder.advance(MATRIX[:1])
        with pytest.raises(ScoresError, match=f"{message}|columns"):
            decoder.advance(matrix)
        decoder.advance(MATRIX[1:])
        assert decoder.finalize().best_path().score == BEST

    @pytest.mark.parametrize("columns", [2, 4])
    def test_another_number_of_columns_is_refused(self, columns):
        with pytest.raises(ScoresError, match=f"{columns} columns"):
            self.decoder().advance(np.zeros((2, columns)))

    @pytest.mark.parametrize("name", MALFORMED)
    def test_a_malformed_graph_is_refused(self, name):
        change, message = MALFORMED[name]
        with pytest.raises(GraphError, match=message):
            decode_package.Decoder(graph_with(**change), SearchOptions(), frame_shift=SHIFT).advance(MATRIX)
