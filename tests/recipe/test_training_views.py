"""Pictures of models from their records alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import GraphError, ModelError
from fsaasr.features import FeatureConfig
from fsaasr.graph import TOPOLOGIES, moves, parse_context_tree
from fsaasr.lexicon import Lexicon
from fsaasr.models import DiagGmm, GmmModel, save_model
from fsaasr.recipe import draw_model
from fsaasr.recipe.training_views import occupancy_of, tree_view

TREE = parse_context_tree("tokens a b\nstate a.1\n left in b\n  x\n else\n  x\nstate b.1\n x\n")
LAST = {"log_likelihood": -1.0, "column_frames": [30.0, 20.0, 50.0], "column_gaussians": [1, 1, 1]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lexicon, topology = Lexicon.from_text("a a\nb b\n"), TOPOLOGIES["hmm1"].tied(TREE)
    gmm = DiagGmm(np.ones(3), np.zeros((3, 1)), np.ones((3, 1)), np.arange(4))
    transitions = moves(topology, lexicon.tokens).uniform()
    model = GmmModel(gmm, lexicon.tokens, transitions, FeatureConfig(kind="mfcc", num_ceps=1), topology)
    save_model(model, tmp_path / "tri", lexicon, {"history": [LAST]})
    return tmp_path / "tri"


def test_records_say_what_states_hold_and_ask(folder: Path) -> None:
    record = json.loads((folder / "model.json").read_text())
    view = occupancy_of(record, "tri")
    assert (view.tokens, view.states.tolist(), view.frames.tolist()) == (("a", "a", "b"), [1, 1, 1], [30.0, 20.0, 50.0])
    found = tree_view(record, "b.1")
    assert (found.columns, found.frames) == (("b.1.1",), (50.0,))
    largest = tree_view(record, title="tri")
    assert (largest.title, largest.root, largest.frames) == ("tri, a.1", TREE.roots[0][0], (30.0, 20.0))
    with pytest.raises(GraphError, match=r"no state 'c\.1'"):
        tree_view(record, "c.1")


def test_a_tied_model_is_drawn_and_its_trees_are_written(folder: Path, tmp_path: Path) -> None:
    draw_model(folder, tmp_path / "a.svg", "a.1")
    draw_model(folder, tmp_path / "all.png")
    draw_model(folder, tmp_path / "trees.txt")
    assert b"30 frames" in (tmp_path / "a.svg").read_bytes()
    assert (tmp_path / "all.png").read_bytes()[:4] == b"\x89PNG"
    assert parse_context_tree((tmp_path / "trees.txt").read_text()) == TREE


def test_a_record_without_frames_is_named(folder: Path, tmp_path: Path) -> None:
    record = json.loads((folder / "model.json").read_text())
    record["training"] = {}
    (folder / "model.json").write_text(json.dumps(record))
    with pytest.raises(ModelError, match="has no frames of its states"):
        draw_model(folder, tmp_path / "all.svg")
    draw_model(folder, tmp_path / "a.svg", "a.1")
    assert b"a.1: 2 leaves" in (tmp_path / "a.svg").read_bytes()
