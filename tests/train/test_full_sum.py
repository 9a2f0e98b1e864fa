"""The full-sum loss: all enumerated paths, its gradient their posterior; CTC as torch has it; k2 agrees."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import ConfigError, ScoresError, TrainingError
from fsaasr.graph import DecodingGraph, TranscriptCompiler
from fsaasr.lexicon import Lexicon, OptionalSilence
from fsaasr.testing import best_and_total, enumerate_paths, exact_search, linear_ctc_fst, random_fst, toy_graph
from fsaasr.testing.strategies import graphs, matrices
from fsaasr.train import FullSumOptions, full_sum_loss

LEXICON = Lexicon.from_text("a 1.0 A\na 0.5 A B\nb 1.0 B\nb 0.25 C A\n", kind="lexiconp")
BACKENDS = ["native", pytest.param("k2", marks=pytest.mark.k2)]


def batch_of(*lengths: int, columns: int, seed: int = 0, scale: float = 2.0) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(seed)
    noise = scale * torch.randn(len(lengths), max(lengths), columns, generator=rng)
    return noise.log_softmax(2).requires_grad_(), torch.tensor(lengths)


def random_graphs(count: int, seed: int = 0, columns: int = 5) -> list[DecodingGraph]:
    """With epsilons; the start loops and is final, so that any number of frames has a path."""
    rng = np.random.default_rng(seed)
    found = []
    while len(found) < count:
        graph = toy_graph(random_fst(rng, num_states=8, num_arcs=60, num_columns=columns), columns)
        if np.isfinite(exact_search(graph.fst, np.zeros((9, columns), np.float32)).total):
            found.append(graph)
    return found


def loss_and_gradient(
    scores: torch.Tensor, lengths: torch.Tensor, which: list[DecodingGraph], backend: str
) -> tuple[np.ndarray, np.ndarray]:
    loss = full_sum_loss(scores, lengths, which, options=FullSumOptions(backend))
    (gradient,) = torch.autograd.grad(loss.sum(), scores)
    return loss.detach().numpy(), gradient.numpy()


@given(st.lists(st.tuples(graphs(alive=True), matrices(impossible=False)), min_size=1, max_size=3))
def test_the_loss_sums_enumerated_paths_and_its_gradient_is_their_posterior(pairs):
    lengths = [len(matrix) for _, matrix in pairs]
    scores = torch.full((len(pairs), max(lengths), 3), math.nan, dtype=torch.float64)
    for row, (_, matrix) in zip(scores, pairs):
        row[: len(matrix)] = torch.from_numpy(matrix)
    scores.requires_grad_()
    loss, gradient = loss_and_gradient(scores, torch.tensor(lengths), [graph for graph, _ in pairs], "native")
    for n, (graph, matrix) in enumerate(pairs):
        exact = exact_search(graph.fst, matrix)
        total = best_and_total(enumerate_paths(graph.fst, matrix)).total
        assert loss[n] == pytest.approx(-total, abs=1e-9)
        np.testing.assert_allclose(gradient[n, : lengths[n]], -exact.occupancy, atol=1e-9)
        assert not gradient[n, lengths[n] :].any()


def test_the_gradient_equals_finite_differences():
    scores, lengths = batch_of(9, 7, columns=5)
    scores = scores.detach().double().requires_grad_()
    which = random_graphs(2)
    assert torch.autograd.gradcheck(lambda values: full_sum_loss(values, lengths, which), (scores,))


@pytest.mark.parametrize("backend", BACKENDS)
def test_on_ctc_transcripts_it_is_torchs_ctc_loss(backend: str):
    labels = [[1, 2, 3], [2, 2], [1, 1, 1, 3, 3], []]
    logits, lengths = batch_of(13, 9, 10, 6, columns=4)
    theirs = torch.nn.functional.ctc_loss(
        logits.log_softmax(2).transpose(0, 1),
        torch.tensor([label for row in labels for label in row]),
        lengths,
        torch.tensor([len(row) for row in labels]),
        reduction="none",
    )
    (their_gradient,) = torch.autograd.grad(theirs.sum(), logits)
    which = [toy_graph(linear_ctc_fst(row), 4) for row in labels]
    ours = full_sum_loss(logits.log_softmax(2), lengths, which, options=FullSumOptions(backend))
    (gradient,) = torch.autograd.grad(ours.sum(), logits)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(gradient, their_gradient, atol=1e-5, rtol=0)


@pytest.mark.k2
@pytest.mark.parametrize("topology", ["ctc", "hmm3"])
def test_native_and_k2_agree_on_transcripts_and_on_graphs_with_epsilons(topology: str):
    compiler = TranscriptCompiler(Lexicon(LEXICON.pronunciations, OptionalSilence()), topology)
    compiled = [compiler.compile(text.split()) for text in ("a b a", "b", "a a b")]
    for which in (compiled, random_graphs(3, columns=compiled[0].num_columns)):
        scores, lengths = batch_of(40, 25, 33, columns=which[0].num_columns)
        native, k2 = (loss_and_gradient(scores, lengths, which, backend) for backend in ("native", "k2"))
        np.testing.assert_allclose(native[0], k2[0], rtol=1e-5)
        np.testing.assert_allclose(native[1], k2[1], atol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_company_padding_and_threads_change_nothing(backend: str):
    which = random_graphs(3)
    scores, lengths = batch_of(6, 9, 8, columns=5)
    loss, gradient = loss_and_gradient(scores, lengths, which, backend)
    for n, length in enumerate(lengths.tolist()):
        single = scores[n : n + 1, :length].detach().requires_grad_()
        alone = loss_and_gradient(single, lengths[n : n + 1], which[n : n + 1], backend)
        assert alone[0][0] == pytest.approx(loss[n], rel=1e-6)
        np.testing.assert_allclose(alone[1][0], gradient[n, :length], atol=1e-6)
        assert not gradient[n, length:].any()
    threads = [full_sum_loss(scores, lengths, which, options=FullSumOptions(threads=count)) for count in (1, 3)]
    assert torch.equal(*threads)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_utterance_without_a_path_is_named_or_infinite(backend: str):
    which = [toy_graph(linear_ctc_fst(row), 3) for row in ([1], [1, 1, 2])]
    scores, lengths = batch_of(3, 3, columns=3)
    with pytest.raises(TrainingError, match="'u7' has 3 frames, its graph needs at least 4"):
        full_sum_loss(scores, lengths, which, ["u1", "u7"], FullSumOptions(backend))
    loss = full_sum_loss(scores, lengths, which, options=FullSumOptions(backend, no_path="inf"))
    assert torch.isposinf(loss).tolist() == [False, True]
    (gradient,) = torch.autograd.grad(loss[torch.isfinite(loss)].sum(), scores)
    torch.testing.assert_close(gradient[0].sum(1), torch.full((3,), -1.0))
    assert not gradient[1].any()


def test_scores_far_apart_do_not_underflow():
    # The only path visits column 1 in half of the frames.
    scores = torch.zeros(1, 50, 3)
    scores[:, :, 1] = -600.0
    which = [toy_graph(linear_ctc_fst([1] * 25 + [2]), 3)]
    loss = full_sum_loss(scores, torch.tensor([50]), which)
    assert loss.item() == pytest.approx(25 * 600.0, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lengths": torch.tensor([6, 4])}, "'1' has length 4|'0' has length 6"),
        ({"lengths": torch.tensor([5])}, "2 utterances, 1 lengths, 2 graphs"),
        ({"ids": ["u"]}, "2 graphs, 1 ids"),
        ({"scores": torch.zeros(2, 5, 3, dtype=torch.float16)}, "float16"),
        ({"scores": torch.zeros(2, 5)}, "expected float32 or float64"),
    ],
)
def test_what_does_not_fit_is_refused(change, message: str):
    which = [toy_graph(linear_ctc_fst([1]), 3)] * 2
    given_ = {"scores": torch.zeros(2, 5, 3), "lengths": torch.tensor([5, 5]), "graphs": which, **change}
    with pytest.raises(TrainingError, match=message):
        full_sum_loss(**given_)


def test_scores_of_other_columns_or_with_nan_are_refused():
    which = [toy_graph(linear_ctc_fst([1]), 3)]
    with pytest.raises(ScoresError, match="4 columns"):
        full_sum_loss(torch.zeros(1, 5, 4), torch.tensor([5]), which)
    with pytest.raises(ScoresError, match="hold nan"):
        full_sum_loss(torch.full((1, 5, 3), math.nan), torch.tensor([5]), which)


def test_unknown_options_are_refused():
    with pytest.raises(ConfigError, match="'gpu'"):
        FullSumOptions("gpu")
