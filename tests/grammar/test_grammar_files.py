"""Grammars in files: JSGF, phrases, Python functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import load_grammar

from .test_constraints import language

WORDS = SymbolTable(["at", "bob", "call", "cara", "five", "now", "o'clock", "off", "on", "six"])
FILES = {
    "g.jsgf": "#JSGF V1.0;\ngrammar g;\npublic <g> = call (bob | cara) | off;\n",
    "g.txt": "call bob\n\n  call   cara\noff\n",
    "g.py": (
        "import pynini\nfrom fsaasr.grammar import SlotGrammar\n"
        "def grammar():\n    return pynini.union('call bob', 'call cara', 'off')\n"
        "def slots(words):\n    return SlotGrammar({'n': ['bob', 'cara']}, words).accept('call {n}', 'off')\n"
        "def wrong():\n    return 'call bob'\n"
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", ["g.jsgf", "g.txt", "g.py", "g.py:grammar", "g.py:slots"])
def test_every_kind_says_the_same(folder: Path, name: str) -> None:
    assert language(load_grammar(f"{folder}/{name}", WORDS)) == {"call bob", "call cara", "off"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("g.py:wrong", r"g.py: wrong\(\) gave 'str', expected a pynini.Fst"),
        ("g.py:colours", "g.py: has no function 'colours'"),
        ("none.py:g", "none.py: no such file"),
        ("none.txt", "none.txt: cannot be read"),
        ("g.xml", r"g.xml: unknown kind of grammar; expected .jsgf, "),
    ],
)
def test_others_are_refused(folder: Path, name: str, message: str) -> None:
    with pytest.raises(GrammarError, match=message):
        load_grammar(f"{folder}/{name}", WORDS)
