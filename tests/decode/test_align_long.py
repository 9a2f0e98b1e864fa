"""Long alignment: what exact search over everything finds, in pieces that lose nothing, or an error that says where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import DecodeError, ScoresError
from fsaasr.core.hypothesis import Span
from fsaasr.core.scores import Scores
from fsaasr.decode import align, align_long, cut_at_pauses, is_long
from fsaasr.graph import TranscriptCompiler
from fsaasr.lexicon import Lexicon, OptionalSilence

SILENT = OptionalSilence("SIL", 0.5)
LEXICON = Lexicon.from_text("a AH\na EY\nat AH T\ncat K AE T\nto T UW\n", SILENT)
SHIFT = 0.01


def spoken(rng, topology, count):
    """Random words and noisy scores of a path through them that pauses for 0.4 s after every third word."""
    compiler = TranscriptCompiler(LEXICON, topology)
    words = [str(word) for word in rng.choice(LEXICON.words.names[1:], count)]
    names = compiler.compile(words[:1]).column_names
    rest = "<blk>" if topology == "ctc" else "SIL"
    said = [rest] * 40
    for number, word in enumerate(words, 1):
        for token in LEXICON.of(word)[0].tokens:
            said += [token] * int(rng.integers(2, 7))
        said += [rest] * (40 if number % 3 == 0 else 2)
    matrix = rng.normal(-4.0, 0.5, (len(said), len(names))).astype(np.float32)
    matrix[np.arange(len(said)), [names.index(name) for name in said]] += 4.0
    return compiler, words, Scores.from_matrices([matrix], SHIFT, ids=["talk"])


@pytest.mark.parametrize("topology", ["ctc", "hmm1"])
@pytest.mark.parametrize("seed", range(2))
def test_times_are_those_of_exact_search_over_everything(topology, seed):
    compiler, words, scores = spoken(np.random.default_rng(seed), topology, 120)
    (exact,) = align([compiler.compile(words)], scores, confidence_scale=1.0)
    found = align_long(compiler, words, scores, confidence_scale=1.0)
    assert [word.name for word in found.words] == words
    assert len(cut_at_pauses(found.words, scores.lengths[0] * SHIFT)) > 1
    for kind in ("words", "tokens"):
        # Silence that a cut divides is two tokens.
        ones, others = ([s for s in getattr(h, kind) if s.name != "SIL"] for h in (found, exact))
        assert [span.name for span in ones] == [span.name for span in others]
        np.testing.assert_allclose([s[1:3] for s in ones], [s[1:3] for s in others], atol=1e-9)
        # Pieces take the cuts for certain.
        np.testing.assert_allclose([s.confidence for s in ones], [s.confidence for s in others], atol=0.01)
    assert found.columns == exact.columns
    assert found.acoustic_score == pytest.approx(exact.acoustic_score, abs=1e-3)


def test_a_beam_that_is_too_narrow_is_widened_and_a_wrong_transcript_is_an_error():
    compiler, words, scores = spoken(np.random.default_rng(3), "hmm1", 30)
    exact = align_long(compiler, words, scores)
    assert align_long(compiler, words, scores, beam=20.0).words == exact.words
    with pytest.raises(
        DecodeError, match=r"utterance 'talk', beam 19200: no path reaches the transcript's end; .* frames"
    ):
        align_long(compiler, words * 30, scores)
    with pytest.raises(DecodeError, match="beam 0; expected one, and a beam > 0"):
        align_long(compiler, words, scores, beam=0)


def test_scores_of_another_model_are_refused():
    compiler, words, scores = spoken(np.random.default_rng(3), "hmm1", 3)
    other = Scores.from_matrices([scores.utterance(0)[:, :-1]], SHIFT)
    with pytest.raises(ScoresError, match="columns"):
        align_long(compiler, words, other)


def test_what_is_long_depends_on_frames_and_states():
    graph = TranscriptCompiler(LEXICON, "hmm3").compile(["cat"] * 50)
    assert not is_long(graph, 1000)
    assert is_long(graph, 1 << 24)


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(1, 50)), max_size=60), st.integers(0, 100))
def test_pieces_are_all_words_and_all_time_cut_in_pauses(lengths, rest):
    words, now = [], 0
    for gap, length in lengths:
        words.append(Span(f"w{len(words)}", (now + gap) / 100, (now + gap + length) / 100))
        now += gap + length
    duration = (now + rest) / 100
    pieces = cut_at_pauses(words, duration, pause=0.3, seconds=2.0)
    assert [word for piece in pieces for word in piece.words] == words
    assert [piece.start for piece in pieces] == [0.0, *(piece.end for piece in pieces[:-1])]
    assert pieces[-1].end == duration
    for before, after in zip(pieces, pieces[1:]):
        assert before.end - before.words[-1].end == pytest.approx(after.words[0].start - after.start)
        assert after.words[0].start - before.words[-1].end >= 0.3 - 1e-5
        assert before.end - before.start >= 2.0
    for piece in pieces:
        inside = [(a, b) for a, b in zip(piece.words, piece.words[1:]) if b.start - a.end >= 0.3]
        assert all((a.end + b.start) / 2 - piece.start < 2.0 for a, b in inside)


def test_pauses_of_nothing_are_refused():
    with pytest.raises(DecodeError, match="pause 0 s"):
        cut_at_pauses([], 1.0, pause=0)
