"""Hotwords in every search that takes them: a phrase is found where its weight makes up for what it lacks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fsaasr import ctc_decoder
from fsaasr.core.errors import ConfigError, GrammarError, GraphError
from fsaasr.core.scores import Scores
from fsaasr.decode import Decoder, HotwordTokenLm, OnTheFlyLm, SearchOptions, decode, one_best
from fsaasr.decode.transducer import BeamOptions, Fusion, beam_search
from fsaasr.grammar import Hotwords, TokenHotwords, estimate_ngram
from fsaasr.graph import compile_token_graph, word_loop
from fsaasr.lattice import rescore_lattice
from fsaasr.lattice.rescoring.lm_replacement import Mixing
from fsaasr.lexicon import Lexicon
from tests.decode.transducer.toy_model import toy_frames, toy_model

LEXICON = Lexicon.from_text("the DH AH\nkim K IH M\nkin K IH N\nann AE N\nand AE N D\n")
GRAPH = compile_token_graph(LEXICON, word_loop(LEXICON.words), "ctc")
ROUNDED = 1e-3
"""What minimization may change in the scores of a compiled graph's path; `test_added_scores.py` is exact."""
NARROW = SearchOptions("native", search_beam=12.0, lattice_beam=12.0)


def heard(*said: str, doubt: float = 1.0) -> Scores:
    """Frames in which each column said is best and all others lag; `M/N` is heard as M, and N lags by `doubt`."""
    rows = []
    for name in itertools.chain.from_iterable((*spoken.split(), "<blk>") for spoken in said):
        best, *second = name.split("/")
        rows.append([0.0 if c == best else -doubt if c in second else -9.0 for c in GRAPH.column_names])
    return Scores.from_matrices([np.array(rows, dtype=np.float32)], 0.04)


def texts(found):
    return [hypothesis.text for hypothesis in found]


def test_a_phrase_needs_weight_enough():
    scores = heard("DH AH", "K IH M/N")
    for weight, text in ((0.5, "the kim"), (1.5, "the kin")):
        assert texts(one_best(GRAPH, scores, NARROW, hotwords=Hotwords([("kin", weight)]))) == [text]
        (lattice,) = decode(GRAPH, scores, NARROW, hotwords=Hotwords([("kin", weight)]))
        assert lattice.best_path().text == text
    loop = -2 * np.log(5)  # two of five equal words
    assert lattice.best_path().graph_score == pytest.approx(loop + 1.5, abs=ROUNDED)


def test_each_utterance_has_its_own():
    scores = heard("K IH M/N")
    two = Scores.from_matrices([scores.log_probs[0]] * 3, 0.04)
    contexts = [Hotwords([("kin", 3.0)]), None, Hotwords([("kim", 3.0)])]
    assert texts(one_best(GRAPH, two, NARROW, hotwords=contexts, threads=2)) == ["kin", "kim", "kim"]
    with pytest.raises(GraphError, match="hotwords for 3 utterances, found 1"):
        decode(GRAPH, scores, NARROW, hotwords=contexts)


def test_streams_and_pieces_change_nothing():
    scores, hotwords = heard("DH AH", "K IH M/N", "AE N D"), Hotwords([("the kin", 3.0), ("kim and", 1.0)])
    (whole,) = decode(GRAPH, scores, NARROW, hotwords=hotwords)
    decoder = Decoder(GRAPH, NARROW, frame_shift=0.04, hotwords=hotwords)
    for start in range(0, len(scores.log_probs[0]), 3):
        decoder.advance(scores.log_probs[0][start : start + 3])
    best = decoder.finalize().best_path()
    assert (best.text, best.score) == (whole.best_path().text, whole.best_path().score)
    assert best.text == "the kin and"


def test_other_engines_say_what_to_do_and_rescoring_does_it():
    scores, hotwords = heard("K IH M/N"), Hotwords([("kin", 3.0)])
    with pytest.raises(ConfigError, match=r"engine 'native-exact' takes no .*rescore_lattice"):
        decode(GRAPH, scores, SearchOptions("native-exact"), hotwords=hotwords)
    (lattice,) = decode(GRAPH, scores, SearchOptions("native-exact", lattice_beam=12.0))
    words = lattice.word_lattice()
    rescored = rescore_lattice(words, hotwords.automaton(words.words), mixing=Mixing(on_top=True))
    assert rescored.best_path().text == "kin"
    (searched,) = one_best(GRAPH, scores, NARROW, hotwords=hotwords)
    assert rescored.best_path().score == pytest.approx(searched.score, abs=1e-5)


