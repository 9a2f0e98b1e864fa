"""Streams: pieces change nothing, old tokens go without loss, what is called stable stays, endpoints are found."""

import math
from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, DecodeError
from fsaasr.core.scores import Scores
from fsaasr.decode import ENDPOINT_RULES, Decoder, EndpointRule, SearchOptions, advance_all, decode, one_best, search
from fsaasr.decode.endpoint import find_endpoint
from fsaasr.evaluate import unstable_word_ratio
from fsaasr.graph import compile_token_graph, word_loop
from fsaasr.lexicon import Lexicon

SHIFT = 0.04
LEXICON = Lexicon.from_text("one W AH N\ntwo T UW\ntwenty T W EH N\nwon W AH N\n")
ARRAYS = (
    *("source", "target", "input_label", "output_label"),
    *("acoustic_score", "graph_score", "state_frame", "final_score"),
)


@pytest.fixture(scope="module", params=["ctc", "hmm3"])
def graph(request):
    return compile_token_graph(LEXICON, word_loop(LEXICON.words), request.param)


def noise(graph, frames, seed=0):
    return np.random.default_rng(seed).normal(-3.0, 1.5, (frames, graph.num_columns)).astype(np.float32)


def pieces(matrix, seed):
    cuts = np.sort(np.random.default_rng(seed).integers(1, len(matrix), size=6))
    return [piece for piece in np.split(matrix, np.unique(cuts)) if len(piece)]


def streamed(graph, chunks, options):
    decoder = Decoder(graph, options, frame_shift=SHIFT)
    for chunk in chunks:
        decoder.advance(chunk)
    return decoder


def assert_identical(one, other):
    for name in ARRAYS:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.best_path() == other.best_path()
    assert one.evidence.possible_gain == other.evidence.possible_gain


@pytest.mark.parametrize("beam", [3.0, 8.0, math.inf])
def test_any_pieces_are_one_piece_bit_for_bit(graph, beam):
    matrix, options = noise(graph, 60), SearchOptions(search_beam=beam, lattice_beam=4.0)
    (offline,) = decode(graph, Scores.from_matrices([matrix], SHIFT), options)
    for seed in range(5):
        assert_identical(streamed(graph, pieces(matrix, seed), options).finalize(), offline)
    assert_identical(streamed(graph, matrix[:, None], options).finalize(), offline)


def test_letting_old_tokens_go_changes_nothing(graph, monkeypatch):
    matrix, options = noise(graph, 400), SearchOptions(search_beam=8.0, lattice_beam=3.0)
    scores = Scores.from_matrices([matrix], SHIFT)
    (offline,), (best,) = decode(graph, scores, options), one_best(graph, scores, options)
    monkeypatch.setattr(search, "_MUCH", 50)
    monkeypatch.setattr(search, "_BLOCK", 16)
    decoder = streamed(graph, pieces(matrix, 3), options)
    assert len(decoder._search._work.links) < offline.num_arcs + 10_000
    assert_identical(decoder.finalize(), offline)
    assert one_best(graph, scores, options) == [best]


def test_what_is_stable_stays_and_grows(graph):
    matrix, options = noise(graph, 80, seed=1), SearchOptions(search_beam=10.0)
    decoder = Decoder(graph, options, frame_shift=SHIFT)
    before, shown = (), []
    for row in matrix:
        decoder.advance(row[None])
        stable, partial = decoder.stable(), decoder.partial()
        assert stable.columns[: len(before)] == before
        assert partial.columns[: len(stable.columns)] == stable.columns
        before = stable.columns
        shown.append([word.name for word in partial.words])
    final = decoder.finalize().best_path()
    assert final.columns[: len(before)] == before
    assert len(before) > 20
    shown.append([word.name for word in final.words])
    assert unstable_word_ratio(shown) >= 0.0


