import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import NgramModel, NgramOrder, estimate_ngram, read_arpa
from fsaasr.graph import fst_ngram, ngram_fst

WORDS = ("a", "b", "c", "d")
TABLE = SymbolTable(WORDS)
SENTENCES = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), min_size=2, max_size=8)


def walk(graph, labels):
    """Score of a sentence when a backoff arc is taken only where no word arc fits: ARPA's own rule."""
    fst, state, score = graph.fst, graph.fst.start, 0.0
    for label in [*labels, None]:
        while True:
            arcs = range(fst.arc_offsets[state], fst.arc_offsets[state + 1])
            by_label = {int(fst.input_label[arc]): arc for arc in arcs}
            if label is None and fst.final_score[state] > -math.inf:
                return score + float(fst.final_score[state])
            arc = by_label.get(label, by_label.get(graph.backoff_label))
            if arc is None:
                return -math.inf
            score += float(fst.score[arc])
            state = int(fst.next_state[arc])
            if int(fst.input_label[arc]) == label:
                break
    raise AssertionError


@given(SENTENCES, st.integers(1, 5), SENTENCES)
def test_sentences_score_as_the_model_says(text, order, queries):
    model = estimate_ngram(text, order, extra_words=WORDS)
    graph = ngram_fst(model, TABLE)
    for words in [*text, *queries]:
        expected = model.log10_prob(words).sum() * math.log(10)
        assert walk(graph, [TABLE[w] for w in words]) == pytest.approx(expected, abs=1e-5 * (1 + len(words)))


@given(SENTENCES, st.integers(1, 4))
def test_there_and_back(text, order):
    model = estimate_ngram(text, order, extra_words=WORDS)
    back = fst_ngram(ngram_fst(model, TABLE), TABLE)
    for words in [*text, ["d", "a", "d"], ["c"]]:
        np.testing.assert_allclose(back.log10_prob(words), model.log10_prob(words), atol=1e-6)
    kept = [sum(model.vocabulary[row[-1]] != "<unk>" for row in order.ngrams) for order in model.orders]
    assert [len(order) for order in back.orders] == [count for count in kept if count]


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_committed_models_survive(root, order):
    model = read_arpa(root / f"data/arpa/commands.{order}.arpa")
    words = SymbolTable([w for w in model.vocabulary if w not in ("<s>", "</s>", "<unk>")])
    graph = ngram_fst(model, words)
    back = fst_ngram(graph, words)
    assert graph.missing_words == ()
    sentence = list(words.names[1:4])
    np.testing.assert_allclose(back.log10_prob(sentence), model.log10_prob(sentence), atol=1e-6)


def test_graph_is_deterministic():
    graph = ngram_fst(estimate_ngram([["a", "b"], ["b", "a", "c"]], 3), TABLE)
    keys = list(zip(graph.fst.source_state.tolist(), graph.fst.input_label.tolist()))
    assert len(keys) == len(set(keys))
    assert not (graph.fst.input_label == 0).any()


def test_words_without_label_are_reported():
    graph = ngram_fst(estimate_ngram([["a", "zoo", "b"]], 2), TABLE)
    assert graph.missing_words == ("zoo",)
    assert walk(graph, [TABLE["a"], TABLE["b"]]) > -math.inf


def test_no_common_word():
    with pytest.raises(GraphError, match="letter case"):
        ngram_fst(estimate_ngram([["A", "B"]], 2), TABLE)


def test_no_end_of_sentence():
    order = NgramOrder(np.array([[0]], dtype=np.int32), np.array([-0.5]), np.zeros(1))
    with pytest.raises(GraphError, match="</s>"):
        ngram_fst(NgramModel(("a",), (order,)), TABLE)


def test_not_an_ngram_acceptor():
    graph = ngram_fst(estimate_ngram([["a", "b"]], 2), TABLE)
    broken = replace(
        graph, fst=replace(graph.fst, input_label=np.full_like(graph.fst.input_label, graph.backoff_label))
    )
    with pytest.raises(GraphError, match="two #0 arcs"):
        fst_ngram(broken, TABLE)
