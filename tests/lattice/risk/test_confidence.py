"""Confidences of given words, and their calibration."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core.errors import FileFormatError, LatticeError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.evaluate import judge_words
from fsaasr.lattice import ConfidenceCalibration, with_confidence
from fsaasr.testing import random_word_lattice, word_lattice_of, word_paths

shares = st.floats(0.0, 1.0)


def hypothesis_of(*words, utterance="listed"):
    return Hypothesis(utterance, tuple(Span(word, float(i), i + 1.0) for i, word in enumerate(words)), (), (), 0.0, 0.0)


def test_confidence_is_the_share_of_paths_that_have_the_word_there():
    """w1 w2 0.5, w1 w3 0.3, w4 w2 0.2; an unknown word has none."""
    paths = (((1, 2), 0.5), ((1, 3), 0.3), ((4, 2), 0.2))
    lattice = word_lattice_of([(words, 0.0, math.log(share)) for words, share in paths])
    for words, wanted in (
        (("w1", "w2"), (0.8, 0.7)),
        (("w1", "w3"), (0.8, 0.3)),
        (("w4", "unheard"), (0.2, 0.0)),
        (("w1", "w9"), (0.8, 0.0)),
        ((), ()),
    ):
        found = with_confidence(hypothesis_of(*words), lattice)
        assert [word.confidence for word in found.words] == pytest.approx(list(wanted))
        assert [word[:3] for word in found.words] == [word[:3] for word in hypothesis_of(*words).words]


@pytest.mark.parametrize("seed", range(60))
def test_confidences_of_each_path_are_probabilities(seed):
    lattice = random_word_lattice(np.random.default_rng(seed))
    for path in list(word_paths(lattice))[:5]:
        found = with_confidence(lattice.read_path(np.array(path.arcs, dtype=np.int32)), lattice, 0.1, 0.1)
        assert all(0 <= word.confidence <= 1 for word in found.words)


def test_another_utterances_lattice_is_refused():
    with pytest.raises(LatticeError, match="a hypothesis of 'other', but the lattice of 'listed'"):
        with_confidence(hypothesis_of("w1", utterance="other"), word_lattice_of([((1,), 0.0, 0.0)]))


@given(st.lists(shares, min_size=1, max_size=20), st.floats(0.05, 8.0))
def test_calibration_keeps_order_halves_and_range(confidences, power):
    calibration = ConfidenceCalibration(power)
    found = calibration.calibrated(sorted(confidences))
    assert (np.diff(found) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()
    assert calibration.calibrated([0.5]) == pytest.approx([0.5])
    values = np.clip(sorted(confidences), 1e-6, 1 - 1e-6)
    np.testing.assert_allclose(found, values**power / (values**power + (1 - values) ** power))


@pytest.mark.parametrize("power", [0.3, 1.0, 2.5])
def test_the_power_that_made_the_data_is_found(power):
    rng = np.random.default_rng(7)
    confidences = rng.random(200_000)
    right = rng.random(200_000) < ConfidenceCalibration(power).calibrated(confidences)
    assert ConfidenceCalibration.fit(confidences, right).power == pytest.approx(power, rel=0.02)


@given(st.lists(st.tuples(shares, st.booleans()), min_size=2, max_size=30), st.floats(0.01, 60.0))
def test_no_other_power_is_likelier(words, other):
    confidences, right = zip(*words)
    if len(set(right)) < 2:
        return

    def likelihood(power):
        c = ConfidenceCalibration(power).calibrated(confidences)
        with np.errstate(divide="ignore"):
            return np.log(np.where(right, c, 1 - c)).sum()

    assert likelihood(ConfidenceCalibration.fit(confidences, right).power) >= likelihood(other) - 1e-6


def test_calibration_leaves_words_without_confidence():
    known = Hypothesis("u", (Span("a", 0.0, 1.0, 0.9), Span("b", 1.0, 2.0)), (), (), 0.0, 0.0)
    found = ConfidenceCalibration(0.5)(known)
    assert found.words[0].confidence == pytest.approx(0.75)  # sqrt(0.9 / 0.1) = 3 to 1
    assert found.words[1].confidence is None


def test_calibration_is_saved(tmp_path):
    calibration = ConfidenceCalibration(0.3125)
    calibration.save(tmp_path / "calibration.json")
    assert ConfidenceCalibration.load(tmp_path / "calibration.json") == calibration


@pytest.mark.parametrize(
    "content", ['{"scale": 1}', '{"power": "2"}', '{"power": -1}', '{"power": NaN}', "[1]", "{", ""]
)
def test_other_files_are_no_calibrations(content, tmp_path):
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(FileFormatError, match=r"other\.json: "):
        ConfidenceCalibration.load(tmp_path / "other.json")


def test_words_that_were_judged_are_fitted():
    """a 0.9 right, b 0.9 wrong, c 0.9 right: two of three, so logit(2 / 3) = power * logit(0.9), log 2 / log 9."""
    hypothesis = Hypothesis("u", tuple(Span(word, 0.0, 1.0, 0.9) for word in "abc"), (), (), 0.0, 0.0)
    judged = judge_words({"u": ["a", "x", "c"]}, [hypothesis])
    calibration = ConfidenceCalibration.fit(judged.confidence, judged.correct)
    assert calibration.power == pytest.approx(math.log(2) / math.log(9), rel=1e-4)


@pytest.mark.parametrize(
    ("confidences", "right", "message"),
    [
        ([], [], "0 of 0 words are correct"),
        ([0.5, 0.7], [True, True], "2 of 2 words are correct"),
        ([0.5, 0.7], [False, False], "0 of 2 words are correct"),
        ([0.5], [True, False], "1 confidences, 2 judgements"),
        ([0.5, 1.5], [True, False], "a confidence that is not in 0 .. 1"),
        ([0.5, math.nan], [True, False], "a confidence that is not in 0 .. 1"),
    ],
)
def test_what_cannot_be_fitted_is_refused(confidences, right, message):
    with pytest.raises(LatticeError, match=message):
        ConfidenceCalibration.fit(confidences, right)


@pytest.mark.parametrize("power", [0.0, -1.0, math.inf, math.nan])
def test_a_power_is_above_zero(power):
    with pytest.raises(LatticeError, match="expected a number above 0"):
        ConfidenceCalibration(power)
