"""The group: help of every verb, errors in one line, nothing heavy before a verb runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Callable

import click
import pytest

from fsaasr.cli.main import COMMANDS, main
from tests.cli.conftest import invoke


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_and_the_summary(name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"fsaasr {name}" in result.output
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.name == name
    assert (command.help or "").split("\n")[0] == COMMANDS[name].summary


def test_help_lists_every_verb() -> None:
    lines = invoke("--help").output.splitlines()
    assert [name for name in COMMANDS if not any(line.strip().startswith(f"{name} ") for line in lines)] == []


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom fsaasr.cli.main import main\n"
        f"main({arguments!r}, standalone_mode=False)\n"
        "heavy = {'k2', 'torch', 'lhotse', 'matplotlib', 'numba', 'pynini'}\n"
        "print('loaded:', *sorted(heavy & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].strip() == "loaded:"


def test_an_unknown_verb_is_a_usage_error() -> None:
    result = invoke("conquer")
    assert result.exit_code == 2
    assert "conquer" in result.output


def test_a_missing_file_is_one_line(fails: Callable[..., str], tmp_path: Path) -> None:
    line = fails("wer", tmp_path / "ref.txt", tmp_path / "hyp.txt")
    assert "ref.txt: cannot be read: No such file or directory" in line


def test_a_missing_graph_is_one_line(fails: Callable[..., str], tmp_path: Path) -> None:
    assert "no.graph" in fails("draw", tmp_path / "no.graph", tmp_path / "no.svg")
