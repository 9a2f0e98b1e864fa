"""The comparison of lattices on a toy bed, with this package's side only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.bench.lattices.__main__ import main


def test_the_toy_bed_gives_rows_for_every_operation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--smoke", "--rounds", "1", "--beams", "6", "--out", str(tmp_path)]) == 0
    rows = {row["operation"]: row for row in json.loads((tmp_path / "lattices.json").read_text())["rows"]}
    assert {"decode", "determinize", "10 best of words", "minimum Bayes risk", "write words", "read words"} <= set(rows)
    assert all(row["cpu_seconds"] > 0 and row["peak_mb"] > 0 for row in rows.values())
    assert 0 < rows["determinize"]["word_arcs"] < rows["determinize"]["frame_arcs"]
    assert "| minimum Bayes risk" in capsys.readouterr().out
