"""Words spelt with the tokens of a CTC model, whatever these are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, Iterable, List, Optional, Tuple

from fsaasr.core.errors import LexiconError
from fsaasr.core.files import PathLike
from fsaasr.lexicon.lexicon import Lexicon, Pronunciation
from fsaasr.lexicon.token_tables import TokenTable
from fsaasr.lexicon.units import WORD_MARK

Speller = Callable[[str], Tuple[Tuple[str, ...], str]]
"""The tokens of a word and an empty string; or none, and the character that no token has."""


@dataclass(frozen=True)
class Spelled:
    """Outcome of `spell_words`.

    Attributes:
      lexicon: the words that can be spelt, without silence; each ends with the delimiter, where there is one.
      left_out: those that cannot, each with the character that no token has.
    """

    lexicon: Lexicon
    left_out: Dict[str, str]


def spell_words(
    words: Iterable[str], table: TokenTable, pieces: Optional[PathLike] = None, skip: bool = False
) -> Spelled:
    """Spells words with a model's tokens: by its sentencepiece model, or from left to right by the longest that fit.

    For characters both are the spelling that there is; for pieces without their model, the longest ones are a guess.

    Args:
      words: the words; repeats are ignored, the result is sorted.
      table: the model's columns.
      pieces: sentencepiece `.model`.
      skip: leave out words that cannot be spelt.

    Raises:
      LexiconError: without `skip`, words that cannot be spelt; no word is left.
    """
    spell = speller(table, pieces)
    end = (table.delimiter,) if table.delimiter else ()
    entries: List[Pronunciation] = []
    left_out: Dict[str, str] = {}
    for word in sorted(set(words)):
        tokens, unknown = spell(word)
        if unknown:
            left_out[word] = unknown
        else:
            entries.append(Pronunciation(word, (*tokens, *end)))
    if not entries or (left_out and not skip):
        shown = ", ".join(f"{word} ({character!r})" for word, character in list(left_out.items())[:5])
        raise LexiconError(
            f"spell_words: {len(left_out)} of {len(left_out) + len(entries)} words cannot be spelt with the model's "
            f"tokens: {shown}; match letter case and alphabet, or leave such words out (skip=True)"
        )
    return Spelled(Lexicon(tuple(entries)), left_out)


def speller(table: TokenTable, pieces: Optional[PathLike] = None) -> Speller:
    """Spells one word as `spell_words` does, without a delimiter."""
    return _PieceSpeller(pieces).spell if pieces is not None else _Longest(table).spell


class _Longest:
    """From left to right, the longest token that fits; steps back where the rest then has none."""

    def __init__(self, table: TokenTable) -> None:
        self._tokens = set(table.tokens.names[1:]) - {table.delimiter}
        self._longest = max(map(len, self._tokens), default=0)
        self._mark = WORD_MARK if table.marks_words else ""

    def spell(self, word: str) -> Tuple[Tuple[str, ...], str]:
        """The tokens; or none, and the first character behind which no token goes on."""
        text = self._mark + word
        # ends[n]: the token that begins at n on the preferred way to the end, from the end backwards.
        step: List[Optional[str]] = [None] * len(text) + [""]
        for begin in range(len(text) - 1, -1, -1):
            for end in range(min(len(text), begin + self._longest), begin, -1):
                if text[begin:end] in self._tokens and step[end] is not None:
                    step[begin] = text[begin:end]
                    break
        if step[0] is None or not text:
            return (), self._stuck(text)
        tokens: List[str] = []
        while sum(map(len, tokens)) < len(text):
            tokens.append(step[sum(map(len, tokens))] or "")
        return tuple(tokens), ""

    def _stuck(self, text: str) -> str:
        reached = {0}
        for begin in range(len(text)):
            if begin in reached:
                lengths = range(1, self._longest + 1)
                reached |= {begin + n for n in lengths if text[begin : begin + n] in self._tokens}
        return text[min(max(reached), len(text) - 1) :][:1] or " "


class _PieceSpeller:
    def __init__(self, pieces: PathLike) -> None:
        from fsaasr.lexicon.tokenizers import SentencePieceTokenizer

        self._tokenizer = SentencePieceTokenizer(pieces)

    def spell(self, word: str) -> Tuple[Tuple[str, ...], str]:
        """The pieces; or none, and the word's first character that has no piece."""
        try:
            return tuple(self._tokenizer.encode([word])), ""
        except LexiconError:
            known = set("".join(self._tokenizer.tokens.names[1:]))
            return (), next((character for character in word if character not in known), word[:1])
