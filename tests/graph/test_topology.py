import itertools

import numpy as np
import pynini
import pytest

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import TOPOLOGIES, moves, parse_topology, to_openfst, topology_fst
from tests.transitions import random_transitions

TOKENS = SymbolTable(["a", "b"])


def spelled(topology, columns):
    """Token sequences that T gives for a sequence of columns."""
    fst = topology_fst(TOPOLOGIES[topology], TOKENS)
    found = set()

    def walk(state, rest, output, budget):
        if not rest and fst.final_score[state] > -np.inf:
            found.add(output)
        for arc in range(fst.arc_offsets[state], fst.arc_offsets[state + 1]):
            label, out = int(fst.input_label[arc]), int(fst.output_label[arc])
            said = (*output, TOKENS.name(out)) if out else output
            if label == 0 and budget:
                walk(int(fst.next_state[arc]), rest, said, budget - 1)
            elif rest and label == rest[0] + 1:
                walk(int(fst.next_state[arc]), rest[1:], said, 1)

    walk(fst.start, tuple(columns), (), 1)
    return found


def collapsed(columns):
    """Graves' B: repeats merge, blanks go."""
    return tuple(TOKENS.name(c) for c, _ in itertools.groupby(columns) if c)


@pytest.mark.parametrize("columns", itertools.chain(*(itertools.product(range(3), repeat=n) for n in range(1, 5))))
def test_ctc_is_the_collapse_function(columns):
    assert spelled("ctc", columns) == {collapsed(columns)}


@pytest.mark.parametrize("topology", ["ctc-compact", "ctc-modified"])
def test_repeats_need_no_blank_in_the_small_topologies(topology):
    assert spelled(topology, [1, 1]) == {("a",), ("a", "a")}
    assert spelled(topology, [1, 0, 1]) == {("a", "a")}
    assert spelled("ctc", [1, 1]) == {("a",)}


def test_hmm3_takes_at_least_three_frames_in_order():
    assert spelled("hmm3", [0, 1, 2]) == {("a",)}
    assert spelled("hmm3", [0, 0, 1, 1, 2]) == {("a",)}
    assert spelled("hmm3", [0, 1, 2, 3, 4, 5]) == {("a", "b")}
    assert spelled("hmm3", [0, 2]) == spelled("hmm3", [1, 2]) == set()


def test_the_first_frame_of_a_token_has_its_own_column_in_kaldis_chain():
    assert spelled("kaldi-chain", [0]) == {("a",)}
    assert spelled("kaldi-chain", [0, 1, 1, 0, 2]) == {("a", "a", "b")}
    assert spelled("kaldi-chain", [1]) == spelled("kaldi-chain", [0, 3]) == set()


@pytest.mark.parametrize("topology", ["hmm1", "blank-free"])
def test_one_state_a_token(topology):
    assert spelled(topology, [0, 0, 1]) == {("a", "b"), ("a", "a", "b")}


@pytest.mark.k2
@pytest.mark.parametrize(("topology", "modified"), [("ctc", False), ("ctc-modified", True)])
def test_ctc_topologies_are_those_of_k2(topology, modified):
    k2 = pytest.importorskip("k2")
    tokens = SymbolTable(["a", "b", "c"])
    theirs = pynini.Fst()
    lines = k2.to_str(k2.ctc_topo(3, modified=modified)).split("\n")
    for line in lines:
        fields = line.split()
        for state in range(theirs.num_states(), 1 + max(map(int, fields[:2]), default=-1)):
            assert theirs.add_state() == state
        if len(fields) == 5 and fields[2] == "-1":
            theirs.set_final(int(fields[0]))
        elif len(fields) == 5:
            theirs.add_arc(int(fields[0]), pynini.Arc(int(fields[2]) + 1, int(fields[3]), 0, int(fields[1])))
    theirs.set_start(0)
    ours = to_openfst(topology_fst(TOPOLOGIES[topology], tokens))
    assert pynini.isomorphic(ours, theirs.connect())


def test_columns_of_ctc_and_hmm():
    assert TOPOLOGIES["ctc"].columns(TOKENS).names == ("<blk>", "a", "b")
    assert TOPOLOGIES["ctc"].columns(TOKENS).token.tolist() == [0, 1, 2]
    assert TOPOLOGIES["hmm3"].columns(TOKENS).names == ("a.1", "a.2", "a.3", "b.1", "b.2", "b.3")
    assert TOPOLOGIES["hmm3"].columns(TOKENS).token.tolist() == [1, 1, 1, 2, 2, 2]
    assert TOPOLOGIES["blank-free"].columns(TOKENS).names == ("a", "b")


def test_transition_probabilities_sum_to_one_at_each_hmm_state():
    stay = np.array([0.5, 0.25, 0.75, 0.125, 0.5, 0.625], dtype=np.float32)
    transitions = np.log(np.stack([stay, 1 - stay], axis=1))
    fst = topology_fst(TOPOLOGIES["hmm3"], TOKENS, transitions)
    for state in range(fst.num_states):
        if state != fst.start:
            arcs = slice(fst.arc_offsets[state], fst.arc_offsets[state + 1])
            assert np.exp(fst.score[arcs]).sum() == pytest.approx(1.0)
    loops = fst.source_state == fst.next_state
    assert sorted(np.exp(fst.score[loops])) == pytest.approx(sorted(stay))


