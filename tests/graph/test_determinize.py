import numpy as np
import pynini
import pytest

from fsaasr.core.errors import GraphBudgetError, GraphError
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import Budget, CompileOptions, FstArrays, compile_graph, determinize, minimize, to_openfst
from fsaasr.graph.determinize import _in_child
from fsaasr.graph.preflight import check_lexicon
from fsaasr.graph.twins import find_twins
from fsaasr.lexicon import Lexicon

# Both branches read a b*; one pays 1 a turn, the other 3.
DRIFTING_SCORES = FstArrays.from_arcs(
    [(0, 1, 1, 0, -1), (0, 2, 1, 0, -2), (1, 1, 2, 0, -1), (2, 2, 2, 0, -3), (1, 3, 3, 0, 0), (2, 3, 4, 0, 0)], [(3, 0)]
)
# Both read a b*, writing 3s or 4s.
DRIFTING_OUTPUTS = FstArrays.from_arcs(
    [(0, 1, 1, 1, 0), (0, 2, 1, 2, 0), (1, 1, 2, 3, 0), (2, 2, 2, 4, 0), (1, 0, 3, 0, 0), (2, 0, 4, 0, 0)], [(0, 0)]
)
HOMOPHONES = FstArrays.from_arcs([(0, 0, 1, 1, 0), (0, 0, 1, 2, 0)], [(0, 0)])
# As the first, but both loops cost the same: determinizable, with other entry weights by another input.
PARALLEL = FstArrays.from_arcs(
    [
        *[(0, 1, 1, 0, -1), (0, 2, 1, 0, -2), (0, 1, 2, 0, -1), (0, 2, 2, 0, -5)],
        *[(1, 1, 3, 0, -1), (2, 2, 3, 0, -1), (1, 3, 4, 0, 0), (2, 3, 5, 0, 0)],
    ],
    [(3, 0)],
)


@pytest.mark.parametrize(
    ("fst", "problem", "inputs"),
    [(DRIFTING_SCORES, "drift", (1, 2)), (DRIFTING_OUTPUTS, "drift", (1, 2)), (HOMOPHONES, "ambiguous", (1,))],
)
def test_twins_are_found_with_their_input(fst, problem, inputs):
    twins = find_twins(fst).twins
    assert (twins.problem, twins.inputs) == (problem, inputs)


def test_parallel_loops_are_no_twins():
    search = find_twins(PARALLEL)
    assert (search.twins, search.complete, search.width) == (None, True, 2)


def test_pairs_are_counted_within_a_state_of_many_arcs_too():
    words = [(0, n, 1, n, 0) for n in range(1, 100)]  # begin alike, say different things
    ends = [(n, 0, n + 1, 0, 0) for n in range(1, 100)]
    fst = FstArrays.from_arcs([*words, *ends], [(0, 0)])
    whole, part = find_twins(fst), find_twins(fst, max_pairs=50)
    assert (whole.twins, whole.complete, whole.width) == (None, True, 99)
    assert (part.twins, part.complete) == (None, False)
    assert part.width <= 50


@pytest.mark.parametrize("fst", [DRIFTING_SCORES, DRIFTING_OUTPUTS])
def test_what_never_ends_is_refused(fst):
    with pytest.raises(GraphBudgetError, match="drift apart"):
        determinize(to_openfst(fst))


def test_homophones_are_refused_with_the_remedy():
    with pytest.raises(GraphError, match="add disambiguation symbols"):
        determinize(to_openfst(HOMOPHONES))


def test_describe_puts_the_witness_into_words():
    with pytest.raises(GraphError, match="the word 1 and 2"):
        determinize(to_openfst(HOMOPHONES), describe=lambda t: f"the word {t.outputs[0][0]} and {t.outputs[1][0]}")


def test_result_is_deterministic_and_equivalent():
    arrays = determinize(to_openfst(PARALLEL))
    keys = list(zip(arrays.source_state.tolist(), arrays.input_label.tolist()))
    assert len(keys) == len(set(keys))
    # 1 3 4: the cheaper of the two branches that read it, worked out by hand: -1 - 1 + 0.
    path = pynini.compose(_sequence([1, 3, 4]), to_openfst(arrays))
    assert float(pynini.shortestdistance(path, reverse=True)[path.start()]) == pytest.approx(2.0)


def test_a_child_process_gives_the_same(tmp_path):
    fst = to_openfst(PARALLEL)
    assert _in_child(fst, Budget()).to_bytes() == determinize(fst).to_bytes()


def test_time_budget():
    # The 20th label from the end decides: 2^20 subsets.
    arcs = [(0, 0, 1, 0, 0), (0, 0, 2, 0, 0), (0, 1, 1, 0, 0)]
    arcs += [(k, k + 1, label, 0, 0) for k in range(1, 26) for label in (1, 2)]
    fst = to_openfst(FstArrays.from_arcs([*arcs, (26, 0, 3, 0, 0)], [(26, 0.0)]))
    with pytest.raises(GraphBudgetError, match="raise the budget"):
        determinize(fst, Budget(seconds=3, gigabytes=4))


def test_state_budget():
    with pytest.raises(GraphBudgetError, match="over 100 states"):
        determinize(_large(), Budget(states=100))


def test_a_given_budget_holds_for_ngram_models_too():
    lexicon = Lexicon.from_text("a x y\nb x z\n")
    model = estimate_ngram([["a", "b"], ["b"]], 2)
    with pytest.raises(GraphBudgetError, match="over 2 states"):
        compile_graph(lexicon, model, "ctc", options=CompileOptions(budget=Budget(states=2)))


def test_memory_budget():
    with pytest.raises(GraphBudgetError, match="GB"):
        determinize(_large(), Budget(seconds=60, gigabytes=0.02))


def _large():
    """More states than are checked for twins in Python."""
    states = np.arange(30_000)
    return to_openfst(
        FstArrays.from_columns(states, (states + 1) % 30_000, states + 1, states * 0, states * 0.0, np.zeros(30_000))
    )


def test_minimization_merges_equal_futures():
    fst = FstArrays.from_arcs(
        [(0, 1, 1, 5, -1), (0, 2, 2, 6, -1), (1, 3, 3, 0, -0.5), (2, 4, 3, 0, -0.5)], [(3, 0), (4, 0)]
    )
    assert minimize(fst).num_states == 3


def test_minimization_keeps_different_outputs_apart():
    fst = FstArrays.from_arcs([(0, 1, 1, 0, 0), (0, 2, 2, 0, 0), (1, 3, 3, 5, 0), (2, 3, 3, 6, 0)], [(3, 0)])
    assert minimize(fst).num_states == 4


def test_rounding_noise_does_not_separate_states():
    fst = FstArrays.from_arcs(
        [(0, 1, 1, 0, 0), (0, 2, 2, 0, 0), (1, 3, 3, 0, -1.0), (2, 3, 3, 0, -1.0000001)], [(3, 0)]
    )
    assert minimize(fst).num_states == 3


def test_lexicon_check_names_both_words():
    lexicon = Lexicon.from_text("two t u\ntoo t u\n")
    check_lexicon(lexicon)
    with pytest.raises(GraphError, match=r"'two' and 'too' are both pronounced 't u'"):
        check_lexicon(lexicon, symbols=[0, 0])


def _sequence(labels):
    return to_openfst(FstArrays.from_arcs([(k, k + 1, c, c, 0.0) for k, c in enumerate(labels)], [(len(labels), 0.0)]))
