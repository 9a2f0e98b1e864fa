"""Both measurements on a toy text: what they write, and what must hold whatever the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import List

from tools.bench.added import hotwords, one_pass
from tools.bench.build import LETTERS
from tools.bench.measure import ROOT


def toy(out: Path, words: int) -> List[str]:
    sizes = {"words": words, "sentences": 1000, "utterances": 8, "rounds": 1, "per": 0.1, "beam": 20.0}
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    return ["--text", str(ROOT / "data/texts/commands.txt"), "--lexicon", LETTERS, "--out", str(out), *options]


def test_hotwords_on_a_toy(tmp_path: Path) -> None:
    assert hotwords.main(toy(tmp_path, words=30)) == 0
    found = json.loads((tmp_path / "hotwords.json").read_text())
    assert found["dev"]["0.0"]["names"] > 0
    assert found["with"]["names"] == found["without"]["names"]
    assert found["recall_gain"] == found["with"]["recall"] - found["without"]["recall"]


def test_one_pass_on_a_toy(tmp_path: Path) -> None:
    assert one_pass.main(toy(tmp_path, words=100)) == 0
    found = json.loads((tmp_path / "one_pass.json").read_text())
    assert found["ngrams"]["large"] > found["ngrams"]["small"]
    assert found["bytes"]["model"] > 12 * found["ngrams"]["large"]
    assert found["wer"]["one_pass"] <= 100.0
