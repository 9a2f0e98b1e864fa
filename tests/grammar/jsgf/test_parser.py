"""JSGF text: what may be written, and what is wrong with what may not, by line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsaasr.core.errors import GrammarFileError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.jsgf import JsgfGrammar, parse_jsgf, read_jsgf

HEAD = "#JSGF V1.0;\ngrammar com.acme.g;\n"


def sentences(grammar: JsgfGrammar) -> set[str]:
    table = SymbolTable(grammar.words)
    return {" ".join(table.names_of(labels)) for labels in _labels(grammar, table)}


def _labels(grammar: JsgfGrammar, table: SymbolTable) -> list[list[int]]:
    paths, found = grammar.accept(table).paths(), []
    while not paths.done():
        found.append([label for label in paths.ilabels() if label])
        paths.next()
    return found


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("a b | c", {"a b", "c"}),
        ("a (b | c) d", {"a b d", "a c d"}),
        ("[a | b] c", {"c", "a c", "b c"}),
        ('"New York" | "a \\"b\\""', {"New York", 'a "b"'}),
        ("don't stop, über-schön! 3.5", {"don't stop, über-schön! 3.5"}),
        ("a {x} {y} | b{z;|*}", {"a", "b"}),
        ("a/* | b */c // | d\n e", {"a c e"}),
        ("a <NULL> | b <VOID>", {"a"}),
        ("/1/ a | /0/ b | /.5e1/ c", {"a", "c"}),
        ("public grammar import", {"public grammar import"}),
        ("<com.acme.g.r2> | <g.r2> | <r2>", {"z"}),
    ],
)
def test_what_may_be_written(rule: str, expected: set[str]) -> None:
    assert sentences(parse_jsgf(f"{HEAD}public <r> = {rule};\n<r2> = z;")) == expected


FAULTS = {
    "grammar g;": "1: column 1: expected the header",
    "#JSGF V2.0;\ngrammar g;": "1: column 1: found version 2.0",
    "#JSGF V1.0;\n<a> = b;": "2: column 1: found 'a', expected `grammar NAME;`",
    "#JSGF V1.0;\ngrammar g\n<a> = b;": "3: column 1: found 'a', expected `;` behind the grammar's name",
    HEAD + "public a = b;": "3: column 8: found 'a', expected a rule, ",
    HEAD + "<a> b;": "3: column 5: found 'b', expected `=`",
    HEAD + "<a> =\n  b": "4: column 4: found 'the end', expected `;` at the end of the rule",
    HEAD + "<a> = b | ;": "3: column 11: found ';', expected words, a rule or a bracket; `<NULL>`",
    HEAD + "<a> = (b | c;": r"3: column 13: found ';', expected '\)' for '\(' of line 3",
    HEAD + "<a> = b c];": "3: column 10: found ']', expected `;`",
    HEAD + "<a> = b };": "3: column 9: found '}': it closes what was not opened",
    HEAD + "<a> = b {c ;": "3: column 9: found '{': a tag that does not end",
    HEAD + '<a> = "b ;': "3: column 7: found '\"': a quotation that does not end",
    HEAD + '<a> = "";': "3: column 7: found an empty quotation",
    HEAD + "<a> = <b c>;": "3: column 7: found '<': a rule's name that does not end",
    HEAD + "<a> = b; /* c": "3: column 10: found '/': a comment or a weight that does not end",
    HEAD + "<a> = b;\n<c> = /2/ d |\n e;": "4: column 7: 1 of 2 alternatives have weights, which sum to 2",
    HEAD + "<a> = /0/ b | /0/ c;": "3: column 7: 2 of 2 alternatives have weights, which sum to 0",
    HEAD + "<a> = /x/ b;": "3: column 7: found weight 'x', expected a number",
    HEAD + "<a> = /-1/ b;": "3: column 7: found weight '-1'",
    HEAD + "<a> = b\n  <c>;": "4: column 3: rule <c> is not defined; there are a",
    HEAD + "<a> = b;\n<a> = c;": "4: column 1: rule <a> is defined on line 3 already",
    HEAD + "<NULL> = b;": "3: column 1: <NULL> cannot be defined",
    HEAD + "<a> = <a> b | c;": "3: column 7: rule <a> leads back to itself by <a>, and not at its very end",
    HEAD + "<a> = b <c>;\n<c> = (<a>)* d;": "4: column 8: rule <c> leads back to itself by <a>",
    HEAD + "import <x.y>;\n<a> = b;": "3: column 8: no grammar 'x' to import from; there are none",
    HEAD + "import x;\n<a> = b;": "3: column 8: found 'x', expected `<grammar.rule>`",
}


@pytest.mark.parametrize("text", FAULTS)
def test_faults_are_told_with_line_and_column(text: str) -> None:
    with pytest.raises(GrammarFileError, match=f"^home.jsgf:{FAULTS[text]}"):
        parse_jsgf(text, "home.jsgf")


NUMBERS = "#JSGF V1.0;\ngrammar com.acme.numbers;\npublic <digit> = one | <two>;\n<two> = two;\npublic <more> = ten;"


def test_imported_rules_are_found() -> None:
    library = {"com.acme.numbers": parse_jsgf(NUMBERS)}
    for line in (
        "import <com.acme.numbers.digit>;\npublic <a> = set <digit>;",
        "import <com.acme.numbers.*>;\npublic <a> = set <digit>;",
        "import <com.acme.numbers.*>;\npublic <a> = set <numbers.digit>;",
        "public <a> = set <com.acme.numbers.digit>;",
    ):
        assert sentences(parse_jsgf(HEAD + line, library=library)) == {"set one", "set two"}
    own = "import <com.acme.numbers.*>;\npublic <a> = set <digit>;\n<digit> = three;"
    assert sentences(parse_jsgf(HEAD + own, library=library)) == {"set three"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import <com.acme.numbers.two>;\n<a> = b;", "3: column 8: .* has no public rule <two>; there are digit, more"),
        ("import <com.acme.numbers.more>;\n<a> = <digit>;", "4: column 7: rule <digit> is not defined"),
        ("import <com.acme.numbers.*>;\nimport <n.*>;\n<a> = <digit>;", "5: column 7: rule <digit> is imported from"),
    ],
)
def test_wrong_imports_say_why(text: str, message: str) -> None:
    other = parse_jsgf("#JSGF V1.0;\ngrammar n;\npublic <digit> = b;")
    with pytest.raises(GrammarFileError, match=message):
        parse_jsgf(HEAD + text, library={"com.acme.numbers": parse_jsgf(NUMBERS), "n": other})


def test_files_import_their_neighbours(tmp_path: Path) -> None:
    (tmp_path / "numbers.gram").write_text(NUMBERS)
    (tmp_path / "g.jsgf").write_text(HEAD + "import <com.acme.numbers.digit>;\npublic <a> = set <digit>;")
    assert sentences(read_jsgf(tmp_path / "g.jsgf")) == {"set one", "set two"}
    (tmp_path / "numbers.gram").write_text("#JSGF V1.0;\ngrammar numbers;\nimport <g.a>;\npublic <digit> = b;")
    with pytest.raises(GrammarFileError, match=r"imports itself, by g.jsgf > numbers.gram > g.jsgf"):
        read_jsgf(tmp_path / "g.jsgf")


def test_files_are_read_in_their_encoding(tmp_path: Path) -> None:
    path = tmp_path / "g.jsgf"
    path.write_bytes("#JSGF V1.0 ISO-8859-1 de;\ngrammar g;\npublic <a> = schön;".encode("latin-1"))
    assert sentences(read_jsgf(path)) == {"schön"}
    path.write_bytes("#JSGF V1.0;\ngrammar g;\npublic <a> = schön;".encode("latin-1"))
    with pytest.raises(GrammarFileError, match=r"g.jsgf:3: byte 0xf6 is not utf-8"):
        read_jsgf(path)
    path.write_text("#JSGF V1.0 klingon;\ngrammar g;\n")
    with pytest.raises(GrammarFileError, match=r"g.jsgf:1: unknown encoding 'klingon'"):
        read_jsgf(path)
    with pytest.raises(GrammarFileError, match=r"none.jsgf: cannot be read: No such file"):
        read_jsgf(tmp_path / "none.jsgf")
