"""Both measurements on a toy text: what they write, and what must hold whatever the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import List

from tools.bench.added import hotwords, one_pass
from tools.bench.build import LETTERS
from tools.bench.measure import ROOT

TEXT = ROOT / "data/texts/commands.txt"


def toy(out: Path, words: int, lexicon: str = LETTERS) -> List[str]:
    sizes = {"words": words, "sentences": 1000, "utterances": 8, "rounds": 1, "per": 0.1, "beam": 20.0}
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    return ["--text", str(TEXT), "--lexicon", lexicon, "--out", str(out), *options]


def spelt_or_nearly(path: Path) -> str:
    """A lexicon of the text's words as letters, and of all that differs from them by one letter."""
    words = set(TEXT.read_text(encoding="utf-8").lower().split())
    words = {word for word in words if word.isalpha()}
    others = {word[:at] + c + word[at + 1 :] for word in words for at in range(len(word)) for c in "abcdefghij"}
    path.write_text("".join(f"{word} {' '.join(word)}\n" for word in sorted(words | others)), encoding="utf-8")
    return str(path)


def test_hotwords_on_a_toy(tmp_path: Path) -> None:
    assert hotwords.main(toy(tmp_path, 30, spelt_or_nearly(tmp_path / "lexicon.txt"))) == 0
    found = json.loads((tmp_path / "hotwords.json").read_text())
    assert found["dev"]["0.0"]["names"] > 0
    assert found["dev"]["0.0"]["false_alarms"] <= found["dev"]["10.0"]["false_alarms"]
    assert found["with"]["names"] == found["without"]["names"]
    assert found["recall_gain"] == found["with"]["recall"] - found["without"]["recall"]


def test_one_pass_on_a_toy(tmp_path: Path) -> None:
    assert one_pass.main(toy(tmp_path, words=100)) == 0
    found = json.loads((tmp_path / "one_pass.json").read_text())
    assert found["ngrams"]["large"] > found["ngrams"]["small"]
    assert found["bytes"]["model"] > 12 * found["ngrams"]["large"]
    assert found["wer"]["one_pass"] <= 100.0
