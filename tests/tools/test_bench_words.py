"""The bench of words at run time on a toy."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tools.bench.words import main


def test_a_toy_finds_its_new_words_and_both_graphs_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw = random.Random(3)
    words = [a + b + c for a in "bdgk" for b in "aeo" for c in "lmnr"]
    weights = [1 / (1 + rank) for rank in range(len(words))]
    sentences = {" ".join(draw.choices(words, weights, k=draw.randint(12, 16))) for _ in range(1500)}
    (tmp_path / "text.txt").write_text(". ".join(sorted(sentences)) + ". ")
    sizes = ["--words", "48", "--new", "10", "--utterances", "3", "--rounds", "1"]
    assert main(["--text", str(tmp_path / "text.txt"), "--lexicon", "letters", *sizes, "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "words.json").read_text())
    assert found["new_words"] == 10
    assert found["same_words"] == found["utterances"] > 0
    assert found["new_words_found"] > 0
    assert found["greatest_score_difference"] < 1e-3
    assert "ready to be searched after" in capsys.readouterr().out
