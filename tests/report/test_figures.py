"""Figures: SVG with the labels of their data, and no trace in matplotlib's global state."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import matplotlib
import numpy as np
import pytest

from fsaasr.report import DARK, LIGHT, AttentionMap, Theme, TransducerGrid, rates_figure, utterance_figure
from tests.report.data import report_data, utterance


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_figures_are_svg_in_the_themes_colours(theme: Theme) -> None:
    for picture in (utterance_figure(utterance(), theme), rates_figure(report_data().rates, theme)):
        root = ElementTree.fromstring(picture)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert theme.text in picture.decode()


def texts(picture: bytes) -> set[str]:
    """What the figure says: matplotlib writes texts as comments before their outlines."""
    return {line.strip()[5:-4] for line in picture.decode().splitlines() if line.strip().startswith("<!-- ")}


def test_the_utterance_shows_words_phones_and_peaks() -> None:
    assert {"one", "two", "SIL", "W", "AH", "N", "T", "UW", "words", "phones"} <= texts(utterance_figure(utterance()))


def test_a_column_that_never_speaks_is_not_labelled() -> None:
    view = utterance()
    quiet = replace(view.posteriors[0], probabilities=view.posteriors[0].probabilities * 0.1, names=("<blk>", "x", "y"))
    assert not {"x", "y"} & texts(utterance_figure(replace(view, posteriors=(quiet,))))


def test_every_model_has_a_panel() -> None:
    view = utterance()
    other = replace(view.posteriors[0], title="characters")
    shown = texts(utterance_figure(replace(view, posteriors=(*view.posteriors, other))))
    assert {"ctc: posteriors (grey: blank)", "characters: posteriors (grey: blank)"} <= shown


def test_an_attention_has_a_panel_with_its_tokens_and_numbers() -> None:
    weights = np.array([[0.9, 0.1, 0.0], [0.0, 0.2, 0.8]], dtype=np.float32)
    shown = AttentionMap("las", weights, ("<n>", "oh"), 0.3, monotonicity=0.5, entropy=0.4125)
    picture = utterance_figure(replace(utterance(), attention=(shown,)))
    title = "las: attention; 50 % of the steps go on in time, mean entropy 0.41 nats"
    assert {title, "oh"} <= texts(picture)
    assert texts(picture) >= texts(utterance_figure(utterance()))


def test_a_transducers_lattice_has_a_panel_with_its_tokens() -> None:
    occupancy = np.array([[1.0, 0.0, 0.0], [0.3, 0.7, 0.0], [0.0, 0.2, 0.8]], dtype=np.float32)
    grid = TransducerGrid("rnnt", occupancy, ("<n>", "oh"), (1, 2), 0.3)
    picture = utterance_figure(replace(utterance(), grids=(grid,)))
    assert {"rnnt: full sum over the lattice of frames and tokens", "oh"} <= texts(picture)
    assert texts(picture) >= texts(utterance_figure(utterance()))
    other = replace(grid, occupancy=occupancy[::-1])
    assert utterance_figure(replace(utterance(), grids=(other,))) != picture


def test_rates_name_every_line() -> None:
    rows = report_data().rates[:3]
    assert {f"{row.group}: {row.system} ({row.graph}, {row.engine})" for row in rows} <= texts(rates_figure(rows))


def test_global_state_is_left_alone() -> None:
    before = dict(matplotlib.rcParams)
    utterance_figure(utterance())
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
