"""What a JSGF grammar accepts is what enumeration of its text's tree says, and its costs are."""

from __future__ import annotations

import math
from typing import Any, Dict, Tuple

import numpy as np
import pynini
import pytest

from fsaasr.core import Scores, SymbolTable
from fsaasr.core.errors import GrammarError
from fsaasr.decode import one_best
from fsaasr.grammar.jsgf import JsgfGrammar, parse_jsgf
from fsaasr.graph import compile_graph
from fsaasr.lexicon import character_lexicon

from .grammars import LONGEST, WORDS, Language, least_fixed_point, random_tree, text_of

TABLE = SymbolTable(WORDS)
HOME = """#JSGF V1.0 UTF-8 en;
grammar home;  // of a house
/** What may be said. */
public <command> = (turn | switch) <state> {DO} [the] <thing> | <polite>* stop {STOP} | <list>;
<state> = /3/ on {ON} | /1/ off {OFF};
<thing> = light {light} | "ceiling fan" {fan \\{x\\}};
<polite> = please | would you;
<list> = <thing> | <thing> and <list>;
"""


def grammar_of(trees: Dict[str, Any]) -> JsgfGrammar:
    rules = "".join(f"<{name}> = {text_of(tree)};\n" for name, tree in trees.items())
    return parse_jsgf(f"#JSGF V1.0;\ngrammar g;\npublic {rules}")


def accepted(fst: pynini.Fst, table: SymbolTable = TABLE, longest: int = LONGEST) -> Language:
    """Sentences of at most `longest` words with their least cost, by walking all paths of an epsilon-free fst."""
    found: Language = {}
    paths: list[Tuple[int, Tuple[str, ...], float]] = [(fst.start(), (), 0.0)]
    while paths:
        state, names, cost = paths.pop()
        final = cost + float(fst.final(state))
        if final < found.get(names, math.inf):
            found[names] = final
        if len(names) < longest:
            paths += [(a.nextstate, (*names, table.name(a.ilabel)), cost + float(a.weight)) for a in fst.arcs(state)]
    return found


def check(trees: Dict[str, Any]) -> bool:
    """Compares costs of sentences; False where none of up to `LONGEST` words is there."""
    expected = least_fixed_point(trees)["r0"]
    if not expected:
        return False
    found = accepted(grammar_of(trees).accept(TABLE))
    assert found.keys() == expected.keys()
    assert [found[key] for key in expected] == pytest.approx(list(expected.values()), abs=1e-4)
    return True


@pytest.mark.parametrize("seed", range(4))
def test_the_language_is_that_of_enumeration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    compared = [
        check({"r0": random_tree(rng, ["r1", "r2"]), "r1": random_tree(rng, ["r2"]), "r2": random_tree(rng, [])})
        for _ in range(15)
    ]
    assert sum(compared) > 5


@pytest.mark.parametrize("kind", ["or", "opt", "weighted"])
def test_right_recursion_is_a_loop(kind: str) -> None:
    """r1 and r2 lead to each other at their ends."""
    rng = np.random.default_rng(len(kind))
    compared = 0
    for _ in range(15):
        first, second = random_tree(rng, []), random_tree(rng, [])
        tail: Any = {
            "or": ("or", ("seq", first, "<r2>"), second),
            "opt": ("seq", first, ("opt", "<r2>")),
            "weighted": ("weighted", (3.0, ("seq", first, ("{t}", "<r2>"))), (1.0, second)),
        }[kind]
        outer = random_tree(rng, ["r1"])
        compared += check({"r0": outer, "r1": tail, "r2": ("or", ("seq", "a", "<r1>"), "b", "<r2>")})
    assert compared > 5


def test_a_loop_begins_and_ends_by_itself() -> None:
    """Beside the loop's first and last states there are others' ways: they are no part of the loop."""
    check({"r0": ("or", ("seq", "<r1>", "c"), "b"), "r1": ("or", ("seq", "a", "<r1>"), "a")})
    check({"r0": ("seq", ("opt", "<r1>"), ("*", "<r1>")), "r1": ("seq", "a", ("opt", "<r1>"))})


