"""`--hotwords` of `fsaasr decode` and `fsaasr transcribe`, whatever the model."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from fsaasr.graph import load_graph, token_loop
from fsaasr.models import load_model
from tests.cli.conftest import Toy, invoke
from tests.recipe.recognizer.conftest import MODELS, save

Fails = Callable[..., str]
FAMILIES = ("ctc", "hybrid", "transducer", "attention")


def phrases(path: Path, *entries: tuple[str, float]) -> Path:
    path.write_text("".join(f"{phrase}\t{weight}\n" for phrase, weight in entries), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    for name in FAMILIES:
        save(MODELS[name](), root / name)
    return root


@pytest.mark.parametrize(
    ("family", "free"), [("transducer", False), ("transducer", True), ("attention", True), ("ctc", True)]
)
def test_decode(models: Path, toy: Toy, tmp_path: Path, family: str, free: bool) -> None:
    graph = models / family / "graph.fsa"
    if free:
        model = load_model(models / family)
        graph = tmp_path / "free.graph"
        token_loop(model.tokens, model.topology, model.transitions).save(graph)
        assert load_graph(graph).words == model.tokens
    texts, cuts = {}, toy.few_cuts(tmp_path)
    for weight in (None, 0.0, 30.0):
        given = () if weight is None else ("--hotwords", phrases(tmp_path / "hotwords.txt", ("ba", weight)))
        wide = ("--search-beam", 40)
        done = invoke("decode", models / family, graph, cuts, tmp_path / "out", *wide, *given)
        assert done.exit_code == 0, done.output
        texts[weight] = (tmp_path / "out" / "hyp.txt").read_text()
    assert texts[None] == texts[0.0]
    if free:
        texts = {weight: text.replace(" ", "") for weight, text in texts.items()}
    said = "BA" if free else "ba"
    assert texts[30.0].count(said) > texts[None].count(said)


@pytest.mark.parametrize("family", FAMILIES)
def test_transcribe(models: Path, toy: Toy, tmp_path: Path, family: str) -> None:
    audio = sorted((toy.root / "corpus").rglob("*.wav"))[0]
    found = {}
    for weight in (None, 0.0, 30.0):
        given = () if weight is None else ("--hotwords", phrases(tmp_path / "hotwords.txt", ("ba ba", weight)))
        done = invoke("transcribe", models / family, audio, "--search-beam", 100, *given)
        assert done.exit_code == 0, done.output
        found[weight] = [line.split()[3] for line in done.stdout.splitlines()]
    assert found[None] == found[0.0]
    assert found[30.0].count("ba") > found[None].count("ba")


def test_words_that_cannot_be_said_are_named(models: Path, toy: Toy, tmp_path: Path, fails: Fails) -> None:
    unknown = phrases(tmp_path / "hotwords.txt", ("kimberly", 1.0))
    files = (models / "transducer", models / "transducer" / "graph.fsa", toy.cuts("test"), tmp_path / "out")
    assert "'kimberly'" in fails("decode", *files, "--hotwords", unknown)
