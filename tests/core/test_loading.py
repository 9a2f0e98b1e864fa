from __future__ import annotations

from pathlib import Path

import pytest

from fsaasr.core import loading
from fsaasr.core.loading import load_errors


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, code in {
        "loads_well": "",
        "lacks_a_part": "print('noise')\nimport no_such_part",
        "crashes": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
        "leaves": "import sys\nsys.exit(3)",
        "sleeps": "import time\ntime.sleep(60)",
    }.items():
        (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("modules")
def test_each_failure_is_told_in_one_line() -> None:
    assert load_errors({"a": "loads_well", "b": "lacks_a_part", "c": "crashes", "d": "leaves"}) == {
        "b": "ModuleNotFoundError: No module named 'no_such_part'",
        "c": "importing crashes crashed with signal 11",
        "d": "importing leaves ended with status 3",
    }


@pytest.mark.usefixtures("modules")
def test_an_import_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "LOAD_SECONDS", 1.0)
    assert load_errors({"a": "sleeps"}) == {"a": "importing sleeps took more than 1 seconds"}