def test_a_grammar_says_what_its_text_says() -> None:
    grammar = parse_jsgf(HOME)
    assert grammar.name == "home"
    assert grammar.public == ("home.command",)
    table = SymbolTable(grammar.words)
    things = ["light", "ceiling fan"]
    commands = [
        f"{do} {state}{the} {x}"
        for do in ("turn", "switch")
        for state in ("on", "off")
        for the in ("", " the")
        for x in things
    ]
    stops = [
        "stop",
        "please stop",
        "would you stop",
        "would you please stop",
        "please would you stop",
        "please please stop",
    ]
    stops += [" ".join(["please"] * n + ["stop"]) for n in (3, 4)] + ["please please would you stop"]
    stops += ["please would you please stop", "would you please please stop", "would you would you stop"]
    lists = [*things, "light and light", *(f"{a} and {b}" for a in things for b in things)]
    lists += ["light and light and light"]
    expected = {tuple(text.split()) for text in (*commands, *stops, *lists) if len(text.split()) <= 5}
    found = accepted(grammar.accept(table), table, 5)
    assert found.keys() == expected
    assert found["turn", "on", "light"] == pytest.approx(-math.log(3 / 4), abs=1e-6)
    assert found["stop",] == 0.0


def test_tags_are_those_of_the_sentence() -> None:
    grammar = parse_jsgf(HOME)
    assert grammar.tags("turn on the ceiling fan") == ("ON", "DO", "fan {x}")
    assert grammar.tags(["please", "stop"]) == ("STOP",)
    assert grammar.tags("light and ceiling fan and light") == ("light", "fan {x}", "light")
    for sentence in ("turn", "turn on the moon", ""):
        with pytest.raises(GrammarError, match="'home' does not accept"):
            grammar.tags(sentence)


def test_tags_behind_a_loop_are_refused_and_may_be_left_out() -> None:
    grammar = grammar_of({"r0": ("or", ("{t}", ("seq", "a", "<r0>")), "b")})
    assert accepted(grammar.accept(TABLE), longest=2).keys() == {("b",), ("a", "b")}
    with pytest.raises(GrammarError, match=r"<text>:3: column 19: .* its tags have no finite-state form"):
        grammar.tags("a b")


def test_one_rule_may_be_asked_for() -> None:
    grammar = parse_jsgf(HOME)
    table = SymbolTable(grammar.words)
    assert accepted(grammar.accept(table, "state"), table).keys() == {("on",), ("off",)}
    with pytest.raises(GrammarError, match="'home' has no rule <colour>; there are command, state"):
        grammar.accept(table, "colour")
    with pytest.raises(GrammarError, match="'g' has no public rule"):
        parse_jsgf("#JSGF V1.0;\ngrammar g;\n<a> = b;").accept(TABLE)
    with pytest.raises(GrammarError, match="'g' says nothing"):
        parse_jsgf("#JSGF V1.0;\ngrammar g;\npublic <a> = b <VOID>;").accept(TABLE)


def test_words_that_the_table_lacks_are_named_with_their_place() -> None:
    with pytest.raises(GrammarError, match=r"<text>:4: column 21: the word table lacks 10 words: 'turn', 'switch',"):
        parse_jsgf(HOME).accept(SymbolTable(["on", "off", "light"]))


def test_results_stay_within_the_grammar() -> None:
    grammar = parse_jsgf(HOME)
    lexicon = character_lexicon(grammar.words)
    graph = compile_graph(lexicon, grammar.accept(lexicon.words), "ctc")
    assert graph.build["missing_words"] == []
    rng = np.random.default_rng(0)
    noise = [rng.normal(size=(60, graph.num_columns)) * 3 for _ in range(10)]
    for hypothesis in one_best(graph, Scores.from_matrices(noise, 0.04)):
        if hypothesis.reached_final:
            grammar.tags(hypothesis.text)  # raises where the text is not of the grammar
