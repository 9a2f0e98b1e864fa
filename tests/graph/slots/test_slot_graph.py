"""Graphs with slots: their sentences are those of the class-based model, by enumeration, and of a static rebuild."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pynini
import pytest

from fsaasr.core.errors import GraphError
from fsaasr.grammar import estimate_ngram, stochastic
from fsaasr.grammar.english import cardinals
from fsaasr.graph import (
    SlotGraph,
    SlotWords,
    TokenGraph,
    compile_slot_graph,
    compile_token_graph,
    load_graph,
    slot_words,
    word_choice,
)
from fsaasr.lexicon import Lexicon, OptionalSilence, Pronunciation, SilenceWeights
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


def spelt(graph: TokenGraph, max_tokens: int = 8, max_words: int = 4) -> dict[str, float]:
    """Best score of each sentence, e.g. `a b SIL c = w1 w2`."""
    found = paths(graph, max_tokens, max_words)
    return {f"{' '.join(tokens)} = {' '.join(words)}": score for (tokens, words), score in found.items()}


TWO = Lexicon.from_text("call c\n", OptionalSilence("SIL", 0.25))
ROOM = estimate_ngram([["call", "$room"]], 1)


def room_graph(lexicon: Lexicon = TWO) -> SlotGraph:
    return compile_slot_graph(lexicon, ROOM, slots=["$room"], tokens=TOKENS)


def test_sequences_of_words_have_silence_between_them_and_the_slot_has_it_around() -> None:
    numbers = Lexicon.from_text("two a\nten b\n", OptionalSilence("SIL", 0.25))
    acceptor = pynini.Fst()
    for _ in range(3):
        acceptor.add_state()
    acceptor.set_start(0).set_final(1, 0.5).set_final(2)
    acceptor.add_arc(0, pynini.Arc(numbers.words["ten"], numbers.words["ten"], 0.25, 1))
    acceptor.add_arc(1, pynini.Arc(numbers.words["two"], numbers.words["two"], 1.0, 2))
    graph = room_graph().with_words({"$room": SlotWords(numbers, acceptor)})
    found = spelt(graph, 5, 2)
    ln = np.log
    room = ROOM.log10_prob(["$room"], bos=False) * ln(10)
    none = ln(0.75)
    ends = float(room[1])
    assert found["b = ten"] == pytest.approx(none + room[0] - 0.25 - 0.5 + none + ends, abs=CLOSE)
    assert found["b a = ten two"] == pytest.approx(none + room[0] - 1.25 + none + none + ends, abs=CLOSE)
    assert found["SIL b SIL a SIL = ten two"] == pytest.approx(3 * ln(0.25) + room[0] - 1.25 + ends, abs=CLOSE)
    # As if the class had been replaced when the graph was compiled.
    whole = Lexicon((*TWO.pronunciations, *numbers.pronunciations), TWO.silence)
    shift = {numbers.words[w]: whole.words[w] for w in ("two", "ten")}
    moved = acceptor.copy().relabel_pairs(ipairs=list(shift.items()), opairs=list(shift.items()))
    static = compile_token_graph(whole, ROOM, tokens=TOKENS, classes={"$room": moved})
    assert found == pytest.approx(spelt(static, 5, 2), abs=CLOSE)


def test_silence_that_depends_on_words_stays_with_the_words_around_the_slot() -> None:
    weights = SilenceWeights(after=0.5, before=2.0, not_before=0.25)
    lexicon = Lexicon((Pronunciation("call", ("c",), silence=weights),), TWO.silence)
    graph = room_graph(lexicon).with_words({"$room": [("ann", "a")]})
    whole = Lexicon((*lexicon.pronunciations, Pronunciation("ann", ("a",))), TWO.silence)
    classes = {"$room": word_choice({"ann": 1.0}, whole.words)}
    static = compile_token_graph(whole, ROOM, tokens=TOKENS, classes=classes)
    assert spelt(graph, 5, 2) == pytest.approx(spelt(static, 5, 2), abs=CLOSE)


def test_grammars_have_slots_too() -> None:
    slots = ["$room", "$day"]
    table = TWO.words.extended(slots)
    grammar = pynini.Fst()
    for _ in range(3):
        grammar.add_state()
    grammar.set_start(0).set_final(2)
    for state, word in ((0, "call"), (0, "$day"), (1, "$room")):
        grammar.add_arc(state, pynini.Arc(table[word], table[word], 0.5, state + 1))
    graph = compile_slot_graph(TWO, grammar, slots=slots, tokens=TOKENS)
    assert spelt(graph) == {}
    filled = graph.with_words({"$room": [("r", "a"), ("s", "b", 0.5)][:1], "$day": [("monday", "b b")]})
    assert {key.split(" = ")[1] for key in spelt(filled)} == {"call r", "monday r"}


def test_files_hold_the_frame_and_graphs_travel_with_their_words(tmp_path: Path) -> None:
    case = random_case(1)
    graph = compile_slot_graph(case.lexicon, case.model, "hmm1", slots=SLOTS, tokens=TOKENS)
    graph.save(tmp_path / "frame.graph")
    loaded = load_graph(tmp_path / "frame.graph")
    assert isinstance(loaded, SlotGraph)
    assert loaded.hash == graph.hash
    full = graph.with_words(case.members)
    assert loaded.with_words(case.members).hash == full.hash
    assert pickle.loads(pickle.dumps(full)).hash == full.hash
    full.spelled_out().save(tmp_path / "full.graph")
    assert load_graph(tmp_path / "full.graph").hash == full.hash
    assert full.hash != graph.hash


def test_words_of_the_frame_keep_their_labels_and_new_ones_follow() -> None:
    graph = room_graph().with_words({"$room": [("call", "a"), ("ann", "a b"), ("ann", "b"), ("bob", ["b", "a"])]})
    assert graph.words.names == ("<eps>", "call", "ann", "bob")
    assert {"a = call", "a b = ann", "b = ann", "b a = bob"} <= set(spelt(graph, 3, 1))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"$rome": [("a", "a")]}, "no slot '\\$rome'; the graph has \\$room"),
        ({"$room": []}, "no words"),
        ({"$room": ["ann"]}, "found 'ann', expected \\(word, tokens\\)"),
        ({"$room": [("ann", "a", 0.5), ("bob", "b")]}, "'bob' has no probability"),
        ({"$room": [("ann", "a", 0.5), ("ann", "b", 0.25)]}, "'ann' has the probabilities 0.5 and 0.25"),
        ({"$room": [("ann", "a", 1.5)]}, "P\\(ann\\) is 1.5"),
        ({"$room": [("ann", "x")]}, "lacks the tokens x; 'x' is used by ann"),
    ],
)
def test_wrong_words_are_named(members: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(GraphError, match=message):
        room_graph().with_words(members)


def test_wrong_slots_are_named() -> None:
    with pytest.raises(GraphError, match="slots are none"):
        compile_slot_graph(TWO, ROOM, slots=[])
    with pytest.raises(GraphError, match=r"never says \$hall"):
        compile_slot_graph(TWO, ROOM, slots=["$hall"])
    with pytest.raises(GraphError, match="'call', which stands for words, is a word"):
        compile_slot_graph(TWO, ROOM, slots=["call"])
    numbers = Lexicon.from_text("two a\n")
    empty = pynini.Fst()
    empty.set_start(empty.add_state()).set_final(0)
    empty.add_arc(0, pynini.Arc(1, 1, 0.0, 0))
    with pytest.raises(GraphError, match="accepts saying nothing"):
        room_graph().with_words({"$room": SlotWords(numbers, empty)})
    with pytest.raises(GraphError, match=r"\$room may say nothing"):
        compile_token_graph(TWO, ROOM, classes={"$room": empty})
    with pytest.raises(GraphError, match=r"never says \$hall"):
        compile_token_graph(TWO, ROOM, classes={"$hall": word_choice(None, TWO.words)})


def test_slots_take_part_of_a_lexicon() -> None:
    lexicon = Lexicon.from_text("ann a\nann a a\nbob b b b\ncid c\n")
    part = slot_words(lexicon, {"ann": 0.5, "cid": 0.25})
    graph = room_graph(Lexicon.from_text("call c\n")).with_words({"$room": part})
    said = ROOM.log10_prob(["$room"], bos=False).sum() * np.log(10)
    found = spelt(graph, 2, 1)
    for key, probability in {"a = ann": 0.5, "a a = ann": 0.5, "c = cid": 0.25}.items():
        assert found.pop(key) == pytest.approx(said + np.log(probability), abs=CLOSE)
    assert {key for key in found if "=" in key and "bob" in key} == set()


def test_english_numbers_as_a_class_score_what_their_grammar_says() -> None:
    names = sorted({word for n in range(1000) for said in cardinals(1).all_said(str(n)) for word in said.split()})
    lexicon = Lexicon.from_text("".join(f"{name} {name.upper()}\n" for name in ["room", *names]))
    model = estimate_ngram([["room", "$number"], ["$number"]], 1)
    numbers = stochastic(cardinals(1).acceptor(lexicon.words))
    open_graph = compile_slot_graph(lexicon, model, slots=["$number"])
    late = open_graph.with_words({"$number": SlotWords(lexicon, numbers)})
    early = compile_token_graph(lexicon, model, classes={"$number": numbers})
    found = paths(late, 2, 2)
    assert_same(found, paths(early, 2, 2))
    said_number, said_end = model.log10_prob(["$number"], bos=False) * np.log(10)
    checked = 0
    for (_, words), score in found.items():
        if len(words) == 2 and words[0] in ("twenty", "ninety") and words[1] in ("two", "nine"):
            labels = pynini.Fst()
            for _ in range(3):
                labels.add_state()
            labels.set_start(0).set_final(2)
            for k, word in enumerate(words):
                labels.add_arc(k, pynini.Arc(lexicon.words[word], lexicon.words[word], 0.0, k + 1))
            cost = float(pynini.shortestdistance(pynini.compose(labels, numbers), reverse=True)[0])
            # Said as one number; as two numbers it would cost the class twice.
            assert score == pytest.approx(said_number - cost + said_end, abs=CLOSE)
            checked += 1
    assert checked == 4
