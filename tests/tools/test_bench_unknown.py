"""The bed of unknown words on a toy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.bench.unknown.__main__ import main


def test_a_toy_bed_gives_all_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--smoke", "--out", str(tmp_path)]) == 0
    rows = json.loads((tmp_path / "unknown.json").read_text())
    closed, opened = rows["test"]
    assert closed["recall"] == 0.0
    assert opened["recall"] > 0.0
    assert opened["empty"] == 0
    assert rows["test, known words alone"][0]["unknown_share"] == 0.0
    assert "## test, known words alone:" in capsys.readouterr().out
