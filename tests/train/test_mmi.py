"""LF-MMI: the difference of two full sums, its gradient that of two posteriors; denominators and leaking."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.decode import forward_backward
from fsaasr.graph import TranscriptCompiler
from fsaasr.lexicon import Lexicon, OptionalSilence, SilenceWeights
from fsaasr.testing import exact_search, linear_ctc_fst, random_fst, toy_graph
from fsaasr.train import (
    MmiOptions,
    denominator_graph,
    leaky,
    mmi_loss,
    spoken_tokens,
    with_denominator_scores,
)
from fsaasr.train.full_sum import check_graph_batch
from fsaasr.train.mmi import mmi_terms

LEXICON = Lexicon(
    Lexicon.from_text("a 1.0 A\na 0.5 A B\nb 1.0 B\nb 0.25 C A\n", kind="lexiconp").pronunciations, OptionalSilence()
)
TEXTS = ["a b", "b", "b a a", "a"]
BACKENDS = ["native", pytest.param("k2", marks=pytest.mark.k2)]


def system(topology: str = "hmm1", order: int = 2):
    """Numerators with the denominator's scores, the denominator, random scores and lengths."""
    denominator = denominator_graph(spoken_tokens(TEXTS * 5, LEXICON, 0), LEXICON.tokens, topology, order)
    compiler = TranscriptCompiler(LEXICON, topology)
    numerators = [with_denominator_scores(compiler.compile(text.split()), denominator) for text in TEXTS[:3]]
    rng = torch.Generator().manual_seed(0)
    scores = torch.randn(3, 14, denominator.num_columns, generator=rng, dtype=torch.float64)
    return numerators, denominator, scores.requires_grad_(), torch.tensor([14, 10, 12])


def test_silence_is_drawn_by_the_words_around_it():
    weighted = Lexicon.from_text(
        "a 1.0 0.25 1.0 1.0 A\nb 1.0 0.75 3.0 0.5 B\n",
        OptionalSilence("SIL", 0.5, SilenceWeights(0.125, 2.0, 1.0)),
        kind="lexiconp_silprob",
    )
    drawn = spoken_tokens(["a b"] * 4000, weighted, 0)
    share = [np.mean([cut(tokens) == "SIL" for tokens in drawn]) for cut in (first, middle, last)]
    # P(s_r | v) F(s_l | w) over the sum of this and (1 - P(s_r | v)) F(n_l | w).
    expected = [0.125 / (0.125 + 0.875), 0.25 * 3 / (0.25 * 3 + 0.75 * 0.5), 0.75 * 2 / (0.75 * 2 + 0.25)]
    assert share == pytest.approx(expected, abs=0.03)


def first(tokens):
    return tokens[0]


def middle(tokens):
    return tokens[tokens.index("A") + 1]


def last(tokens):
    return tokens[-1]


def test_loss_and_gradient_are_differences_of_totals_and_posteriors():
    numerators, denominator, scores, lengths = system()
    loss = mmi_loss(scores, lengths, numerators, denominator)
    (gradient,) = torch.autograd.grad(loss.sum(), scores)
    for n, length in enumerate(lengths.tolist()):
        matrix = scores[n, :length].detach().numpy()
        said, everything = (exact_search(graph.fst, matrix) for graph in (numerators[n], denominator))
        assert loss[n].item() == pytest.approx(everything.total - said.total, abs=1e-8)
        np.testing.assert_allclose(gradient[n, :length], everything.occupancy - said.occupancy, atol=1e-8)
        assert not gradient[n, length:].any()


@pytest.mark.parametrize("watched", [True, False])
def test_terms_have_the_numerators_posteriors(watched: bool):
    numerators, denominator, scores, lengths = system()
    scores = scores.detach().requires_grad_(watched)
    above = check_graph_batch(scores, lengths, numerators, None, "test")
    terms = mmi_terms(scores, above, denominator, MmiOptions())
    assert torch.equal(terms.loss.detach(), mmi_loss(scores, lengths, numerators, denominator).detach())
    assert terms.loss.requires_grad == watched
    for n, length in enumerate(lengths.tolist()):
        occupancy = exact_search(numerators[n].fst, scores[n, :length].detach().numpy()).occupancy
        np.testing.assert_allclose(terms.posterior[n, :length], occupancy, atol=1e-8)


def test_the_gradient_equals_finite_differences():
    numerators, denominator, scores, _lengths = system()
    few = scores.detach()[:2, :10].clone().requires_grad_()
    short = torch.tensor([10, 9])
    assert torch.autograd.gradcheck(lambda values: mmi_loss(values, short, numerators[:2], denominator), (few,))


@pytest.mark.parametrize("topology", ["hmm1", "hmm3", "ctc"])
def test_what_was_said_is_part_of_what_could_be_said(topology: str):
    numerators, denominator, scores, lengths = system(topology)
    loss = mmi_loss(scores, lengths, numerators, denominator)
    assert (loss > 0).all()
    # Scores that favour the transcript's own posterior lower it.
    (gradient,) = torch.autograd.grad(loss.sum(), scores)
    better = mmi_loss(scores - 0.5 * gradient, lengths, numerators, denominator)
    assert (better < loss).all()
    assert (better > 0).all()


