from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core import EPSILON, FileFormatError, SymbolError, SymbolTable

# Symbols as lexicons have them: any script, no white space.
NAMES = st.text(min_size=1, max_size=4).filter(lambda name: len(name.split()) == 1 and name == name.split()[0])
TABLES = st.lists(NAMES.filter(lambda name: name != EPSILON), unique=True, max_size=8)


@given(TABLES)
def test_labels_and_names_are_each_others_inverse(names: list[str]) -> None:
    table = SymbolTable(names)
    assert list(table) == [EPSILON, *names] == list(table.names)
    assert len(table) == len(names) + 1
    for label, name in enumerate(table):
        assert table[name] == label == table.get(name)
        assert table.name(label) == name
        assert name in table


@given(TABLES)
def test_a_leading_epsilon_changes_nothing(names: list[str]) -> None:
    assert SymbolTable(names) == SymbolTable([EPSILON, *names])
    assert hash(SymbolTable(names)) == hash(SymbolTable([EPSILON, *names]))


@given(names=TABLES)
def test_a_written_table_is_read_back(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("symbols") / "words.txt"
    SymbolTable(names).write(path)
    assert SymbolTable.read(path) == SymbolTable(names)


def test_unknown_symbols_and_labels_are_errors() -> None:
    table = SymbolTable(["a", "b"])
    with pytest.raises(SymbolError, match="no symbol 'c' among 3 symbols"):
        table["c"]
    with pytest.raises(SymbolError, match="no label 3; labels run from 0 to 2"):
        table.name(3)
    with pytest.raises(SymbolError, match="no label -1"):
        table.name(-1)
    assert table.get("c") == -1
    assert table.get("c", 7) == 7
    assert "c" not in table


def test_tables_of_other_order_differ() -> None:
    assert SymbolTable(["a", "b"]) != SymbolTable(["b", "a"])
    assert SymbolTable(["a"]) != ["a"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "a"], "symbol 'a' stands at labels 1 and 2; each symbol may occur once"),
        (["a", EPSILON], "symbol '<eps>' stands at labels 0 and 2"),
        ([EPSILON, EPSILON], "symbol '<eps>' stands at labels 0 and 1"),
        ([""], "label 1 is ''; a symbol is non-empty, without spaces"),
        (["a", "b c"], "label 2 is 'b c'"),
        (["b\u00a0c"], "label 1 is"),
    ],
)
def test_malformed_tables_are_errors(names: list[str], message: str) -> None:
    with pytest.raises(SymbolError, match=message):
        SymbolTable(names)


def test_kaldis_file_is_read_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("b 2\n<eps> 0\n\na 1\n", encoding="utf-8")
    assert SymbolTable.read(path) == SymbolTable(["a", "b"])
    path.write_text("<epsilon> 0\na\t1\n", encoding="utf-8")
    assert SymbolTable.read(path) == SymbolTable(["a"])


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("<eps> 0\na\n", 2, "found 'a', expected `symbol label`"),
        ("<eps> 0\na one\n", 2, "expected `symbol label`"),
        ("<eps> 0\na -1\n", 2, "expected `symbol label`"),
        ("<eps> 0\na \u00b2\n", 2, "expected `symbol label`"),
        ("<eps> 0\na 1\nb 1\n", 3, "label 1 is given to 'a' and 'b'"),
        ("<eps> 0\na 2\n", None, "label 1 is missing"),
        ("a 0\nb 1\n", None, "label 0 is 'a', expected <eps>"),
        ("<eps> 0\na 1\na 2\n", None, "symbol 'a' stands at labels 1 and 2"),
    ],
)
def test_malformed_files_name_file_and_line(tmp_path: Path, text: str, line: int | None, problem: str) -> None:
    path = tmp_path / "words.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=problem) as caught:
        SymbolTable.read(path)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{path}:{line}: " if line else f"{path}: ")


def test_other_encodings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("<eps> 0\né 1\n".encode("latin-1"))
    with pytest.raises(FileFormatError, match="not UTF-8"):
        SymbolTable.read(path)


def test_repr_is_short() -> None:
    assert repr(SymbolTable("abc")) == "SymbolTable(4 symbols: a b c)"
    assert repr(SymbolTable("abcdefgh")) == "SymbolTable(9 symbols: a b c d e ...)"


def test_more_symbols_follow_and_the_table_stays() -> None:
    table = SymbolTable(["a", "b"])
    more = table.extended(["c", "d"])
    assert more == SymbolTable(["a", "b", "c", "d"])
    assert [more[name] for name in "abcd"] == [1, 2, 3, 4]
    assert table.extended([]) == table == SymbolTable(["a", "b"])
    with pytest.raises(SymbolError, match="'b' has label 2 already"):
        table.extended(["c", "b"])
    with pytest.raises(SymbolError, match="without spaces"):
        table.extended(["c d"])
