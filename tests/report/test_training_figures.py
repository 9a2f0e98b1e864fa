"""Figures of trainings, states and trees: what they say, as SVG and as PNG, and in the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fsaasr.graph import parse_context_tree
from fsaasr.report import (
    LIGHT,
    Occupancy,
    TrainingCurve,
    TreeView,
    occupancy_figure,
    render_report,
    training_figure,
    tree_figure,
    write_figures,
)
from tests.report.data import report_data
from tests.report.test_figures import texts

CURVES = (
    TrainingCurve("gmm-mono", "log likelihood a frame", (-60.0, -55.5, -54.0)),
    TrainingCurve("gmm-tri", "log likelihood a frame", (-54.0, -53.0)),
    TrainingCurve("ctc", "loss", (3.0, 1.0, 0.5, 0.4)),
)
OCCUPANCY = Occupancy(
    "gmm-mono",
    ("SIL", "SIL", "N", "OW"),
    np.array([1, 2, 1, 1], dtype=np.int32),
    np.array([500.0, 1500.0, 250.0, 125.5]),
    np.array([4, 8, 2, 1]),
    0.01,
)
TREE = parse_context_tree(
    "tokens a b c d e f g h i\nstate a.1\n left in b c\n  x\n else\n  right in a b c d e f g h i\n   x\n  else\n   x\n"
    + "".join(f"state {name}.1\n x\n" for name in "bcdefghi")
)
VIEW = TreeView("gmm-tri, a.1", TREE.roots[0][0], ("a.1.1", "a.1.2", "a.1.3"), (100.0, 50.0, 25.0))


def test_a_training_has_a_line_in_the_panel_of_its_measure() -> None:
    picture = training_figure(CURVES)
    assert {"gmm-mono", "gmm-tri", "ctc"} <= texts(picture)
    assert {"log likelihood a frame, in each pass", "loss, in each pass"} <= texts(picture)
    assert "loss, in each pass" not in texts(training_figure(CURVES[:2]))


def test_many_trainings_are_told_apart() -> None:
    many = [replace(CURVES[0], title=f"seed {n}") for n in range(2 * len(LIGHT.lines))]
    picture = training_figure(many).decode()
    assert {f"seed {n}" for n in range(len(many))} <= texts(picture.encode())
    assert "stroke-dasharray" in picture


def test_occupancy_names_tokens_states_and_totals() -> None:
    shown = texts(occupancy_figure(OCCUPANCY))
    assert {"SIL", "N", "OW", "state 1", "state 2", "frames", "Gaussians"} <= shown
    assert "frames and Gaussians of each column: 15 Gaussians for 2376 frames" in shown
    # Silence of more than five times the next one is cut, and its length written.
    assert "20 s" in shown
    even = replace(OCCUPANCY, frames=np.array([50.0, 150.0, 250.0, 125.5]))
    assert "2 s" not in texts(occupancy_figure(even))


def test_a_tree_has_its_questions_and_its_leaves_with_their_frames() -> None:
    shown = texts(tree_figure(VIEW))
    assert {"left in", "b c", "right in", "yes", "no", "a.1.1", "100 frames", "a.1.3", "25 frames"} <= shown
    assert {"a b c d e f g (+2)", "gmm-tri, a.1: 3 leaves, 175 frames"} <= shown
    only = TreeView("b.1", TREE.roots[1][0], ("b.1.1",), (7.0,))
    assert {"b.1.1", "7 frames"} <= texts(tree_figure(only))
    unknown = texts(tree_figure(replace(VIEW, frames=())))
    assert {"a.1.1", "gmm-tri, a.1: 3 leaves"} <= unknown
    assert not any("frames" in text for text in unknown)


@pytest.mark.parametrize(
    ("draw", "view"), [(training_figure, CURVES), (occupancy_figure, OCCUPANCY), (tree_figure, VIEW)]
)
def test_the_same_figure_as_png(draw, view) -> None:
    assert draw(view, form="png")[:8] == b"\x89PNG\r\n\x1a\n"
    assert draw(view, form="png") == draw(view, form="png")
    assert draw(view, form="svg") == draw(view, form="svg")


def test_the_page_and_the_folder_have_all_figures(tmp_path: Path) -> None:
    data = replace(report_data(), training=CURVES, occupancy=(OCCUPANCY,), trees=(VIEW,))
    page = render_report(data)
    assert page.count("data:image/svg+xml;base64,") == 4 + 6
    assert "gmm-mono: what its states hold" in page
    assert "Training</h2>" not in render_report(report_data())
    names = [path.name for path in write_figures(tmp_path, data)]
    assert names == ["rates.png", "utterance.png", "training.png", "occupancy-1.png", "tree-1.png"]
    assert all((tmp_path / name).stat().st_size > 5000 for name in names)