@pytest.mark.k2
@pytest.mark.parametrize("boost", [0.0, 0.5])
def test_native_and_k2_agree(boost: float):
    numerators, denominator, scores, lengths = system("hmm3", 3)
    denominator = leaky(denominator, 1e-3)
    results = []
    for backend in ("native", "k2"):
        values = scores.detach().float().requires_grad_()
        loss = mmi_loss(values, lengths, numerators, denominator, options=MmiOptions(backend, boost=boost))
        results.append((loss.detach(), torch.autograd.grad(loss.sum(), values)[0]))
    torch.testing.assert_close(results[0], results[1], atol=1e-4, rtol=1e-5)


def test_boosting_raises_the_share_of_what_differs():
    numerators, denominator, scores, lengths = system()
    plain = mmi_loss(scores, lengths, numerators, denominator)
    boosted = mmi_loss(scores, lengths, numerators, denominator, options=MmiOptions(boost=0.5))
    # A path that is the reference at every frame loses at most boost a frame, one that never is loses nothing.
    assert (boosted < plain).all()
    assert (boosted > plain - 0.5 * lengths).all()
    (posterior,) = torch.autograd.grad(boosted.sum(), scores)
    (unboosted,) = torch.autograd.grad(plain.sum(), scores)
    assert posterior.abs().sum() > unboosted.abs().sum()


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_utterance_without_a_path_is_named_or_infinite_without_gradient(backend: str):
    numerators = [toy_graph(linear_ctc_fst(row), 3) for row in ([1], [1, 1, 2])]
    denominator = toy_graph(linear_ctc_fst([1]), 3)
    scores = torch.zeros(2, 3, 3, requires_grad=True)
    lengths = torch.tensor([3, 3])
    with pytest.raises(TrainingError, match="'u7' has 3 frames"):
        mmi_loss(scores, lengths, numerators, denominator, ["u1", "u7"], MmiOptions(backend))
    loss = mmi_loss(scores, lengths, numerators, denominator, options=MmiOptions(backend, no_path="inf"))
    assert loss.tolist() == [0.0, math.inf]
    (gradient,) = torch.autograd.grad(loss[torch.isfinite(loss)].sum(), scores)
    assert gradient.abs().max() < 1e-6


def test_leaking_adds_what_its_definition_says():
    rng = np.random.default_rng(3)
    while True:
        graph = toy_graph(random_fst(rng, num_states=4, num_arcs=24, epsilon=0.0))
        if np.isfinite(exact_search(graph.fst, np.zeros((100, 3), np.float32)).total):
            break
    matrix = rng.normal(size=(6, 3)).astype(np.float32)
    coefficient = 0.01
    fst = graph.fst
    arcs = forward_backward(graph, np.zeros((100, 3))).arc_occupancy
    entered = np.bincount(fst.next_state, weights=arcs, minlength=fst.num_states) / 100
    step = np.zeros((6, fst.num_states, fst.num_states))
    for arc, (source, target, label) in enumerate(zip(fst.source_state, fst.next_state, fst.input_label)):
        step[:, source, target] += np.exp(fst.score[arc] + matrix[:, label - 1])
    alpha = np.zeros(fst.num_states)
    alpha[fst.start] = 1.0
    for one in step:
        alpha = alpha @ one
        alpha = alpha + coefficient * alpha.sum() * entered
    expected = math.log(alpha @ np.exp(fst.final_score))
    assert forward_backward(leaky(graph, coefficient), matrix).total == pytest.approx(expected, abs=1e-6)
    assert forward_backward(graph, matrix).total < expected


def test_a_denominator_accepts_every_sequence_of_its_tokens():
    denominator = denominator_graph([["A", "B"], ["B", "C"]], LEXICON.tokens, "hmm1", 3)
    for column in range(denominator.num_columns):
        matrix = np.full((3, denominator.num_columns), -np.inf, dtype=np.float32)
        matrix[:, column] = 0.0
        assert forward_backward(denominator, matrix).total < 0


def test_spoken_tokens_draw_pronunciations_and_silences_by_their_probabilities():
    drawn = spoken_tokens(["a"] * 600, LEXICON, 1)
    assert drawn == spoken_tokens(["a"] * 600, LEXICON, 1)
    assert np.mean(["B" in row for row in drawn]) == pytest.approx(1 / 3, abs=0.07)
    assert np.mean([row[0] == "SIL" for row in drawn]) == pytest.approx(0.5, abs=0.07)


def test_numerators_beside_the_denominator_and_wrong_values_are_refused():
    denominator = toy_graph(linear_ctc_fst([1]), 3)
    with pytest.raises(TrainingError, match="no path in common"):
        with_denominator_scores(toy_graph(linear_ctc_fst([2]), 3), denominator)
    with pytest.raises(ConfigError, match="coefficient is 1"):
        leaky(denominator, 1)
    with pytest.raises(ConfigError, match="boost is -1"):
        MmiOptions(boost=-1)
