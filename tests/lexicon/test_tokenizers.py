"""Tokenizers, sentencepiece training, and the lexicons made with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import LexiconError
from fsaasr.lexicon import (
    CharacterTokenizer,
    Lexicon,
    LexiconTokenizer,
    OptionalSilence,
    SentencePieceTokenizer,
    Tokenizer,
    character_lexicon,
    coverage,
    sentencepiece_lexicon,
    train_sentencepiece,
)

SENTENCES = ["the cat sat on the mat", "a dog ate the cat's hat", "über straße the"] * 3
WORDS = sorted({word for sentence in SENTENCES for word in sentence.split()})


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pieces") / "unigram.model"
    train_sentencepiece(SENTENCES, path, vocab_size=25)
    return path


@pytest.fixture(params=["lexicon", "characters", "pieces"])
def tokenizer(request: pytest.FixtureRequest, model_path: Path) -> Tokenizer:
    makers = {
        "lexicon": lambda: LexiconTokenizer(character_lexicon(WORDS)),
        "characters": lambda: CharacterTokenizer.from_words(WORDS),
        "pieces": lambda: SentencePieceTokenizer(model_path),
    }
    made: Tokenizer = makers[request.param]()
    return made


def test_sentence_is_the_concatenation_of_its_words(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode(WORDS) == [token for word in WORDS for token in tokenizer.encode([word])]
    assert tokenizer.encode([]) == []


def test_every_token_is_in_the_table_and_spells_its_word(tokenizer: Tokenizer) -> None:
    for word in WORDS:
        tokens = tokenizer.encode([word])
        assert all(token in tokenizer.tokens for token in tokens)
        assert "".join(tokens).replace("▁", "") == word


@pytest.mark.parametrize("word", ["zürich", "", "the cat"])
def test_word_that_cannot_be_spelt_is_named(tokenizer: Tokenizer, word: str) -> None:
    with pytest.raises(LexiconError, match=repr(word)):
        tokenizer.encode(["the", word])


def test_lexicon_tokenizer_takes_the_most_probable_pronunciation_and_the_first_of_equals() -> None:
    lexicon = Lexicon.from_text("a 0.5 EY\na 1.0 AH\nthe 1.0 DH AH\nthe 1.0 DH IY\n", OptionalSilence())
    tokenizer = LexiconTokenizer(lexicon)
    assert tokenizer.encode(["a", "the"]) == ["AH", "DH", "AH"]
    assert tokenizer.tokens == lexicon.tokens


def test_character_tokenizer_refuses_longer_symbols() -> None:
    with pytest.raises(LexiconError, match="'ab' is not a single character"):
        CharacterTokenizer(["a", "ab"])


@given(st.sets(st.text(st.characters(categories=["Ll", "Lo", "Mn"]), min_size=1, max_size=5), min_size=1))
def test_character_lexicon_spells_each_word_once(words: set[str]) -> None:
    lexicon = character_lexicon([*words, *words], OptionalSilence("|"))
    assert ["".join(entry.tokens) for entry in lexicon.pronunciations] == sorted(words)
    assert lexicon.words.names[1:] == tuple(sorted(words))
    assert lexicon.tokens.names[1] == "|"


def test_marked_characters_say_where_words_begin() -> None:
    lexicon = character_lexicon(["on", "no"], marked=True)
    assert [entry.tokens for entry in lexicon.pronunciations] == [("▁n", "o"), ("▁o", "n")]
    said = [token for word in ("no", "on", "on") for token in lexicon.of(word)[0].tokens]
    assert "".join(said).replace("▁", " ").split() == ["no", "on", "on"]


@pytest.mark.parametrize("words", [[], ["two words"], ["<s>"], [""]])
def test_character_lexicon_refuses(words: list[str]) -> None:
    with pytest.raises(LexiconError):
        character_lexicon(words)


def test_sentencepiece_lexicon_has_the_pieces_that_the_model_emits(model_path: Path) -> None:
    lexicon = sentencepiece_lexicon(WORDS, model_path)
    tokenizer = SentencePieceTokenizer(model_path)
    assert [list(entry.tokens) for entry in lexicon.pronunciations] == [tokenizer.encode([word]) for word in WORDS]
    assert all(entry.tokens[0].startswith("▁") for entry in lexicon.pronunciations)
    assert coverage(lexicon, WORDS, tokenizer.tokens).complete


def test_sentencepiece_lexicon_names_a_word_with_unknown_characters(model_path: Path) -> None:
    with pytest.raises(LexiconError, match="'日本' cannot be spelt"):
        sentencepiece_lexicon(["the", "日本"], model_path)


def test_pieces_exclude_control_and_unknown(model_path: Path) -> None:
    tokens = SentencePieceTokenizer(model_path).tokens
    assert len(tokens) - 1 == 25 - 3
    assert not {"<unk>", "<s>", "</s>"} & set(tokens)


def test_characters_are_not_normalised_away(tmp_path: Path) -> None:
    words = ["ﬁne", "Ａ", "e\u0301"]  # NFKC would change each of them
    train_sentencepiece([" ".join(words)], tmp_path / "m.model", 12, "char")
    lexicon = sentencepiece_lexicon(words, tmp_path / "m.model")
    assert ["".join(entry.tokens) for entry in lexicon.pronunciations] == [f"▁{word}" for word in sorted(words)]


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_training_gives_the_same_file_each_time(model_type: str, tmp_path: Path) -> None:
    for name in ("one.model", "two.model"):
        train_sentencepiece(iter(SENTENCES), tmp_path / name, 25, model_type)  # type: ignore[arg-type]
    assert (tmp_path / "one.model").read_bytes() == (tmp_path / "two.model").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.model", "two.model"]


@pytest.mark.parametrize(
    ("sentences", "size", "model_type", "message"),
    [
        ([], 25, "unigram", "no sentences"),
        (["", " "], 25, "unigram", "no sentences"),
        (SENTENCES, 5, "unigram", "5 unigram pieces from 9 sentences.*smaller than required_chars"),
        (SENTENCES, 4000, "unigram", "4000 unigram pieces from 9 sentences.*too high"),
        (SENTENCES, 25, "phones", "25 phones pieces from 9 sentences"),
    ],
)
def test_training_that_cannot_succeed(
    sentences: list[str], size: int, model_type: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(LexiconError, match=message):
        train_sentencepiece(sentences, tmp_path / "m.model", size, model_type)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_absent_or_foreign_model_file(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="no model file"):
        SentencePieceTokenizer(tmp_path / "absent.model")
    (tmp_path / "foreign.model").write_text("hello")
    with pytest.raises(LexiconError, match=r"foreign.model is not a sentencepiece model"):
        SentencePieceTokenizer(tmp_path / "foreign.model")
