"""`decode` and `one_best`: any threads or processes, evidence that proves, approximations and partial results named."""

import logging
import math
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, DecodeError, ScoresError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode, first_call, one_best
from fsaasr.graph import compile_token_graph, load_graph, word_loop
from fsaasr.lexicon import Lexicon

LEXICON = Lexicon.from_text("one W AH N\ntwo T UW\ntwenty T W EH N\nwon W AH N\n")
OPTIONS = SearchOptions(search_beam=6.0, lattice_beam=3.0)


@pytest.fixture(scope="module")
def graph():
    return compile_token_graph(LEXICON, word_loop(LEXICON.words), "ctc")


@pytest.fixture(scope="module")
def scores(graph):
    rng = np.random.default_rng(0)
    matrices = [rng.normal(-3.0, 1.5, (int(frames), graph.num_columns)) for frames in rng.integers(12, 60, size=8)]
    return Scores.from_matrices(matrices, 0.04)


def content(lattices):
    names = ("source", "target", "input_label", "output_label", "acoustic_score", "graph_score", "final_score")
    return [[getattr(lattice, name).tolist() for name in names] for lattice in lattices]


def test_threads_and_executors_change_nothing(graph, scores, tmp_path):
    graph.save(tmp_path / "graph")
    mapped = load_graph(tmp_path / "graph")
    lattices, best = decode(graph, scores, OPTIONS), one_best(graph, scores, OPTIONS)
    assert content(decode(graph, scores, OPTIONS, threads=3)) == content(lattices)
    assert one_best(graph, scores, OPTIONS, threads=3) == best
    with ThreadPoolExecutor(2) as pool:
        assert content(decode(graph, scores, OPTIONS, executor=pool)) == content(lattices)
    with ProcessPoolExecutor(1) as pool:
        assert content(decode(mapped, scores, OPTIONS, executor=pool)) == content(lattices)
        assert one_best(mapped, scores, OPTIONS, executor=pool) == best


def test_a_matrix_is_no_scores_and_the_error_says_how_to_make_them(graph, scores):
    for search in (decode, one_best):
        with pytest.raises(ScoresError, match=r"ndarray, expected Scores; see Scores\.from_matrices"):
            search(graph, scores.array)


def test_a_batch_is_its_utterances_and_padding_is_never_read(graph, scores):
    alone = [Scores.from_matrices([scores.utterance(n)], 0.04, ids=[scores.ids[n]]) for n in range(len(scores))]
    assert [one_best(graph, one, OPTIONS)[0] for one in alone] == one_best(graph, scores, OPTIONS)
    padded = np.full((len(scores), 80, scores.num_columns), 7.0, dtype=np.float32)
    for n, length in enumerate(scores.lengths):
        padded[n, :length] = scores.utterance(n)
    lattices = decode(graph, Scores(padded, scores.lengths, 0.04), OPTIONS)
    assert content(lattices) == content(decode(graph, scores, OPTIONS))


def test_no_search_error_is_a_proof(graph, scores):
    searched = decode(graph, scores, SearchOptions("native-exact"))
    assert all(lattice.evidence.no_search_error for lattice in searched)
    exact = [lattice.best_path().score for lattice in searched]
    proven = 0
    for beam in (0.5, 2.0, 8.0, 20.0, 80.0, math.inf):
        options = SearchOptions(search_beam=beam, min_active=0)
        for lattice, best in zip(decode(graph, scores, options), exact):
            if not lattice.reached_final:
                assert not lattice.evidence.no_search_error
                continue
            found = lattice.best_path().score
            assert found <= best + 1e-6
            if lattice.evidence.no_search_error:
                assert found == pytest.approx(best)
                proven += 1
            else:
                assert best - found <= lattice.evidence.possible_gain + 1e-6
    # Open beams prove it for every utterance.
    assert proven >= len(scores)
    assert all(
        lattice.evidence.no_search_error for lattice in decode(graph, scores, SearchOptions(search_beam=math.inf))
    )


def test_evidence_counts_states_and_frames_that_max_active_cut(graph, scores):
    wide, narrow = SearchOptions(search_beam=math.inf), SearchOptions(search_beam=math.inf, max_active=4, min_active=1)
    for free, cut, length in zip(decode(graph, scores, wide), decode(graph, scores, narrow), scores.lengths):
        assert (len(free.evidence.active), len(cut.evidence.active)) == (length, length)
        assert free.evidence.limited_frames == 0
        assert cut.evidence.limited_frames > 0
        assert cut.evidence.active.max() <= 4 < free.evidence.active.max()
        assert 0 < cut.evidence.mean_active <= 4


def test_partial_results_are_an_error_where_they_are_not_wanted(graph):
    only_t = np.where(np.array(graph.column_names) == "T", 0.0, -math.inf)
    too_short = Scores.from_matrices([only_t[None]], 0.04, ids=["brief"])
    (lattice,) = decode(graph, too_short)
    assert not lattice.reached_final
    for search in (decode, one_best):
        with pytest.raises(DecodeError, match="'brief' reached a final state"):
            search(graph, too_short, SearchOptions(allow_partial=False))


def test_sure_blanks_leave_blank_alone_and_keep_times(graph):
    names = ["<blk>", "T", "<blk>", "<blk>", "UW", "<blk>"]
    columns = [graph.column_names.index(name) for name in names]
    matrix = np.log(np.where(np.eye(graph.num_columns)[columns] > 0, 0.93, 0.01)).astype(np.float32)
    scores = Scores.from_matrices([matrix], 0.1)
    (plain,), (skipped,) = decode(graph, scores), decode(graph, scores, SearchOptions(blank_threshold=0.9))
    assert skipped.best_path() == plain.best_path()
    assert skipped.num_arcs < plain.num_arcs
    (all_blank,) = decode(graph, scores, SearchOptions(blank_threshold=0.95))
    assert all_blank.num_arcs == plain.num_arcs
    hmm = compile_token_graph(LEXICON, word_loop(LEXICON.words), "hmm1")
    with pytest.raises(ConfigError, match="not '<blk>'"):
        decode(hmm, Scores.from_matrices([np.zeros((3, hmm.num_columns))], 0.1), SearchOptions(blank_threshold=0.9))
    with pytest.raises(ConfigError, match=r"blank_threshold is 1\.5"):
        SearchOptions(blank_threshold=1.5)


def test_a_first_search_that_takes_long_is_announced_once(monkeypatch, caplog):
    monkeypatch.setitem(first_call._state, "first", True)
    monkeypatch.setattr(first_call, "_PATIENCE", 0.0)
    monkeypatch.setattr(first_call, "_is_compiled", lambda: False)
    with caplog.at_level(logging.WARNING, "fsaasr"), first_call.announced():
        first_call._state["timer"].join()
    assert "compiling the search loops" in caplog.text
    with first_call.announced():
        assert caplog.text.count("compiling") == 1
