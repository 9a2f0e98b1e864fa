"""The n-gram sections of an ARPA file."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Dict, List, NoReturn, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GrammarFileError
from fsaasr.core.files import PathLike
from fsaasr.grammar.ngram_index import IntArray, find_sorted
from fsaasr.grammar.ngram_model import NgramOrder

FloatArray = npt.NDArray[np.float64]

# Lines parsed at once: few enough that their Python objects stay in the processor's cache.
_CHUNK = 1 << 12


@dataclass
class ArpaLines:
    """The file's lines with their numbers."""

    path: PathLike
    file: IO[bytes]
    number: int = 0  # of the line read last

    def next(self) -> bytes:
        """Next line that is not blank, stripped; empty at the end of the file."""
        for line in self.file:
            self.number += 1
            stripped = line.strip()
            if stripped:
                return stripped
        return b""

    def chunk(self, size: int) -> List[bytes]:
        """The next `size` lines, fewer at the end of the file; blank ones too."""
        lines = list(islice(self.file, size))
        self.number += len(lines)
        return lines

    def fail(self, problem: str, line: int = 0) -> NoReturn:
        """Raises the error of `line`, by default the line read last."""
        raise GrammarFileError(self.path, line or self.number, problem)


@dataclass
class _Section:
    """One order's n-grams as they stand in the file."""

    order: int
    probs: List[FloatArray] = field(default_factory=list)
    backoffs: List[FloatArray] = field(default_factory=list)
    ids: List[IntArray] = field(default_factory=list)
    numbers: List[IntArray] = field(default_factory=list)  # line numbers


def show(line: bytes) -> str:
    """A line as it is quoted in messages."""
    text = line.decode("utf-8", "backslashreplace").strip()
    return repr(text if len(text) <= 80 else text[:77] + "...")