MIXED = TOPOLOGIES["hmm1"].with_tokens(TOPOLOGIES["silence5"], ["b"])


def test_kaldis_silence_visits_its_inner_states_in_any_order():
    """First and last state once, of the three between at least one."""
    inner = (1, 2, 3)
    for columns in itertools.product(range(5), repeat=5):
        states = [state for state, _ in itertools.groupby(columns)]
        allowed = len(states) > 2 and states[0] == 0 and states[-1] == 4 and set(states[1:-1]) <= set(inner)
        assert bool(spelled("silence5", columns)) == allowed


def test_some_tokens_have_states_of_their_own():
    assert MIXED.columns(TOKENS).names == ("a", "b.1", "b.2", "b.3", "b.4", "b.5")
    assert MIXED.columns(TOKENS).state.tolist() == [1, 1, 2, 3, 4, 5]
    assert parse_topology(MIXED.name, MIXED.to_text()) == MIXED
    assert (MIXED.num_moves, TOPOLOGIES["hmm1"].num_moves, MIXED.states_of("a"), MIXED.states_of("b")) == (4, 2, 1, 5)
    with pytest.raises(GraphError, match="arcs of the tokens b, which are none of"):
        MIXED.columns(SymbolTable("a"))
    with pytest.raises(GraphError, match="'ctc' shares the states blank"):
        TOPOLOGIES["hmm1"].with_tokens(TOPOLOGIES["ctc"], ["b"])


def test_transitions_lead_where_the_arcs_do_and_sum_to_one():
    known = moves(MIXED, TOKENS)
    # Column `a` stays or ends; of silence, the first state goes to each inner one, these to one another and the last.
    assert known.target.tolist() == [
        [1, 0, -1, -1],
        [1, 2, 3, 4],
        [2, 3, 4, 5],
        [3, 2, 4, 5],
        [4, 2, 3, 5],
        [5, 0, -1, -1],
    ]
    column, state = np.array([0, 0, 1, 3, 5]), np.array([1, 0, 4, 1, 0])
    assert known.find(column, state).tolist() == [0, 1, 3, -1, 1]
    for transitions in (known.uniform(), random_transitions(MIXED, TOKENS, np.random.default_rng(0))):
        np.testing.assert_allclose(np.exp(transitions).sum(axis=1), 1.0, rtol=1e-6)
        assert (np.isfinite(transitions) == known.exist).all()
        fst = topology_fst(MIXED, TOKENS, transitions)
        inside = np.delete(np.arange(fst.num_states), fst.start)
        sums = np.bincount(fst.source_state, weights=np.exp(fst.score))
        np.testing.assert_allclose(sums[inside], 1.0, rtol=1e-6)


def test_transitions_that_cannot_be_told_apart_are_refused():
    text = TOPOLOGIES["silence5"].to_text()
    twice = parse_topology("twice", text.replace("two.t t.3 leave.2", "two.t t.3 leave", 1))
    with pytest.raises(GraphError, match="two transitions of state 1 of 'a' have the same weight"):
        moves(twice, TOKENS)


@pytest.mark.parametrize(
    ("topology", "transitions"),
    [
        ("ctc", np.zeros((3, 2))),
        ("hmm1", np.zeros((3, 2))),
        ("hmm1", np.full((2, 2), np.nan)),
        ("hmm1", np.ones((2, 2))),
    ],
)
def test_transitions_that_do_not_fit(topology, transitions):
    with pytest.raises(GraphError, match="transitions"):
        topology_fst(TOPOLOGIES[topology], TOKENS, transitions.astype(np.float32))


def test_a_new_topology_is_a_few_lines():
    two_state = parse_topology("hmm2", "start o\nfinal o\no x.t t.1:t\nx.t x.t t.1 stay\nx.t o t.2 leave\n")
    assert two_state.columns(TOKENS).names == ("a.1", "a.2", "b.1", "b.2")
    assert topology_fst(two_state, TOKENS).num_states == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("final o\nstart o\no o t:t\n", "expected a `start` line"),
        ("start o\nfinal o\no o x\n", "line 3: found 'o o x'"),
        ("start o\nfinal o\no o t:t often\n", "often"),
        ("start o\nfinal p\no o t:t\n", "no arc leads to state 'p'"),
        ("start o\nfinal o\no o <blk>\n", "no arc outputs a token"),
        ("start x.t\nfinal x.t\nx.t x.t t:t\n", "must be a shared one"),
        ("start o\nfinal o\no x.t t:t\nx.t o <eps> leave\n", "no loop"),
    ],
)
def test_malformed_declarations(text, message):
    with pytest.raises(GraphError, match=message):
        parse_topology("bad", text)


def test_unknown_name_lists_the_known_ones():
    from fsaasr.graph import find_topology

    with pytest.raises(GraphError, match=r"hmm9.*ctc-compact"):
        find_topology("hmm9")
