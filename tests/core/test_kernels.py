"""The cache of compiled loops after sources have changed."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from fsaasr.core.kernels import SOURCES, drop_outdated

PACKAGE = Path(__file__).parents[2] / "fsaasr"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    for name in ("__init__.py", "a/loop_kernels.py", "a/search.py"):
        (tmp_path / name).write_text("x = 1\n")
    drop_outdated(tmp_path)
    return tmp_path


def compiled(package: Path) -> Path:
    path = package / "a" / "__pycache__" / "loop_kernels.loop-1.py311.nbi"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    return path


def test_it_stays_while_the_sources_do(package: Path) -> None:
    path = compiled(package)
    (package / "a" / "search.py").write_text("x = 2\n")
    drop_outdated(package)
    assert path.exists()


@pytest.mark.parametrize("change", ["content", "time", "new", "gone"])
def test_it_goes_when_any_source_of_a_loop_changes(package: Path, change: str) -> None:
    path, source = compiled(package), package / "a" / "loop_kernels.py"
    if change == "content":
        source.write_text("x = 10\n")
    elif change == "time":
        os.utime(source, (1, 1))
    elif change == "new":
        (package / "more_kernels.py").write_text("")
    else:
        source.unlink()
    drop_outdated(package)
    assert not path.exists()
    path = compiled(package)
    drop_outdated(package)
    assert path.exists()


def is_source(path: Path) -> bool:
    return any(fnmatch(path.name, pattern) for pattern in SOURCES)


def test_nothing_else_is_compiled_or_part_of_what_is() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert is_source(path) or not re.search(r"\bnjit\(", text), path
        if is_source(path) and path != PACKAGE / "core" / "kernels.py":
            assert not re.search(r"^from numba import .*\bnjit\b", text, re.MULTILINE), path
            modules = re.findall(r"^from (fsaasr[.\w]*) import", text, re.MULTILINE)
            parts = [PACKAGE.parent / (module.replace(".", "/") + ".py") for module in modules]
            assert [part for part in parts if not is_source(part)] == [], path
