"""Everything that the documents and docstrings show as code runs."""

from __future__ import annotations

import doctest
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("README.md", "docs/**/*.md", "fsaasr/**/README.md", "egs/*/README.md", "graphs/**/*.md")
    for path in ROOT.glob(pattern)
)
DOCTESTED = sorted(path for path in (ROOT / "fsaasr").rglob("*.py") if ">>>" in path.read_text(encoding="utf-8"))


class Block(NamedTuple):
    """A fenced block: the line of its first line of code, and the code."""

    line: int
    code: str


def python_blocks(text: str) -> Iterator[Block]:
    """The ```python blocks of a Markdown text."""
    for match in re.finditer(r"^```python[ \t]*\n(.*?)^```[ \t]*$", text, re.MULTILINE | re.DOTALL):
        yield Block(text.count("\n", 0, match.start(1)) + 1, match.group(1))


def run(block: Block, name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a block in a process of its own, in the repository's root; errors show the document's line numbers."""
    script = folder / f"{name.replace('/', '_')}.py"
    script.write_text("\n" * (block.line - 1) + block.code, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore::DeprecationWarning"}
    return subprocess.run(
        [sys.executable, str(script)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


BLOCKS = [
    pytest.param(path.relative_to(ROOT).as_posix(), block, id=f"{path.relative_to(ROOT).as_posix()}:{block.line}")
    for path in DOCUMENTS
    for block in python_blocks(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("name", "block"), BLOCKS)
def test_document_runs(name: str, block: Block, tmp_path: Path) -> None:
    done = run(block, name, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", DOCTESTED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_docstring_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An example may use what its folder exports without importing it."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).replace(".__init__", "")
    module = importlib.import_module(name)
    folder = importlib.import_module(".".join(name.split(".")[:2]))
    exported = {public: getattr(folder, public) for public in getattr(folder, "__all__", ())}
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(module, extraglobs=exported, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0


def test_blocks_are_found_with_their_lines() -> None:
    text = "# A\n\n```python\na = 1\n\nb = 2\n```\n\n```bash\nls\n```\n```python\nc = 3\n```\n"
    assert list(python_blocks(text)) == [Block(4, "a = 1\n\nb = 2\n"), Block(13, "c = 3\n")]


def test_a_failing_block_fails_and_names_its_line(tmp_path: Path) -> None:
    done = run(Block(7, "assert 1 == 2\n"), "docs/bad.md", tmp_path)
    assert done.returncode == 1
    assert "line 7" in done.stderr
