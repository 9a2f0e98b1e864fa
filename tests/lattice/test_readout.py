"""Words and tokens with their times, from the flags of a path's arcs."""

import numpy as np
import pytest

from fsaasr.core.symbols import SymbolTable
from fsaasr.graph.decoding_graph import NON_WORD, TOKEN_START, WORD_START
from fsaasr.lattice import PathArcs, read_out

T, W, N = TOKEN_START, TOKEN_START | WORD_START, TOKEN_START | NON_WORD


class Symbols:
    """Blank, SIL, a, b as columns 0 .. 3; words x, y."""

    words = SymbolTable(["x", "y"])
    tokens = SymbolTable(["SIL", "a", "b"])
    column_token = np.array([0, 1, 2, 3], dtype=np.int32)


def read(columns, flags, words, **kwargs):
    """Reads a path of one arc a frame; None as a column is an epsilon arc."""
    labels = np.array([0 if column is None else column + 1 for column in columns], dtype=np.int32)
    flags = None if flags is None else np.array(flags, dtype=np.uint8)
    path = PathArcs(labels, np.array(words, dtype=np.int32), flags, -1.0, -2.0)
    return read_out(path, Symbols(), "u1", 1.0, **kwargs)


def spans(found):
    return [(span.name, span.start, span.end) for span in found]


def test_a_word_ends_with_its_last_token():
    #        blank  x: a  a  b  blank  y: b  blank
    found = read([0, 2, 2, 3, 0, 3, 0], [0, W, 0, T, 0, W, 0], [0, 1, 0, 0, 0, 2, 0])
    assert spans(found.words) == [("x", 1, 4), ("y", 5, 6)]
    assert spans(found.tokens) == [("a", 1, 3), ("b", 3, 4), ("b", 5, 6)]
    assert found.columns == (0, 2, 2, 3, 0, 3, 0)
    assert (found.acoustic_score, found.graph_score, found.score) == (-1.0, -2.0, -3.0)


def test_blanks_within_a_word_belong_to_it():
    found = read([2, 0, 3, 0], [W, 0, T, 0], [1, 0, 0, 0])
    assert spans(found.words) == [("x", 0, 3)]


def test_silence_ends_a_word_and_is_a_token_of_none():
    found = read([1, 2, 1, 1, 3, 1], [N, W, N, 0, W, N], [0, 1, 0, 0, 2, 0])
    assert spans(found.words) == [("x", 1, 2), ("y", 4, 5)]
    assert spans(found.tokens) == [("SIL", 0, 1), ("a", 1, 2), ("SIL", 2, 4), ("b", 4, 5), ("SIL", 5, 6)]


@pytest.mark.parametrize("words", [[1, 2, 0, 0], [0, 0, 1, 2], [0, 1, 0, 2]])
def test_times_do_not_depend_on_where_the_labels_were_pushed(words):
    found = read([2, 2, 3, 3], [W, 0, W, 0], words)
    assert spans(found.words) == [("x", 0, 2), ("y", 2, 4)]


def test_epsilon_arcs_take_no_time():
    found = read([None, 2, None, 3, None], [0, W, 0, W, 0], [1, 0, 0, 0, 2])
    assert spans(found.words) == [("x", 0, 1), ("y", 1, 2)]
    assert found.columns == (2, 3)


def test_repeated_tokens_are_told_apart_by_their_starts():
    found = read([2, 2, 2], [W, T, 0], [1, 0, 0])
    assert spans(found.tokens) == [("a", 0, 1), ("a", 1, 3)]


def test_a_word_cut_short_before_it_began_stands_where_its_label_is():
    found = read([2, 0, 0], [W, 0, 0], [1, 0, 2], reached_final=False)
    assert spans(found.words) == [("x", 0, 1), ("y", 2, 3)]
    assert not found.reached_final


def test_a_word_cut_short_before_its_label_is_left_out():
    found = read([2, 3], [W, W], [1, 0], reached_final=False)
    assert spans(found.words) == [("x", 0, 1)]
    assert spans(found.tokens) == [("a", 0, 1), ("b", 1, 2)]


def test_without_flags_tokens_are_runs_and_words_last_until_the_next():
    found = read([0, 2, 2, 3, 0, 3], None, [0, 1, 0, 0, 2, 0])
    assert spans(found.tokens) == [("a", 1, 3), ("b", 3, 4), ("b", 5, 6)]
    assert spans(found.words) == [("x", 1, 4), ("y", 4, 6)]


@pytest.mark.parametrize("flags", [[], None])
def test_an_empty_path_holds_nothing(flags):
    found = read([], flags, [])
    assert (found.words, found.tokens, found.columns) == ((), (), ())
