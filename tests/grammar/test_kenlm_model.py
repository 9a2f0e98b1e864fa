"""KenLM's answers as an automaton and as a model of words: those of the same ARPA file read here.

With the module `kenlm` where it is installed, and everywhere with a stand-in that answers its questions.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import FileFormatError, GrammarError, MissingDependencyError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import FailureAutomaton, NgramModel, estimate_ngram, read_arpa, write_arpa
from fsaasr.grammar.kenlm_model import MAGIC, KenlmModel, is_kenlm_binary
from tests.grammar import kenlm_stub
from tests.grammar.toys import DATA, random_model

ARPAS = ["commands.2.arpa", "commands.5.arpa", "commands.3.prune012.arpa", "tiny.3.arpa"]


@pytest.fixture(params=["module", "stand-in"])
def kenlm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "module":
        pytest.importorskip("kenlm", reason="KenLM's module is not installed: pip install kenlm")
        return
    monkeypatch.setitem(sys.modules, "kenlm", stand_in())


def stand_in() -> types.ModuleType:
    module = types.ModuleType("kenlm")
    module.State, module.Model = kenlm_stub.State, kenlm_stub.Model  # type: ignore[attr-defined]
    return module


def words_of(model: NgramModel) -> list[str]:
    return [word for word in model.vocabulary if word not in ("<s>", "</s>", "<unk>")]


def walked(automaton: FailureAutomaton, words: list[str]) -> list[float]:
    state, scores = [automaton.start], []
    for word in words:
        state, score = automaton.advance(state, [word])
        scores.append(float(score[0]))
    return [*scores, float(automaton.final(state)[0])]


def assert_agrees(automaton: FailureAutomaton, model: NgramModel, words: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(50):
        sentence = [str(word) for word in rng.choice(words, size=rng.integers(0, 9))]
        expected = np.log(10.0) * model.log10_prob(sentence)
        assert walked(automaton, sentence) == pytest.approx(expected.tolist(), abs=1e-5)


@pytest.mark.usefixtures("kenlm")
@pytest.mark.parametrize("name", ARPAS)
def test_an_automaton_scores_as_the_arpa_does(name: str) -> None:
    model = read_arpa(DATA / "arpa" / name)
    for listed in (words_of(model), words_of(model)[::2]):
        automaton = KenlmModel(DATA / "arpa" / name).automaton(SymbolTable([*listed, "zebra"]))
        assert_agrees(automaton, model, [*listed, "zebra"], seed=len(listed))
        assert len(automaton.word) <= sum(len(table.ngrams) for table in model.orders) + 1


@pytest.mark.usefixtures("kenlm")
@pytest.mark.parametrize("order", [2, 4])
def test_models_of_random_text(order: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(order)
    text = [[str(word) for word in rng.choice(list("abcdefg"), size=rng.integers(1, 9))] for _ in range(60)]
    write_arpa(estimate_ngram(text, order), tmp_path / "random.arpa")
    automaton = KenlmModel(tmp_path / "random.arpa").automaton(SymbolTable(list("abcdefg")))
    assert_agrees(automaton, read_arpa(tmp_path / "random.arpa"), list("abcdefg"), order)


@pytest.mark.parametrize("seed", range(8))
def test_pruned_models(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """N-grams whose ends are missing; so many that KenLM itself would refuse them."""
    monkeypatch.setitem(sys.modules, "kenlm", stand_in())
    write_arpa(random_model(seed), tmp_path / "random.arpa")
    model = read_arpa(tmp_path / "random.arpa")
    automaton = KenlmModel(tmp_path / "random.arpa").automaton(SymbolTable(words_of(model)))
    assert_agrees(automaton, model, words_of(model), seed)


@pytest.mark.usefixtures("kenlm")
def test_a_model_of_words_answers_as_it_is_asked() -> None:
    path = DATA / "arpa/commands.3.arpa"
    model, lm = read_arpa(path), KenlmModel(path)
    words = ["turn", "on", "the", "kitchen", "light"]
    states, scores = [lm.start], []
    for word in words:
        states, score = lm.advance(states, [word])
        scores.append(float(score[0]))
    scores.append(float(lm.final(states)[0]))
    assert scores == pytest.approx((np.log(10.0) * model.log10_prob(words)).tolist(), abs=1e-5)
    assert lm.order == 3
    assert "kitchen" in lm
    assert "zebra" not in lm
    with pytest.raises(GrammarError, match="too many questions; give the ARPA file"):
        lm.automaton(SymbolTable(words), max_queries=20)


def test_without_the_module_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kenlm", None)
    with pytest.raises(MissingDependencyError, match=r"x.bin: .*pip install kenlm.* or give the ARPA file"):
        KenlmModel(tmp_path / "x.bin")


def test_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(MAGIC + b" format version 5\n\0")
    assert is_kenlm_binary(tmp_path / "x.bin")
    assert not is_kenlm_binary(DATA / "arpa/tiny.3.arpa")
    assert not is_kenlm_binary(tmp_path / "none")


def test_what_kenlm_cannot_read_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("kenlm", reason="KenLM's module is not installed: pip install kenlm")
    (tmp_path / "x.bin").write_bytes(MAGIC)
    with pytest.raises(FileFormatError, match="KenLM cannot read it"):
        KenlmModel(tmp_path / "x.bin")
