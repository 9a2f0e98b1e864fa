"""Steps through a graph against every path of it, enumerated by code that shares nothing with them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.graph_constraint import GraphConstraint
from fsaasr.grammar import read_arpa
from fsaasr.graph import TOPOLOGIES, FstArrays, TokenGraph, compile_token_graph, word_loop
from fsaasr.graph.decoding_graph import TOKEN_START
from fsaasr.lexicon import Lexicon
from fsaasr.testing import TOY_ARPA, TOY_LEXICON, enumerate_paths, random_fst

TOKENS = 3


def token_graph(fst: FstArrays) -> TokenGraph:
    flags = np.where(fst.input_label > 0, TOKEN_START, 0).astype(np.uint8)
    words, tokens = SymbolTable(["w1", "w2"]), SymbolTable(["a", "b", "c"])
    return TokenGraph(fst, flags, words, tokens, TOPOLOGIES["blank-free"])


def paths_of(fst: FstArrays, tokens: tuple[int, ...]) -> list[tuple[float, tuple[int, ...]]]:
    """Score and arcs of all complete paths that say exactly these tokens."""
    matrix = np.full((len(tokens), TOKENS), -np.inf)
    matrix[np.arange(len(tokens)), np.array(tokens, dtype=int) - 1] = 0.0
    return [(path.score, path.arcs) for path in enumerate_paths(fst, matrix)]


def log_sum(values: list[float]) -> float:
    return float(np.logaddexp.reduce(values)) if values else -math.inf


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("combine", ["max", "sum"])
def test_scores_are_those_of_all_paths_with_these_tokens(seed: int, combine: str) -> None:
    fst = random_fst(np.random.default_rng(seed), num_states=6, num_arcs=18, num_columns=TOKENS)
    constraint = GraphConstraint(token_graph(fst), combine)
    seen = 0
    for tokens in itertools.chain.from_iterable(itertools.product((1, 2, 3), repeat=n) for n in range(4)):
        at = constraint.start
        for token in tokens:
            following = constraint.advance(at, token)
            assert following.score == pytest.approx(constraint.scores(at)[token], abs=1e-9)
            at = following
        scores = [score for score, _ in paths_of(fst, tokens)]
        expected = max(scores, default=-math.inf) if combine == "max" else log_sum(scores)
        assert constraint.final_score(at) == pytest.approx(expected, abs=1e-9)
        assert constraint.scores(at)[0] == constraint.final_score(at)
        seen += bool(scores)
    assert seen


@pytest.mark.parametrize("combine", ["max", "sum"])
def test_ends_are_the_best_path_to_each_final_state(combine: str) -> None:
    found = 0
    for seed in range(12):
        fst = random_fst(np.random.default_rng(seed), num_states=5, num_arcs=16, num_columns=TOKENS)
        constraint = GraphConstraint(token_graph(fst), combine)
        for tokens in itertools.product((1, 2, 3), repeat=2):
            at = constraint.advance(constraint.advance(constraint.start, tokens[0]), tokens[1])
            best: dict[int, float] = {}
            for score, arcs in paths_of(fst, tokens):
                end = int(fst.next_state[arcs[-1]])
                best[end] = max(best.get(end, -math.inf), score)
            ends = constraint.ends(at)
            assert [score for score, _ in ends] == sorted(best.values(), reverse=True)
            for score, arcs in ends:
                labels = fst.input_label[arcs]
                assert tuple(labels[labels > 0]) == tokens
                path_score = fst.score[arcs].sum(dtype=np.float64) + fst.final_score[fst.next_state[arcs[-1]]]
                assert path_score == score
            found += len(ends)
    assert found > 20


def test_a_lexicon_and_grammar_allow_their_words_only_and_know_them() -> None:
    lexicon = Lexicon.from_text(TOY_LEXICON)
    graph = compile_token_graph(lexicon, word_loop(lexicon.words), "blank-free")
    constraint = GraphConstraint(graph)
    said = ["DH", "AH", "K", "AE", "T"]
    at = constraint.start
    assert np.isneginf(constraint.scores(at)[lexicon.tokens["AE"]])
    for name in said:
        at = constraint.advance(at, lexicon.tokens[name])
    score, arcs = constraint.ends(at)[0]
    assert constraint.words(arcs) == ["the", "cat"]
    assert score == pytest.approx(constraint.final_score(at))
    assert len(constraint.advance(at, lexicon.tokens["EY"]))
    stuck = constraint.advance(constraint.advance(constraint.start, lexicon.tokens["K"]), lexicon.tokens["K"])
    assert len(stuck) == 0
    assert stuck.score == -math.inf
    assert constraint.ends(constraint.advance(constraint.start, lexicon.tokens["K"])) == []
    # `two` and `to` are one token sequence, and two words.
    at = constraint.advance(constraint.advance(constraint.start, lexicon.tokens["T"]), lexicon.tokens["UW"])
    assert {tuple(constraint.words(arcs)) for _, arcs in constraint.ends(at)} <= {("two",), ("to",)}


def test_an_ngram_model_joins_with_its_back_offs(tmp_path) -> None:
    (tmp_path / "toy.arpa").write_text(TOY_ARPA)
    model = read_arpa(tmp_path / "toy.arpa")
    lexicon = Lexicon.from_text("the DH AH\ncat K AE T\nsat S AE T\n")
    constraint = GraphConstraint(compile_token_graph(lexicon, model, "blank-free"))
    for words in (["the", "cat", "sat"], ["sat"], ["cat", "the", "the"]):
        at = constraint.start
        for word in words:
            for token in lexicon.of(word)[0].tokens:
                at = constraint.advance(at, lexicon.tokens[token])
        # A listed n-gram is never worse than backing off in this model. Graph scores are rounded to 2^-14.
        expected = model.log10_prob(words).sum() * math.log(10)
        assert constraint.final_score(at) == pytest.approx(expected, abs=1e-3)


def test_a_beam_drops_states_that_lag_behind() -> None:
    fst = FstArrays.from_arcs([(0, 1, 1, 1, -1.0), (0, 2, 1, 2, -4.0)], [(1, 0.0), (2, 0.0)])
    wide, narrow = GraphConstraint(token_graph(fst)), GraphConstraint(token_graph(fst), beam=2.0)
    assert len(wide.advance(wide.start, 1)) == 2
    assert len(narrow.advance(narrow.start, 1)) == 1
    assert narrow.words(narrow.best_so_far(narrow.advance(narrow.start, 1))[1]) == ["w1"]


def test_wrong_input_is_refused() -> None:
    loop = FstArrays.from_arcs([(0, 1, 0, 0, 0.0), (1, 0, 0, 0, 0.0)], [(1, 0.0)])
    with pytest.raises(GraphError, match="cycle"):
        GraphConstraint(token_graph(loop))
    fine = token_graph(FstArrays.from_arcs([(0, 1, 1, 1, 0.0)], [(1, 0.0)]))
    with pytest.raises(ConfigError, match="expected max or sum"):
        GraphConstraint(fine, "mean")
    with pytest.raises(ConfigError, match="beam 0"):
        GraphConstraint(fine, beam=0.0)
