"""Words of a sequence of CTC tokens, and their times by the best alignment."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Scores, Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.align import align
from fsaasr.graph import NON_WORD, TOKEN_START, WORD_START, FstArrays, TokenGraph, find_topology
from fsaasr.graph.fst_arrays import Arc
from fsaasr.lexicon.token_tables import TokenTable
from fsaasr.lexicon.units import WORD_MARK

Word = Tuple[str, int, int]
"""Name, and first token and end among those of the utterance."""


class Said(NamedTuple):
    """Words, their tokens (labels without blank), the log probability of all alignments, the models' score."""

    words: List[Word]
    tokens: List[int]
    acoustic: float
    model: float


def said_words(table: TokenTable, tokens: Sequence[int], word_tokens: bool) -> List[Word]:
    """Joins tokens to words: at delimiters, before `▁`, or (`word_tokens`) each by itself."""
    names = table.tokens.names
    words: List[Word] = []
    is_open = False
    for place, label in enumerate(tokens):
        name = names[label]
        if name == table.delimiter:
            is_open = False
            continue
        begins = table.marks_words and name.startswith(WORD_MARK)
        own = name[len(WORD_MARK) :] if begins else name
        if is_open and not begins and not word_tokens:
            word, first, _ = words[-1]
            words[-1] = (word + own, first, place + 1)
        else:
            words.append((own, place, place + 1))
        is_open = True
    return [word for word in words if word[0]]


def timed(said: Said, table: TokenTable, matrix: FloatArray, frame_shift: Seconds, utterance: str) -> Hypothesis:
    """The hypothesis with the times of the best alignment.

    Args:
      matrix: (T, 1 + V) log posteriors; columns of tokens that do not occur are not looked at.
    """
    used = sorted(set(said.tokens) | ({table.tokens[table.delimiter]} if table.delimiter else set()))
    own = SymbolTable(table.tokens.name(label) for label in used)
    number = {label: n for n, label in enumerate(used, 1)}
    delimiter = number[table.tokens[table.delimiter]] if table.delimiter else 0
    words = SymbolTable(dict.fromkeys(word for word, _, _ in said.words))
    arcs, flags, ends = _line([number[label] for label in said.tokens], said.words, words, delimiter)
    order = sorted(range(len(arcs)), key=lambda k: (arcs[k][0], flags[k], arcs[k][2]))
    fst = FstArrays.from_arcs([arcs[k] for k in order], [(end, 0.0) for end in ends], 0)
    graph = TokenGraph(fst, np.array([flags[k] for k in order], dtype=np.uint8), words, own, find_topology("ctc"))
    columns = [0, *used]
    scores = Scores.from_matrices([matrix[:, columns]], frame_shift, ids=[utterance])
    (found,) = align([graph.expand()], scores)
    return replace(found, columns=tuple(columns[column] for column in found.columns))


def _line(
    tokens: Sequence[int], words: Sequence[Word], labels: SymbolTable, delimiter: int
) -> Tuple[List[Arc], List[int], List[int]]:
    """One token after another as arcs, with their flags, and the last states; delimiters may be many, and stand at the
    ends."""
    first: Dict[int, str] = {begin: word for word, begin, _ in words}
    inside = {place for _, begin, end in words for place in range(begin, end)}
    arcs: List[Arc] = []
    flags: List[int] = []

    def add(source: int, target: int, token: int, word: int, role: int) -> None:
        arcs.append((source, target, token, word, 0.0))
        flags.append(TOKEN_START | role)

    if delimiter:
        add(0, 0, delimiter, 0, NON_WORD)
    for place, token in enumerate(tokens):
        word = labels[first[place]] if place in first else 0
        add(place, place + 1, token, word, WORD_START if word else 0 if place in inside else NON_WORD)
        if token == delimiter:
            add(place + 1, place + 1, delimiter, 0, NON_WORD)
    end = len(tokens)
    if not (delimiter and end and tokens[-1] != delimiter):
        return arcs, flags, [end]
    add(end, end + 1, delimiter, 0, NON_WORD)
    add(end + 1, end + 1, delimiter, 0, NON_WORD)
    return arcs, flags, [end, end + 1]
