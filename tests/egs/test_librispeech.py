"""The recipes of LibriSpeech, run as they are on a stand-in of a minute of synthetic speech."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fsaasr.core import read_json
from fsaasr.lexicon import read_lang
from tests.egs.librispeech_stand_in import LEFT_OUT, write_stand_in
from tests.egs.test_recipes import copied, run_recipe

SMALL = {"lexicons": {"bpe": {"num_pieces": 60}}, "search": {"search_beam": 10.0, "lattice_beam": 4.0}}
"""What the stand-in is too small for: as many pieces, and models of which a narrow search would be right."""
PARTS = {
    "mini_librispeech": {"train-clean-5": range(1, 6), "dev-clean-2": range(6, 8)},
    "librispeech": {
        "train-clean-100": range(1, 5),
        "dev-clean": [5],
        "test-clean": [6],
        "dev-other": [7, 8],  # rates by speaker want two
        "test-other": [9, 10],
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(PARTS))
def test_the_recipe_runs_on_a_stand_in(tmp_path: Path, name: str) -> None:
    pytest.importorskip("espeakng_loader")
    corpus = write_stand_in(tmp_path / "corpus", PARTS[name])
    recipe = copied(name, tmp_path)
    if name == "librispeech":
        copied("mini_librispeech", tmp_path)  # whose training files it shares
    small = tmp_path / "small.yaml"
    data = {"mini": {"options": {"dev_speakers": 1}}} if name == "mini_librispeech" else {}
    small.write_text(yaml.safe_dump({**SMALL, "data": data}), encoding="utf-8")
    arguments = ("--corpus", str(corpus), "--smoke", "--override", str(small))
    printed = run_recipe(recipe, tmp_path / "tools", *arguments)

    folder = recipe / "exp" / "smoke"
    rows = read_json(folder / "results.json")["rows"]
    graphs = {row["system"]: set() for row in rows}
    for row in rows:
        graphs[row["system"]].add(row["graph"])
    assert graphs["gmm-tri-lda"] == {"3-gram", "3-gram+4-gram"}
    assert graphs["ctc-bpe"] == graphs["attention-bpe"] == {"3-gram", "3-gram+4-gram", "free"}
    rates = {row["graph"]: row["wer"] for row in rows if row["system"] == "gmm-mono"}
    assert max(rates.values()) < 0.6, printed  # commands that the n-gram models have seen
    (split,) = (folder / "data").iterdir()
    phones = read_lang(folder / "lang" / split.name / "phones")
    assert LEFT_OUT in phones
    assert not any(token[-1].isdigit() for token in phones.tokens.names)
    assert (folder / "report.html").is_file()
    if name == "librispeech":
        assert {path.name for path in (folder / "decode").iterdir()} >= {"dev-other", "test-other"}
        assert printed.count("== stage 10: wer") == 2 * len(graphs)
