"""Graphs with slots: their sentences are those of the class-based model, by enumeration, and of a static rebuild."""

from __future__ import annotations

import numpy as np
import pynini
import pytest

from fsaasr.grammar import estimate_ngram
from fsaasr.graph import (
    TokenGraph,
    compile_slot_graph,
    compile_token_graph,
    word_choice,
)
from fsaasr.lexicon import Lexicon
from tests.graph.slots.cases import SLOTS, TOKENS, random_case, sentences

CLOSE = 1e-3
"""Scores are rounded to 2^-14 before states are merged; a path of three words has up to a dozen arcs."""


def paths(graph: TokenGraph, max_tokens: int, max_words: int) -> dict[tuple[tuple[str, ...], tuple[str, ...]], float]:
    """Best score of each (tokens, words) of a graph of tokens, by walking it."""
    fst, found = graph.fst, {}

    def walk(state: int, tokens: tuple[str, ...], words: tuple[str, ...], score: float) -> None:
        if fst.final_score[state] > -np.inf:
            found[tokens, words] = max(score + float(fst.final_score[state]), found.get((tokens, words), -np.inf))
        for arc in range(fst.arc_offsets[state], fst.arc_offsets[state + 1]):
            label, word = int(fst.input_label[arc]), int(fst.output_label[arc])
            said = (*words, graph.words.name(word)) if word else words
            read = (*tokens, graph.tokens.name(label)) if label else tokens
            if len(said) <= max_words and len(read) <= max_tokens:
                walk(int(fst.next_state[arc]), read, said, score + float(fst.score[arc]))

    walk(fst.start, (), (), 0.0)
    return found


def assert_same(found: dict, expected: dict) -> None:  # type: ignore[type-arg]
    assert found.keys() == expected.keys()
    assert max(abs(found[key] - expected[key]) for key in expected) < CLOSE


@pytest.mark.parametrize("seed", range(12))
def test_sentences_score_what_the_class_sequence_and_the_words_score(seed: int) -> None:
    case = random_case(seed)
    graph = compile_slot_graph(case.lexicon, case.model, slots=SLOTS, tokens=TOKENS).with_words(case.members)
    graph.check()
    graph.spelled_out().check()
    expected = {key: score for key, score in sentences(case, 2).items() if len(key[0]) <= 7}
    assert_same(paths(graph, 7, 2), expected)


@pytest.mark.parametrize("seed", range(12))
def test_a_static_rebuild_has_the_same_sentences(seed: int) -> None:
    case = random_case(seed)
    graph = compile_slot_graph(case.lexicon, case.model, slots=SLOTS, tokens=TOKENS).with_words(case.members)
    lexicon = case.whole_lexicon()
    classes = {
        slot: word_choice({word: p for word, _, p in group}, lexicon.words) for slot, group in case.members.items()
    }
    static = compile_token_graph(lexicon, case.model, tokens=TOKENS, classes=classes)
    # A word that is also in a slot may be spelt there as in the lexicon only; so it is here.
    assert_same(paths(graph, 6, 2), paths(static, 6, 2))


def test_pynini_replaces_classes_to_the_same_end() -> None:
    lexicon = Lexicon.from_text("call c a\nnow n\nann a n\nbob b o b\n")
    words = lexicon.words
    model = estimate_ngram([["call", "$name"], ["call", "$name", "now"], ["now"]], 1)
    names = word_choice({"ann": 0.25, "bob": 0.5}, words)
    # Of one state, so that nothing is to be determinized but a loop over words, of which classes are told apart.
    graph = compile_token_graph(lexicon, model, "ctc", classes={"$name": names})
    place = {word: (len(words) if word == "$name" else words[word]) for word in ("call", "now", "$name")}
    root = pynini.Fst()
    root.set_start(root.add_state())
    scores = {word: model.log10_prob([word], bos=False)[0] * np.log(10) for word in (*place, "</s>")}
    root.set_final(0, -scores["</s>"])
    for word, label in place.items():
        root.add_arc(0, pynini.Arc(label, label, -scores[word], 0))
    replaced = pynini.replace([(len(words) + 1, root), (len(words), names)], "neither").rmepsilon()
    static = compile_token_graph(lexicon, pynini.determinize(replaced), "ctc")
    assert_same(paths(graph, 8, 3), paths(static, 8, 3))
