"""Words that add to the scores of models that say tokens: as they do by definition, path by path."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Callable

import numpy as np
import pytest

from fsaasr.core.errors import GrammarError, GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import OnTheFlyLm
from fsaasr.decode.attention.lattices import attention_lattices
from fsaasr.decode.attention.options import BeamOptions
from fsaasr.decode.attention.search import search_tokens
from fsaasr.decode.endpoint import EndpointRule
from fsaasr.decode.on_the_fly import added_scores
from fsaasr.decode.said_words import SaidWords
from fsaasr.decode.transducer import search_on_graph
from fsaasr.decode.transducer.graph_steps import GraphSteps
from fsaasr.decode.transducer.lattices import transducer_lattices
from fsaasr.decode.transducer.streaming import TransducerDecoder
from fsaasr.grammar import Hotwords, NgramModel, TokenHotwords, estimate_ngram
from fsaasr.graph import compile_token_graph, token_loop, word_loop
from fsaasr.lattice import check
from fsaasr.lexicon import Lexicon
from fsaasr.testing import random_fst
from tests.decode.attention.test_lattices import batch as attention_batch
from tests.decode.attention.toys import toy_model as attention_model
from tests.decode.test_added_scores import occurrences
from tests.decode.transducer.test_fusion_on_graph import ALL
from tests.decode.transducer.test_graph_search import BOTH, TOKENS, every_path, token_graph
from tests.decode.transducer.test_streaming import ENCODERS, LEXICON, OPTIONS, batch, streaming_model
from tests.decode.transducer.toy_model import log_sum, toy_frames, toy_model

PHRASES = [((1,), 0.5), ((1, 2), 1.75), ((2, 2), -1.25), ((2, 1, 1), 3.0)]
"""Labels of `w1` and `w2`, and weights."""
HOTWORDS = Hotwords([(" ".join(f"w{label}" for label in labels), weight) for labels, weight in PHRASES])
Added = Callable[[tuple[int, ...]], float]


@lru_cache
def ngrams(order: int) -> NgramModel:
    return estimate_ngram([["w1", "w2", "w2"], ["w2", "w1", "w1"], ["w1"], ["w2", "w1"]], order)


def lm_score(model: NgramModel, labels: tuple[int, ...]) -> float:
    """By the model's own query, which shares no code with automata."""
    return math.log(10.0) * float(model.log10_prob([f"w{label}" for label in labels]).sum())


@lru_cache
def replaced(labels: tuple[int, ...]) -> float:
    return lm_score(ngrams(3), labels) - lm_score(ngrams(1), labels)


CASES: dict[str, tuple[dict[str, object], Added]] = {
    "hotwords": ({"hotwords": HOTWORDS}, lambda labels: occurrences(labels, PHRASES)),
    "model": ({"lm": OnTheFlyLm(ngrams(3), ngrams(1))}, replaced),
    "both": (
        {"lm": OnTheFlyLm(ngrams(3), ngrams(1)), "hotwords": HOTWORDS},
        lambda labels: replaced(labels) + occurrences(labels, PHRASES),
    ),
}


@pytest.mark.parametrize("topology", BOTH)
@pytest.mark.parametrize("case", CASES)
def test_a_wide_search_of_a_transducer_is_exact(case: str, topology: str) -> None:
    given, added = CASES[case]
    complete = epsilons = 0
    for seed in range(8):
        fst = random_fst(np.random.default_rng(seed), num_states=4, num_arcs=11, num_columns=TOKENS, epsilon=0.4)
        epsilons += int(((fst.input_label == 0) & (fst.output_label > 0)).sum())
        model, (frames,) = toy_model(2, tokens=TOKENS, seed=seed), toy_frames(3, seed=seed)
        expected = {
            words: [score + added(words) for score in scores]
            for words, scores in every_path(fst, model, frames, topology).items()
        }
        (lattice,) = search_on_graph(model, token_graph(fst), [frames], ["u"], 0.04, ALL, topology, **given)
        check(lattice)
        assert lattice.reached_final == bool(expected)
        if not expected:
            continue
        complete += 1
        every = [score for scores in expected.values() for score in scores]
        assert lattice.total_score() == pytest.approx(log_sum(every), abs=1e-4)
        best = {tuple(f"w{label}" for label in words): max(scores) for words, scores in expected.items()}
        found = {tuple(span.name for span in path.words): path.score for path in lattice.nbest(len(best) + 5)}
        assert found == pytest.approx(best, abs=1e-4)
        assert lattice.best_path().score == pytest.approx(max(every), abs=1e-4)
        # Words can raise scores, so that what was dropped proves nothing; nothing was.
        assert lattice.evidence is not None
        assert lattice.evidence.possible_gain == -math.inf
    assert complete >= 3
    assert epsilons > 5


