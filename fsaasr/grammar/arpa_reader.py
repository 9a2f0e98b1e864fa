"""Reading ARPA files, the text form of back-off models as SRILM and KenLM write it."""

from __future__ import annotations

import re
from typing import List, Tuple

from fsaasr.core.files import PathLike
from fsaasr.grammar.arpa_sections import ArpaLines, ArpaSections, show
from fsaasr.grammar.ngram_model import NgramModel
from fsaasr.grammar.text_files import open_text

_COUNT = re.compile(rb"ngram\s+(\d+)\s*=\s*(\d+)")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def _read_counts(lines: ArpaLines) -> Tuple[List[int], bytes]:
    """Counts by order, and the line after them."""
    line = lines.next()
    if line.startswith(_BYTE_ORDER_MARK):
        line = line[len(_BYTE_ORDER_MARK) :]
    while line != b"\\data\\":
        if not line:
            lines.fail("found no \\data\\ line; expected an ARPA file (binary models must be written as ARPA first)")
        line = lines.next()
    counts: List[int] = []
    line = lines.next()
    while line.startswith(b"ngram"):
        match = _COUNT.fullmatch(line)
        if not match or int(match[1]) != len(counts) + 1:
            lines.fail(f"found {show(line)}, expected `ngram {len(counts) + 1}=COUNT`; orders run from 1 without gaps")
        counts.append(int(match[2]))
        line = lines.next()
    if not counts:
        lines.fail(f"found {show(line)}, expected `ngram 1=COUNT` after \\data\\")
    return counts, line


def read_arpa(path: PathLike) -> NgramModel:
    r"""Reads an ARPA file, plain or gzipped, of any order.

    Accepted as SRILM, KenLM and others write it: text before `\data\`, tabs or spaces, CRLF, back-offs left
    out where they are 0, `-99` and `-inf` for "never" (kept as they are), `<unk>` or `<UNK>` or neither, no
    `<s>`, lower-order n-grams missing that are no context. Word ids follow the file's 1-grams.

    Args:
      path: the file.

    Returns:
      The model, with the very numbers of the file (as float64).

    Raises:
      GrammarFileError: with the line: no `\data\` or `\end\`, counts that differ from those announced, a
        malformed line, NaN or a positive log probability, a repeated n-gram, a word that is no 1-gram, an
        n-gram whose first n - 1 words are no (n-1)-gram, bytes that are not UTF-8.
    """
    with open_text(path) as file:
        lines = ArpaLines(path, file)
        counts, header = _read_counts(lines)
        if not counts[0]:
            lines.fail("found `ngram 1=0`, expected at least one 1-gram")
        parser = ArpaSections(lines, counts)
        for order in range(1, len(counts) + 1):
            if header != b"\\%d-grams:" % order:
                lines.fail(f"found {show(header) if header else 'the end of the file'}, expected \\{order}-grams:")
            header = parser.section(order)
        if header != b"\\end\\":
            lines.fail(f"found {show(header)}, expected \\end\\ after {len(counts)} orders")
    vocabulary = tuple(word.decode("utf-8") for word in parser.ids)
    return NgramModel(vocabulary, tuple(parser.orders))
