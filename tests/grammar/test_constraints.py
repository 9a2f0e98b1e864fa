"""Lists and templates: exactly what they say is accepted, by enumeration, and nothing else is ever decoded."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pynini
import pytest

from fsaasr.core import Scores, SymbolTable
from fsaasr.core.errors import GrammarError
from fsaasr.decode import one_best
from fsaasr.grammar import SlotGrammar, phrase_list, requiring, within, without
from fsaasr.graph import compile_token_graph, word_loop
from fsaasr.lexicon import character_lexicon

WORDS = SymbolTable(["at", "bob", "call", "cara", "five", "now", "o'clock", "off", "on", "six"])


def language(grammar: pynini.Fst) -> set[str]:
    found = set()
    paths = grammar.paths()
    while not paths.done():
        found.add(" ".join(WORDS.name(label) for label in paths.ilabels() if label))
        paths.next()
    return found


def test_a_list_accepts_its_phrases_and_no_others() -> None:
    phrases = ["call bob", "call cara now", "off", ["call", "bob"], "call"]
    grammar = phrase_list(phrases, WORDS)
    assert language(grammar) == {"call bob", "call cara now", "off", "call"}
    assert grammar.properties(pynini.I_DETERMINISTIC | pynini.NO_EPSILONS, True) == (
        pynini.I_DETERMINISTIC | pynini.NO_EPSILONS
    )


def test_unknown_words_are_named() -> None:
    with pytest.raises(GrammarError, match="lacks 2 words: 'dora', 'eve'"):
        phrase_list(["call dora", "eve", "dora"], WORDS)
    with pytest.raises(GrammarError, match="no phrases"):
        phrase_list([], WORDS)


@pytest.mark.parametrize("seed", range(5))
def test_required_and_forbidden_words(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = list(WORDS.names[1:7])
    phrases = {" ".join(rng.choice(names, size=rng.integers(1, 4))) for _ in range(20)}
    grammar = phrase_list(phrases, WORDS)
    chosen = [str(name) for name in rng.choice(names, size=2, replace=False)]
    for change, keep in (
        (without, lambda text: not set(text.split()) & set(chosen)),
        (requiring, lambda text: set(text.split()) >= set(chosen)),
    ):
        expected: set[str] = {text for text in phrases if keep(text)}  # type: ignore[no-untyped-call]
        if expected:
            assert language(change(grammar, chosen, WORDS)) == expected
        else:
            with pytest.raises(GrammarError, match="accepts nothing"):
                change(grammar, chosen, WORDS)
    assert language(grammar) == phrases  # left as it was


def test_words_that_nobody_says_need_not_be_forbidden() -> None:
    grammar = phrase_list(["call bob", "off"], WORDS)
    assert language(without(grammar, ["zebra"], WORDS)) == {"call bob", "off"}
    with pytest.raises(GrammarError, match="lacks 'zebra'"):
        requiring(grammar, ["zebra"], WORDS)


def test_templates_say_every_combination() -> None:
    slots: dict[str, Any] = {
        "name": ["bob", "cara"],
        "hour": phrase_list(["five", "six"], WORDS),
        "when": ["now", "at {hour} [o'clock]"],
    }
    grammar = SlotGrammar(slots, WORDS).accept("call {name} [{when}]", "(on|off) now")
    whens = ["", " now", *(f" at {h}{o}" for h, o in itertools.product(("five", "six"), ("", " o'clock")))]
    expected = {f"call {name}{when}" for name in ("bob", "cara") for when in whens} | {"on now", "off now"}
    assert language(grammar) == expected


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("call {nobody}", "no slot 'nobody'"),
        ("call [bob", r"'\[' without its other half"),
        ("call bob]", r"'\]' without its other half"),
        ("call {name", r"'\{' without its other half"),
        ("call zebra", "lacks 1 words: 'zebra'"),
        ("{loop}", "within itself, by loop > loop"),
    ],
)
def test_wrong_templates_say_why(template: str, message: str) -> None:
    slots: dict[str, Any] = {"name": ["bob"], "loop": ["call {loop}", "off"]}
    with pytest.raises(GrammarError, match=message):
        SlotGrammar(slots, WORDS).accept(template)


def test_an_empty_slot_or_no_template_is_refused() -> None:
    with pytest.raises(GrammarError, match="slot 'name' has no phrases"):
        SlotGrammar({"name": []}, WORDS).accept("{name}")
    with pytest.raises(GrammarError, match="no templates"):
        SlotGrammar({}, WORDS).accept()


def test_decoding_never_leaves_the_constraint() -> None:
    lexicon = character_lexicon(["on", "off", "no", "of"])
    phrases = {"on off", "no on", "of"}
    graph = compile_token_graph(lexicon, phrase_list(phrases, lexicon.words), "ctc")
    rng = np.random.default_rng(0)
    noise = [rng.normal(size=(14, graph.num_columns)) * 3 for _ in range(30)]
    texts = {h.text for h in one_best(graph, Scores.from_matrices(noise, 0.04)) if h.reached_final}
    assert texts <= phrases
    assert len(texts) > 1


def test_costs_stay() -> None:
    grammar = word_loop(WORDS, np.log(np.arange(1, 11) / 55.0))
    kept = requiring(without(grammar, ["at"], WORDS), ["bob"], WORDS)
    sentence = pynini.compose(phrase_list(["bob on"], WORDS), kept.arcsort("ilabel"))
    cost = float(pynini.shortestdistance(sentence, reverse=True)[sentence.start()])
    assert cost == pytest.approx(-np.log(2 / 55) - np.log(9 / 55), abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_a_vocabulary_is_kept_to(seed: int) -> None:
    rng = np.random.default_rng(seed)
    phrases = {" ".join(rng.choice(list(WORDS.names[1:5]), size=rng.integers(1, 4))) for _ in range(20)}
    chosen = {"at", "bob", "zebra"}
    expected = {text for text in phrases if set(text.split()) <= chosen}
    assert language(within(phrase_list(phrases, WORDS), chosen, WORDS)) == expected
    with pytest.raises(GrammarError, match="within: the grammar then accepts nothing"):
        within(phrase_list(phrases, WORDS), ["zebra"], WORDS)
