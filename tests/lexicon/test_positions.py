"""Phones that know their place in the word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from fsaasr.core.errors import LexiconError
from fsaasr.core.hypothesis import Span
from fsaasr.core.scores import Scores
from fsaasr.decode import align
from fsaasr.graph import TranscriptCompiler
from fsaasr.lexicon import Lexicon, OptionalSilence, phone_of, position_of, read_lang, with_positions, word_spans
from tests.cli.conftest import invoke
from tests.lexicon.strategies import lexicons

LEXICON = Lexicon.from_text("a AH\nto T UW\ncat K AE T\nhm SIL\nsilent S AY L AH N T\n", OptionalSilence("SIL", 0.5))


def test_places_are_kaldis() -> None:
    # Kaldi, utils/prepare_lang.sh, --position-dependent-phones true.
    positioned = with_positions(LEXICON)
    assert [entry.tokens for entry in positioned.pronunciations] == [
        ("AH_S",),
        ("T_B", "UW_E"),
        ("K_B", "AE_I", "T_E"),
        ("SIL",),
        ("S_B", "AY_I", "L_I", "AH_I", "N_I", "T_E"),
    ]
    assert positioned.silence == LEXICON.silence


@given(lexicons())
def test_without_their_places_the_tokens_are_those_of_the_lexicon(lexicon: Lexicon) -> None:
    silence = "" if lexicon.silence is None else lexicon.silence.token
    positioned = with_positions(lexicon)
    for ours, plain in zip(positioned.pronunciations, lexicon.pronunciations):
        back = tuple(token if token == silence else phone_of(token) for token in ours.tokens)
        assert (back, ours.word, ours.log_prob) == (plain.tokens, plain.word, plain.log_prob)
        assert all(position_of(token) for token in ours.tokens if token != silence)


def test_word_boundaries_are_read_from_an_alignment_of_phones() -> None:
    lexicon = with_positions(LEXICON)
    graph = TranscriptCompiler(lexicon, "hmm1").compile(["a", "cat", "a", "to", "silent"])
    scores = np.random.default_rng(0).normal(size=(60, graph.num_columns)).astype(np.float32)
    (aligned,) = align([graph], Scores.from_matrices([scores], 0.01))
    found = [(spans[0].start, spans[-1].end) for spans in word_spans(aligned.tokens)]
    assert found == [(word.start, word.end) for word in aligned.words]
    assert len(found) == 5


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("T_B", "SIL", "UW_E"), "'SIL' at 0.10 s stands within a word"),
        (("UW_E",), "'UW_E' at 0.00 s stands outside of a word"),
        (("T_B", "AH_S"), "'AH_S' at 0.10 s stands within a word"),
        (("AH_S", "T_B"), "the last word, from 0.10 s on, has no end"),
    ],
)
def test_places_in_an_order_that_no_words_have(names: tuple[str, ...], problem: str) -> None:
    spans = [Span(name, 0.1 * n, 0.1 * n + 0.1) for n, name in enumerate(names)]
    with pytest.raises(LexiconError, match=problem):
        word_spans(spans)


def test_lang_makes_them(tmp_path: Path) -> None:
    (tmp_path / "lexicon.txt").write_text("no N OW\n")
    result = invoke(
        "lang", tmp_path / "lexicon.txt", tmp_path / "lang", "--units", "positioned-phones", "--silence", "SIL"
    )
    assert result.exit_code == 0
    assert read_lang(tmp_path / "lang").tokens.names == ("<eps>", "SIL", "N_B", "OW_E")
