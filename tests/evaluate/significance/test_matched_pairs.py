"""The matched-pairs test: NIST's numbers, Student's tables, laws, and how often it errs."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fsaasr.evaluate import matched_pairs
from fsaasr.evaluate.significance import fewest_differing
from fsaasr.evaluate.student import normal_p, student_p
from tests.evaluate.significance.reports import SCTK, marked, random_patterns, read_sgml, substituted


def test_numbers_are_those_of_sc_stats() -> None:
    # SCTK 1.3: `cat a.sgml b.sgml | sctk sc_stats -p -t mapsswe -v -n -`: "(# segs: 98) ... (mean: -0.276)
    # (std dev: 1.191) (Z Stat: -2.290)".
    first, second = (read_sgml((SCTK / name).read_text()) for name in ("a.sgml", "b.sgml"))
    found = matched_pairs([first], [second])
    assert found.segments == 98
    assert found.difference * found.words / found.segments == pytest.approx(-0.276, abs=5e-4)
    assert found.deviation == pytest.approx(1.191, abs=5e-4)
    assert found.z == pytest.approx(-2.290, abs=5e-4)
    assert found.p == pytest.approx(0.0220, abs=5e-5)  # 2 * (1 - Phi(2.290)), tables of the normal distribution


@pytest.mark.skipif(shutil.which("sctk") is None, reason="NIST's sctk is not installed")
@pytest.mark.parametrize("seed", range(3))
def test_random_texts_give_what_sc_stats_gives(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    words = [rng.choice(list("abcdefgh"), size=rng.integers(1, 16)).tolist() for _ in range(60)]
    noisy = [[[w if rng.random() > rate else "z" for w in text] for text in words] for rate in (0.15, 0.25)]
    for name, texts in (("ref", words), ("a", noisy[0]), ("b", noisy[1])):
        lines = [f"{' '.join(text)} (s-u{n})\n" for n, text in enumerate(texts)]
        (tmp_path / f"{name}.trn").write_text("".join(lines))

    def sctk(*arguments: str, given: str = "") -> str:
        command = ["sctk", *arguments]
        return subprocess.run(command, input=given, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    sclite = ("sclite", "-r", "ref.trn", "trn", "-i", "rm", "-o", "sgml", "stdout")
    sgml = [sctk(*sclite, "-h", f"{name}.trn", "trn") for name in "ab"]
    sctk("sc_stats", "-p", "-t", "mapsswe", "-v", "-n", "out", given="".join(sgml))
    line = next(x for x in (tmp_path / "out.stats.mapsswe").read_text().splitlines() if "MTCH_PR_RESULTS" in x)
    found = matched_pairs([read_sgml(sgml[0])], [read_sgml(sgml[1])])
    assert f"(# segs: {found.segments})" in line
    assert f"(std dev: {found.deviation:.3f}) (Z Stat: {found.z:.3f})" in line


def test_exchanged_systems_have_the_opposite_difference_and_the_same_p() -> None:
    rng = np.random.default_rng(0)
    first, second = (marked(random_patterns(rng, [8] * 40, rate)) for rate in (0.1, 0.2))
    one, other = matched_pairs([first], [second]), matched_pairs([second], [first])
    assert (one.difference, one.z, one.p) == (-other.difference, -other.z, other.p)
    assert one.difference == pytest.approx(first.wer - second.wer)


def test_a_system_does_not_differ_from_itself() -> None:
    report = substituted([0, 1, 2])
    found = matched_pairs([report], [report])
    assert (found.difference, found.z, found.p, found.differing) == (0.0, 0.0, 1.0, 0)


def test_fewer_than_six_differing_segments_prove_nothing() -> None:
    def p(count: int) -> float:
        return matched_pairs([substituted([1] * count + [0] * 20)], [substituted([0] * (count + 20))]).p

    assert fewest_differing() == 6
    assert [p(count) for count in (1, 3, 5)] == [1.0, 0.25, 0.0625]
    assert p(6) == 2**-5 < 0.05


def test_the_smallest_difference_is_where_significance_begins() -> None:
    rng = np.random.default_rng(3)
    first, second = (marked(random_patterns(rng, [8] * 60, rate)) for rate in (0.1, 0.15))
    found = matched_pairs([first], [second])
    scaled = abs(found.difference) / found.smallest_difference
    assert (scaled > 1) == (found.p < 0.05)
    assert normal_p(1.959964 * scaled) == pytest.approx(found.p, rel=1e-6)
    assert found.words_needed == math.ceil(found.words / scaled**2)
    five = matched_pairs([substituted([1] * 5 + [0] * 5)], [substituted([0] * 10)])
    assert five.words_needed == 120  # six segments that differ, at five in a hundred words
    alike = matched_pairs([substituted([1, 0])], [substituted([1, 0])])
    assert alike.words_needed is None
    assert alike.smallest_difference == 6 / 20


def test_equal_trainings_count_as_one() -> None:
    rng = np.random.default_rng(1)
    first, second = (marked(random_patterns(rng, [8] * 40, rate)) for rate in (0.1, 0.2))
    one, three = matched_pairs([first], [second]), matched_pairs([first] * 3, [second] * 3)
    assert one.p_methods is None
    assert three.p_methods is not None
    assert (three.z, three.p) == (one.z, one.p)
    # No variance over seeds: what is left is Student's distribution for the normal one.
    assert three.p_methods == pytest.approx(student_p(one.z, one.segments - 1), rel=1e-9)


def test_trainings_that_differ_weaken_what_is_said_of_the_methods() -> None:
    # Rates 0.2 and 0.4 against 0.1 and 0.3: the means differ by 0.1 on each utterance alike.
    first, second = ([substituted([a] * 30), substituted([b] * 30)] for a, b in ((2, 4), (1, 3)))
    found = matched_pairs(first, second)
    assert found.p < 1e-6
    # Welch: t = 0.1 / sqrt(0.02 / 2 + 0.02 / 2) with 2 degrees of freedom.
    assert found.p_methods == pytest.approx(student_p(0.1 / math.sqrt(0.02), 2))
