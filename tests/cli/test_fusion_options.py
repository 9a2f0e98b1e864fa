"""Verbs that search pass on what joins the search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fsaasr.recipe
from fsaasr.recipe import Decoded, Scales, Tuned, TuningGrid
from tests.cli.conftest import invoke

JOINING = ("--add", "lm", "--subtract", "low.arpa", "--internal", "zero")
PARTS = {"added": "lm", "subtracted": "low.arpa", "internal": "zero"}
FILES = ("model", "any.graph", "cuts.jsonl.gz", "out")


def test_tune_tries_scales_of_what_joins_and_weights_of_ctc(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def tune_cuts(*arguments: Any) -> Tuned:
        asked.append(arguments)
        return Tuned(Scales(), 0, 1, ())

    monkeypatch.setattr(fsaasr.recipe, "tune_cuts", tune_cuts)
    done = invoke("tune", *FILES, *JOINING, "--fusion-scales", "0,0.3", "--ctc-weights", "0.2,0.5", "--penalties", "0")
    assert done.exit_code == 0, done.output
    assert invoke("tune", *FILES).exit_code == 0
    (*_, grid, _, _, fusion), (*_, plain, _, _, none) = asked
    assert fusion == PARTS
    assert grid.ctc_weight == (0.2, 0.5)
    assert grid.added_scale == grid.subtracted_scale == grid.internal_scale == (0.0, 0.3)
    assert none is None
    assert plain.searches() == TuningGrid((0.1, 0.3, 1.0), (1.0,), (-2.0, 0.0, 2.0)).searches()


def test_decode_joins_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Any] = []

    def decode_cuts(*arguments: Any, **given: Any) -> Decoded:
        asked.append(given)
        return Decoded((), {}, 1.0, 0.5, 1.0)

    monkeypatch.setattr(fsaasr.recipe, "decode_cuts", decode_cuts)
    assert invoke("decode", *FILES, *JOINING).exit_code == 0
    assert invoke("decode", *FILES).exit_code == 0
    assert [given["fusion"] for given in asked] == [PARTS, None]
    assert invoke("decode", *FILES, "--internal", "silence").exit_code == 2
