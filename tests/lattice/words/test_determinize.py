"""Word lattices of searches: each word sequence once, with the path, score and times of its best path."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode
from fsaasr.grammar import read_arpa
from fsaasr.graph import compile_graph, word_loop
from fsaasr.lattice import BUDGET_SPENT, check, word_lattice
from fsaasr.lexicon import Lexicon, OptionalSilence
from fsaasr.testing import TOY_LEXICON, random_fst, random_matrix, toy_graph, word_paths

WIDE = SearchOptions("native-exact", 1e6, 1e6)


def searched(graph, matrix, options=WIDE):
    (lattice,) = decode(graph, Scores.from_matrices([matrix], 0.01), options)
    return lattice


def by_words(lattice, *scales):
    """Best hypothesis of each word sequence, by the n-best search."""
    found = lattice.nbest(100_000, *scales)
    return {tuple(span.name for span in hyp.words): hyp for hyp in found}


def the_same(lattice, words, *scales, alignment=True, times=True):
    """Whether a word lattice has exactly a lattice's word sequences, once each, with equal best paths.

    Paths of equal score may differ in what is not asked for.
    """
    check(words)
    paths = Counter(path.words for path in word_paths(words))
    assert set(paths.values()) <= {1}
    wanted, found = by_words(lattice, *scales), by_words(words)
    assert found.keys() == wanted.keys()
    for key, hyp in wanted.items():
        acoustic, lm = scales or (1.0, 1.0)
        score = acoustic * hyp.acoustic_score + lm * hyp.graph_score
        assert acoustic * found[key].acoustic_score + lm * found[key].graph_score == pytest.approx(score, abs=1e-4)
        if alignment:
            assert found[key].columns == hyp.columns
            assert found[key].acoustic_score == pytest.approx(hyp.acoustic_score, abs=1e-4)
        if alignment and times:
            assert found[key].words == hyp.words
            assert found[key].tokens == hyp.tokens


@pytest.mark.parametrize("seed", range(300))
def test_any_transducer(seed):
    """Random graphs without flags, whose words stand anywhere: scores tie, so of equal paths any will do."""
    rng = np.random.default_rng(seed)
    graph = toy_graph(random_fst(rng, 5, 11), num_words=2)
    matrix = random_matrix(rng, int(rng.integers(1, 6)))
    try:
        lattice = searched(graph, matrix)
    except LatticeError:
        pytest.skip("the random graph accepts nothing")
    the_same(lattice, word_lattice(lattice), alignment=False)


ARPA = Path(__file__).resolve().parents[3] / "data" / "arpa" / "tiny.3.arpa"


def compiled(topology, silence, grammar):
    lexicon = Lexicon.from_text(TOY_LEXICON, OptionalSilence("SIL", 0.4) if silence else None)
    return compile_graph(lexicon, word_loop(lexicon.words) if grammar == "loop" else read_arpa(ARPA), topology)


GRAPHS = {
    f"{topology}{'-silence' if silence else ''}-{grammar}": compiled(topology, silence, grammar)
    for topology, silence, grammar in [
        ("ctc", False, "loop"),
        ("ctc", False, "trigram"),
        ("ctc-compact", True, "loop"),
        ("hmm1", True, "trigram"),
        ("hmm3", False, "loop"),
        ("blank-free", True, "loop"),
    ]
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("seed", range(8))
def test_compiled_graphs(name, seed):
    graph = GRAPHS[name]
    rng = np.random.default_rng(seed)
    frames = int(rng.integers(1, 3)) if seed % 4 == 0 else int(rng.integers(3, 9 if "loop" in name else 14))
    lattice = searched(graph, rng.normal(scale=2.0, size=(frames, graph.num_columns)).astype(np.float32))
    if seed % 2:
        lattice = lattice.pruned(6.0)
    words = lattice.word_lattice()
    # With a column a token and no blank, equal neighbours may meet at any frame.
    the_same(lattice, words, times=name.startswith(("ctc-loop", "ctc-trigram", "hmm3")))
    assert words.reached_final == lattice.reached_final
    assert words.total_score() <= lattice.total_score() + 1e-6


@pytest.mark.parametrize("seed", range(10))
def test_acoustic_scores_are_those_of_the_frames(seed):
    graph = GRAPHS["hmm1-silence-trigram"]
    matrix = np.random.default_rng(seed).normal(size=(12, graph.num_columns)).astype(np.float32)
    words = searched(graph, matrix).word_lattice(beam=4.0)
    for arc in range(words.num_arcs):
        begin, end = words.column_offsets[arc : arc + 2]
        frame = words.state_frame[words.source[arc]]
        scores = [matrix[frame + i, column] for i, column in enumerate(words.columns[begin:end])]
        assert words.acoustic_score[arc] == pytest.approx(sum(scores), abs=1e-4)


@pytest.mark.parametrize("seed", range(12))
def test_scales_choose_the_paths(seed):
    graph = GRAPHS["ctc-compact-silence-loop"]
    matrix = np.random.default_rng(seed).normal(size=(6, graph.num_columns)).astype(np.float32)
    lattice = searched(graph, matrix)
    the_same(lattice, lattice.word_lattice(None, 0.3, 1.5), 0.3, 1.5, alignment=False)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("beam", [0.0, 1.0, 3.0])
def test_a_beam_keeps_all_sequences_within_it(seed, beam):
    graph = GRAPHS["ctc-loop"]
    matrix = np.random.default_rng(seed).normal(size=(7, graph.num_columns)).astype(np.float32)
    lattice = searched(graph, matrix)
    everything, kept = by_words(lattice), by_words(lattice.word_lattice(beam))
    best = max(hyp.score for hyp in everything.values())
    assert {key for key, hyp in everything.items() if hyp.score >= best - beam} <= kept.keys() <= everything.keys()
    for key, hyp in everything.items():
        if hyp.score >= best - beam:
            assert kept[key].score == pytest.approx(hyp.score, abs=1e-4)


def test_a_budget_keeps_the_best_and_says_so():
    graph = GRAPHS["ctc-loop"]
    matrix = np.random.default_rng(1).normal(scale=3.0, size=(16, graph.num_columns)).astype(np.float32)
    lattice = searched(graph, matrix).pruned(8.0)
    everything = lattice.word_lattice()
    assert BUDGET_SPENT not in everything.flags
    some = lattice.word_lattice(max_arcs=100)
    assert some.flags == (BUDGET_SPENT,)
    check(some)
    assert some.num_arcs <= 100 < everything.num_arcs
    assert some.best_path().words == everything.best_path().words
    assert len(some.best_path().words) > 1
    with pytest.raises(LatticeError, match=r"max_arcs=1 .* 'utt0'"):
        lattice.word_lattice(max_arcs=1)


def test_a_lattice_that_ends_nowhere_keeps_its_words():
    """A search that reached no final state ends in the middle of words: what has no label yet is no word."""
    graph = GRAPHS["hmm3-loop"]
    matrix = np.random.default_rng(3).normal(size=(2, graph.num_columns)).astype(np.float32)
    lattice = searched(graph, matrix)
    assert not lattice.reached_final
    words = lattice.word_lattice()
    check(words)
    assert not words.reached_final
    assert set(by_words(words)) == set(by_words(lattice))


def test_columns_that_do_not_tell_scores_keep_the_sums():
    graph = GRAPHS["ctc-loop"]
    lattice = searched(graph, np.random.default_rng(5).normal(size=(6, graph.num_columns)).astype(np.float32))
    shifted = lattice.acoustic_score.copy()
    shifted[lattice.source == 0] += np.arange((lattice.source == 0).sum(), dtype=np.float32) / 4
    foreign = replace(lattice, acoustic_score=shifted)
    the_same(foreign, foreign.word_lattice(), alignment=False)


def test_silence_and_blanks_are_arcs_without_word():
    graph = GRAPHS["hmm1-silence-trigram"]
    names = ["SIL", "SIL", "DH", "AH", "AH", "SIL", "K", "AE", "T", "S", "AE", "T", "SIL"]
    matrix = np.full((len(names), graph.num_columns), -20.0, dtype=np.float32)
    matrix[np.arange(len(names)), [graph.column_names.index(name) for name in names]] = 0.0
    words = searched(graph, matrix).word_lattice(beam=1.0)
    arcs = [
        (words.words.name(int(w)), int(words.state_frame[s]), int(words.state_frame[t]))
        for w, s, t in zip(words.output_label, words.source, words.target)
    ]
    assert arcs == [
        *[("<eps>", 0, 2), ("the", 2, 5), ("<eps>", 5, 6), ("cat", 6, 9), ("sat", 9, 12), ("<eps>", 12, 13)],
    ]


def test_what_is_wrong_is_said():
    lattice = searched(GRAPHS["ctc-loop"], np.zeros((4, GRAPHS["ctc-loop"].num_columns), dtype=np.float32))
    with pytest.raises(LatticeError, match="the beam is -1"):
        lattice.word_lattice(beam=-1)
    with pytest.raises(LatticeError, match="acoustic_scale"):
        lattice.word_lattice(acoustic_scale=-1.0)
    dead = replace(lattice, final_score=np.full(lattice.num_states, -np.inf, dtype=np.float32))
    with pytest.raises(LatticeError, match="'utt0' has no path to a final state"):
        dead.word_lattice()


@pytest.mark.k2
@pytest.mark.parametrize("name", ["ctc-trigram", "hmm1-silence-trigram"])
def test_lattices_of_both_engines_are_alike(name):
    pytest.importorskip("k2")
    graph = GRAPHS[name]
    matrix = np.random.default_rng(4).normal(scale=2.0, size=(11, graph.num_columns)).astype(np.float32)
    native = searched(graph, matrix).word_lattice(6.0)
    for engine in ("k2", "k2-exact"):
        other = searched(graph, matrix, SearchOptions(engine, 1e3, 1e3)).word_lattice(6.0)
        check(other)
        wanted, found = by_words(native), by_words(other)
        assert found.keys() == wanted.keys()
        for key, hyp in wanted.items():
            assert found[key].score == pytest.approx(hyp.score, abs=1e-4)
            assert found[key].columns == hyp.columns
