"""Settings that all tests share: what to skip here, no network, no screen, repeatable examples."""

from __future__ import annotations

import importlib.util
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
CORPORA = ROOT.parent / "shared" / "corpora"

os.environ["MPLBACKEND"] = "Agg"

# No deadline: the first call of a compiled kernel takes seconds, and no test asserts on time.
# Derandomized: two runs of the same code try the same examples.
settings.register_profile("fsaasr", deadline=None, derandomize=True)
settings.load_profile("fsaasr")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lacks = {
        "k2": None if importlib.util.find_spec("k2") else "k2 is not installed",
        "corpus": None if CORPORA.is_dir() else f"no real speech in {CORPORA}",
    }
    for item in items:
        for name, reason in lacks.items():
            if reason and item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run the same without internet; only this machine itself can be reached."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise RuntimeError(f"a test tried to reach {address}; tests use no network")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT
