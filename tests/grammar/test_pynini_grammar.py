import itertools

import pynini
import pytest
import pywrapfst
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import grammar_from_pynini, repeat

WORDS = SymbolTable(["one", "on", "two", "žluť", "[b]"])


def accepted(fst, words=WORDS, longest=4):
    """Word strings of at most `longest` words with their least cost, by walking all paths of an epsilon-free fst."""
    found = {}
    paths = [(fst.start(), (), 0.0)]
    while paths:
        state, names, cost = paths.pop()
        final = cost + float(fst.final(state))
        if final < found.get(names, float("inf")):
            found[names] = final
        if len(names) < longest:
            paths += [(a.nextstate, (*names, words.name(a.ilabel)), cost + float(a.weight)) for a in fst.arcs(state)]
    return found


@settings(deadline=None, max_examples=50)
@given(
    st.dictionaries(
        st.lists(st.sampled_from(WORDS.names[1:]), max_size=4).map(tuple),
        st.integers(-8, 8).map(lambda quarters: quarters / 4),
        min_size=1,
        max_size=6,
    )
)
def test_union_of_strings_gives_just_those_with_their_costs(strings):
    fst = pynini.union(*(pynini.accep(pynini.escape(" ".join(names)), weight=c) for names, c in strings.items()))
    assert accepted(grammar_from_pynini(fst, WORDS)) == strings


def test_least_cost_of_a_strings_paths_counts():
    fst = pynini.union(pynini.accep("one two", weight=2), pynini.accep("one  two", weight=0.5))
    assert accepted(grammar_from_pynini(fst, WORDS)) == {("one", "two"): 0.5}


def test_spaces_around_and_between_do_not_matter():
    fst = pynini.concat(pynini.closure(" "), pynini.concat("one \t two", pynini.closure(" ")))
    assert accepted(grammar_from_pynini(fst, WORDS)) == {("one", "two"): 0.0}


def test_cyclic_grammar_accepts_all_lengths():
    fst = pynini.concat("one", pynini.closure(pynini.concat(" two", pynini.accep("", weight=0.25))))
    found = accepted(grammar_from_pynini(fst, WORDS), longest=6)
    assert found == {("one", *["two"] * n): n / 4 for n in range(6)}


def test_named_words_are_mapped_by_name():
    symbols = pynini.SymbolTable()
    for label, name in enumerate(["<eps>", "two", "one"]):
        symbols.add_symbol(name, label)
    fst = pynini.accep("two one", token_type=symbols)
    fst.set_input_symbols(symbols).set_output_symbols(symbols)
    assert accepted(grammar_from_pynini(fst, WORDS)) == {("two", "one"): 0.0}


def test_named_words_that_the_table_lacks_are_named():
    symbols = pynini.SymbolTable()
    for name in ("<eps>", "one", "zebra"):
        symbols.add_symbol(name)
    fst = pynini.accep("one zebra", token_type=symbols).set_input_symbols(symbols)
    with pytest.raises(GrammarError, match="lacks the words 'zebra'"):
        grammar_from_pynini(fst, WORDS)


@pytest.mark.parametrize(("side", "expected"), [("input", ("two",)), ("output", ("one", "one"))])
def test_one_side_of_a_transducer_is_taken(side, expected):
    fst = pynini.cross("two", "one one")
    assert list(accepted(grammar_from_pynini(fst, WORDS, side=side))) == [expected]


def test_result_has_no_epsilons_and_no_symbols_and_leaves_its_input():
    fst = repeat(["one", "two"], 1, 3)
    before = fst.copy()
    grammar = grammar_from_pynini(fst, WORDS)
    assert pynini.equal(fst, before)
    assert grammar.input_symbols() is None
    assert grammar.properties(pywrapfst.NO_EPSILONS | pywrapfst.I_LABEL_SORTED, True)
    assert all(arc.ilabel == arc.olabel > 0 for state in grammar.states() for arc in grammar.arcs(state))


def test_grammar_of_the_empty_string_is_kept():
    assert accepted(grammar_from_pynini(pynini.accep(""), WORDS)) == {(): 0.0}


def test_cycle_of_spaces_is_harmless():
    fst = pynini.concat(pynini.closure(pynini.accep(" ", weight=1)), "one")
    assert accepted(grammar_from_pynini(fst, WORDS)) == {("one",): 0.0}


NEGATIVE = pynini.concat(pynini.closure(pynini.accep(" ", weight=-1)), "one")

FAULTS = {
    "unknown": (repeat(["one", "three"], 1, 2), "lacks the words 'three';"),
    "several unknown": (pynini.union("eno", "owt one"), "lacks the words 'eno', 'owt'|'owt', 'eno'"),
    "half a word": (pynini.accep("o ne"), "'o'"),
    "no spaces between": (pynini.closure(pynini.union("one", "two")), "and others; .* missing spaces"),
    "tag": (pynini.accep("one[loud]"), r"'one\[loud\]'"),
    "many": (repeat([f"x{i}" for i in range(50)], 1, 1), "and others"),
    "empty": (pynini.Fst(), "accepts nothing"),
    "nothing final": (pynini.compose("one", "two"), "accepts nothing"),
    "negative cycle": (NEGATIVE, "consumes no word has negative cost"),
    "transducer": (pynini.cross("one", "two"), "say which side"),
    "other semiring": (pynini.accep("one", arc_type="log"), "arc type 'log'"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_unusable_grammar_is_refused(fault):
    fst, message = FAULTS[fault]
    with pytest.raises(GrammarError, match=message):
        grammar_from_pynini(fst, WORDS)


def test_unknown_side_is_refused():
    with pytest.raises(GrammarError, match="side is 'left'"):
        grammar_from_pynini(pynini.accep("one"), WORDS, side="left")


@pytest.mark.parametrize(("lower", "upper"), [(1, 1), (1, 3), (0, 2), (2, 2), (0, 1)])
def test_repeat_accepts_every_string_of_these_lengths(lower, upper):
    names = ["one", "two", "on"]
    found = accepted(grammar_from_pynini(repeat(names, lower, upper), WORDS), longest=upper + 1)
    assert found == {s: 0.0 for n in range(lower, upper + 1) for s in itertools.product(names, repeat=n)}
