"""Coverage: what a text needs and a lexicon lacks, what a lexicon needs and a model lacks."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterable, Optional, Tuple, Union

from fsaasr.core.errors import LexiconError
from fsaasr.core.symbols import BLANK, EPSILON, SymbolTable
from fsaasr.lexicon.lexicon import Lexicon

Strings = Tuple[str, ...]

SENTENCE_MARKS = frozenset({EPSILON, "<s>", "</s>"})
"""Grammar symbols that no lexicon holds, ignored in word lists and ARPA vocabularies."""


@dataclass(frozen=True)
class CoverageReport:
    """What `coverage` found.

    Attributes:
      running_words, distinct_words: size of the text or word list.
      missing: words that the lexicon lacks, with their counts; the most frequent first, then by name.
      missing_tokens: tokens that the lexicon uses and the model lacks, sorted; empty if no model was given.
      unreachable: words of the lexicon, each of whose pronunciations has a missing token, sorted: the
        model can never emit them.
      unused_tokens: tokens of the model that no pronunciation has, sorted.
      needed_unreachable: the unreachable words that the text holds, with their counts.
    """

    running_words: int
    distinct_words: int
    missing: Tuple[Tuple[str, int], ...]
    missing_tokens: Tuple[str, ...] = ()
    unreachable: Tuple[str, ...] = ()
    unused_tokens: Tuple[str, ...] = ()
    needed_unreachable: Tuple[Tuple[str, int], ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every word of the text can be recognised and every pronunciation be emitted."""
        return not self.missing and not self.missing_tokens

    @property
    def oov_rate(self) -> float:
        """Share, in 0 .. 1, of the running words that the lexicon lacks."""
        return sum(count for _, count in self.missing) / self.running_words

    @property
    def distinct_oov_rate(self) -> float:
        """Share, in 0 .. 1, of the distinct words that the lexicon lacks."""
        return len(self.missing) / self.distinct_words

    def to_dict(self) -> Dict[str, Any]:
        """All fields and rates as JSON-ready values."""
        return {**asdict(self), "oov_rate": self.oov_rate, "distinct_oov_rate": self.distinct_oov_rate}

    def summary(self, limit: int = 10) -> str:
        """A few lines of text, at most `limit` names in each."""
        lines = [
            f"words: {len(self.missing)} of {self.distinct_words} distinct ({100 * self.distinct_oov_rate:.2f} %), "
            f"{100 * self.oov_rate:.2f} % of {self.running_words} running, are not in the lexicon"
        ]
        groups = (
            ("missing words", [f"{word} ({count})" for word, count in self.missing]),
            ("tokens that the model lacks", self.missing_tokens),
            ("words that the model cannot emit", self.unreachable),
            ("tokens without a word", self.unused_tokens),
        )
        for title, names in groups:
            if names:
                more = f" and {len(names) - limit} more" if len(names) > limit else ""
                lines.append(f"{title}: {' '.join(names[:limit])}{more}")
        return "\n".join(lines)


def coverage(lexicon: Lexicon, text: Union[str, Iterable[str]], tokens: Optional[SymbolTable] = None) -> CoverageReport:
    """Compares a lexicon with a text (or the vocabulary of an ARPA) and with a model's tokens.

    Args:
      lexicon: the lexicon.
      text: a text, or an iterable of words, or of lines of words; white space separates words. `<s>`,
        `</s>` and `<eps>` are ignored, so an n-gram model's `vocabulary` can be given as it stands.
      tokens: tokens that the model emits, where there is a model; blank and epsilon in it are ignored.

    Raises:
      LexiconError: `text` holds no word.
    """
    lines = [text] if isinstance(text, str) else text
    counts = Counter(word for line in lines for word in line.split() if word not in SENTENCE_MARKS)
    if not counts:
        raise LexiconError("coverage: the text holds no words; expected at least one")
    missing = {word: count for word, count in counts.items() if word not in lexicon}
    sizes = (sum(counts.values()), len(counts), _by_count(missing))
    if tokens is None:
        return CoverageReport(*sizes)
    lacking, unreachable, unused = emission(lexicon, tokens)
    needed = _by_count({word: counts[word] for word in unreachable if word in counts})
    return CoverageReport(*sizes, lacking, unreachable, unused, needed)


def emission(lexicon: Lexicon, tokens: SymbolTable) -> Tuple[Strings, Strings, Strings]:
    """Tokens that the model lacks, words that need one in each pronunciation, and tokens that no word has; sorted."""
    model = set(tokens) - {EPSILON, BLANK}
    used = set(lexicon.tokens) - {EPSILON}
    lacking = used - model
    reachable = {entry.word for entry in lexicon.pronunciations if lacking.isdisjoint(entry.tokens)}
    unreachable = set(lexicon.words.names[1:]) - reachable
    return tuple(sorted(lacking)), tuple(sorted(unreachable)), tuple(sorted(model - used))


def _by_count(counts: Dict[str, int]) -> Tuple[Tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
