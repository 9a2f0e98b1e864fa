"""Small word grammars, written with pynini."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Sequence, Union

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.cycles import has_negative_cycle

if TYPE_CHECKING:
    import pynini


def repeat(words: Union[str, Sequence[str], pynini.Fst], lower: int, upper: int) -> pynini.Fst:
    """Accepts `lower` to `upper` words in a row, with one space between two.

    Args:
      words: the words to choose from, or an acceptor of them over bytes, whose costs are kept.
      lower: least number of words, 0 or more.
      upper: largest number of words, at least `lower` and 1.

    Returns:
      An acceptor over bytes, for `grammar_from_pynini` or for building larger grammars with pynini.

    Raises:
      GrammarError: no words, or bounds out of range.

    Example:
      `repeat(["one", "two"], 1, 7)` accepts `one`, `two`, `one one`, ... up to seven words.
    """
    import pynini

    if not 0 <= lower <= upper or upper < 1:
        raise GrammarError(f"repeat: bounds are {lower} and {upper}, expected 0 <= lower <= upper, upper >= 1")
    if isinstance(words, pynini.Fst):
        word = words
    else:
        names = [words] if isinstance(words, str) else list(words)
        if not names:
            raise GrammarError("repeat: found no words; give at least one")
        word = pynini.union(*(pynini.escape(name) for name in names))
    result = word
    if upper > 1:
        more = pynini.closure(pynini.concat(pynini.accep(" "), word), max(lower, 1) - 1, upper - 1)
        result = pynini.concat(word, more)
    if not lower:
        result = pynini.union(result, "")
    return result.optimize()


def stochastic(grammar: pynini.Fst) -> pynini.Fst:
    """Makes each state's arcs and its final weight sum to one.

    Costs become -log probabilities. They are first pushed towards the start, so that an arc's cost tells the
    cheapest way on; then, at each state, `exp(-cost)` is divided by its sum over the arcs that leave the state
    and its final weight. An unweighted grammar so gives each of the m choices at a state (next word, or end) the
    probability 1 / m. Ratios of costs hold among the choices at one state, not between any two strings. The sum
    over all strings is one if the grammar is deterministic.

    Args:
      grammar: connected acceptor with tropical weights and without epsilons, as `grammar_from_pynini` gives it.

    Returns:
      A new acceptor of the same strings.

    Raises:
      GrammarError: a state from which nothing can be accepted; a cycle of negative cost.
    """
    import pynini
    import pywrapfst

    if has_negative_cycle(grammar):
        raise GrammarError("stochastic: a cycle has negative cost, so there is no cheapest way on; raise its costs")
    result = pynini.push(grammar, push_weights=True, remove_total_weight=True)
    for state in result.states():
        final = float(result.final(state))
        costs = [float(arc.weight) for arc in result.arcs(state)] + [final]
        least = min(costs)
        if not math.isfinite(least):
            raise GrammarError(f"stochastic: state {state} has no way out; call .connect() first")
        total = least - math.log(sum(math.exp(least - cost) for cost in costs))
        arcs = result.mutable_arcs(state)
        for arc in arcs:
            arc.weight = pywrapfst.Weight(result.weight_type(), float(arc.weight) - total)
            arcs.set_value(arc)
        if math.isfinite(final):
            result.set_final(state, pywrapfst.Weight(result.weight_type(), final - total))
    return result
