"""Rescoring with any LM: every path by enumeration, no question asked twice, and neural LMs on both stacks."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from fsaasr.core.errors import LatticeError
from fsaasr.lattice import DoubleCountWarning, Limits, Mixing, WordLm, check, rescore_lattice, rescore_ngram
from fsaasr.testing import random_word_lattice, word_paths
from tests.lattice.rescoring.test_rescoring import (
    assert_same_paths,
    lm_parts,
    random_lattice,
    random_model,
    scored,
    without_lm,
)

SEEDS = range(20)


class LstmLm:
    """An untrained LSTM over words; a state is (h, c) and the log probabilities of what may follow."""

    def __init__(self, words, seed=0):
        generator = torch.Generator().manual_seed(seed)
        self.ids = {word: i for i, word in enumerate(words)} | {"</s>": len(words)}
        self.embedding, self.cell = torch.nn.Embedding(len(words) + 1, 8), torch.nn.LSTMCell(8, 8)
        self.output = torch.nn.Linear(8, len(words) + 1)
        for module in (self.embedding, self.cell, self.output):
            for parameter in module.parameters():
                parameter.data = torch.randn(parameter.shape, generator=generator)
        self.calls = 0

    @property
    def start(self):
        zeros = torch.zeros(1, 8)
        return self._states(*self.cell(self.embedding(torch.tensor([self.ids["</s>"]])), (zeros, zeros)))[0]

    def _states(self, hidden, cell):
        return list(zip(hidden, cell, torch.log_softmax(self.output(hidden), dim=-1)))

    @torch.no_grad()
    def advance(self, states, words):
        self.calls += 1
        ids = torch.tensor([self.ids[word] for word in words])
        hidden, cell, log_probs = (torch.stack(parts) for parts in zip(*states))
        following = self._states(*self.cell(self.embedding(ids), (hidden, cell)))
        return following, log_probs[torch.arange(len(ids)), ids].tolist()

    @torch.no_grad()
    def final(self, states):
        return [float(log_probs[self.ids["</s>"]]) for _, _, log_probs in states]

    @torch.no_grad()
    def log_probs(self, words):
        """The whole sentence at once, without states: the referee."""
        ids = torch.tensor([self.ids[word] for word in ["</s>", *words, "</s>"]])
        lstm = torch.nn.LSTM(8, 8)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(lstm, f"{name}_l0").data = getattr(self.cell, name).data
        hidden, _ = lstm(self.embedding(ids[:-1])[:, None])
        every = torch.log_softmax(self.output(hidden[:, 0]), dim=-1)
        return every[torch.arange(len(ids) - 1), ids[1:]].numpy()


class Asked:
    """A model that remembers what it was asked."""

    def __init__(self, states):
        self.model, self.start, self.asked, self.batches = states, ((), states.start), [], 0

    def advance(self, states, words):
        self.batches += 1
        self.asked += [(said, word) for (said, _), word in zip(states, words)]
        following, scores = self.model.advance([state for _, state in states], words)
        return [((*said, word), state) for (said, _), word, state in zip(states, words, following.tolist())], scores

    def final(self, states):
        return self.model.final([state for _, state in states])


def names(lattice, words):
    return [lattice.words.name(word) for word in words]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_lstm_scores_every_path_as_without_states(seed):
    lattice = random_lattice(seed, parts=True)
    lm = LstmLm(["w1", "w2", "w3"], seed)
    rescored = rescore_lattice(lattice, lm)
    check(rescored)
    for path in word_paths(rescored):
        assert lm_parts(rescored, path) == pytest.approx(lm.log_probs(names(lattice, path.words)).tolist(), abs=1e-4)
    expected = [
        (path.words, path.acoustic, without_lm(lattice, path) + lm.log_probs(names(lattice, path.words)).sum())
        for path in word_paths(lattice)
    ]
    assert_same_paths(scored(rescored), sorted(expected))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mixing", [Mixing(), Mixing(0.5), Mixing(0.5, linear=True)])
def test_an_ngram_asked_word_by_word_is_the_ngram_composed(seed, mixing):
    old, new = random_model(seed + 1, 2), random_model(seed, 3)
    lattice = rescore_ngram(random_lattice(seed, parts=True), old)
    composed = rescore_ngram(lattice, new, old, mixing)
    assert_same_paths(scored(rescore_lattice(lattice, new.states, mixing=mixing)), scored(composed))
    # Two words tell the states of a trigram apart.
    limited = rescore_lattice(lattice, new.states, 2, mixing)
    assert_same_paths(scored(limited), scored(composed))
    check(limited)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_word_is_asked_for_twice_and_a_depth_is_one_batch(seed):
    lattice = random_lattice(seed, parts=True)
    lm = Asked(random_model(seed).states)
    rescore_lattice(lattice, lm)
    assert len(set(lm.asked)) == len(lm.asked)
    said = {tuple(names(lattice, path.words)) for path in word_paths(lattice)}
    assert set(lm.asked) == {(words[:n], words[n]) for words in said for n in range(len(words))}
    assert lm.batches <= max(len(path.arcs) for path in word_paths(lattice))


@pytest.mark.parametrize("seed", SEEDS)
def test_histories_that_fall_together_keep_the_best_path(seed):
    lattice = random_lattice(seed, parts=True)
    lm = LstmLm(["w1", "w2", "w3"], seed)
    exact = {path[:2]: path[2] for path in scored(rescore_lattice(lattice, lm))}
    for history in (0, 1):
        limited = rescore_lattice(lattice, lm, history)
        check(limited)
        # States are pairs of lattice state and last words; the words and times of paths are all there.
        assert sorted(path[:2] for path in scored(limited)) == sorted(path[:2] for path in scored(lattice))
        ends = (lattice.num_states, lattice.num_states * 4)[history]
        assert limited.num_states <= ends
        words, acoustic, graph = max(scored(limited), key=lambda path: path[1] + path[2])
        assert graph <= exact[words, acoustic] + 1e-4 or history == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_beam_drops_histories_and_keeps_scores(seed):
    lattice = random_lattice(seed, parts=True)
    lm = LstmLm(["w1", "w2", "w3"], seed)
    exact = scored(rescore_lattice(lattice, lm))
    every = {(words, acoustic, round(graph, 3)) for words, acoustic, graph in exact}
    pruned = rescore_lattice(lattice, lm, limits=Limits(1.0))
    check(pruned)
    assert {(words, acoustic, round(graph, 3)) for words, acoustic, graph in scored(pruned)} <= every
    assert_same_paths(scored(rescore_lattice(lattice, lm, limits=Limits(1e6))), exact)


def test_on_top_warns_and_what_is_missing_is_named():
    lattice, lm = random_lattice(3), random_model(3).states
    with pytest.raises(LatticeError, match="which part of the graph scores is the old LM's is not known"):
        rescore_lattice(lattice, lm)
    with pytest.warns(DoubleCountWarning, match="rescore_lattice"):
        rescored = rescore_lattice(lattice, lm, mixing=Mixing(0.5, on_top=True))
    expected = [
        (p.words, p.acoustic, p.graph + 0.5 * math.log(10) * lm.model.log10_prob(names(lattice, p.words)).sum())
        for p in word_paths(lattice)
    ]
    assert_same_paths(scored(rescored), sorted(expected))
    with pytest.raises(LatticeError, match="history is -1"):
        rescore_lattice(random_lattice(3, parts=True), lm, -1)
    with pytest.raises(LatticeError, match=r"rescore_lattice: utterance 'random': \d+ arcs became more than 5"):
        rescore_lattice(random_lattice(3, parts=True), lm, limits=Limits(max_arcs=5))


@pytest.mark.parametrize("broken", ["nan", "short", "states"])
def test_a_malformed_answer_is_refused(broken):
    class Broken(LstmLm):
        def advance(self, states, words):
            following, scores = super().advance(states, words)
            return (
                following[1:] if broken == "states" else following,
                {"nan": [math.nan] * len(scores), "short": scores[1:]}.get(broken, scores),
            )

    with pytest.raises(LatticeError, match=r"WordLm.advance: "):
        rescore_lattice(random_lattice(1, parts=True), Broken(["w1", "w2", "w3"]))


def test_words_of_probability_zero_are_left_out():
    class Silent(LstmLm):
        def advance(self, states, words):
            following, scores = super().advance(states, words)
            return following, [-math.inf if word == "w1" else score for word, score in zip(words, scores)]

    lattice = random_word_lattice(np.random.default_rng(1), 9, 30)
    lattice = replace(lattice, graph_score=np.zeros_like(lattice.graph_score))
    lm: WordLm = Silent(["w1", "w2", "w3"])
    rescored = rescore_lattice(lattice, lm, 2, Mixing(on_top=True))
    check(rescored)
    assert set(rescored.output_label.tolist()) == {0, 2, 3}
    assert {p.words for p in word_paths(rescored)} == {p.words for p in word_paths(lattice) if 1 not in p.words}