def test_labels_of_walks_are_those_of_their_arcs() -> None:
    seen = 0
    for seed in range(8):
        fst = random_fst(np.random.default_rng(seed), num_states=6, num_arcs=30, num_columns=TOKENS, epsilon=0.5)
        steps = GraphSteps(token_graph(fst))
        for walk in range(len(steps.at)):
            arcs, here = [], walk
            while steps.depth[here] > 0:
                arcs.append(int(steps.last[here]))
                here = int(steps.before[here])
            labels = [int(fst.output_label[arc]) for arc in reversed(arcs) if fst.output_label[arc]]
            assert [label for label in steps.walk_labels[walk].tolist() if label] == labels
            seen += len(labels) > 1
    assert seen > 5


WORDS = Lexicon.from_text("x a b\ny c\nz a\nzz a\n")
EVERY = BeamOptions(beam=None, score_beam=None, nbest=5000, tokens_per_frame=0.7)


@pytest.mark.parametrize("ctc_weight", [0.0, 0.3])
def test_a_boundless_beam_of_an_attention_decoder_is_exact(ctc_weight: float) -> None:
    model, options = attention_model(), BeamOptions(None, None, 5000, ctc_weight, tokens_per_frame=0.7)
    small, large = (estimate_ngram([["x", "y"], ["y", "y"], ["z", "x"], ["zz"], ["x"]], n) for n in (1, 2))
    graph, features = compile_token_graph(WORDS, small, "blank-free"), attention_batch(5)
    phrases = [(("y",), 0.5), (("x", "y"), 2.0), (("zz",), 1.25), (("y", "z"), -1.5)]
    hotwords = Hotwords([(" ".join(words), weight) for words, weight in phrases])
    (lattice,) = attention_lattices(model, graph, features, options, lm=OnTheFlyLm(large, small), hotwords=hotwords)
    check(lattice)
    spelled = {entry.word: entry.tokens for entry in WORDS.pronunciations}
    (free,) = search_tokens(model.network, model.encode(features)[0], options)
    by_tokens = {found.tokens: found.score for found in free}
    assert len(lattice.nbest(5000)) > 20
    for path in lattice.nbest(5000):
        words = path.text.split()
        tokens = tuple(model.tokens[token] for word in words for token in spelled[word])
        graph_score = math.log(10.0) * float(large.log10_prob(words).sum()) + occurrences(tuple(words), phrases)
        assert path.graph_score == pytest.approx(graph_score, abs=1e-3)
        assert path.acoustic_score == pytest.approx(by_tokens[tokens], abs=1e-3)


def test_stopping_early_loses_nothing_though_words_may_gain() -> None:
    model, hotwords = attention_model("abc"), Hotwords([("x y x y", 30.0), ("y", 0.25)])
    graph = compile_token_graph(WORDS, word_loop(WORDS.words), "blank-free")
    few = BeamOptions(None, None, 2, 0.0, tokens_per_frame=1.0)
    many = BeamOptions(None, None, 5000, 0.0, tokens_per_frame=1.0)
    found, every = (
        next(attention_lattices(model, graph, attention_batch(6), each, hotwords=hotwords)) for each in (few, many)
    )
    assert found.best_path().text == every.best_path().text == "x y x y"
    assert found.best_path().score == pytest.approx(every.best_path().score, abs=1e-4)


