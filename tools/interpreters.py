"""Finds Python interpreters that can make virtual environments."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, Optional, Tuple

Version = Tuple[int, int]

_PROBE = """
import sys, venv
try:
    import ensurepip
except ImportError:
    import pip
print(*sys.version_info[:2])
"""


def find_python(versions: Tuple[Version, ...]) -> Optional[Tuple[str, Version]]:
    """An interpreter of the first of `versions` that this machine has, with its version."""
    found: Dict[Version, str] = {}
    for candidate in _candidates(versions):
        version = _probe(candidate)
        if version == versions[0]:
            return candidate, version
        if version in versions:
            found.setdefault(version, candidate)
    return next(((found[version], version) for version in versions if version in found), None)


def _candidates(versions: Tuple[Version, ...]) -> Iterator[str]:
    yield sys.executable
    folders = os.environ.get("PATH", "").split(os.pathsep)
    for name in [*(f"python{major}.{minor}" for major, minor in versions), "python3", "python"]:
        paths = [os.path.join(folder, name) for folder in folders]
        yield from (path for path in paths if os.access(path, os.X_OK))
    if shutil.which("pyenv"):
        shown = subprocess.run(["pyenv", "root"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
        yield from sorted(str(path) for path in Path(shown).glob("versions/3.*/bin/python")) if shown else ()


def _probe(python: str) -> Optional[Version]:
    """Version of an interpreter; None where it cannot run, or cannot make an environment with pip in it."""
    try:
        done = subprocess.run(
            [python, "-c", _PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
        )
        major, minor = done.stdout.split()
    except (OSError, ValueError):  # a launcher without an interpreter behind it prints nothing
        return None
    return int(major), int(minor)
