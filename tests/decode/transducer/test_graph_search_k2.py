"""The search within a graph against k2's own, `RnntDecodingStreams` (Kang et al. 2023)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from fsaasr.decode.options import SearchOptions
from fsaasr.decode.transducer import search_on_graph
from fsaasr.graph import FstArrays
from tests.decode.transducer.test_graph_search import TOKENS, token_graph
from tests.decode.transducer.toy_model import ToyModel, toy_frames, toy_model

pytestmark = pytest.mark.k2


def random_tokens_fst(rng: np.random.Generator, states: int = 6) -> FstArrays:
    """A connected graph without epsilons, whose every state is final, at no score: k2 leaves final scores out."""
    arcs = [(int(s), int(s + 1), int(rng.integers(1, TOKENS + 1)), 0) for s in range(states - 1)]
    arcs += [
        (int(rng.integers(states)), int(rng.integers(states)), int(rng.integers(1, TOKENS + 1)), int(rng.integers(3)))
        for _ in range(12)
    ]
    scored = [(*arc, float(rng.integers(-8, 1)) / 4) for arc in dict.fromkeys(arcs)]
    return FstArrays.from_arcs(scored, [(state, 0.0) for state in range(states)])


def k2_lattice(fst: FstArrays, model: ToyModel, frames: Tensor, beam: float) -> object:
    """What k2 finds, as an Fsa."""
    k2 = pytest.importorskip("k2")
    end = fst.num_states
    lines = [
        f"{s} {t} {i} {o} {w}"
        for s, t, i, o, w in zip(fst.source_state, fst.next_state, fst.input_label, fst.output_label, fst.score)
    ]
    lines += [f"{s} {end} -1 -1 {score}" for s, score in enumerate(fst.final_score)]
    text = "\n".join([*sorted(lines, key=lambda line: int(line.split()[0])), str(end)])
    graph = k2.arc_sort(k2.Fsa.from_str(text, num_aux_labels=1))
    config = k2.RnntDecodingConfig(
        vocab_size=model.num_columns, decoder_history_len=model.context, beam=beam, max_contexts=1000, max_states=10000
    )
    streams = k2.RnntDecodingStreams([k2.RnntDecodingStream(graph)], config)
    # The last frame is not part of k2's lattice: it only serves to enter the final state.
    for row in [*frames, frames[-1]]:
        _, contexts = streams.get_contexts()
        vectors = model.vectors_of(contexts.long())
        streams.advance(model.log_probs(row[None], vectors))
    streams.terminate_and_flush_to_streams()
    return streams.format_output([len(frames) + 1])


def test_lattices_hold_the_same_paths() -> None:
    k2 = pytest.importorskip("k2")
    compared = 0
    for seed in range(15):
        rng = np.random.default_rng(seed)
        fst, model = random_tokens_fst(rng), toy_model(1 + seed % 2, tokens=TOKENS, seed=seed)
        frames = toy_frames(10, seed=seed)[0]
        options = SearchOptions(search_beam=100.0, lattice_beam=200.0, min_active=0, max_contexts=1000)
        (ours,) = search_on_graph(model, token_graph(fst), [frames], ["u"], 0.04, options, "one-per-frame")
        theirs = k2_lattice(fst, model, frames, 100.0)
        assert ours.total_score() == pytest.approx(
            theirs.get_tot_scores(use_double_scores=True, log_semiring=True).item(), abs=1e-3
        )
        best = k2.shortest_path(theirs, use_double_scores=True)
        path = ours.best_path()
        assert path.score == pytest.approx(best.scores.sum().item(), abs=1e-3)
        labels = [label for label in best.labels.tolist() if label > 0]
        words = [word for word in best.aux_labels.tolist() if word > 0]
        runner_up = ours.nbest(2)
        if len(runner_up) < 2 or runner_up[0].score - runner_up[1].score > 1e-3:
            assert [word.name for word in path.words] == [f"w{word}" for word in words]
            assert [token.name for token in path.tokens] == ["-ab"[label] for label in labels]
            compared += 1
    assert compared >= 10


def test_pruned_searches_agree_nearly_always() -> None:
    k2 = pytest.importorskip("k2")
    same = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        fst, model = random_tokens_fst(rng), toy_model(2, tokens=TOKENS, seed=seed)
        frames = toy_frames(25, seed=seed)[0]
        options = SearchOptions(search_beam=4.0, lattice_beam=4.0, min_active=0, max_contexts=1000)
        (ours,) = search_on_graph(model, token_graph(fst), [frames], ["u"], 0.04, options, "one-per-frame")
        best = k2.shortest_path(k2_lattice(fst, model, frames, 4.0), use_double_scores=True)
        same += abs(ours.best_path().score - best.scores.sum().item()) < 1e-3
    assert same >= 19
    assert torch.isfinite(best.scores).all()