@pytest.mark.parametrize("family", ["attention", "transducer"])
def test_weights_of_nothing_change_nothing_and_each_utterance_has_its_own(family: str) -> None:
    hot, nothing = Hotwords([("ba", 9.0)]), Hotwords([("ba", 0.0)])
    if family == "attention":
        lexicon = Lexicon.from_text("ab a b\nba b a\nc c\n")
        model, features = attention_model(), attention_batch(7, 7, 7)
    else:
        lexicon, model, features = LEXICON, streaming_model(ENCODERS["tdnn"]), batch(31, 31, 31)
    features = features.__class__(features.ids, (features.matrices[0],) * 3, ("",) * 3, ("",) * 3, 0.01)
    graph = compile_token_graph(lexicon, word_loop(lexicon.words), "blank-free")
    search = attention_lattices if family == "attention" else transducer_lattices
    plain, biased, zero = search(model, graph, features, hotwords=[None, hot, nothing])
    assert plain.best_path().score == zero.best_path().score
    assert plain.best_path().words == zero.best_path().words
    assert biased.best_path().text.split().count("ba") > plain.best_path().text.split().count("ba")
    (alone,) = search(model, graph, features.select(features.ids[1:2]), hotwords=hot)
    assert alone.best_path().words == biased.best_path().words
    assert alone.best_path().score == pytest.approx(biased.best_path().score, abs=1e-4)
    with pytest.raises(GraphError, match="hotwords for 2 utterances, found 3"):
        next(iter(search(model, graph, features, hotwords=[hot, None])))
    with pytest.raises(GrammarError, match="'kim'"):
        next(iter(search(model, graph, features, hotwords=Hotwords([("kim", 1.0)]))))


def test_streams_are_searched_as_whole_utterances_are() -> None:
    model, features = streaming_model(ENCODERS["tdnn"]), batch(31)
    graph, hotwords = compile_token_graph(LEXICON, word_loop(LEXICON.words), "blank-free"), Hotwords([("ba c", 30.0)])
    lm = OnTheFlyLm(estimate_ngram([["ab", "c"], ["ba", "c", "c"]], 2), scale=0.5)
    (expected,) = transducer_lattices(model, graph, features, OPTIONS, lm=lm, hotwords=hotwords)
    (plain,) = transducer_lattices(model, graph, features, OPTIONS)
    assert "ba c" in expected.best_path().text
    assert "ba c" not in plain.best_path().text
    decoder = TransducerDecoder(model, graph, OPTIONS, lm=lm, hotwords=hotwords)
    for start in range(0, 31, 7):
        decoder.advance(features.matrices[0][start : start + 7])
        assert decoder.stable().words == decoder.partial().words[: len(decoder.stable().words)]
    assert decoder.endpoint(rules=[EndpointRule("ends", needs_words=False, final_gap=1e6)]) == "ends"
    found = decoder.finalize()
    assert found.best_path().words == expected.best_path().words
    assert found.total_score() == pytest.approx(expected.total_score(), abs=1e-4)


def test_free_tokens_are_spelt() -> None:
    """Without a lexicon the graph's words are tokens, and a phrase's words whole words among them."""
    tokens = SymbolTable(["▁a", "▁b", "a", "b"])
    model, (frames,) = toy_model(2, tokens=4, seed=2), toy_frames(5, seed=2)
    graph = token_loop(tokens, "blank-free")
    hotwords = TokenHotwords(Hotwords([("ab", 2.5)]), lambda word: [(f"▁{word[0]}", *word[1:])])
    options = ALL
    (plain,) = search_on_graph(model, graph, [frames], ["u"], 0.04, options, "one-per-frame")
    (found,) = search_on_graph(model, graph, [frames], ["u"], 0.04, options, "one-per-frame", hotwords=hotwords)
    before = {path.text: path.score for path in plain.nbest(10_000)}
    after = {path.text: path.score for path in found.nbest(10_000)}
    assert set(before) == set(after)
    seen = 0
    for text, score in after.items():
        words = text.replace(" ", "").replace("▁", " ").split()
        count = sum(word == "ab" for word in (words if text.startswith("▁") else words[1:]))
        assert score == pytest.approx(before[text] + 2.5 * count, abs=1e-4)
        seen += count > 1
    assert seen


def test_histories_that_no_automaton_tells_apart_are_one() -> None:
    graph = token_graph(random_fst(np.random.default_rng(0), num_states=4, num_arcs=10, num_columns=TOKENS))
    said = SaidWords.of(added_scores(graph, None, Hotwords([("w1 w2", 1.0)])))
    assert said is not None
    one, _ = said.say([0, 0], [1, 2])
    two, added = said.say(one, [1, 2])
    assert one[0] == two[0] != 0
    assert one[1] == two[1] == 0
    assert added.tolist() == [0.0, 0.0]
    assert said.say([one[0]], [2])[1].tolist() == [0.5]
    assert said.final([0, one[0]]).tolist() == [0.0, -0.5]
    assert (said.along([1, 0, 2])[0].tolist(), said.along([1])) == ([0.5, 0.0, 0.5], (pytest.approx([0.5]), -0.5))