def test_words_that_the_graph_lacks_are_named():
    with pytest.raises(GrammarError, match=r"'kimberly' \('kimberly'\).*lexicon"):
        decode(GRAPH, heard("K IH M"), NARROW, hotwords=Hotwords([("kimberly", 3.0)]))


def test_a_model_on_the_fly_scores_as_it_says():
    sentences = [line.split() for line in ("the kin and ann", "the kin", "kim and the kin")]
    large, small = estimate_ngram(sentences, 3), estimate_ngram(sentences, 1)
    graph = compile_token_graph(LEXICON, small, "ctc")
    scores = heard("DH AH", "K IH M/N", "AE N D")
    (lattice,) = decode(graph, scores, NARROW, lm=OnTheFlyLm(large, small))
    best = lattice.best_path()
    expected = np.log(10) * large.log10_prob(best.text.split()).sum()
    assert best.graph_score == pytest.approx(expected, abs=ROUNDED)
    both = decode(graph, scores, NARROW, lm=OnTheFlyLm(large, small), hotwords=Hotwords([("kim", 9.0)]))
    assert both[0].best_path().text == "the kim and"


COLUMNS = ["<pad>", "|", "a", "c", "k", "s", "t"]


def spelt(text: str, instead: str) -> np.ndarray:
    """Logits in which letters of `text` are best, and those of `instead` in their places come next."""
    return np.array([[5.0 * (c == best) + 4.0 * (c == other) for c in COLUMNS] for best, other in zip(text, instead)])


@pytest.mark.parametrize("words", [["cat", "kat", "cats"], None], ids=["lexicon", "letters"])
def test_ctc_decoders_show_display_forms(words):
    decoder = ctc_decoder(COLUMNS, words)
    logits = spelt("cat|cats", "kat|kats")
    assert decoder(logits)[0].text == "cat cats"
    (found,) = decoder(logits, hotwords=Hotwords([("kat", 4.0, "Kat!")]))
    assert [word.name for word in found.words] == ["Kat!", "cats"]
    ((best, *_),) = decoder.nbest(logits, 2, hotwords=[Hotwords([("Kat", 4.0)])])
    assert best.text == "Kat cats"


def test_letters_count_as_whole_words_only():
    decoder = ctc_decoder(COLUMNS)
    logits = spelt("cats|cat", "kats|kat")
    assert decoder(logits, hotwords=Hotwords([("kat", 4.0)]))[0].text == "cats kat"
    with pytest.raises(GrammarError, match="'dog'"):
        decoder(logits, hotwords=Hotwords([("dog", 4.0)]))


@pytest.mark.parametrize("context", [None, 2])
def test_transducers_take_them_as_a_token_lm(context):
    model, frames = toy_model(context, tokens=3, seed=3), toy_frames(5, seed=3)
    tokens = Lexicon.from_text("w A B C\n").tokens
    hotwords = TokenHotwords(Hotwords([("w", 2.0)]), lambda word: [("B", "A")])
    options = BeamOptions(beam=10**4, topology="one-per-frame")
    plain = {path.labels: path.score for path in beam_search(model, frames, options)[0]}
    biased = beam_search(model, frames, options, Fusion([(HotwordTokenLm(hotwords, tokens), 1.0)]))[0]
    assert {path.labels for path in biased} == set(plain)
    for path in biased:
        pairs = zip(path.labels, path.labels[1:])
        expected = plain[path.labels] + 2.0 * sum(pair == (tokens["B"], tokens["A"]) for pair in pairs)
        assert path.total == pytest.approx(expected, abs=1e-5)


def test_a_token_lm_steps_as_its_automaton():
    tokens = Lexicon.from_text("w A B C\n").tokens
    lm = HotwordTokenLm(TokenHotwords(Hotwords([("w", 3.0)]), lambda word: [("A", "B", "A")]), tokens)
    (after,) = lm.advance([lm.start], [tokens["A"]])
    assert lm.scores([lm.start, after]).tolist() == [[0.0, 1.0, 0.0, 0.0], [-1.0, 0.0, 1.0, -1.0]]
    assert (lm.context, lm.may_gain) == (2, True)