class ArpaSections:
    """Parses sections, in order; each needs the words and rows of those before it."""

    def __init__(self, lines: ArpaLines, counts: Sequence[int]) -> None:
        self.lines = lines
        self.counts = counts
        self.ids: Dict[bytes, int] = {}
        self.keys: List[IntArray] = []
        self.orders: List[NgramOrder] = []

    def section(self, order: int) -> bytes:
        """Reads the n-grams of `order`; returns the header line after them."""
        section, left, after = _Section(order), self.counts[order - 1], b""
        while left and not after:
            start = self.lines.number
            chunk = self.lines.chunk(min(left, _CHUNK))
            fields = [line.split() for line in chunk]
            if not chunk:
                break
            numbers = np.arange(start + 1, start + 1 + len(fields))
            widths = np.array([len(words) for words in fields])
            if (widths < order + 1).any():
                fields, numbers, widths, after = self._clean(order, chunk, fields, numbers)
            left -= len(fields)
            self._parse(section, fields, numbers, widths)
        following = after or self.lines.next()
        if left or not following.startswith(b"\\"):
            self._count_mismatch(order, left, following)
        self._finish(section)
        return following

    def _clean(
        self, order: int, chunk: List[bytes], fields: List[List[bytes]], numbers: IntArray
    ) -> Tuple[List[List[bytes]], IntArray, IntArray, bytes]:
        """Drops blank lines; stops at a header, which only a file of too few n-grams has here."""
        kept: List[int] = []
        after = b""
        for i, words in enumerate(fields):
            if words and words[0].startswith(b"\\"):
                after = chunk[i].strip()
                self.lines.number = int(numbers[i])
                break
            if words and len(words) < order + 1:
                self._malformed(order, chunk[i], int(numbers[i]))
            if words:
                kept.append(i)
        cleaned = [fields[i] for i in kept]
        return cleaned, numbers[kept], np.array([len(words) for words in cleaned], dtype=np.int64), after

    def _malformed(self, order: int, line: bytes, number: int) -> NoReturn:
        words = "word" if order == 1 else f"{order} words"
        self.lines.fail(f"found {show(line)}, expected log10 probability, {words} and an optional back-off", number)

    def _count_mismatch(self, order: int, left: int, following: bytes) -> NoReturn:
        expected = self.counts[order - 1]
        if left:
            seen = show(following) if following else "the end of the file"
            self.lines.fail(
                f"found {seen} after {expected - left} {order}-grams, expected {expected} as \\data\\ says; "
                "the file is cut short or its counts are wrong"
            )
        self.lines.fail(
            f"found {show(following) if following else 'the end of the file'} after the {expected} {order}-grams "
            "that \\data\\ announces, expected the next section or \\end\\; correct the counts or restore the end"
        )

    def _parse(self, section: _Section, fields: List[List[bytes]], numbers: IntArray, widths: IntArray) -> None:
        order = section.order
        if (widths > order + 2).any():
            bad = int(np.argmax(widths > order + 2))
            self._malformed(order, b" ".join(fields[bad]), int(numbers[bad]))
        section.probs.append(self._floats(section, [f[0] for f in fields], numbers, "log10 probability"))
        given = np.flatnonzero(widths == order + 2)
        backoffs = np.zeros(len(fields))
        backoffs[given] = self._floats(section, [fields[i][-1] for i in given], numbers[given], "back-off")
        section.backoffs.append(backoffs)
        if order == 1:
            self._add_words([f[1] for f in fields], numbers)
        columns = [[self.ids.get(f[k], -1) for f in fields] for k in range(1, order + 1)]
        ids = np.array(columns, dtype=np.int64).T
        if (ids < 0).any():
            row, column = np.argwhere(ids < 0)[0]
            self.lines.fail(
                f"found the word {show(fields[row][column + 1])}, which is no 1-gram; add it to \\1-grams:",
                int(numbers[row]),
            )
        section.ids.append(ids)
        section.numbers.append(numbers)

    def _floats(self, section: _Section, texts: List[bytes], numbers: IntArray, what: str) -> FloatArray:
        try:
            values = np.array(list(map(float, texts)), dtype=np.float64)
        except ValueError:
            values = np.array([_float_or_nan(text) for text in texts])
        probability = what != "back-off"
        bad = ~(values <= 0) if probability else ~np.isfinite(values)
        if not probability and section.order == len(self.counts):
            bad |= values != 0
        if bad.any():
            row = int(np.argmax(bad))
            expected = "a number of at most 0" if probability else "a finite number"
            if not probability and section.order == len(self.counts):
                expected = f"none for a {section.order}-gram, the highest order"
            self.lines.fail(f"found {what} {show(texts[row])}, expected {expected}; mend the line", int(numbers[row]))
        return values

    def _add_words(self, words: List[bytes], numbers: IntArray) -> None:
        for word, number in zip(words, numbers):
            if self.ids.setdefault(word, len(self.ids)) != len(self.ids) - 1:
                self.lines.fail(f"found 1-gram {show(word)} a second time; keep one", int(number))
            if not word.isascii():
                try:
                    word.decode("utf-8")
                except UnicodeDecodeError:
                    self.lines.fail(f"found {show(word)}, expected UTF-8; convert the file's encoding", int(number))

    def _finish(self, section: _Section) -> None:
        """Sorts the n-grams and makes sure that they are distinct and have contexts."""
        order = section.order
        ids = np.concatenate([*section.ids, np.zeros((0, order), dtype=np.int64)])
        probs, backoffs = np.concatenate([*section.probs, []]), np.concatenate([*section.backoffs, []])
        numbers = np.concatenate([*section.numbers, []]).astype(np.int64)
        rows = ids[:, 0]
        for n in range(2, order):
            rows = np.where(rows < 0, -1, find_sorted(self.keys[n - 1], rows * len(self.ids) + ids[:, n - 1]))
        if (rows < 0).any():
            bad = int(np.argmax(rows < 0))
            self.lines.fail(
                f"found {self._words(ids[bad])}, whose context {self._words(ids[bad, :-1])} is no {order - 1}-gram; "
                "add the context",
                int(numbers[bad]),
            )
        keys = rows if order == 1 else rows * len(self.ids) + ids[:, -1]
        by_key = np.argsort(keys, kind="stable")
        keys = keys[by_key]
        twice = np.flatnonzero(keys[1:] == keys[:-1])
        if len(twice):
            bad = by_key[twice[0] + 1]
            self.lines.fail(f"found {order}-gram {self._words(ids[bad])} a second time; keep one", int(numbers[bad]))
        self.keys.append(keys)
        self.orders.append(NgramOrder(ids[by_key].astype(np.int32), probs[by_key], backoffs[by_key]))

    def _words(self, ids: IntArray) -> str:
        names = list(self.ids)
        return repr(b" ".join(names[i] for i in ids).decode("utf-8", "backslashreplace"))


def _float_or_nan(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
