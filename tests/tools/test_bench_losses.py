"""The comparison of losses on toy batches, by the native backend alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.bench.losses.__main__ import main


def test_toy_batches_give_a_row_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--smoke", "--rounds", "1", "--backends", "native", "--out", str(tmp_path)]) == 0
    rows = json.loads((tmp_path / "losses.json").read_text())["rows"]
    assert [row["case"].split(",")[0] for row in rows] == ["full sum", "LF-MMI"]
    assert all(row["native_seconds"] > 0 and row["native_loss"] > 0 for row in rows)
    assert "| LF-MMI, hmm1, 2 x 20 frames |" in capsys.readouterr().out


def test_toy_transducers_give_a_row_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kind = ["--kind", "transducer", "--backends", "native"]
    assert main([*kind, "--smoke", "--rounds", "1", "--out", str(tmp_path)]) == 0
    rows = json.loads((tmp_path / "transducer.json").read_text())["rows"]
    assert all(row["native_seconds"] > 0 and row["native_loss"] > 0 for row in rows)
    assert "| transducer, one-per-frame, 2 x 12 frames x 5 labels x 6 |" in capsys.readouterr().out
