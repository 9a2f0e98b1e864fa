"""The page of a toy experiment: what it shows, and that a browser can show it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fsaasr.core import Hypothesis, Span
from fsaasr.evaluate.peakiness import blank_share, token_coverage
from fsaasr.features import compute_features
from fsaasr.models import load_lexicon, load_model
from fsaasr.recipe import SETUPS, Experiment, read_results
from fsaasr.recipe.comparison import CompareOptions, PageOptions, write_comparison
from fsaasr.recipe.comparison.entries import read_entries
from fsaasr.recipe.comparison.page_errors import cuts_of_test
from fsaasr.recipe.families.needs import NEEDS
from fsaasr.recipe.forced import forced_alignments
from tests.report.browser import CHROMIUM, REASON, opened
from tests.report.test_write import outline


@pytest.fixture(scope="module")
def written(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("comparison")
    shown = PageOptions(examples=3, lattices=1, aligned=4, drawn=1, command="fsaasr compare")
    write_comparison([experiment.folder], out, CompareOptions(samples=200), shown)
    return out / "report.html"


def test_the_page_has_all_sections(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    found = outline(text)
    assert (found.mismatched, found.open) == ([], [])
    for heading in (
        "What was found: kaldi",
        "Word error rates",
        "Which differences are more than chance",
        "What lexicon and language model give",
        "What it costs",
        "What data each family needs",
        "Which errors",
        "Where systems disagree",
        "When it is said",
        "Commands and configurations",
    ):
        assert f">{heading}</h2>" in text
    assert "fsaasr train ctc" in text
    assert all(address.startswith(("data:", "#")) for address in found.addresses)


@pytest.mark.skipif(not CHROMIUM, reason=REASON)
def test_a_browser_shows_it_without_overflow_or_error(written: Path, tmp_path: Path) -> None:
    with opened(written, tmp_path / "profile") as tab:
        for width in (1280, 400):
            tab.resize(width)
            assert tab.value("document.documentElement.scrollWidth <= innerWidth")
        for button in range(int(tab.value("document.querySelectorAll('th button').length"))):
            tab.value(f"document.querySelectorAll('th button')[{button}].click()")
        assert tab.value("document.querySelector('audio').play().then(() => 'plays')") == "plays"
        assert tab.problems() == []


def test_rows_say_what_their_parts_cost_and_how_large_files_are(experiment: Experiment) -> None:
    for row in read_results(experiment.folder / "results.json").rows:
        assert row.rtf_features is not None
        assert row.rtf_encoder is not None
        assert row.rtf_features > 0
        assert 0 < row.rtf_encoder <= row.rtf
        graph = experiment.graph_path(row.split, row.system, row.graph)
        assert row.graph_bytes == graph.stat().st_size
        assert row.dev_words is not None
        assert row.dev_errors is not None
        assert 0 <= row.dev_errors <= row.dev_words


def test_forced_alignments_are_of_the_words_that_were_said(experiment: Experiment) -> None:
    (one,) = read_entries([experiment.folder])
    cuts = list(cuts_of_test(one.entries["ctc · loop"]).values())[:3]
    for system in ("gmm", "ctc"):
        folder = experiment.model_dir("kaldi", system)
        model = load_model(folder)
        forced = forced_alignments(model, load_lexicon(folder), compute_features(cuts, model.features))
        for cut, hypothesis in zip(cuts, forced.hypotheses):
            assert hypothesis.text == cut.supervisions[0].text
        assert set(forced.measures) == ({"blank share", "entropy"} if system == "ctc" else set())


def test_it_is_known_what_every_family_needs() -> None:
    assert set(NEEDS) == set(SETUPS)


def test_peakiness_of_posteriors_and_alignments_by_hand() -> None:
    posteriors = np.log(np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.8, 0.1, 0.1], [0.8, 0.1, 0.1]]))
    share, entropy = blank_share([posteriors[:2], posteriors[2:]])
    assert share == 0.75
    by_hand = (2 * 1.5 * np.log(2) - 2 * (0.8 * np.log(0.8) + 0.2 * np.log(0.1))) / 4
    assert entropy == pytest.approx(by_hand)
    tokens = (Span("SIL", 0.0, 0.5), Span("a", 0.5, 0.75), Span("b", 0.75, 1.0))
    aligned = Hypothesis("u", (), tokens, (), 0.0, 0.0)
    assert token_coverage([aligned], [2.0], "SIL") == 0.25
    assert token_coverage([aligned], [2.0]) == 0.5
