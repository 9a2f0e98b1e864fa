"""Token tables of other toolkits, and words spelt with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fsaasr.core import SymbolTable
from fsaasr.core.errors import FileFormatError, LexiconError
from fsaasr.lexicon.sentencepiece_training import train_sentencepiece
from fsaasr.lexicon.spelling import spell_words
from fsaasr.lexicon.token_tables import TokenTable, read_token_table

# Columns of facebook/wav2vec2-base-960h, the first ones of its vocab.json.
WAV2VEC2 = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4, "E": 5, "T": 6, "A": 7}


def test_hugging_face(tmp_path: Path) -> None:
    path = tmp_path / "vocab.json"
    path.write_text(json.dumps(dict(reversed(WAV2VEC2.items()))))
    table = read_token_table(path)
    assert (table.blank, table.delimiter) == (0, "|")
    assert table.columns == [0, 4, 5, 6, 7]
    assert table.tokens.names[1:] == ("|", "E", "T", "A")


def test_nemo_has_blank_behind_its_labels() -> None:
    labels = [" ", "a", "b"]
    table = read_token_table([*labels, "<blk>"])
    assert (table.blank, table.delimiter, table.columns) == (3, "<space>", [3, 0, 1, 2])
    assert read_token_table([*labels, "_"], blank=-1) == read_token_table([*labels, "_"], blank="_")


def test_espnet(tmp_path: Path) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text("<blank>\n<unk>\n▁THE\nS\n<sos/eos>\n", encoding="utf-8")
    table = read_token_table(path)
    assert (table.blank, table.delimiter, table.columns) == (0, None, [0, 2, 3])
    assert table.marks_words


def test_k2_and_icefall(tmp_path: Path) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text("A 2\n<blk> 0\nB 1\n")
    table = read_token_table(path)
    assert (table.names, table.blank) == (("<blk>", "B", "A"), 0)


def test_a_space_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("<blk>\n \na\n")
    assert read_token_table(path).delimiter == "<space>"


def test_lists_and_tables() -> None:
    assert read_token_table(SymbolTable(["<blk>", "a"])) == read_token_table(["<blk>", "a"])
    assert read_token_table(["-", "|", "a"], blank="-", delimiter="").delimiter is None


@pytest.mark.parametrize("text", ["", "A 0\nB 2\n", "a b c\n"])
def test_a_broken_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text(text)
    with pytest.raises((FileFormatError, LexiconError), match=r"expected|blank|complete"):
        read_token_table(path)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_token_table(tmp_path / "none.txt")
    (tmp_path / "vocab.json").write_text("{")
    with pytest.raises(FileFormatError, match="not JSON"):
        read_token_table(tmp_path / "vocab.json")
    (tmp_path / "vocab.json").write_text(json.dumps({"a": 1, "b": 2}))
    with pytest.raises(FileFormatError, match="complete it"):
        read_token_table(tmp_path / "vocab.json")


def test_wrong_tables_are_refused() -> None:
    with pytest.raises(LexiconError, match="give blank="):
        read_token_table(["a", "b"])
    with pytest.raises(LexiconError, match="no column is the delimiter"):
        read_token_table(["<blk>", "a"], delimiter="|")
    with pytest.raises(LexiconError, match="name of several columns"):
        read_token_table(["<blk>", "a", "a"])
    with pytest.raises(LexiconError, match="blank is column 7"):
        read_token_table(["<blk>", "a"], blank=7)


def test_pieces_of_a_model_and_blank_behind_them(tmp_path: Path) -> None:
    path = tmp_path / "bpe.model"
    train_sentencepiece(["low lower lowest"] * 20, path, 14, model_type="bpe")
    table = read_token_table(path)
    assert table.blank == len(table.names) - 1
    spelled = spell_words(["lower", "low"], table, path)
    assert {"".join(entry.tokens) for entry in spelled.lexicon.pronunciations} == {"▁lower", "▁low"}
    with pytest.raises(LexiconError, match=r"'zoo?'|zoo \('z'\)"):
        spell_words(["zoo"], table, path)


def test_longest_tokens_that_fit_to_the_end() -> None:
    table = TokenTable(("<blk>", "ab", "abc", "cd", "d", "a"), 0)
    # `abc` would fit first, but then nothing goes on to `cd`.
    spelled = spell_words(["abcd", "abcdd", "ab"], table)
    assert [entry.tokens for entry in spelled.lexicon.pronunciations] == [("ab",), ("abc", "d"), ("abc", "d", "d")]
    dead_end = TokenTable(("<blk>", "abc", "ab", "cx"), 0)
    assert spell_words(["abcx"], dead_end).lexicon.pronunciations[0].tokens == ("ab", "cx")


def test_words_that_cannot_be_spelt_are_named_or_left_out() -> None:
    table = TokenTable(("<blk>", "|", "a", "b"), 0, "|")
    with pytest.raises(LexiconError, match=r"1 of 2 words .* bad \('d'\)"):
        spell_words(["ab", "bad"], table)
    spelled = spell_words(["ab", "bad"], table, skip=True)
    assert spelled.left_out == {"bad": "d"}
    assert spelled.lexicon.pronunciations[0].tokens == ("a", "b", "|")
    with pytest.raises(LexiconError, match="1 of 1 words"):
        spell_words(["bad"], table, skip=True)
