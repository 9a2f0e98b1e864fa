from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import FsaasrError, ModelError
from fsaasr.graph import compile_graph, word_loop
from fsaasr.lexicon import Lexicon, OptionalSilence
from fsaasr.models import AcousticModel, load_graph, load_lexicon, load_model, save_model
from tests.models.test_ctc_model import ctc_model
from tests.models.test_gmm_model import gmm_model

LEXICON = Lexicon.from_text("a A\nb B\n")
SILENT = Lexicon.from_text("a A\nb B\n", OptionalSilence("SIL", 0.5))


def model_and_lexicon(family: str) -> tuple[AcousticModel, Lexicon]:
    return (gmm_model(), SILENT) if family == "gmm" else (ctc_model(), LEXICON)


@pytest.mark.parametrize("family", ["gmm", "ctc"])
def test_a_model_comes_back_as_it_was(family: str, tmp_path: Path) -> None:
    model, lexicon = model_and_lexicon(family)
    graph = compile_graph(lexicon, word_loop(lexicon.words), model.topology, transitions=model.transitions)
    save_model(model, tmp_path / "m", lexicon, {"epochs": 3}, graph)
    loaded = load_model(tmp_path / "m")
    assert (loaded.family, loaded.topology, loaded.tokens) == (family, model.topology, model.tokens)
    assert (loaded.features, loaded.frame_shift) == (model.features, model.frame_shift)
    matrix = np.random.default_rng(0).normal(size=(11, 4)).astype(np.float32)
    np.testing.assert_array_equal(loaded.scores([matrix]).array, model.scores([matrix]).array)
    assert load_lexicon(tmp_path / "m") == lexicon
    found = load_graph(tmp_path / "m")
    assert found is not None
    assert found.hash == graph.hash
    assert json.loads((tmp_path / "m" / "model.json").read_text())["training"] == {"epochs": 3}


def test_saving_over_a_model_leaves_nothing_of_it(tmp_path: Path) -> None:
    model, lexicon = model_and_lexicon("gmm")
    graph = compile_graph(lexicon, word_loop(lexicon.words), model.topology, transitions=model.transitions)
    save_model(model, tmp_path, lexicon, graph=graph)
    save_model(*model_and_lexicon("ctc")[:1], tmp_path, LEXICON)
    assert load_model(tmp_path).family == "ctc"
    assert load_graph(tmp_path) is None


def test_no_pickle_is_written(tmp_path: Path) -> None:
    save_model(ctc_model(), tmp_path, LEXICON)
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    expected = {"model.json", "model.safetensors", "lang/lexiconp.txt", "lang/words.txt", "lang/tokens.txt"}
    assert names == expected | {"lang/lang.json"}


def test_parts_of_another_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="lexicon's tokens"):
        save_model(ctc_model(), tmp_path, SILENT)
    graph = compile_graph(LEXICON, word_loop(LEXICON.words), "ctc-compact")
    with pytest.raises(ModelError, match="'ctc-compact' graph"):
        save_model(ctc_model(), tmp_path, LEXICON, graph=graph)


def damage(directory: Path, what: str) -> None:
    record = json.loads((directory / "model.json").read_text())
    if what == "no model.json":
        (directory / "model.json").unlink()
    elif what == "not JSON":
        (directory / "model.json").write_text("{")
    elif what == "other format":
        (directory / "model.json").write_text("{}")
    elif what == "unknown family":
        (directory / "model.json").write_text(json.dumps({**record, "family": "rnnt"}))
    elif what == "missing entry":
        del record["encoder"]
        (directory / "model.json").write_text(json.dumps(record))
    elif what == "unknown entry":
        record["encoder"]["heads"] = 4
        (directory / "model.json").write_text(json.dumps(record))
    elif what == "other shape":
        record["encoder"]["hidden"] = 9
        (directory / "model.json").write_text(json.dumps(record))
    elif what == "no tensors":
        (directory / "model.safetensors").unlink()
    elif what == "other tensors":
        (directory / "model.safetensors").write_bytes(b"junk")


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ("no model.json", "cannot be read"),
        ("not JSON", "not JSON"),
        ("other format", "not a model of format"),
        ("unknown family", r"unknown family 'rnnt'; known: .*ctc.*gmm"),
        ("missing entry", "no entry 'encoder'"),
        ("unknown entry", "heads"),
        ("other shape", "size mismatch"),
        ("no tensors", "cannot be read"),
        ("other tensors", "not the file that model.json was written with"),
    ],
)
def test_damage_is_found_and_named(what: str, problem: str, tmp_path: Path) -> None:
    save_model(ctc_model(), tmp_path, LEXICON)
    damage(tmp_path, what)
    with pytest.raises(ModelError, match=problem) as caught:
        load_model(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_damaged_lexicon_or_graph_is_named(tmp_path: Path) -> None:
    save_model(ctc_model(), tmp_path, LEXICON)
    (tmp_path / "lang" / "lang.json").unlink()
    with pytest.raises(ModelError, match="no usable lang directory"):
        load_lexicon(tmp_path)
    (tmp_path / "graph.fsa").write_bytes(b"junk")
    with pytest.raises(FsaasrError, match=r"graph\.fsa"):
        load_graph(tmp_path)
