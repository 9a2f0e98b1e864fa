"""Laws of the search within a graph, against every token sequence, alignment and graph path, one by one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Optional

import numpy as np
import pytest
import torch

from fsaasr.core.errors import DecodeError, GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.transducer import search_on_graph
from fsaasr.graph import TOPOLOGIES, FstArrays, TokenGraph, compile_token_graph, word_loop
from fsaasr.graph.decoding_graph import TOKEN_START
from fsaasr.lattice import check
from fsaasr.lattice.lattice import Lattice
from fsaasr.lexicon import Lexicon
from fsaasr.testing import enumerate_paths, random_fst
from tests.decode.transducer.toy_model import (
    ToyModel,
    alignments,
    log_prob_table,
    log_sum,
    sequences,
    toy_frames,
    toy_model,
)

TOKENS = 2
WIDE = SearchOptions(search_beam=1e9, lattice_beam=1e9)
BOTH = ["regular", "one-per-frame"]


def token_graph(fst: FstArrays) -> TokenGraph:
    flags = np.where(fst.input_label > 0, TOKEN_START, 0).astype(np.uint8)
    words, tokens = SymbolTable(["w1", "w2"]), SymbolTable(["a", "b"])
    return TokenGraph(fst, flags, words, tokens, TOPOLOGIES["blank-free"])


def graph_paths(fst: FstArrays, tokens: tuple[int, ...]) -> list[tuple[float, tuple[int, ...]]]:
    """Score and words of all paths through the graph that say exactly these tokens."""
    matrix = np.full((len(tokens), TOKENS), -np.inf)
    matrix[np.arange(len(tokens)), np.array(tokens, dtype=int) - 1] = 0.0
    return [(path.score, path.words(fst)) for path in enumerate_paths(fst, matrix)]


def every_path(
    fst: FstArrays, model: ToyModel, frames: torch.Tensor, topology: str, scale: float = 1.0
) -> dict[tuple[int, ...], list[float]]:
    """Scores of all paths, by words."""
    found: dict[tuple[int, ...], list[float]] = defaultdict(list)
    for labels in sequences(TOKENS, len(frames)):
        table = scale * log_prob_table(model, frames, labels)
        for score, _ in alignments(table, labels, topology, 1):
            for graph_score, words in graph_paths(fst, labels):
                found[words].append(score + graph_score)
    return found


def search(
    graph: TokenGraph, model: ToyModel, frames: list[torch.Tensor], topology: str, options: SearchOptions = WIDE
) -> list[Lattice]:
    ids = [f"u{n}" for n in range(len(frames))]
    return search_on_graph(model, graph, frames, ids, 0.04, replace(options, max_contexts=10**6), topology)


@pytest.mark.parametrize("context", [None, 1, 2])
@pytest.mark.parametrize("topology", BOTH)
def test_a_wide_search_is_exact(topology: str, context: Optional[int]) -> None:
    complete = 0
    for seed in range(12):
        fst = random_fst(np.random.default_rng(seed), num_states=4, num_arcs=10, num_columns=TOKENS)
        model, frames = toy_model(context, tokens=TOKENS, seed=seed), toy_frames(3, seed=seed)
        expected = every_path(fst, model, frames[0], topology, scale=0.5)
        (lattice,) = search(token_graph(fst), model, frames, topology, replace(WIDE, acoustic_scale=0.5))
        check(lattice)
        assert lattice.reached_final == bool(expected)
        if not expected:
            continue
        complete += 1
        scores = [score for scores in expected.values() for score in scores]
        assert lattice.total_score() == pytest.approx(log_sum(scores), abs=1e-4)
        assert lattice.best_path().score == pytest.approx(max(scores), abs=1e-4)
        assert lattice.best_path().score <= lattice.total_score() + 1e-6
        best = {tuple(f"w{label}" for label in words): max(scores) for words, scores in expected.items()}
        found = {tuple(span.name for span in path.words): path.score for path in lattice.nbest(len(best) + 5)}
        assert found == pytest.approx(best, abs=1e-4)
        assert lattice.evidence is not None
        assert lattice.evidence.no_search_error
    assert complete >= 6


@pytest.mark.parametrize("topology", BOTH)
def test_a_graph_without_arcs_is_searched_too(topology: str) -> None:
    fst, model, frames = FstArrays.from_arcs([], [(0, -0.5)]), toy_model(1, tokens=TOKENS), toy_frames(3)
    ((words, (score,)),) = every_path(fst, model, frames[0], topology).items()
    (lattice,) = search(token_graph(fst), model, frames, topology)
    check(lattice)
    assert words == lattice.best_path().words == ()
    assert lattice.best_path().score == pytest.approx(score, abs=1e-4)


@pytest.mark.parametrize("topology", BOTH)
def test_narrow_beams_find_nothing_better_and_own_up_to_what_they_dropped(topology: str) -> None:
    lost = 0
    for seed in range(10):
        fst = random_fst(np.random.default_rng(seed), num_states=8, num_arcs=40, num_columns=TOKENS)
        graph, model, frames = token_graph(fst), toy_model(2, tokens=TOKENS, seed=seed), toy_frames(12, seed=seed)
        (wide,) = search(graph, model, frames, topology)
        (narrow,) = search(
            graph, model, frames, topology, SearchOptions(search_beam=1.0, lattice_beam=1.0, min_active=1)
        )
        assert narrow.evidence is not None
        assert wide.evidence is not None
        if narrow.reached_final and wide.reached_final:
            gain = wide.best_path().score - narrow.best_path().score
            assert gain >= -1e-4
            assert max(0.0, narrow.evidence.possible_gain) >= gain - 1e-4
            lost += gain > 1e-4
        assert narrow.evidence.mean_active < wide.evidence.mean_active
        assert narrow.num_arcs < wide.num_arcs
    assert lost


def test_a_batch_equals_one_by_one() -> None:
    fst = random_fst(np.random.default_rng(3), num_states=8, num_arcs=40, num_columns=TOKENS)
    model, frames = toy_model(None, tokens=TOKENS), toy_frames(9, 1, 6)
    options = SearchOptions(search_beam=6.0, lattice_beam=3.0)
    together = search(token_graph(fst), model, frames, "regular", options)
    for lattice, rows in zip(together, frames):
        (alone,) = search(token_graph(fst), model, [rows], "regular", options)
        assert lattice.total_score() == pytest.approx(alone.total_score(), abs=1e-4)
        assert lattice.best_path().words == alone.best_path().words
        assert (lattice.num_arcs, lattice.num_states) == (alone.num_arcs, alone.num_states)


def test_a_lexicon_without_grammar_says_its_words_and_nothing_else() -> None:
    lexicon = Lexicon.from_text("ab A B\nba B A\nbb B B\n")
    graph = compile_token_graph(lexicon, word_loop(lexicon.words), "blank-free")
    model, frames = toy_model(2, tokens=2, seed=5), toy_frames(30, 31, seed=5)
    for lattice in search_on_graph(model, graph, frames, ["a", "b"], 0.04, topology="one-per-frame"):
        best = lattice.best_path()
        assert best.reached_final
        assert best.words
        spelled = [token.name.lower() for token in best.tokens]
        assert "".join(spelled) == "".join(word.name for word in best.words)
        # A word lasts from its first token to the end of its last one.
        starts = [token.start for token in best.tokens]
        assert [word.start for word in best.words] == starts[::2]
        assert [word.end for word in best.words] == pytest.approx([start + 0.04 for start in starts[1::2]])
        assert len(best.columns) == lattice.num_frames


def test_grammar_scores_join_the_beam() -> None:
    lexicon = Lexicon.from_text("a A\nb B\n")
    model, frames = toy_model(1, tokens=2, seed=1), toy_frames(20, seed=1)
    arcs = [(0, 0, 1, 1, -6.0), (0, 0, 2, 2, -0.25)]
    liking_b = replace(
        compile_token_graph(lexicon, word_loop(lexicon.words), "blank-free"), fst=FstArrays.from_arcs(arcs, [(0, 0.0)])
    )
    (lattice,) = search(liking_b, model, frames, "one-per-frame")
    best = lattice.best_path()
    assert best.graph_score == pytest.approx(-6.0 * best.text.count("a") - 0.25 * best.text.count("b"))
    plain = replace(liking_b, fst=FstArrays.from_arcs([(*arc[:4], 0.0) for arc in arcs], [(0, 0.0)]))
    (free,) = search(plain, model, frames, "one-per-frame")
    assert best.text.count("a") < free.best_path().text.count("a")


def test_limits_of_histories_and_places_hold() -> None:
    fst = random_fst(np.random.default_rng(3), num_states=8, num_arcs=40, num_columns=TOKENS)
    graph, model, frames = token_graph(fst), toy_model(None, tokens=TOKENS), toy_frames(7)
    wide, few, active = (
        search_on_graph(model, graph, frames, ["u"], 0.04, replace(options, max_contexts=contexts), "regular")[0]
        for options, contexts in ((WIDE, 10**6), (WIDE, 3), (replace(WIDE, max_active=5, min_active=1), 10**6))
    )
    assert wide.evidence is not None
    assert few.evidence is not None
    assert active.evidence is not None
    assert wide.evidence.limited_frames == 0 < few.evidence.limited_frames
    assert active.evidence.active.max() <= 5 < wide.evidence.active.max()


def test_what_does_not_fit_is_refused() -> None:
    dead_end = token_graph(FstArrays.from_arcs([(0, 1, 1, 1, 0.0), (1, 2, 2, 2, 0.0)], [(2, 0.0)]))
    model, frames = toy_model(2, tokens=2), toy_frames(1)
    (partial,) = search(dead_end, model, frames, "regular")
    assert not partial.reached_final
    with pytest.raises(DecodeError, match="no path of utterance 'u0' reached a final state"):
        search(dead_end, model, frames, "regular", replace(WIDE, allow_partial=False))
    with pytest.raises(DecodeError, match="'u0' has no frame"):
        search(dead_end, model, toy_frames(0), "regular")
    with pytest.raises(GraphError, match="a graph of 2 tokens for a model of 3"):
        search(dead_end, toy_model(2, tokens=3), frames, "regular")
