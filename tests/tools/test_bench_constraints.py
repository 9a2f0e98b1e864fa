"""The bench of word lists and constraints on a small list."""

from __future__ import annotations

import pytest

from tools.bench.constraints import main, words_of


def test_each_way_is_measured_and_finds_its_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(set(words_of(50))) == 50
    assert main(["--words", "50", "--rounds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    assert all(float(line.split()[0]) >= 0 for line in lines)
