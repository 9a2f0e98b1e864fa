"""Slots of CTC decoders beside unknown words, and with sentencepiece's pieces: in one piece, as streams, and by k2."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import FsaasrError
from fsaasr.core.stack import import_k2
from fsaasr.decode import CtcDecoder, CtcOptions, Decoder, SearchOptions, ctc_decoder
from fsaasr.grammar import Hotwords, estimate_ngram, with_unknown
from fsaasr.lattice import check
from fsaasr.lexicon import train_sentencepiece
from fsaasr.lexicon.tokenizers import SentencePieceTokenizer

TEXT = ["call ann now", "call bob", "turn it on", "call bob now", "turn on", "anna can call", "nina banana"]
OPTIONS = CtcOptions(search=SearchOptions("native", search_beam=40.0, lattice_beam=20.0))
SENTENCES = [["call", "$name"], ["call", "$name", "now"], ["turn", "it", "on"], ["turn", "on"]]


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pieces") / "bpe.model"
    train_sentencepiece(TEXT, path, 34, "bpe")
    return path


@pytest.fixture(scope="module")
def decoder(pieces: Path) -> CtcDecoder:
    model = with_unknown(estimate_ngram(SENTENCES, 2), 0.05)
    words = ["call", "now", "turn", "it", "on"]
    return ctc_decoder(pieces, words, model, slots=["$name"], unknown=3.0, options=OPTIONS)


def said(decoder: CtcDecoder, pieces: Path, text: str, sure: float = 0.999) -> np.ndarray:
    """Log posteriors of pieces, each followed by a blank; columns as the table has them."""
    spelled = [piece for word in text.split() for piece in SentencePieceTokenizer(pieces).encode([word])]
    names = list(decoder.table.names)
    blank = names[decoder.table.blank]
    frames = [name for piece in spelled for name in (piece, blank)]
    rest = (1.0 - sure) / (len(names) - 1)
    return np.log([[sure if name == frame else rest for name in names] for frame in frames])


def test_words_of_slots_and_unknown_words_stand_side_by_side(decoder: CtcDecoder, pieces: Path) -> None:
    named = decoder.with_words({"$name": ["anna", "nina"]})
    (found,) = named(said(decoder, pieces, "call nina now"))
    assert [(word.name, word.unknown) for word in found.words] == [("call", False), ("nina", False), ("now", False)]
    (found,) = named(said(decoder, pieces, "call bob"))
    assert [(word.name, word.unknown) for word in found.words] == [("call", False), ("bob", True)]
    (found,) = named(said(decoder, pieces, "turn it on"))
    assert found.text == "turn it on"
    # With the slot empty, the name is spelt.
    (before,) = decoder(said(decoder, pieces, "call nina now"))
    assert any(word.unknown for word in before.words)


def test_lattices_confidences_and_hotwords(decoder: CtcDecoder, pieces: Path) -> None:
    named = decoder.with_words({"$name": ["anna", "ann", "nina"]})
    logits = said(decoder, pieces, "call anna", sure=0.3)
    (lattice,) = named.lattices(logits)
    check(lattice)
    ((best, *others),) = named.nbest(logits, 5)
    assert best.text == named(logits)[0].text
    assert best.score == pytest.approx(lattice.best_path().score, abs=1e-4)
    assert others
    (biased,) = named(logits, hotwords=Hotwords([("nina", 40.0)]))
    assert "nina" in biased.text.split()


@pytest.mark.parametrize("chunk", [1, 3])
def test_streams_find_the_same(decoder: CtcDecoder, pieces: Path, chunk: int) -> None:
    named = decoder.with_words({"$name": ["anna", "nina"]})
    for text in ("call nina now", "call bob"):
        scores = named.scores(said(decoder, pieces, text))
        (lattice,) = named.lattices(said(decoder, pieces, text))
        stream = Decoder(named.graph, OPTIONS.search, frame_shift=OPTIONS.frame_shift)
        for start in range(0, int(scores.lengths[0]), chunk):
            stream.advance(scores.log_probs[0][start : start + chunk])
            assert stream.stable().words == stream.partial().words[: len(stream.stable().words)]
        found = stream.finalize().best_path()
        assert found.words == lattice.best_path().words
        assert found.score == lattice.best_path().score


def test_k2_searches_a_copy_of_the_words_in_each_place(decoder: CtcDecoder, pieces: Path) -> None:
    try:
        import_k2()
    except FsaasrError as error:
        pytest.skip(str(error))
    named = decoder.with_words({"$name": ["anna", "nina"]})
    by_k2 = CtcDecoder(
        named.table,
        named.graph,
        replace(OPTIONS, search=replace(OPTIONS.search, engine="k2")),
        named.left_out,
        True,
    )
    for text in ("call nina now", "call bob", "turn it on"):
        logits = said(decoder, pieces, text)
        (expected,), (found,) = named(logits), by_k2(logits)
        assert [word.name for word in found.words] == [word.name for word in expected.words]
        assert found.score == pytest.approx(expected.score, abs=1e-2)
