"""Counting the n-grams of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.ngram_index import IntArray

Int32Array = npt.NDArray[np.int32]

UNKNOWN_ID, BOS_ID, EOS_ID = 0, 1, 2
SPECIALS = ("<unk>", "<s>", "</s>")

_PIECE = 1 << 20


@dataclass(frozen=True)
class CodedText:
    """A text as word ids.

    Attributes:
      vocabulary: `<unk>`, `<s>`, `</s>`, then the words in the order of their first appearance.
      ids: int32 (T,): each sentence's words, with `<s>` before and `</s>` after them.
      sentences: number of sentences, empty ones too.
    """

    vocabulary: Tuple[str, ...]
    ids: Int32Array
    sentences: int


class _Ids(Dict[str, int]):
    """Gives each new word the next id; refuses what cannot be a word."""

    def __missing__(self, word: str) -> int:
        if word in SPECIALS:
            raise GrammarError(f"found {word} among the words; it is added here, so take it out")
        if word.split() != [word]:
            raise GrammarError(f"found the word {word!r}; a word is non-empty, without white space")
        self[word] = len(self) + len(SPECIALS)
        return self[word]


def code_text(sentences: Iterable[Sequence[str]]) -> CodedText:
    """Reads all sentences, once.

    Raises:
      GrammarError: a sentence is a string rather than a sequence of words, or holds `<s>`, `</s>`, `<unk>`,
        an empty word or a word with white space.
    """
    table = _Ids()
    pieces: List[Int32Array] = []
    buffer: List[int] = []
    count = 0
    for count, words in enumerate(sentences, 1):
        if isinstance(words, str):
            raise GrammarError(f"code_text: sentence {count} is the string {words!r}; give the list of its words")
        buffer.append(BOS_ID)
        try:
            buffer.extend(map(table.__getitem__, words))
        except GrammarError as error:
            raise GrammarError(f"code_text: sentence {count}: {error}") from error
        buffer.append(EOS_ID)
        if len(buffer) > _PIECE:
            pieces.append(np.array(buffer, dtype=np.int32))
            buffer.clear()
    pieces.append(np.array(buffer, dtype=np.int32))
    return CodedText((*SPECIALS, *table), np.concatenate(pieces), count)


@dataclass(frozen=True)
class OrderCounts:
    """The distinct n-grams of one length n, sorted lexicographically by word ids.

    No n-gram reaches before its sentence's `<s>`.

    Attributes:
      words: int64 (K,): last words.
      contexts: int64 (K,): rows in order n - 1 of the first n - 1 words; zeros for n = 1.
      suffixes: int64 (K,): rows in order n - 1 of the last n - 1 words; zeros for n = 1.
      starts: bool (K,): the first word is `<s>`.
      raw: int64 (K,): occurrences.
      adjusted: int64 (K,): what Kneser-Ney smoothing counts: occurrences in the highest order and of n-grams
        that start with `<s>`, else the number of distinct words that precede the n-gram.
    """

    words: IntArray
    contexts: IntArray
    suffixes: IntArray
    starts: npt.NDArray[np.bool_]
    raw: IntArray
    adjusted: IntArray

    def __len__(self) -> int:
        """K, the number of distinct n-grams."""
        return len(self.words)


def _unigrams(text: CodedText, size: int) -> OrderCounts:
    raw = np.bincount(text.ids, minlength=size).astype(np.int64)
    starts = np.arange(size) == BOS_ID
    nothing = np.zeros(size, dtype=np.int64)
    # `<s>` is never predicted: it has no mass among the unigrams.
    return OrderCounts(np.arange(size), nothing, nothing, starts, raw, np.where(starts, 0, raw))


def _longer(lower: OrderCounts, rows: IntArray, ids: Int32Array, size: int) -> Tuple[OrderCounts, IntArray]:
    """The n-grams that extend those of order n - 1, and the row of the n-gram that ends at each position.

    `rows` (T,) holds the row of the (n-1)-gram that ends at each position, -1 where there is none.
    """
    ends = np.flatnonzero((rows[:-1] >= 0) & (ids[1:] != BOS_ID)) + 1
    keys, inverse, raw = np.unique(rows[ends - 1] * size + ids[ends], return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    longer = np.full(len(rows), -1, dtype=np.int64)
    longer[ends] = inverse
    suffixes = np.zeros(len(keys), dtype=np.int64)
    suffixes[inverse] = rows[ends]
    contexts = keys // size
    table = OrderCounts(keys % size, contexts, suffixes, lower.starts[contexts], raw.astype(np.int64), raw)
    return table, longer


def _adjust(table: OrderCounts, higher: OrderCounts, unigrams: bool) -> OrderCounts:
    preceding = np.bincount(higher.suffixes, minlength=len(table)).astype(np.int64)
    at_start = np.zeros_like(table.raw) if unigrams else table.raw
    adjusted = np.where(table.starts, at_start, preceding)
    return OrderCounts(table.words, table.contexts, table.suffixes, table.starts, table.raw, adjusted)


def count_ngrams(text: CodedText, order: int, size: int) -> Tuple[OrderCounts, ...]:
    """Counts all n-grams of length 1 .. `order`.

    Args:
      text: the text.
      order: N.
      size: V, at least the size of the text's vocabulary; the words beyond it are counted 0 times.

    Returns:
      One table an order. Time O(N T log T).
    """
    tables: List[OrderCounts] = [_unigrams(text, size)]
    rows = text.ids.astype(np.int64)
    for n in range(2, order + 1):
        table, rows = _longer(tables[-1], rows, text.ids, size)
        tables[-1] = _adjust(tables[-1], table, unigrams=n == 2)
        tables.append(table)
    return tuple(tables)
