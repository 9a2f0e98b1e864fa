from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.interpreters import find_python


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two empty folders, `first` and `second`, as the whole PATH; the running Python is taken for 3.8."""
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    write(tmp_path / "running", "echo 3 8")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "running"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    return tmp_path


def write(path: Path, code: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)
    return str(path)


def test_none(machine: Path) -> None:
    assert find_python(((3, 11),)) is None


def test_by_its_name(machine: Path) -> None:
    write(machine / "first/python3", "echo 3 12")
    path = write(machine / "second/python3.11", "echo 3 11")
    assert find_python(((3, 11),)) == (path, (3, 11))


def test_under_a_general_name(machine: Path) -> None:
    path = write(machine / "first/python", "echo 3 11")
    assert find_python(((3, 11),)) == (path, (3, 11))


def test_the_running_one_is_taken_where_it_fits(machine: Path) -> None:
    path = write(machine / "running", "echo 3 11")
    write(machine / "first/python3.11", "echo 3 11")
    assert find_python(((3, 11),)) == (path, (3, 11))


def test_a_launcher_with_nothing_behind_it_is_passed_over(machine: Path) -> None:
    write(machine / "first/python3.11", "echo 'version not installed' >&2; exit 127")
    path = write(machine / "second/python3.11", "echo 3 11")
    assert find_python(((3, 11),)) == (path, (3, 11))


def test_the_name_alone_proves_nothing(machine: Path) -> None:
    write(machine / "first/python3.11", "echo 3 9")
    assert find_python(((3, 11),)) is None


def test_the_preferred_version_first(machine: Path) -> None:
    older = write(machine / "first/python3", "echo 3 12")
    assert find_python(((3, 11), (3, 12))) == (older, (3, 12))
    preferred = write(machine / "second/python3.11", "echo 3 11")
    assert find_python(((3, 11), (3, 12))) == (preferred, (3, 11))


def test_pyenvs_versions_are_seen(machine: Path) -> None:
    write(machine / "first/pyenv", f'[ "$1" = root ] && echo {machine}/pyenv')
    path = write(machine / "pyenv/versions/3.11.4/bin/python", "echo 3 11")
    write(machine / "pyenv/versions/3.9.1/bin/python", "echo 3 9")
    assert find_python(((3, 11),)) == (path, (3, 11))
