"""`--lm-on-the-fly`: a large model beside a graph of a small one finds what a graph of the large one does."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from fsaasr.grammar import FailureAutomaton, read_arpa
from fsaasr.hypotheses import read_hypotheses
from tests.cli.conftest import Toy, invoke
from tests.recipe.recognizer.conftest import MODELS, save

Fails = Callable[..., str]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models with their lang directory, n-grams, and a graph of each for each."""
    root = tmp_path_factory.mktemp("on-the-fly")
    (root / "text.txt").write_text("ab ba aa\nba ba ab\naa ab\nba aa aa ab\n")
    for name in ("ctc", "transducer"):
        save(MODELS[name](), root / name)
        lang = root / name / "lang"
        for order in (1, 3):
            done = [invoke("lm", root / "text.txt", root / f"{order}.arpa", "--order", order, "--lang", lang)]
            graph = (
                lang,
                root / f"{order}.arpa",
                root / f"{name}.{order}.graph",
                "--model",
                root / name,
                "--no-expand",
            )
            done.append(invoke("graph", *graph))
            assert [each.exit_code for each in done] == [0, 0], [each.output for each in done]
    FailureAutomaton.of_ngrams(read_arpa(root / "3.arpa")).save(root / "3.automaton")
    return root


@pytest.mark.parametrize(("family", "large"), [("ctc", "3.arpa"), ("ctc", "3.automaton"), ("transducer", "3.arpa")])
def test_decode(files: Path, toy: Toy, tmp_path: Path, family: str, large: str) -> None:
    scores, cuts = {}, toy.few_cuts(tmp_path)
    for graph, given in (("1", ()), ("3", ()), ("1+3", ("--lm-on-the-fly", large, "--lm-replaces", "1.arpa"))):
        paths = [value if value.startswith("--") else files / value for value in given]
        where = (files / family, files / f"{family}.{graph[0]}.graph", cuts, tmp_path / graph)
        done = invoke("decode", *where, "--search-beam", 30, *paths)
        assert done.exit_code == 0, done.output
        found = read_hypotheses(tmp_path / graph / "hyp.jsonl")
        scores[graph] = {each.utterance: (each.text, each.score) for each in found}
    for name, (text, score) in scores["3"].items():
        assert scores["1+3"][name][0] == text
        assert scores["1+3"][name][1] == pytest.approx(score, abs=2e-3)
    assert scores["1"] != scores["1+3"]


def test_transcribe_and_what_is_refused(files: Path, toy: Toy, tmp_path: Path, fails: Fails) -> None:
    audio = sorted((toy.root / "corpus").rglob("*.wav"))[0]
    where = ("transcribe", files / "ctc", audio, "--search-beam", 100)
    expected = invoke(*where, "--graph", files / "ctc.3.graph")
    found = invoke(
        *where, "--graph", files / "ctc.1.graph", "--lm-on-the-fly", files / "3.arpa", "--lm-replaces", files / "1.arpa"
    )
    made = invoke(*where, "--lm", files / "1.arpa", "--lm-on-the-fly", files / "3.arpa")
    words = [line.split()[1:4] for line in expected.stdout.splitlines()]
    assert words
    assert [line.split()[1:4] for line in found.stdout.splitlines()] == words
    assert made.stdout == found.stdout
    (tmp_path / "big.bin").write_bytes(b"mmap lm http://kheafield.com/code format version 5\n\0")
    assert "big.bin" in fails(*where, "--lm-on-the-fly", tmp_path / "big.bin")
    assert "no file to put there" in fails(*where, "--lm-replaces", files / "1.arpa")
