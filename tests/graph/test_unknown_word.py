"""Words that no lexicon has: checked against an enumeration of all alignments, spellings and words."""

from __future__ import annotations

import itertools
import math
from typing import Iterator

import numpy as np
import pytest

from fsaasr.core.errors import GraphError
from fsaasr.core.hypothesis import UNKNOWN, Hypothesis
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode, one_best
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import DecodingGraph, compile_graph, compile_token_graph, graph_key, unknown_word, word_loop
from fsaasr.lexicon import Lexicon, OptionalSilence

LEXICON = Lexicon.from_text("ab a b\nb b\n")
SENTENCES = [["ab", "b"], ["b"]]
WIDE = SearchOptions(search_beam=60.0, lattice_beam=30.0, max_active=100_000)
LN10 = math.log(10)


def alignments(topology: str, frames: int) -> Iterator[tuple[tuple[int, ...], str]]:
    """Columns of each frame, and the tokens that they spell."""
    if topology == "ctc":
        for columns in itertools.product(range(3), repeat=frames):
            yield columns, "".join("_ab"[column] for column, _ in itertools.groupby(columns)).replace("_", "")
        return
    for length in range(1, frames + 1):
        for cuts in itertools.combinations(range(1, frames), length - 1):
            lasts = np.diff([0, *cuts, frames])
            for tokens in itertools.product(range(2), repeat=length):
                yield tuple(np.repeat(tokens, lasts).tolist()), "".join("ab"[token] for token in tokens)


def segmentations(tokens: str) -> Iterator[list[tuple[str, str]]]:
    """All ways to say tokens as (word, spelling)s."""
    if not tokens:
        yield []
    for end in range(1, len(tokens) + 1):
        words = [UNKNOWN, *([tokens[:end]] if tokens[:end] in ("ab", "b") else [])]
        for word, rest in itertools.product(words, segmentations(tokens[end:])):
            yield [(word, tokens[:end]), *rest]


@pytest.mark.parametrize("topology", ["ctc", "hmm1"])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_path_is_the_best_of_all_spellings(topology: str, seed: int) -> None:
    """Unigrams, so that a path's score is the model's own and not that of a back-off."""
    unknown = unknown_word(LEXICON, 1, score=-0.25, probability=0.25)
    model = estimate_ngram(SENTENCES, 1)
    graph = compile_graph(LEXICON, model, topology, unknown=unknown)
    matrix = np.random.default_rng(seed).integers(-8, 1, (5, graph.num_columns)) * 0.25
    words_of = unknown.grammar(model)
    best = -math.inf
    for columns, tokens in alignments(topology, len(matrix)):
        acoustic = float(sum(matrix[t, column] for t, column in enumerate(columns)))
        for words in segmentations(tokens):
            score = acoustic + LN10 * float(words_of.log10_prob([word for word, _ in words]).sum())
            for word, spelling in words:
                if word == UNKNOWN:
                    score += LN10 * float(unknown.spelling.log10_prob(list(spelling)).sum()) - 0.25
            best = max(best, score)
    scores = Scores.from_matrices([matrix], 0.1)
    for engine in ("native", "native-exact"):
        (found,) = one_best(graph, scores, SearchOptions(engine, 60.0, 30.0, 100_000))
        assert found.score == pytest.approx(best, abs=2e-3)


def test_a_token_graph_is_searched_to_the_same_end() -> None:
    unknown = unknown_word(LEXICON, 3, score=3.0, probability=0.3)
    graph = compile_token_graph(LEXICON, estimate_ngram(SENTENCES, 2), "ctc", unknown=unknown)
    scores = Scores.from_matrices(
        list(np.random.default_rng(5).normal(0.0, 3.0, size=(6, 9, 3)).astype(np.float32)), 0.1
    )
    apart = one_best(graph, scores, WIDE)
    exact = one_best(graph.expand(), scores, SearchOptions("native-exact"))
    assert [h.score for h in apart] == pytest.approx([h.score for h in exact], abs=1e-3)
    assert any(word.unknown for h in apart for word in h.words)


@pytest.mark.k2
def test_k2_finds_the_same() -> None:
    pytest.importorskip("k2")
    graph = compile_graph(
        LEXICON, estimate_ngram(SENTENCES, 2), "ctc", unknown=unknown_word(LEXICON, 2, score=3.0, probability=0.3)
    )
    scores = Scores.from_matrices(
        list(np.random.default_rng(5).normal(0.0, 3.0, size=(3, 7, 3)).astype(np.float32)), 0.1
    )
    theirs = one_best(graph, scores, SearchOptions("k2-exact"))
    ours = one_best(graph, scores, SearchOptions("native-exact"))
    assert [h.score for h in theirs] == pytest.approx([h.score for h in ours], abs=1e-3)
    assert [[word.spelling for word in h.words] for h in theirs] == [[word.spelling for word in h.words] for h in ours]


