"""Search through graphs with slots: as through the same graph without slots, in every way of searching."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fsaasr.core.scores import Scores
from fsaasr.decode import Decoder, SearchOptions, decode, one_best
from fsaasr.grammar import Hotwords
from fsaasr.graph import SlotGraph, compile_slot_graph, compile_token_graph, moves, word_choice
from fsaasr.graph.topologies import TOPOLOGIES
from fsaasr.lattice.lattice import Lattice
from tests.graph.slots.cases import SLOTS, TOKENS, Case, random_case

WIDE = SearchOptions(search_beam=1e4, lattice_beam=4.0, max_active=10**6)
NARROW = SearchOptions(search_beam=6.0, lattice_beam=3.0, max_active=30, min_active=3)


def transitions(topology: str) -> np.ndarray | None:
    declared = TOPOLOGIES[topology]
    return moves(declared, TOKENS).uniform() if declared.has_transitions else None


def graph_of(case: Case, topology: str) -> SlotGraph:
    return compile_slot_graph(
        case.lexicon, case.model, topology, slots=SLOTS, tokens=TOKENS, transitions=transitions(topology)
    )


def scores_of(seed: int, columns: int, frames: int = 14, utterances: int = 1) -> Scores:
    rng = np.random.default_rng([seed, 7])
    matrices = [np.log(rng.dirichlet(np.full(columns, 0.3), size=frames) + 1e-6) for _ in range(utterances)]
    return Scores.from_matrices(matrices, frame_shift=0.04)


def arcs_of(lattice: Lattice) -> list[tuple[object, ...]]:
    """The arcs, whatever the numbers of states and arcs are."""
    names = ("arc_frame", "input_label", "output_label", "arc_flags", "acoustic_score", "graph_score")
    return sorted(zip(*(getattr(lattice, name).tolist() for name in names)))


@pytest.mark.parametrize("topology", ["ctc", "ctc-modified", "hmm1", "hmm3"])
@pytest.mark.parametrize("seed", range(4))
def test_lattices_are_those_of_the_graph_without_slots(topology: str, seed: int) -> None:
    case = random_case(seed)
    graph = graph_of(case, topology).with_words(case.members)
    scores = scores_of(seed, graph.num_columns)
    (found,), (expected,) = decode(graph, scores, WIDE), decode(graph.spelled_out(), scores, WIDE)
    assert arcs_of(found) == arcs_of(expected)
    assert found.reached_final
    assert found.best_path().words == expected.best_path().words
    exact = decode(graph, scores, SearchOptions("native-exact", lattice_beam=4.0))[0].best_path()
    assert found.best_path().score == pytest.approx(exact.score, abs=1e-4)
    best = one_best(graph, scores, WIDE)[0]
    assert best.score == pytest.approx(exact.score, abs=1e-4)


@pytest.mark.parametrize("topology", ["ctc", "hmm3"])
@pytest.mark.parametrize("seed", range(8))
def test_a_static_rebuild_finds_the_same_best_path(topology: str, seed: int) -> None:
    case = random_case(seed)
    graph = graph_of(case, topology).with_words(case.members)
    lexicon = case.whole_lexicon()
    classes = {
        slot: word_choice({word: p for word, _, p in group}, lexicon.words) for slot, group in case.members.items()
    }
    static = compile_token_graph(
        lexicon, case.model, topology, tokens=TOKENS, transitions=transitions(topology), classes=classes
    )
    scores = scores_of(seed, graph.num_columns, utterances=3)
    for found, expected in zip(one_best(graph, scores, WIDE), one_best(static, scores, WIDE)):
        # Scores of arcs are rounded to 2^-14 when a graph is built, and there are more arcs here.
        assert found.score == pytest.approx(expected.score, abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_pieces_of_a_stream_change_nothing(seed: int) -> None:
    case = random_case(seed)
    graph = graph_of(case, "ctc").with_words(case.members)
    scores = scores_of(seed, graph.num_columns)
    (whole,) = decode(graph, scores, NARROW)
    decoder = Decoder(graph, NARROW, frame_shift=0.04)
    for begin in range(0, 14, 3):
        decoder.advance(scores.log_probs[0, begin : begin + 3])
        stable = [word.name for word in decoder.stable().words]
        assert [word.name for word in decoder.partial().words][: len(stable)] == stable
    assert arcs_of(decoder.finalize()) == arcs_of(whole)


def test_an_empty_slot_lets_nothing_pass_and_other_words_stay() -> None:
    case = random_case(3)
    empty = graph_of(case, "ctc")
    full = empty.with_words(case.members)
    scores = scores_of(5, empty.num_columns, utterances=4)
    for graph in (empty, full.without_words()):
        for lattice in decode(graph, scores, WIDE):
            assert lattice.reached_final
            assert {word.name for word in lattice.best_path().words} <= set(case.lexicon.words)
    one_filled = empty.with_words({"<unk>": case.members["<unk>"]})
    said = {w.name for lattice in decode(one_filled, scores, WIDE) for h in lattice.nbest(20) for w in h.words}
    assert any(name.startswith("u") for name in said)
    assert not any(name.startswith("n") for name in said)
    assert set(full.without_words("$name").fillings) == {"<unk>"}


def test_graphs_of_one_frame_serve_many_threads() -> None:
    case = random_case(1)
    frame = graph_of(case, "ctc")
    graphs = [frame.with_words({"$name": [(f"n{k}", "a b"), ("m", "b a")]}) for k in range(8)]
    scores = scores_of(2, frame.num_columns)
    alone = [one_best(graph, scores, WIDE)[0] for graph in graphs]
    again = [frame.with_words({"$name": [(f"n{k}", "a b"), ("m", "b a")]}) for k in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda graph: one_best(graph, scores, WIDE)[0], again))
    assert [found.words for found in together] == [found.words for found in alone]


@pytest.mark.k2
@pytest.mark.parametrize("topology", ["ctc", "hmm3"])
def test_k2_searches_the_graph_without_slots(topology: str) -> None:
    pytest.importorskip("k2")
    case = random_case(2)
    graph = graph_of(case, topology).with_words(case.members)
    scores = scores_of(3, graph.num_columns, utterances=2)
    found = decode(graph, scores, SearchOptions("k2-exact", lattice_beam=2.0))
    for lattice, expected in zip(found, decode(graph, scores, WIDE)):
        assert lattice.best_path().score == pytest.approx(expected.best_path().score, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_hotwords_count_within_slots_and_around_them(seed: int) -> None:
    case = random_case(seed)
    graph = graph_of(case, "ctc").with_words(case.members)
    scores, names = scores_of(seed, graph.num_columns), graph.words.names[1:]
    rng = np.random.default_rng(seed)
    phrases = [" ".join(rng.choice(names, size=size)) for size in (1, 1, 2, 2, 2)]
    hotwords = Hotwords([(phrase, 0.5 * n) for n, phrase in enumerate(phrases, 1)])
    (found,), (expected,) = (decode(g, scores, WIDE, hotwords=hotwords) for g in (graph, graph.spelled_out()))
    assert arcs_of(found) == arcs_of(expected)
    assert found.best_path().score >= decode(graph, scores, WIDE)[0].best_path().score
