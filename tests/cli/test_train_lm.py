"""`fsaasr train-lm`, and lattices rescored with what it made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fsaasr.grammar import estimate_ngram, write_arpa
from fsaasr.grammar.neural import load_neural_lm
from fsaasr.lattice import rescore_lattice, rescore_ngram
from fsaasr.lattice.formats import read_lattices, write_lattices
from fsaasr.testing import random_word_lattice
from tests.cli.conftest import invoke

CONFIG = "network: {kind: lstm, dim: 8}\nfit: {epochs: 3, learning_rate: 0.02}\n"


@pytest.fixture(name="folder")
def a_folder(tmp_path: Path) -> Path:
    (tmp_path / "train.txt").write_text("u1 w1 w2\nu2 w2 w3 w1\nu3 w4\n")
    (tmp_path / "dev.txt").write_text("d1 w1 w2 w5\n")
    (tmp_path / "lm.yaml").write_text(CONFIG)
    return tmp_path


def run(*arguments: object) -> str:
    result = invoke(*map(str, arguments))
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_a_model_is_trained_and_its_perplexity_said(folder: Path) -> None:
    files = folder / "train.txt", folder / "lm.yaml", folder / "lm"
    said = run("train-lm", *files, "--ids", "--dev", folder / "dev.txt")
    lm = load_neural_lm(folder / "lm")
    assert lm.words.names[1:] == ("<unk>", "w1", "w2", "w3", "w4")
    assert f"perplexity {lm.perplexity([['w1', 'w2', 'w5']]).perplexity:.2f}" in said
    assert "5 words of" in said
    record = json.loads((folder / "lm" / "lm.json").read_text())
    assert len(record["training"]["history"]) == 3
    assert record["training"]["minutes"] >= 0
    assert sorted(path.name for path in (folder / "lm").iterdir()) == ["lm.json", "lm.safetensors"]


def test_ids_are_no_words(folder: Path) -> None:
    run("train-lm", folder / "train.txt", folder / "lm.yaml", folder / "lm")
    assert "u1" in load_neural_lm(folder / "lm").words


def test_lattices_are_rescored_with_it(folder: Path) -> None:
    (folder / "text").write_text("w1 w2\nw2 w3 w1\nw4\n")
    run("train-lm", folder / "text", folder / "lm.yaml", folder / "lm")
    write_arpa(estimate_ngram([["w1", "w2"], ["w3"], ["w4"]], 2), folder / "old.arpa")
    old = estimate_ngram([["w1", "w2"], ["w3"], ["w4"]], 2)
    rng = np.random.default_rng(3)
    lattices = [random_word_lattice(rng, 5, 10, 4, utterance=f"u{n}") for n in range(3)]
    write_lattices(lattices, folder / "lat.jsonl")
    run("lattice", "rescore", folder / "lat.jsonl", folder / "lm", folder / "new.jsonl", "--old", folder / "old.arpa")
    lm = load_neural_lm(folder / "lm")
    for before, after in zip(lattices, read_lattices(folder / "new.jsonl")):
        expected = rescore_lattice(rescore_ngram(before, old, old), lm, 4)
        assert after.best_path().score == pytest.approx(expected.best_path().score, abs=1e-3)
        assert after.best_path().score != pytest.approx(before.best_path().score, abs=1e-2)
