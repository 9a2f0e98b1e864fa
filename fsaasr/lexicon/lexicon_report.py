"""What a lexicon holds that a recognizer may stumble over."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from fsaasr.core.symbols import SymbolTable
from fsaasr.lexicon.coverage_report import SENTENCE_MARKS, emission
from fsaasr.lexicon.lexicon import Lexicon, Tokens
from fsaasr.lexicon.neighbours import neighbours

Said = Tuple[Tokens, Tuple[str, ...]]
"""Tokens, and words that are said so."""


@dataclass(frozen=True)
class LexiconReport:
    """What `lexicon_report` found; names of words and tokens are sorted.

    Attributes:
      words, pronunciations, tokens: how many the lexicon has; silence is a token.
      homophones: token sequences that several words share, each with these words.
      indistinct: words that no pronunciation tells from all others: only a language model can.
      near_pairs: number of pairs of words that differ by one token in some pronunciation.
      near_examples: some of them: two words and their pronunciations, the longest first.
      prefixes: number of pronunciations that begin longer ones.
      compounds: pronunciations that equal several shorter words said in a row, each with its word and these words: at
        the end of the search, only the language model tells them apart.
      missing_tokens: tokens that the lexicon has and the model lacks; unreachable: words that the model therefore
        can never say; unused_tokens: tokens of the model that no word has. Empty without a model.
      unpronounced: words of the vocabulary that the lexicon lacks; unpredicted: words of the lexicon that the
        vocabulary lacks. Empty without a vocabulary.
    """

    words: int
    pronunciations: int
    tokens: int
    homophones: Tuple[Said, ...]
    indistinct: Tuple[str, ...]
    near_pairs: int
    near_examples: Tuple[Tuple[str, str, Tokens, Tokens], ...]
    prefixes: int
    compounds: Tuple[Tuple[str, Tokens, Tuple[str, ...]], ...]
    missing_tokens: Tuple[str, ...] = ()
    unreachable: Tuple[str, ...] = ()
    unused_tokens: Tuple[str, ...] = ()
    unpronounced: Tuple[str, ...] = ()
    unpredicted: Tuple[str, ...] = ()

    def to_dict(self) -> Dict[str, Any]:
        """All fields as JSON-ready values."""
        return asdict(self)

    def summary(self, limit: int = 10) -> str:
        """A line of text for each finding, with at most `limit` examples."""
        said = [f"{'/'.join(words)} ({' '.join(tokens)})" for tokens, words in self.homophones]
        near = [f"{one}/{other} ({' '.join(a)}, {' '.join(b)})" for one, other, a, b in self.near_examples]
        joined = [f"{word} = {' + '.join(words)}" for word, _, words in self.compounds]
        lines = [
            f"{self.words} words, {self.pronunciations} pronunciations, {self.tokens} tokens",
            _line(f"token sequences that several words share: {len(said)}", said, limit),
            _line(f"words that only a language model tells apart: {len(self.indistinct)}", self.indistinct, limit),
            _line(f"pairs of words that differ by one token: {self.near_pairs}", near, limit),
            f"pronunciations that begin longer ones: {self.prefixes}",
            _line(f"pronunciations that are several words in a row: {len(joined)}", joined, limit),
        ]
        for title, names in (
            ("tokens that the model lacks", self.missing_tokens),
            ("words that the model can never say", self.unreachable),
            ("tokens of the model without a word", self.unused_tokens),
            ("words of the vocabulary without pronunciation", self.unpronounced),
            ("words that the vocabulary lacks", self.unpredicted),
        ):
            if names:
                lines.append(_line(f"{title}: {len(names)}", names, limit))
        return "\n".join(lines)


def lexicon_report(
    lexicon: Lexicon,
    tokens: Optional[SymbolTable] = None,
    vocabulary: Optional[Iterable[str]] = None,
    examples: int = 10,
) -> LexiconReport:
    """Looks through a lexicon; CMUdict with its 126,000 words takes seconds.

    Args:
      lexicon: the lexicon.
      tokens: what the model says, where there is one; blank and epsilon are ignored.
      vocabulary: words of a language model; `<s>`, `</s>`, `<unk>` and `<eps>` are ignored.
      examples: length of `near_examples`, at most.
    """
    by_tokens: Dict[Tokens, List[str]] = {}
    for entry in lexicon.pronunciations:
        by_tokens.setdefault(entry.tokens, []).append(entry.word)
    own = {group[0] for group in by_tokens.values() if len(group) == 1}
    pairs, shown = _near(by_tokens, examples)
    ordered = sorted(by_tokens)
    found: Dict[str, Tuple[str, ...]] = {}
    if tokens is not None:
        found = dict(zip(("missing_tokens", "unreachable", "unused_tokens"), emission(lexicon, tokens)))
    if vocabulary is not None:
        known = set(vocabulary) - SENTENCE_MARKS - {"<unk>", "<UNK>"}
        words = set(lexicon.words.names[1:])
        found.update(unpronounced=tuple(sorted(known - words)), unpredicted=tuple(sorted(words - known)))
    return LexiconReport(
        len(lexicon.words) - 1,
        len(lexicon),
        len(lexicon.tokens) - 1,
        tuple(sorted((said, tuple(sorted(group))) for said, group in by_tokens.items() if len(group) > 1)),
        tuple(sorted(set(lexicon.words.names[1:]) - own)),
        pairs,
        shown,
        # In sorted order whatever extends a sequence follows it at once.
        sum(long[: len(short)] == short for short, long in zip(ordered, ordered[1:])),
        tuple(_compounds(lexicon, by_tokens)),
        **found,
    )


def _line(title: str, names: Sequence[str], limit: int) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"{title}: {', '.join(names[:limit])}{more}" if names else title


def _near(by_tokens: Dict[Tokens, List[str]], examples: int) -> Tuple[int, Tuple[Tuple[str, str, Tokens, Tokens], ...]]:
    """Number of pairs of words one token apart, and those with the most tokens."""
    sequences = list(by_tokens)
    numbers = {word: n for n, word in enumerate(sorted({word for group in by_tokens.values() for word in group}))}
    groups = [[numbers[word] for word in by_tokens[said]] for said in sequences]
    seen: Set[Tuple[int, int]] = set()
    longest: List[Tuple[int, int, int]] = []
    for i, j, _ in neighbours(sequences):
        seen.update((min(a, b), max(a, b)) for a in groups[i] for b in groups[j] if a != b)
        longest.append((-len(sequences[i]) - len(sequences[j]), i, j))
    shown: List[Tuple[str, str, Tokens, Tokens]] = []
    for _, i, j in sorted(longest):
        a, b = sequences[i], sequences[j]
        words = min(((x, y) for x in by_tokens[a] for y in by_tokens[b] if x != y), default=None)
        if words and len(shown) < examples:
            shown.append((words[0], words[1], a, b) if words[0] < words[1] else (words[1], words[0], b, a))
    return len(seen), tuple(shown)


def _compounds(lexicon: Lexicon, by_tokens: Dict[Tokens, List[str]]) -> List[Tuple[str, Tokens, Tuple[str, ...]]]:
    """Pronunciations cut into the fewest others, two or more."""
    longest = max(map(len, by_tokens))
    found = []
    for entry in lexicon.pronunciations:
        said = entry.tokens
        # cuts[n]: where the last word of the fewest that say the first n tokens begins, and how many they are.
        cuts: List[Optional[Tuple[int, int]]] = [(0, 0)] + [None] * len(said)
        for end in range(1, len(said) + 1):
            for begin in range(max(0, end - longest), end):
                before = cuts[begin]
                if before and end - begin < len(said) and said[begin:end] in by_tokens:
                    best = cuts[end]
                    if best is None or before[1] + 1 < best[1]:
                        cuts[end] = (begin, before[1] + 1)
        if cuts[-1]:
            words, end = [], len(said)
            while end:
                begin = (cuts[end] or (0, 0))[0]
                words.append(by_tokens[said[begin:end]][0])
                end = begin
            found.append((entry.word, said, tuple(reversed(words))))
    return sorted(found)
