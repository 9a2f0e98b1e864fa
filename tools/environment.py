"""Makes, repairs and finds the virtual environments of this repository.

    python3 -m tools.environment default|current|demo|bench|bench-kaldi|bench-pykaldi

prints the folder of an environment that is ready to use. `demo` is the default stack where this machine
can have it, else the current one. `bench` is the default stack with the decoders it is compared with,
`bench-kaldi` and `bench-pykaldi` those that cannot share an environment with it. Standard library only.

A marker file, written last, holds the hashes of what the environment was made from. Without it, or with
other hashes, the installation was killed or is out of date, and the environment is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, Sequence, Tuple

from tools.interpreters import Version, find_python

try:
    import fcntl
except ImportError:  # without file locks, two set-ups must not run at once
    fcntl = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parents[1]
PIP = "pip==25.3"  # pip 26 refuses the name of k2's wheel
MARKER = ".fsaasr.json"


class SetupError(Exception):
    """A set-up failed; the message is all that its user needs."""


@dataclass(frozen=True)
class Stack:
    """A set of pinned packages.

    Attributes:
      folder: its environment, under the repository's root.
      pythons: versions that the pins fit, the preferred one first.
      unpinned: versions for which the newest packages that fit are taken instead.
      installs: arguments of each `pip install`, run in the repository's root.
      pip: which one installs.
    """

    name: str
    folder: str
    pythons: Tuple[Version, ...]
    unpinned: Tuple[Version, ...]
    installs: Tuple[Tuple[str, ...], ...]
    pip: str = field(default=PIP, repr=False)


PROJECT = ("--no-deps", "--no-build-isolation", "-e", ".")
UNPINNED = (("setuptools>=77", "wheel"), ("--no-build-isolation", "-e", ".[dev]"))
STACKS = {
    "default": Stack(
        "default",
        ".venv",
        ((3, 11),),
        (),
        (("-r", "requirements/default.txt"), ("--no-deps", "-r", "requirements/k2.txt"), PROJECT),
    ),
    "current": Stack(
        "current",
        ".venv-current",
        ((3, 11), (3, 12), (3, 13)),
        ((3, 10), (3, 9)),
        (("-r", "requirements/current.txt"), PROJECT),
    ),
    "bench": Stack(
        "bench",
        ".venv-bench",
        ((3, 11),),
        (),
        (("-r", "requirements/bench.txt"), ("--no-deps", "-r", "requirements/k2.txt"), PROJECT),
    ),
    "bench-kaldi": Stack("bench-kaldi", ".venv-bench-kaldi", ((3, 11),), (), (("-r", "requirements/bench-kaldi.txt"),)),
    "bench-ctc": Stack("bench-ctc", ".venv-bench-ctc", ((3, 11),), (), (("-r", "requirements/bench-ctc.txt"),)),
    "bench-pykaldi": Stack(
        "bench-pykaldi",
        ".venv-bench-pykaldi",
        ((3, 7),),
        (),
        (("--no-deps", "-r", "requirements/bench-pykaldi.txt"),),
        "pip==24.0",  # the last one for this Python
    ),
}
WITHOUT_OTHER = ("current", "bench", "bench-kaldi", "bench-ctc", "bench-pykaldi")
"""Stacks that no other one can stand in for."""


def prepare(stack: Stack, root: Path = ROOT) -> Path:
    """Folder of an environment that is ready; makes, repairs or updates it first where needed.

    Raises:
      SetupError: no Python fits, or the installation failed twice.
    """
    folder = root / stack.folder
    if _marker(folder) == _inputs(stack, root) and _runs(folder):
        return folder
    with _lock(root):
        inputs = _inputs(stack, root)
        found = _marker(folder) if _runs(folder) else {}
        if found == inputs:  # another set-up finished it while this one waited
            return folder
        if found.get("packages") == inputs["packages"]:
            _pip(folder, PROJECT, root)
            _write_marker(folder, inputs)
        else:
            _make(stack, folder, inputs, root)
    return folder


def choose_for_demo(root: Path = ROOT) -> Stack:
    """The default stack where this machine can have it, else the current one, saying what that costs."""
    default = STACKS["default"]
    here = (platform.system(), platform.machine())
    if here == ("Linux", "x86_64") and (_runs(root / default.folder) or find_python(default.pythons)):
        return default
    reason = "no Python 3.11 was found" if here == ("Linux", "x86_64") else f"this is {' '.join(here)}"
    _say(f"k2 is missing: its wheel needs Python 3.11 on Linux x86-64, and {reason}. Taking the current stack.")
    _say("That costs the rows of the engine k2, and the check of the native engine against it.")
    return STACKS["current"]


def _make(stack: Stack, folder: Path, inputs: Dict[str, str], root: Path) -> None:
    found = find_python(stack.pythons + stack.unpinned)
    if found is None:
        names = " or ".join(f"{major}.{minor}" for major, minor in stack.pythons + stack.unpinned)
        raise SetupError(
            f"the {stack.name} stack needs Python {names} with pip, and none was found; install one"
            + ("" if stack.name in WITHOUT_OTHER else ", or take the current stack: make test-current")
        )
    python, version = found
    installs = stack.installs if version in stack.pythons else UNPINNED
    _say(f"making {stack.folder} with {python}: once, a few minutes, most of it downloads")
    if installs is UNPINNED:
        _say("the pins need Python 3.11 or newer; taking the newest packages that fit this one")
    begun = time.monotonic()
    try:
        _install(python, folder, stack.pip, installs, root)
    except SetupError as error:
        _say(f"{error}\nsetup: once more, from the beginning")
        _install(python, folder, stack.pip, installs, root)
    _write_marker(folder, inputs)
    _say(f"{stack.folder} is ready after {time.monotonic() - begun:.0f} s")


def _install(python: str, folder: Path, pip: str, installs: Sequence[Tuple[str, ...]], root: Path) -> None:
    _clear(folder)
    folder.mkdir()
    _write_marker(folder, {})
    ensurepip = subprocess.run([python, "-c", "import ensurepip"], stderr=subprocess.DEVNULL, check=False)
    if ensurepip.returncode == 0:
        _run([python, "-m", "venv", str(folder)], root)
    else:  # some systems ship venv and pip, but not the copy of pip that venv unpacks
        _run([python, "-m", "venv", "--without-pip", str(folder)], root)
        _run([python, "-m", "pip", "--python", _python(folder), "install", pip], root)
    for arguments in ((pip,), *installs):
        _pip(folder, arguments, root)
    _run([_python(folder), "-m", "pip", "check"], root)


def _clear(folder: Path) -> None:
    """Removes an environment of ours; one made by other means is moved aside."""
    trash = folder.with_name(f"{folder.name}-trash")
    shutil.rmtree(trash, ignore_errors=True)
    if (folder / MARKER).exists():
        folder.rename(trash)  # at once, so that a kill leaves no folder that looks like somebody else's
        shutil.rmtree(trash)
    elif folder.exists():
        aside = folder.with_name(f"{folder.name}-before-{time.time_ns()}")
        folder.rename(aside)
        _say(f"{folder.name} was made by other means; it is now {aside.name}")


def _pip(folder: Path, arguments: Sequence[str], root: Path) -> None:
    _run([_python(folder), "-m", "pip", "install", "--progress-bar", "off", *arguments], root)


def _run(command: Sequence[str], root: Path) -> None:
    """Runs a step of the set-up; what it says goes to a log, whose end is shown if it fails."""
    log = root / ".setup" / "log.txt"
    hidden = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_HASHES")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["PYTHONNOUSERSITE"] = "1"
    with log.open("w", encoding="utf-8") as stream:
        # close_fds=False hands the lock down: a step that outlives a killed set-up keeps others out until it ends.
        done = subprocess.run(
            command, cwd=root, env=environment, stdout=stream, stderr=stream, close_fds=False, check=False
        )
    if done.returncode:
        end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise SetupError(f"`{' '.join(command)}` failed with status {done.returncode}:\n{end}")


@contextlib.contextmanager
def _lock(root: Path) -> Iterator[None]:
    """One set-up at a time in this repository."""
    (root / ".setup").mkdir(exist_ok=True)
    with (root / ".setup" / "lock").open("w") as stream:
        if fcntl is not None:
            os.set_inheritable(stream.fileno(), True)
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                _say("waiting for another set-up to end")
                fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _inputs(stack: Stack, root: Path) -> Dict[str, str]:
    """Hashes of what the environment is made from: `packages`, and the `project` where it is installed on top."""
    packages = hashlib.sha256(repr((stack.pip, stack, str(root / stack.folder))).encode())
    for arguments in stack.installs:
        if "-r" in arguments:
            _hash_requirements(root / arguments[-1], packages)
    project = hashlib.sha256((root / "pyproject.toml").read_bytes() if PROJECT in stack.installs else b"")
    return {"packages": packages.hexdigest(), "project": project.hexdigest()}


def _hash_requirements(path: Path, digest: Any) -> None:
    text = path.read_text(encoding="utf-8")
    digest.update(text.encode())
    for line in text.splitlines():
        if line.startswith("-r "):
            _hash_requirements(path.parent / line[3:].strip(), digest)


def _marker(folder: Path) -> Dict[str, str]:
    """What the environment was made from; empty where it is absent, unfinished or not ours."""
    try:
        found: Dict[str, str] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _write_marker(folder: Path, inputs: Dict[str, str]) -> None:
    temporary = folder / f"{MARKER}.new"
    temporary.write_text(json.dumps(inputs), encoding="utf-8")
    os.replace(temporary, folder / MARKER)


def _runs(folder: Path) -> bool:
    """False where the environment has no interpreter, or the one it was made with is gone."""
    try:
        return subprocess.run([_python(folder), "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def _python(folder: Path) -> str:
    return str(folder / "bin" / "python")


def _say(message: str) -> None:
    print(f"setup: {message}", file=sys.stderr, flush=True)


def main(name: str) -> int:
    """Prints the ready environment's folder; returns the exit status."""
    # Leaving through an exception also ends the step that runs.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    try:
        print(prepare(choose_for_demo() if name == "demo" else STACKS[name]))
    except (SetupError, OSError) as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in (*STACKS, "demo"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
