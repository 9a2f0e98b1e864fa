"""`Lexicon`: which token sequences say which words."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from fsaasr.core.errors import LexiconError
from fsaasr.core.files import content_hash
from fsaasr.core.symbols import BLANK, EPSILON, SymbolTable

if TYPE_CHECKING:
    from fsaasr.lexicon.formats import Kind

Tokens = Tuple[str, ...]

RESERVED = frozenset({EPSILON, "<epsilon>", BLANK, "<s>", "</s>"})
"""Symbols with a meaning of their own in graphs and grammars; `#0`, `#1`, ... are reserved besides."""

_NUMBERED = re.compile(r"#[0-9]+")


def symbol_problem(symbol: str) -> Optional[str]:
    """What forbids `symbol` as a word or token of a lexicon; None where nothing does."""
    if symbol.split() != [symbol]:
        return f"symbol {symbol!r} is empty or holds white space; a symbol is one field"
    if symbol in RESERVED or _NUMBERED.fullmatch(symbol):
        return f"symbol {symbol!r} is reserved for graphs and grammars; rename it"
    return None


@dataclass(frozen=True)
class Pronunciation:
    """One way to say a word.

    Attributes:
      word: the word.
      tokens: its phones, characters or pieces; at least one.
      log_prob: natural log of the pronunciation probability, finite and at most 0. As in Kaldi's
        `lexiconp.txt`, the probabilities of a word need not sum to one (often the largest is 1).

    Raises:
      LexiconError: no tokens, or a log probability out of range.
    """

    word: str
    tokens: Tokens
    log_prob: float = 0.0

    def __post_init__(self) -> None:
        if not self.tokens:
            raise LexiconError(f"Pronunciation: word {self.word!r} has no tokens; expected at least one")
        if not -math.inf < self.log_prob <= 0.0:
            raise LexiconError(
                f"Pronunciation: word {self.word!r} has log_prob {self.log_prob}; "
                "expected the log of a probability in (0, 1]"
            )


@dataclass(frozen=True)
class OptionalSilence:
    """A token that may stand at the beginning of an utterance and after each word.

    Attributes:
      token: its name.
      probability: of its being there, each time; in (0, 1), both ends left out.

    Raises:
      LexiconError: a probability out of range, or a reserved token.
    """

    token: str = "SIL"
    probability: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 < self.probability < 1.0:
            raise LexiconError(
                f"OptionalSilence: probability {self.probability}, expected 0 < p < 1; for no silence use None"
            )
        problem = symbol_problem(self.token)
        if problem:
            raise LexiconError(f"OptionalSilence: {problem}")


@dataclass(frozen=True)
class Lexicon:
    """Pronunciations of words, with an optional silence between words. Immutable.

    Attributes:
      pronunciations: at least one; their order is kept, and every (word, tokens) pair occurs once.
      silence: optional silence, or None.

    Raises:
      LexiconError: no pronunciation, a repeated one, or a reserved or malformed symbol.
    """

    pronunciations: Tuple[Pronunciation, ...]
    silence: Optional[OptionalSilence] = None

    def __post_init__(self) -> None:
        if not self.pronunciations:
            raise LexiconError("Lexicon: no pronunciations; expected at least one")
        for symbol in self._word_set | self._token_set:
            problem = symbol_problem(symbol)
            if problem:
                raise LexiconError(f"Lexicon: {problem}")
        seen = set()
        for entry in self.pronunciations:
            key = (entry.word, entry.tokens)
            if key in seen:
                raise LexiconError(
                    f"Lexicon: word {entry.word!r} has the pronunciation {' '.join(entry.tokens)!r} twice; drop one"
                )
            seen.add(key)

    @cached_property
    def _word_set(self) -> frozenset[str]:
        return frozenset(entry.word for entry in self.pronunciations)

    @cached_property
    def _token_set(self) -> frozenset[str]:
        return frozenset(token for entry in self.pronunciations for token in entry.tokens)

    def __len__(self) -> int:
        """Number of pronunciations."""
        return len(self.pronunciations)

    def __contains__(self, word: object) -> bool:
        """Whether `word` has a pronunciation."""
        return word in self._word_set

    @cached_property
    def words(self) -> SymbolTable:
        """The words, sorted by code point, labels 1, 2, ..."""
        return SymbolTable(sorted(self._word_set))

    @cached_property
    def tokens(self) -> SymbolTable:
        """The tokens, sorted by code point, labels 1, 2, ...; the silence token, if any, comes first."""
        if self.silence is None:
            return SymbolTable(sorted(self._token_set))
        return SymbolTable([self.silence.token, *sorted(self._token_set - {self.silence.token})])

    @cached_property
    def _by_word(self) -> Dict[str, Tuple[Pronunciation, ...]]:
        groups: Dict[str, List[Pronunciation]] = {}
        for entry in self.pronunciations:
            groups.setdefault(entry.word, []).append(entry)
        return {word: tuple(group) for word, group in groups.items()}

    def of(self, word: str) -> Tuple[Pronunciation, ...]:
        """The pronunciations of `word` in lexicon order; raises LexiconError where it has none."""
        try:
            return self._by_word[word]
        except KeyError:
            raise LexiconError(
                f"Lexicon.of: no pronunciation of {word!r} among {len(self._word_set)} words; add it to the lexicon"
            ) from None

    def homophones(self) -> Dict[Tokens, Tuple[str, ...]]:
        """Token sequences that several words share, each with these words in lexicon order."""
        groups: Dict[Tokens, List[str]] = {}
        for entry in self.pronunciations:
            groups.setdefault(entry.tokens, []).append(entry.word)
        return {tokens: tuple(words) for tokens, words in groups.items() if len(words) > 1}

    @cached_property
    def hash(self) -> str:
        """Hash of the whole content: pronunciations in order, probabilities, silence."""
        lines = [f"{entry.word} {entry.log_prob.hex()} {' '.join(entry.tokens)}" for entry in self.pronunciations]
        silence = f"{self.silence.token} {self.silence.probability.hex()}" if self.silence else ""
        return content_hash("fsaasr.Lexicon.1", silence, "\n".join(lines))

    @classmethod
    def from_text(
        cls, text: str, silence: Optional[OptionalSilence] = None, source: str = "<text>", kind: Kind = "auto"
    ) -> Lexicon:
        """Parses the text of a lexicon file; `source` stands for the file in messages. As `read_lexicon`."""
        from fsaasr.lexicon.formats import parse_lexicon

        return parse_lexicon(text, silence, source, kind)
