"""N-best lists: scores by name, each sentence asked once, and the best by any weights."""

import math
from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.lattice import NbestList, rescore_lattice, rescore_nbest, rescore_ngram
from tests.lattice.rescoring.test_lm_rescoring import LstmLm
from tests.lattice.rescoring.test_rescoring import random_lattice, random_model

SEEDS = range(15)


def texts(lst):
    return [hypothesis.text for hypothesis in lst.hypotheses]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lattices_list_has_its_parts_and_they_add_up(seed):
    lattice = random_lattice(seed, parts=True)
    lst = NbestList.from_lattice(lattice, 10, 0.5, 2.0, 0.25)
    assert lst.hypotheses == tuple(lattice.nbest(10, 0.5, 2.0, 0.25))
    parts = ("lm", "pronunciation", "silence", "topology")
    assert set(lst.scores) == {"acoustic", "words", *parts}
    assert sum(lst.scores[part] for part in parts) == pytest.approx([h.graph_score for h in lst.hypotheses])
    weights = {"acoustic": 0.5, "words": -0.25, **dict.fromkeys(parts, 2.0)}
    assert [h.text for h in lst.ranked(weights)] == texts(lst)
    bare = NbestList.from_lattice(replace(lattice, parts=None), 10, 0.5, 2.0, 0.25)
    assert bare.weighted({"acoustic": 0.5, "graph": 2.0, "words": -0.25}) == pytest.approx(lst.weighted(weights))


@pytest.mark.parametrize("seed", SEEDS)
def test_lists_rescored_rank_as_lattices_rescored(seed):
    lattice = rescore_ngram(random_lattice(seed, parts=True), random_model(seed, 2))
    lm = LstmLm(["w1", "w2", "w3"], seed)
    (lst,) = rescore_nbest(
        [NbestList.from_lattice(lattice, 10**4)], lambda batch: [lm.log_probs(words).sum() for words in batch]
    )
    weights = {"acoustic": 1.0, "second_lm": 1.0, "pronunciation": 1.0, "silence": 1.0, "topology": 1.0}
    best = rescore_lattice(lattice, lm).nbest(5)
    totals = dict(zip(texts(lst), lst.weighted(weights)))
    # The list has the best path of each sentence under the first LM, which is the best under the second as well:
    # the paths of one sentence differ by nothing that an LM sees.
    assert [totals[h.text] for h in best] == pytest.approx([h.score for h in best], abs=1e-4)
    assert lst.ranked(weights)[0].text == best[0].text


@pytest.mark.parametrize("batch_size", [None, 1, 3])
def test_each_sentence_is_asked_once_in_batches(batch_size):
    model, calls = random_model(1), []

    def score(batch):
        calls.append([tuple(words) for words in batch])
        return [model.log10_prob(words).sum() * math.log(10) for words in batch]

    lists = [NbestList.of(random_lattice(seed).nbest(8)) for seed in (1, 2, 1)]
    rescored = rescore_nbest(lists, score, "ngram", batch_size)
    asked = [words for call in calls for words in call]
    assert len(set(asked)) == len(asked)
    assert {" ".join(words) for words in asked} == {text for lst in lists for text in texts(lst)}
    assert max(map(len, calls)) <= (batch_size or len(asked))
    for lst in rescored:
        expected = [model.log10_prob(h.text.split()).sum() * math.log(10) for h in lst.hypotheses]
        assert lst.scores["ngram"] == pytest.approx(expected)
    assert "ngram" not in lists[0].scores


def test_equals_keep_their_order_and_weights_of_zero_forbid_nothing():
    lst = NbestList.of([Hypothesis("u", (Span(word, 0, 1),), (), (), 0.0, 0.0) for word in "abc"])
    lst = lst.with_score("lm", [-math.inf, -1.0, -1.0])
    assert [h.text for h in lst.ranked({"lm": 1.0})] == ["b", "c", "a"]
    assert [h.text for h in lst.ranked({"lm": 0.0})] == ["a", "b", "c"]


def test_what_does_not_fit_is_named():
    lst = NbestList.of(random_lattice(1).nbest(3))
    with pytest.raises(LatticeError, match=r"'random' has no scores lm; there are acoustic, graph, words"):
        lst.weighted({"lm": 1.0})
    with pytest.raises(LatticeError, match=r"score 'lm' is .* expected \(3,\)"):
        lst.with_score("lm", [0.0])
    with pytest.raises(LatticeError, match="score 'lm' is"):
        lst.with_score("lm", [math.nan, 0.0, 0.0])
    with pytest.raises(LatticeError, match="0 hypotheses"):
        NbestList.of([])
    with pytest.raises(LatticeError, match="all of the same utterance"):
        NbestList.of([*lst.hypotheses, replace(lst.hypotheses[0], utterance="other")])
    with pytest.raises(LatticeError, match="2 scores for 3 sentences"):
        rescore_nbest([lst], lambda batch: np.zeros(2))
