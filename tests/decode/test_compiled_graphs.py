"""Search on graphs made from lexicons: CTC totals as torch has them, words with times, engines alike."""

import numpy as np
import pytest
import torch

from fsaasr.core.errors import DecodeError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, align, decode, forward_backward
from fsaasr.grammar import read_arpa
from fsaasr.graph import TOPOLOGIES, WORD_START, TranscriptCompiler, compile_graph, word_loop
from fsaasr.lexicon import Lexicon, OptionalSilence
from fsaasr.testing import TOY_ARPA, TOY_LEXICON, exact_search

LEXICON = Lexicon.from_text(TOY_LEXICON)
WITH_SILENCE = Lexicon.from_text(TOY_LEXICON, OptionalSilence("SIL", 0.5))
ENGINES = ["native", pytest.param("k2", marks=pytest.mark.k2), pytest.param("k2-exact", marks=pytest.mark.k2)]


def random_log_probs(frames, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(frames, columns, generator=generator).mul(2).log_softmax(-1)


def torch_ctc(log_probs, labels):
    return -torch.nn.functional.ctc_loss(
        log_probs[:, None],
        torch.tensor([labels]),
        torch.tensor([len(log_probs)]),
        torch.tensor([len(labels)]),
        reduction="sum",
    ).item()


@pytest.mark.parametrize("words", ["cat", "cats sat", "sat two cat", "two two"])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_total_of_a_transcript_is_ctc_loss(words, engine):
    if engine != "native":
        pytest.importorskip("k2")
    graph = TranscriptCompiler(LEXICON, "ctc").compile(words.split())
    labels = [LEXICON.tokens[token] for word in words.split() for token in LEXICON.of(word)[0].tokens]
    log_probs = random_log_probs(25, graph.num_columns, len(words))
    scores = Scores(log_probs[None], [25], 0.04)
    options = SearchOptions(engine, search_beam=1e6, lattice_beam=1e6, max_active=10**6)
    (lattice,) = decode(graph, scores, options)
    assert lattice.total_score() == pytest.approx(torch_ctc(log_probs, labels), abs=1e-4)
    assert forward_backward(graph, log_probs).total == pytest.approx(torch_ctc(log_probs, labels), abs=1e-4)


def test_repeated_labels_with_as_many_frames_as_ctc_needs():
    lexicon = Lexicon.from_text("aab a a b")
    graph = TranscriptCompiler(lexicon, "ctc").compile(["aab"])
    log_probs = random_log_probs(4, 3, 1)
    # The only path is a, blank, a, b.
    only = sum(float(log_probs[t, c]) for t, c in enumerate([1, 0, 1, 2]))
    assert forward_backward(graph, log_probs).total == pytest.approx(only, abs=1e-5)
    assert forward_backward(graph, log_probs).total == pytest.approx(torch_ctc(log_probs, [1, 1, 2]), abs=1e-5)
    with pytest.raises(DecodeError, match="'short' has 3 frames, its graph needs at least 4"):
        align([graph], Scores(log_probs[None, :3], [3], 0.04, ids=("short",)))


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("lexicon", [LEXICON, WITH_SILENCE], ids=["bare", "silence"])
def test_an_alignment_says_the_transcript_in_order(topology, lexicon):
    words = ["the", "cats", "sat", "two", "two"]
    graph = TranscriptCompiler(lexicon, topology).compile(words)
    log_probs = random_log_probs(70, graph.num_columns, 3)
    (hypothesis,) = align([graph], Scores(log_probs[None], [70], 0.01))
    assert hypothesis.text == " ".join(words)
    assert len(hypothesis.columns) == 70
    spans = hypothesis.words
    assert all(span.start < span.end for span in (*spans, *hypothesis.tokens))
    assert all(one.end <= next_.start for one, next_ in zip(spans, spans[1:]))
    assert all(one.end <= next_.start for one, next_ in zip(hypothesis.tokens, hypothesis.tokens[1:]))
    for span in spans:
        inside = [token.name for token in hypothesis.tokens if span.start <= token.start < span.end]
        assert tuple(inside) in {pronunciation.tokens for pronunciation in lexicon.of(span.name)}
    assert hypothesis.score == pytest.approx(exact_search(graph.fst, log_probs).best, abs=1e-4)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_every_path_of_a_lattice_has_as_many_word_starts_as_words(topology):
    graph = compile_graph(WITH_SILENCE, word_loop(WITH_SILENCE.words), topology)
    log_probs = random_log_probs(15, graph.num_columns, 5)
    (lattice,) = decode(graph, Scores(log_probs[None], [15], 0.01), SearchOptions(lattice_beam=3.0))
    excess = np.full(lattice.num_states, np.nan)
    excess[0] = 0
    for k in range(lattice.num_arcs):
        here = excess[lattice.source[k]] + bool(lattice.arc_flags[k] & WORD_START) - (lattice.output_label[k] > 0)
        known = excess[lattice.target[k]]
        assert np.isnan(known) or known == here
        excess[lattice.target[k]] = here
    assert not excess[lattice.final_score > -np.inf].any()
    assert lattice.num_arcs > 30


@pytest.mark.k2
@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("engine", ["k2", "k2-exact"])
def test_k2_gives_the_native_lattice_with_a_bigram(topology, engine, tmp_path):
    pytest.importorskip("k2")
    (tmp_path / "toy.arpa").write_text(TOY_ARPA)
    graph = compile_graph(WITH_SILENCE, read_arpa(tmp_path / "toy.arpa"), topology)
    log_probs = random_log_probs(40, graph.num_columns, 7)
    scores = Scores(log_probs[None], [40], 0.01)
    (native,) = decode(graph, scores)
    (found,) = decode(graph, scores, SearchOptions(engine, search_beam=1e6, max_active=10**6))
    assert native.num_arcs > 40
    assert np.array_equal(found.graph_arc, native.graph_arc)
    assert np.array_equal(found.arc_frame, native.arc_frame)
    assert found.best_path().score == pytest.approx(exact_search(graph.fst, log_probs).best, abs=1e-4)
    assert found.total_score() == pytest.approx(native.total_score(), abs=1e-9)
