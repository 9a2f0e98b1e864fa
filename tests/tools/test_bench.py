"""The comparison as a whole, on a toy bed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tools.bench.__main__ import main
from tools.bench.bed import Bed, Settings
from tools.bench.decoders import DECODERS, Decoder
from tools.bench.measure import Plan, measure
from tools.bench.worker import peak_megabytes

KEYS = {"decoder", "beam", "wer", "rtf", "peak_mb", "threads", "lattice"}


def test_the_toy_bed_gives_rows_tables_and_a_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "fsaasr lattice, graph of tokens"
    assert main(["--smoke", "--only", name, "--out", str(tmp_path)]) == 0
    rows = json.loads((tmp_path / "decode.json").read_text())
    assert [(row["decoder"], row["beam"], row["wer"]) for row in rows] == [(name, 8.0, 0.0), (name, 16.0, 0.0)]
    for row in rows:
        assert row.keys() >= KEYS
        assert row["rounds"] == 2
        assert 0 < row["rtf_lowest"] <= row["rtf"] <= row["rtf_highest"]
    assert json.loads((tmp_path / "curve.json").read_text())[name][0].keys() == {"beam", "rtf", "wer"}
    assert (tmp_path / "decode.png").read_bytes()[:4] == b"\x89PNG"
    assert name in capsys.readouterr().out
    (bed,) = tmp_path.glob("bed-*")
    before = {path.name: path.stat().st_mtime_ns for path in bed.iterdir()}
    assert main(["--smoke", "--only", "nothing of this name", "--out", str(tmp_path)]) == 0
    assert {path.name: path.stat().st_mtime_ns for path in bed.iterdir()} == before


def test_a_decoder_that_cannot_run_is_named_with_the_reason(tmp_path: Path) -> None:
    absent = Decoder("absent", "no_such_runner:Nothing", False)
    crowded = Decoder("crowded", "no_such_runner:Nothing", False, threads=(4096,))
    plan = Plan((8.0,), 2, {"bench": sys.executable})
    first, second = measure([absent, crowded], Bed(tmp_path), plan)
    assert (first.rounds, second.rounds) == ([], [])
    assert first.failure == "ModuleNotFoundError: No module named 'tools.bench.runners.no_such_runner'"
    assert second.failure.startswith("needs 4096 cores")


def test_every_decoder_has_a_runner_and_a_name_of_its_own() -> None:
    runners = Path(__file__).parents[2] / "tools/bench/runners"
    for decoder in DECODERS:
        module, name = decoder.runner.split(":")
        assert f"class {name}(" in (runners / f"{module}.py").read_text()
    assert len({decoder.name for decoder in DECODERS}) == len(DECODERS)


def test_other_settings_and_other_text_make_another_bed(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("one. two.")
    settings = Settings(text=str(text))
    keys = {settings.key, Settings(text=str(text), seed=2).key, Settings().key}
    text.write_text("one. two. three.")
    assert len({*keys, settings.key}) == 4
    assert settings.key == Settings(text=str(text)).key


def test_the_peak_counts_what_was_touched() -> None:
    before = peak_megabytes()
    touched = bytearray(b"x") * (200 << 20)
    assert peak_megabytes() >= max(before, 200)
    assert len(touched) == 200 << 20
