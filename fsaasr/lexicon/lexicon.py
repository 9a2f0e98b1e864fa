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
class SilenceWeights:
    """How silence goes with one pronunciation (Chen, Xu, Povey, Khudanpur 2015); Kaldi's three numbers.

    Between the pronunciations v and w, silence has the score log after(v) + log before(w), and its absence
    log(1 - after(v)) + log not_before(w); as in Kaldi, the two need not sum to one.

    Attributes:
      after: P(s_r | v), the probability of silence after it; in (0, 1), both ends left out.
      before: F(s_l | w), correction for silence before it; positive and finite, 1 corrects nothing.
      not_before: F(n_l | w), correction for no silence before it; likewise.

    Raises:
      LexiconError: a number out of range.
    """

    after: float
    before: float = 1.0
    not_before: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.after < 1.0:
            raise LexiconError(f"SilenceWeights: probability {self.after} of silence after, expected 0 < p < 1")
        for name in ("before", "not_before"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise LexiconError(f"SilenceWeights: correction {name} is {getattr(self, name)}, expected a number > 0")


@dataclass(frozen=True)
class Pronunciation:
    """One way to say a word.

    Attributes:
      word: the word.
      tokens: its phones, characters or pieces; at least one.
      log_prob: natural log of the pronunciation probability, finite and at most 0. As in Kaldi's
        `lexiconp.txt`, the probabilities of a word need not sum to one (often the largest is 1).
      silence: how silence goes with it; None: as the lexicon's `OptionalSilence` says of all.

    Raises:
      LexiconError: no tokens, or a log probability out of range.
    """

    word: str
    tokens: Tokens
    log_prob: float = 0.0
    silence: Optional[SilenceWeights] = None

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
      probability: of its being there, each time that nothing more is known; in (0, 1), both ends left out.
      sentence: weights of a sentence's ends, as if they were one pronunciation: `after` its beginning, and `before`
        and `not_before` its end; None: as anywhere else.

    Raises:
      LexiconError: a probability out of range, or a reserved token.
    """

    token: str = "SIL"
    probability: float = 0.5
    sentence: Optional[SilenceWeights] = None

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

    @property
    def word_dependent_silence(self) -> bool:
        """Whether there is silence, and its probability depends on the words around it."""
        silence = self.silence
        return silence is not None and (
            silence.sentence is not None or any(entry.silence is not None for entry in self.pronunciations)
        )

    def silence_weights(self, entry: Optional[Pronunciation] = None) -> SilenceWeights:
        """How silence goes with a pronunciation, or with the ends of a sentence if None.

        Raises:
          LexiconError: the lexicon has no optional silence.
        """
        if self.silence is None:
            raise LexiconError("Lexicon.silence_weights: the lexicon has no optional silence; give it one")
        own = self.silence.sentence if entry is None else entry.silence
        return own or SilenceWeights(self.silence.probability)

    @cached_property
    def hash(self) -> str:
        """Hash of the whole content: pronunciations in order, probabilities, silence."""
        lines = [
            f"{entry.word} {entry.log_prob.hex()} {' '.join(entry.tokens)}{_hashed(entry.silence)}"
            for entry in self.pronunciations
        ]
        silence = self.silence
        said = f"{silence.token} {silence.probability.hex()}{_hashed(silence.sentence)}" if silence else ""
        return content_hash("fsaasr.Lexicon.1", said, "\n".join(lines))

    @classmethod
    def from_text(
        cls, text: str, silence: Optional[OptionalSilence] = None, source: str = "<text>", kind: Kind = "auto"
    ) -> Lexicon:
        """Parses the text of a lexicon file; `source` stands for the file in messages. As `read_lexicon`."""
        from fsaasr.lexicon.formats import parse_lexicon

        return parse_lexicon(text, silence, source, kind)


def _hashed(weights: Optional[SilenceWeights]) -> str:
    if weights is None:
        return ""
    numbers = (weights.after, weights.before, weights.not_before)
    return "\t" + " ".join(float(number).hex() for number in numbers)  # a tab stands in no symbol
