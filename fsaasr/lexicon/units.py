"""Lexicons made from a word list: characters and sentencepiece pieces as tokens."""

from __future__ import annotations

from typing import Iterable, Optional

from fsaasr.core.files import PathLike
from fsaasr.lexicon.lexicon import Lexicon, OptionalSilence, Pronunciation

WORD_MARK = "▁"
"""Begins the first token of each word where tokens tell words apart, as sentencepiece has it."""


def character_lexicon(words: Iterable[str], silence: Optional[OptionalSilence] = None, marked: bool = False) -> Lexicon:
    """Each word is its characters (Unicode code points, as they stand: normalise the words first).

    A model that emits a boundary character between words, such as `|`, takes it as `silence`.

    Args:
      words: the words; repeats are ignored, the result is sorted.
      silence: optional silence of the lexicon.
      marked: the first character of a word is another token than the same character within: `▁a`, not `a`. So tokens
        alone say where words begin.

    Raises:
      LexiconError: no words, or a word with white space or a reserved name.
    """
    mark = WORD_MARK if marked else ""
    entries = (Pronunciation(word, (mark + word[:1], *word[1:])) for word in sorted(set(words)))
    return Lexicon(tuple(entries), silence)


def sentencepiece_lexicon(
    words: Iterable[str], model_path: PathLike, silence: Optional[OptionalSilence] = None
) -> Lexicon:
    """Each word is its pieces under a sentencepiece model, the first piece beginning with `▁`.

    Args:
      words: the words; repeats are ignored, the result is sorted.
      model_path: sentencepiece `.model` file.
      silence: optional silence of the lexicon.

    Raises:
      LexiconError: a word holds a character that the model does not know, or has no pieces.
    """
    from fsaasr.lexicon.tokenizers import SentencePieceTokenizer

    tokenizer = SentencePieceTokenizer(model_path)
    return Lexicon(tuple(Pronunciation(w, tuple(tokenizer.encode([w]))) for w in sorted(set(words))), silence)
