"""Tokenizers: from words to the tokens that a model emits."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Dict, Iterable, List, Protocol, Sequence

from fsaasr.core.errors import LexiconError
from fsaasr.core.files import PathLike
from fsaasr.core.symbols import SymbolTable
from fsaasr.lexicon.lexicon import Lexicon, Pronunciation


class Tokenizer(Protocol):
    """Turns words into tokens of a fixed table."""

    @property
    def tokens(self) -> SymbolTable:
        """All tokens that `encode` may give."""

    def encode(self, words: Sequence[str]) -> List[str]:
        """The tokens of a word sequence, word after word; raises LexiconError where a word has none."""


def _check_word(function: str, word: str) -> None:
    if word.split() != [word]:
        raise LexiconError(f"{function}: {word!r} is not a word; expected characters without white space, one or more")


class LexiconTokenizer:
    """Phones (or whatever the lexicon's tokens are): each word's most probable pronunciation, ties by order."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        best: Dict[str, Pronunciation] = {}
        for entry in lexicon.pronunciations:
            if entry.word not in best or entry.log_prob > best[entry.word].log_prob:
                best[entry.word] = entry
        self._tokens_of = {word: entry.tokens for word, entry in best.items()}

    @property
    def tokens(self) -> SymbolTable:
        """The lexicon's tokens, silence included."""
        return self._lexicon.tokens

    def encode(self, words: Sequence[str]) -> List[str]:
        """See `Tokenizer`; silence is never put in."""
        for word in words:
            if word not in self._tokens_of:
                raise LexiconError(f"LexiconTokenizer: no pronunciation of {word!r}; add it to the lexicon")
        return [token for word in words for token in self._tokens_of[word]]


class CharacterTokenizer:
    """Characters (Unicode code points), with nothing between words."""

    def __init__(self, characters: Iterable[str]) -> None:
        """Args:
        characters: the alphabet; repeats are ignored, the table is sorted.
        """
        self._tokens = SymbolTable(sorted(set(characters)))
        wrong = [name for name in self._tokens.names[1:] if len(name) != 1]
        if wrong:
            raise LexiconError(f"CharacterTokenizer: {wrong[0]!r} is not a single character")

    @classmethod
    def from_words(cls, words: Iterable[str]) -> CharacterTokenizer:
        """The alphabet of a word list."""
        return cls(character for word in words for character in word)

    @property
    def tokens(self) -> SymbolTable:
        """The alphabet, sorted by code point."""
        return self._tokens

    def encode(self, words: Sequence[str]) -> List[str]:
        """See `Tokenizer`."""
        for word in words:
            _check_word("CharacterTokenizer", word)
            missing = [character for character in word if character not in self._tokens]
            if missing:
                raise LexiconError(f"CharacterTokenizer: word {word!r} holds {missing[0]!r}, not in the alphabet")
        return [character for word in words for character in word]


class SentencePieceTokenizer:
    """Pieces of a sentencepiece model, each word encoded on its own, as `sentencepiece_lexicon` does."""

    def __init__(self, model_path: PathLike) -> None:
        """Args:
          model_path: sentencepiece `.model` file.

        Raises:
          LexiconError: no such file, or not a sentencepiece model.
        """
        import sentencepiece

        if not Path(model_path).is_file():
            raise LexiconError(f"SentencePieceTokenizer: no model file {model_path}; train_sentencepiece makes one")
        try:
            self._model: Any = sentencepiece.SentencePieceProcessor(model_file=str(model_path))
        except (RuntimeError, OSError) as error:
            raise LexiconError(f"SentencePieceTokenizer: {model_path} is not a sentencepiece model: {error}") from error

    @cached_property
    def tokens(self) -> SymbolTable:
        """The pieces in model order, without control pieces and the unknown piece."""
        model = self._model
        ids = range(model.get_piece_size())
        hidden = (model.is_control, model.is_unknown, model.is_unused)
        return SymbolTable(model.id_to_piece(i) for i in ids if not any(test(i) for test in hidden))

    @property
    def all_pieces(self) -> List[str]:
        """Every piece in model order, control pieces too: the columns of a model that was trained on their ids."""
        return [str(self._model.id_to_piece(i)) for i in range(self._model.get_piece_size())]

    def encode(self, words: Sequence[str]) -> List[str]:
        """See `Tokenizer`."""
        unknown = self._model.unk_id()
        pieces: List[str] = []
        for word in words:
            _check_word("SentencePieceTokenizer", word)
            ids = self._model.encode(word)
            if unknown in ids or not ids:
                raise LexiconError(
                    f"SentencePieceTokenizer: word {word!r} cannot be spelt with the model's pieces; "
                    "train the model on text that holds its characters"
                )
            pieces.extend(self._model.id_to_piece(i) for i in ids)
        return pieces