PHONES = Lexicon.from_text(
    "one W AH N\ntwo T UW\ntool T UW L\nten T EH N\nnut N AH T\n", silence=OptionalSilence("SIL", 0.5)
)


def spoken(graph: DecodingGraph, frames: str) -> Scores:
    """Scores that say these columns."""
    rows = [[math.log(0.99 if name == said else 1e-4) for name in graph.column_names] for said in frames.split()]
    return Scores.from_matrices([np.array(rows)], 0.1)


@pytest.mark.parametrize("topology", ["ctc", "hmm1", "hmm3"])
@pytest.mark.parametrize("lexicon", [PHONES, Lexicon(PHONES.pronunciations)])
def test_an_unknown_word_is_spelt_marked_and_timed(topology: str, lexicon: Lexicon) -> None:
    graph = compile_graph(
        lexicon,
        estimate_ngram([["one", "two"], ["ten", "tool", "nut"]], 2),
        topology,
        unknown=unknown_word(lexicon, 2, probability=0.1),
    )
    said = ["T", "UW", "L", "N", "EH", "W", "T", "EH", "N"]
    if topology == "ctc":
        frames = " ".join(f"{phone} <blk>" for phone in said)
    else:
        states = int(topology[-1])
        frames = " ".join(f"{phone}.{state}" for phone in said for state in range(1, states + 1))
    (lattice,) = decode(graph, spoken(graph, frames.replace(".1", "") if topology == "hmm1" else frames), WIDE)
    best = lattice.best_path()
    step = {"ctc": 0.2, "hmm1": 0.1, "hmm3": 0.3}[topology]
    assert [(word.name, word.spelling) for word in best.words] == [
        ("tool", None),
        (UNKNOWN, ("N", "EH", "W")),
        ("ten", None),
    ]
    assert [word.start for word in best.words] == pytest.approx([0.0, 3 * step, 6 * step])
    assert best.words[1].end == pytest.approx(6 * step - 0.1 * (topology == "ctc"))
    assert best.spelled("-".join).text == "tool N-EH-W ten"
    assert best.spelled().words[1].unknown
    assert not best.words[0].unknown
    # Word lattices, n-best lists and files tell the same.
    assert lattice.word_lattice().best_path().words == best.words
    assert lattice.nbest(2)[0].words == best.words
    assert Hypothesis.from_dict(best.to_dict()) == best
    assert "spelling" not in best.to_dict()["words"][0]


def test_delimiters_end_unknown_words_and_are_not_among_their_tokens() -> None:
    lexicon = Lexicon.from_text("ab a b |\nb b |\n")
    unknown = unknown_word(lexicon, 2, probability=0.5, ending=("|",))
    assert "|" not in unknown.spelling.vocabulary
    graph = compile_graph(lexicon, estimate_ngram(SENTENCES, 1), "ctc", unknown=unknown)
    (found,) = one_best(graph, spoken(graph, "b a | a b |"), SearchOptions("native-exact"))
    assert [(word.name, word.spelling) for word in found.words] == [(UNKNOWN, ("b", "a", "|")), ("ab", None)]


def test_grammars_that_are_no_ngrams_have_it_by_its_label() -> None:
    unknown = unknown_word(LEXICON, 1)
    words = unknown.words(LEXICON)
    assert words.names == ("<eps>", "ab", "b", UNKNOWN)
    graph = compile_graph(LEXICON, word_loop(words), "ctc", unknown=unknown)
    (found,) = one_best(graph, spoken(graph, "b a b <blk> a <blk>"))
    assert [(word.name, word.spelling) for word in found.words][1:] == [("ab", None), (UNKNOWN, ("a",))]
    # Another unknown word is another graph in the cache.
    keys = {graph_key(LEXICON, word_loop(words), unknown=u) for u in (None, unknown, unknown_word(LEXICON, 1, score=1))}
    assert len(keys) == 3


def test_what_could_not_be_used_is_refused() -> None:
    unknown = unknown_word(LEXICON)
    with pytest.raises(GraphError, match="the grammar never has <unk>"):
        compile_graph(LEXICON, word_loop(LEXICON.words), "ctc", unknown=unknown)
    from fsaasr.grammar import NgramModel, NgramOrder

    closed = NgramModel(("b", "</s>"), (NgramOrder(np.arange(2)[:, None], np.log10([0.5, 0.5]), np.zeros(2)),))
    with pytest.raises(GraphError, match="give UnknownWord a probability"):
        compile_graph(LEXICON, closed, "ctc", unknown=unknown)
    with pytest.raises(GraphError, match="expected 0 < p < 1"):
        unknown_word(LEXICON, probability=1.0)
    with pytest.raises(GraphError, match="besides silence"):
        unknown_word(Lexicon.from_text("x SIL\n", silence=OptionalSilence("SIL")))
