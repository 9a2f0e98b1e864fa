"""Hotwords of a `Recognizer` of any family, over words, and over tokens where there is no lexicon."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsaasr import Hotwords, Recognizer
from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import token_loop
from fsaasr.lexicon import Lexicon, train_sentencepiece
from fsaasr.lexicon.tokenizers import SentencePieceTokenizer
from fsaasr.models import load_model
from fsaasr.recipe.pieces import PIECES
from fsaasr.recipe.word_scores import load_hotwords
from tests.recipe.recognizer.conftest import MODELS, RATE, noise

AUDIO = (noise(3.0, seed=4), RATE)


def opened(folder: Path, *entries: tuple[str, float]) -> Recognizer:
    recognizer = Recognizer.open(folder, hotwords=Hotwords(entries) if entries else None)
    # `native` searches a small graph exactly without hotwords, and within the beam with them.
    return recognizer.with_options(search_beam=60.0, max_active=10**6)


@pytest.mark.parametrize("name", MODELS)
def test_words_of_weight_are_found_more_often_and_weights_of_nothing_change_nothing(
    name: str, folders: dict[str, Path]
) -> None:
    plain, nothing, hot, cold = (
        opened(folders[name], *entries).transcribe(AUDIO).text.split()
        for entries in ([], [("ba", 0.0)], [("ba", 40.0)], [("aa", -60.0)])
    )
    assert plain == nothing
    assert hot.count("ba") > plain.count("ba")
    assert "aa" not in cold
    with pytest.raises(GrammarError, match="'Ba Kim' \\('Kim'\\)"):
        opened(folders[name], ("Ba Kim", 1.0)).transcribe(AUDIO)


@pytest.mark.parametrize("name", ["ctc", "transducer"])
def test_streams_have_them_too(name: str, folders: dict[str, Path]) -> None:
    recognizer = opened(folders[name], ("ba ab", 30.0))
    stream = recognizer.stream()
    for start in range(0, len(AUDIO[0]), 4000):
        stream.accept(AUDIO[0][start : start + 4000])
    found = recognizer.transcribe(AUDIO)
    assert "ba ab" in found.text
    assert stream.finish().text == found.text


def test_display_forms_are_shown(folders: dict[str, Path]) -> None:
    hotwords = Hotwords([("ba ab", 30.0, "BaAb")])
    found = Recognizer.open(folders["attention"], hotwords=hotwords, nbest=2).transcribe(AUDIO)
    assert "BaAb" in found.text.split()
    assert "ba ab" not in found.text


@pytest.mark.parametrize("name", ["ctc", "transducer", "attention"])
def test_without_a_lexicon_words_are_spelt(name: str, folders: dict[str, Path]) -> None:
    model = load_model(folders[name])
    graph = token_loop(model.tokens, model.topology)
    found = [
        Recognizer.open(folders[name], graph=graph, hotwords=Hotwords([("ba", weight)])).transcribe(AUDIO)
        for weight in (0.0, 25.0)
    ]
    # Without marks or a delimiter a phrase counts wherever its tokens stand.
    before, after = (
        "".join(token.name for word in done.utterances for token in word.hypothesis.tokens) for done in found
    )
    assert after.count("BA") > before.count("BA")


def test_a_word_is_spelt_by_lexicon_pieces_or_letters(tmp_path: Path) -> None:
    lexicon = Lexicon.from_text("cat ▁c at\ncat ▁ca t\n")
    names = ["▁c", "▁ca", "a", "at", "t", "s", "c"]
    graph = token_loop(SymbolTable(names))

    def spelled(word: str) -> list[tuple[str, ...]]:
        hotwords = load_hotwords(Hotwords([(word, 1.0)]), graph, tmp_path, lexicon)
        return [tokens for ((tokens,), _) in hotwords.spelled(hotwords.spell)]

    assert spelled("cat") == [("▁c", "at"), ("▁ca", "t")]
    assert spelled("cats") == [("▁ca", "t", "s")]
    with pytest.raises(GrammarError, match="'dog'"):
        spelled("dog")
    train_sentencepiece(["cats cats cats sat cat at"], tmp_path / PIECES, 9, "bpe")
    tokenizer = SentencePieceTokenizer(tmp_path / PIECES)
    graph = token_loop(tokenizer.tokens)
    assert spelled("tacs") == [tuple(tokenizer.encode(["tacs"]))]
