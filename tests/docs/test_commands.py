"""The commands that documents show exist, with the options that they are shown with."""

from __future__ import annotations

import re
from typing import Iterator, List

import click
import pytest

from fsaasr.cli.main import main
from tests.docs.test_examples import DOCUMENTS, ROOT

_CODE = re.compile(r"```(?:sh|bash|console)?\n(.*?)```|`([^`\n]+)`", re.DOTALL)
_OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")


def commands(text: str) -> Iterator[str]:
    """What follows `fsaasr` in blocks and spans of code, a command each; continued lines are put together."""
    for block, span in _CODE.findall(text):
        for line in (block or span).replace("\\\n", " ").splitlines():
            match = re.match(r"\s*(?:\$ )?fsaasr ([a-z].*)", line.partition(" #")[0])
            if match:
                yield match[1]


def problems(line: str) -> List[str]:
    """Verbs (`a|b` is two) and options of a command line that `fsaasr` does not have."""
    command: click.Command = main
    words = line.split()
    while isinstance(command, click.Group) and words:
        found = {name: command.get_command(click.Context(command), name) for name in words[0].split("|")}
        unknown = [name for name, verb in found.items() if verb is None]
        if unknown:
            return unknown
        command, words = next(verb for verb in found.values() if verb is not None), words[1:]
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
    return [option for option in _OPTION.findall(" ".join(words)) if option not in known]


SHOWN = {path.relative_to(ROOT).as_posix(): list(commands(path.read_text(encoding="utf-8"))) for path in DOCUMENTS}


@pytest.mark.parametrize("name", [name for name, lines in SHOWN.items() if lines])
def test_commands_exist(name: str) -> None:
    assert [(line, problems(line)) for line in SHOWN[name] if problems(line)] == []


def test_commands_are_found_and_judged() -> None:
    block = "```sh\n$ fsaasr wer ref hyp \\\n  --by speaker  # so\nls\n```\n"
    text = f"Say `fsaasr lattice nbest a b -n 3`.\n{block}`fsaasr.core`\n"
    found = list(commands(text))
    assert found == ["lattice nbest a b -n 3", "wer ref hyp    --by speaker "]
    assert [problems(line) for line in found] == [[], []]
    assert problems("wer ref hyp --bye") == ["--bye"]
    assert problems("were ref") == ["were"]
    assert problems("lattice best") == ["best"]
    assert problems("g2p train|apply|tell") == ["tell"]


def test_the_cheat_sheet_shows_many() -> None:
    assert len(SHOWN["docs/cheatsheet.md"]) > 25