def test_many_streams_at_once_are_one_by_one_on_any_threads(graph):
    matrices = [noise(graph, 30 + n, seed=n) for n in range(5)]
    options = SearchOptions(search_beam=6.0)
    alone = [streamed(graph, [matrix], options).finalize() for matrix in matrices]
    for threads in (1, 3):
        decoders = [Decoder(graph, options, frame_shift=SHIFT) for _ in matrices]
        for start in range(0, 40, 7):
            going = [(d, m[start : start + 7]) for d, m in zip(decoders, matrices) if start < len(m)]
            advance_all([decoder for decoder, _ in going], [chunk for _, chunk in going], threads=threads)
        for decoder, expected in zip(decoders, alone):
            assert_identical(decoder.finalize(), expected)


def test_streams_refuse_what_makes_no_sense(graph):
    decoder = Decoder(graph, frame_shift=SHIFT)
    assert decoder.partial().words == ()
    with pytest.raises(DecodeError, match="'utt0' has no frame"):
        decoder.finalize()
    with pytest.raises(DecodeError, match="2 decoders and 1 matrices"):
        advance_all([decoder, decoder], [noise(graph, 2)])
    with pytest.raises(ConfigError, match="threads is 0"):
        advance_all([decoder], [noise(graph, 2)], threads=0)
    decoder.advance(noise(graph, 3))
    decoder.finalize()
    with pytest.raises(DecodeError, match="has been finalized"):
        decoder.advance(noise(graph, 3))
    with pytest.raises(ConfigError, match="'native-exact'"):
        Decoder(graph, SearchOptions("native-exact"), frame_shift=SHIFT)


def spoken(graph, names):
    """Scores that say the given columns, a frame each."""
    columns = [graph.column_names.index(name) for name in names]
    return np.log(np.where(np.eye(graph.num_columns)[columns] > 0, 0.95, 0.01)).astype(np.float32)


def test_endpoints_come_after_silence_and_sooner_where_a_sentence_is_complete():
    graph = compile_token_graph(LEXICON, word_loop(LEXICON.words), "ctc")
    decoder = Decoder(graph, SearchOptions(), frame_shift=0.1)
    decoder.advance(spoken(graph, ["<blk>", "T", "UW"]))
    assert decoder.endpoint() is None
    decoder.advance(spoken(graph, ["<blk>"] * 4))
    assert decoder.endpoint() is None
    decoder.advance(spoken(graph, ["<blk>"] * 2))
    # 0.6 s of blanks after a complete word: Kaldi's second rule wants 0.5 s and a final cost of at most 2.
    assert decoder.endpoint() == "surely-final"
    assert decoder.finalize().best_path().text == "two"


@pytest.mark.parametrize(
    ("length", "gap", "rule"),
    [(1.6, 1.0, "surely-final"), (1.6, 5.0, None), (2.1, 5.0, "likely-final"), (3.1, math.inf, "long-silence")],
)
def test_rules_weigh_silence_against_completeness(graph, length, gap, rule):
    partial = streamed(graph, [noise(graph, 25)], SearchOptions()).partial()
    assert partial.words
    partial = replace(partial, tokens=(partial.tokens[0]._replace(end=1.0),))
    assert find_endpoint(partial, length, gap) == rule
    assert find_endpoint(replace(partial, words=()), length, gap) is None
    assert find_endpoint(partial, 21.0, gap, rules=[EndpointRule("late", utterance_length=20.0)]) == "late"
    assert [rule.name for rule in ENDPOINT_RULES][-1] == "too-long"


def test_unstable_words_are_those_taken_back():
    assert unstable_word_ratio([["a"], ["a", "b"], ["a", "b", "c"]]) == 0.0
    # `b` gives way to `c`, then `c d` to nothing: three words for the two that stay.
    assert unstable_word_ratio([["a", "b"], ["a", "c", "d"], ["a"], ["a", "e"]]) == pytest.approx(3 / 2)
    assert unstable_word_ratio([]) == 0.0
