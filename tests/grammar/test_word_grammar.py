import math

import pynini
import pytest

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import grammar_from_pynini, repeat, stochastic
from tests.grammar.test_pynini_grammar import accepted

WORDS = SymbolTable(["a", "b", "c"])


def masses(fst):
    return [
        sum(math.exp(-float(arc.weight)) for arc in fst.arcs(state)) + math.exp(-float(fst.final(state)))
        for state in fst.states()
    ]


@pytest.mark.parametrize(("lower", "upper"), [(1, 3), (0, 4), (2, 2)])
def test_stochastic_grammar_sums_to_one_at_each_state_and_over_all_strings(lower, upper):
    grammar = stochastic(grammar_from_pynini(repeat(list("abc"), lower, upper), WORDS))
    assert masses(grammar) == pytest.approx([1.0] * grammar.num_states(), abs=1e-6)
    strings = accepted(grammar, WORDS, longest=upper)
    assert sum(math.exp(-cost) for cost in strings.values()) == pytest.approx(1.0, abs=1e-5)
    assert min(map(len, strings)) == lower


def test_stochastic_keeps_the_ratios_of_choices_and_its_input():
    grammar = grammar_from_pynini(pynini.union(pynini.accep("a", weight=1), pynini.accep("b", weight=2)), WORDS)
    before = grammar.copy()
    costs = accepted(stochastic(grammar), WORDS)
    assert costs[("b",)] - costs[("a",)] == pytest.approx(1.0, abs=1e-6)
    assert pynini.equal(grammar, before)


def test_cyclic_grammar_can_be_made_stochastic():
    grammar = stochastic(grammar_from_pynini(pynini.closure(pynini.accep("a ")), WORDS))
    # Each state chooses between one more word and the end.
    assert accepted(grammar, WORDS, longest=3)[("a", "a")] == pytest.approx(3 * math.log(2), abs=1e-5)


def test_costs_of_later_words_weigh_on_the_first_choice():
    grammar = grammar_from_pynini(pynini.union(pynini.accep("a c", weight=3), pynini.accep("b c", weight=1)), WORDS)
    costs = accepted(stochastic(grammar), WORDS)
    assert costs[("a", "c")] - costs[("b", "c")] == pytest.approx(2.0, abs=1e-6)


def test_cycle_of_negative_cost_is_refused():
    grammar = grammar_from_pynini(pynini.closure(pynini.accep("a ", weight=-1)), WORDS)
    with pytest.raises(GrammarError, match="negative cost"):
        stochastic(grammar)


def test_state_without_way_out_is_refused():
    grammar = pynini.Fst()
    grammar.set_start(grammar.add_state())
    with pytest.raises(GrammarError, match="no way out"):
        stochastic(grammar)


def test_repeat_takes_one_word_or_an_acceptor():
    assert pynini.equivalent(repeat("a", 1, 2), repeat(["a"], 1, 2))
    weighted = repeat(pynini.accep("a", weight=0.5), 1, 2)
    assert accepted(grammar_from_pynini(weighted, WORDS), WORDS) == {("a",): 0.5, ("a", "a"): 1.0}


@pytest.mark.parametrize(("lower", "upper"), [(-1, 2), (3, 2), (0, 0)])
def test_bounds_out_of_range_are_refused(lower, upper):
    with pytest.raises(GrammarError, match="bounds are"):
        repeat(["a"], lower, upper)


def test_repeat_of_no_words_is_refused():
    with pytest.raises(GrammarError, match="no words"):
        repeat([], 1, 2)
