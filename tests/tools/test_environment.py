from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Sequence

import pytest

from tools import environment
from tools.environment import MARKER, PROJECT, STACKS, SetupError, Stack, prepare

ROOT = Path(__file__).resolve().parents[2]
HERE = (sys.version_info[0], sys.version_info[1])
TOY = Stack("toy", ".venv-toy", (HERE,), (), (("-r", "requirements/toy.txt"), PROJECT))


class Steps:
    """Stands in for the steps of a set-up: notes the arguments of pip, makes what `venv` would, fails when told."""

    def __init__(self) -> None:
        self.pip: list[tuple[str, ...]] = []
        self.failures = 0

    def __call__(self, command: Sequence[str], root: Path) -> None:
        if command[2] == "venv":
            folder = Path(command[-1])
            (folder / "bin").mkdir()
            (folder / "bin/python").symlink_to(sys.executable)
            return
        if "install" in command:
            self.pip.append(tuple(command[command.index("--progress-bar") + 2 :]))
        if self.failures:
            self.failures -= 1
            raise SetupError("no network")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    stand_in = Steps()
    monkeypatch.setattr(environment, "_run", stand_in)
    monkeypatch.setattr(environment, "find_python", lambda versions: (sys.executable, HERE))
    return stand_in


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/toy.txt").write_text("-r base.txt\ntoy==1\n")
    (tmp_path / "requirements/base.txt").write_text("base==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


FULL = [(environment.PIP,), *TOY.installs]


def again(steps: Steps, place: Path) -> list[tuple[str, ...]]:
    """What a further set-up installs."""
    steps.pip.clear()
    assert prepare(TOY, place) == place / ".venv-toy"
    return steps.pip


def test_the_first_makes_it_and_the_next_finds_it(steps: Steps, place: Path) -> None:
    assert again(steps, place) == FULL
    assert again(steps, place) == []


@pytest.mark.parametrize("name", ["toy.txt", "base.txt"])
def test_other_requirements_make_it_anew(steps: Steps, place: Path, name: str) -> None:
    prepare(TOY, place)
    (place / ".venv-toy/leftover").touch()
    path = place / "requirements" / name
    path.write_text(path.read_text() + "more==1\n")
    assert again(steps, place) == FULL
    assert not (place / ".venv-toy/leftover").exists()


def test_another_project_file_installs_the_project_only(steps: Steps, place: Path) -> None:
    prepare(TOY, place)
    (place / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert again(steps, place) == [PROJECT]
    assert again(steps, place) == []


@pytest.mark.parametrize("marker", ["{}", "", "half a mark"])
def test_a_killed_set_up_is_noticed(steps: Steps, place: Path, marker: str) -> None:
    prepare(TOY, place)
    (place / ".venv-toy" / MARKER).write_text(marker)
    (place / ".venv-toy/leftover").touch()
    assert again(steps, place) == FULL
    assert not (place / ".venv-toy/leftover").exists()


def test_a_set_up_killed_while_it_removes_is_noticed(steps: Steps, place: Path) -> None:
    prepare(TOY, place)
    (place / ".venv-toy").rename(place / ".venv-toy-trash")
    assert again(steps, place) == FULL
    assert not (place / ".venv-toy-trash").exists()


def test_a_moved_repository_is_noticed(steps: Steps, place: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    prepare(TOY, place)
    moved = tmp_path_factory.mktemp("elsewhere") / "repository"
    place.rename(moved)
    assert again(steps, moved) == FULL


def test_an_interpreter_that_is_gone_is_noticed(steps: Steps, place: Path) -> None:
    prepare(TOY, place)
    (place / ".venv-toy/bin/python").unlink()
    (place / ".venv-toy/bin/python").symlink_to(place / "gone")
    assert again(steps, place) == FULL


def test_one_failure_is_tried_again_from_the_beginning(steps: Steps, place: Path) -> None:
    steps.failures = 1
    assert again(steps, place) == [FULL[0], *FULL]


def test_a_second_failure_is_told_and_leaves_nothing_that_looks_ready(steps: Steps, place: Path) -> None:
    steps.failures = 2
    with pytest.raises(SetupError, match="no network"):
        prepare(TOY, place)
    assert again(steps, place) == FULL


def test_an_environment_of_somebody_else_is_kept(steps: Steps, place: Path) -> None:
    (place / ".venv-toy").mkdir()
    (place / ".venv-toy/mine").touch()
    assert again(steps, place) == FULL
    assert [path.parent.name.rsplit("-", 1)[0] for path in place.glob("*/mine")] == [".venv-toy-before"]


def test_no_python(steps: Steps, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_python", lambda versions: None)
    with pytest.raises(SetupError, match=rf"needs Python {HERE[0]}\.{HERE[1]} with pip, .*; install one, or take"):
        prepare(TOY, place)


def test_an_older_python_takes_what_fits(steps: Steps, place: Path) -> None:
    stack = Stack("toy", ".venv-toy", ((3, 99),), (HERE,), TOY.installs)
    prepare(stack, place)
    assert steps.pip == [(environment.PIP,), *environment.UNPINNED]


@pytest.mark.skipif(environment.fcntl is None, reason="file locks")
def test_two_at_once_make_it_once(steps: Steps, place: Path) -> None:
    threads = [threading.Thread(target=prepare, args=(TOY, place)) for _ in range(4)]
    with environment._lock(place):
        for thread in threads:
            thread.start()
        assert steps.pip == []
    for thread in threads:
        thread.join()
    assert steps.pip == FULL


@pytest.mark.parametrize(
    ("system", "machine", "python", "name", "said"),
    [
        ("Linux", "x86_64", ("python3.11", (3, 11)), "default", ""),
        ("Linux", "x86_64", None, "current", "no Python 3.11 was found"),
        ("Darwin", "arm64", ("python3.11", (3, 11)), "current", "this is Darwin arm64"),
    ],
)
def test_the_demo_takes_the_stack_that_can_be_had(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    system: str,
    machine: str,
    python: tuple[str, tuple[int, int]] | None,
    name: str,
    said: str,
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(environment, "find_python", lambda versions: python)
    assert environment.choose_for_demo(place) is STACKS[name]
    told = capsys.readouterr().err
    assert said in told
    assert ("k2 is missing" in told and "That costs the rows of the engine k2" in told) == (name == "current")


def test_a_failed_step_shows_the_end_of_its_log(place: Path) -> None:
    (place / ".setup").mkdir()
    code = "import sys; print('first'); [print('line', n) for n in range(20)]; sys.exit('the reason')"
    with pytest.raises(SetupError, match=r"failed with status 1:\n(?s:.*)the reason") as caught:
        environment._run([sys.executable, "-c", code], place)
    assert "\nfirst" not in str(caught.value)
    assert "\nline 19\n" in str(caught.value)


@pytest.mark.skipif(environment.fcntl is None, reason="file locks")
def test_a_step_keeps_others_out_until_it_ends(place: Path) -> None:
    """A set-up that is killed leaves its step running; nobody may touch the folder before that ends."""
    step = "import time; open('begun', 'w').close(); time.sleep(60)"
    code = (
        f"from pathlib import Path; from tools import environment as e; root = Path({str(place)!r})\n"
        f"with e._lock(root): e._run([{sys.executable!r}, '-c', {step!r}], root)"
    )
    setup = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, start_new_session=True)
    try:
        while setup.poll() is None and not (place / "begun").exists():
            threading.Event().wait(0.05)
        setup.kill()
        setup.wait()
        with (place / ".setup/lock").open("w") as stream, pytest.raises(BlockingIOError):
            environment.fcntl.flock(stream, environment.fcntl.LOCK_EX | environment.fcntl.LOCK_NB)
    finally:
        os.killpg(setup.pid, signal.SIGKILL)


def test_the_stacks_name_files_that_are_there() -> None:
    for stack in STACKS.values():
        inputs = environment._inputs(stack, ROOT)
        assert len(inputs["packages"]) == len(inputs["project"]) == 64
    assert environment._inputs(STACKS["default"], ROOT) != environment._inputs(STACKS["current"], ROOT)
