"""Reliability diagrams."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from fsaasr.core import EvaluationError
from fsaasr.evaluate import calibration
from fsaasr.report import DARK, LIGHT, reliability_figure


def test_it_is_svg_that_names_the_curves_and_their_errors_and_stays_the_same() -> None:
    rng = np.random.default_rng(0)
    sure = rng.random(500)
    before, after = calibration(sure**3, rng.random(500) < sure), calibration(sure, rng.random(500) < sure)
    pictures = [reliability_figure([("raw", before), ("calibrated", after)], theme) for theme in (LIGHT, DARK, LIGHT)]
    root = ET.fromstring(pictures[0])
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert f"raw (calibration error {before.expected_error:.3f})".encode() in pictures[0]
    assert LIGHT.lines[1].encode() in pictures[0]
    assert DARK.lines[1].encode() in pictures[1]


def test_curves_have_the_same_bins() -> None:
    one, two = (calibration([0.5], [True], bins) for bins in (5, 10))
    for curves in ([], [("a", one), ("b", two)]):
        with pytest.raises(EvaluationError, match="at least one curve, all with the same number of bins"):
            reliability_figure(curves)
