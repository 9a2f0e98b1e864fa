"""Synthetic posteriors, score files, rows and tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fsaasr.core.errors import CorpusError, ScoresError
from tools.bench.decoders import REFERENCE, Decoder
from tools.bench.given_scores import given_scores
from tools.bench.measure import Measured
from tools.bench.posteriors import FRAME_SHIFT, measure, synthesize
from tools.bench.rows import make_rows
from tools.bench.runner import Task
from tools.bench.scores_file import ScoreSet, read_scores, write_scores
from tools.bench.table import comparison, markdown, overview

PHONES = ("P", "T", "K", "AA", "IY", "UW", "M", "N", "S", "Z")
COLUMNS = ("<blk>", *PHONES)
WORDS = {f"{a}{b}": [(a, b)] for a in PHONES for b in PHONES}
SENTENCES = [" ".join(f"{PHONES[(n * k) % 10]}{PHONES[(n + k) % 10]}" for k in range(1, 16)) for n in range(40)]


@pytest.mark.parametrize("per", [0.0, 0.1, 0.2])
def test_posteriors_are_peaky_and_as_wrong_as_asked(per: float) -> None:
    scores, quality = synthesize(SENTENCES, WORDS, COLUMNS, 40, per, seed=1)
    assert quality.greedy_per == pytest.approx(per, abs=0.03)
    assert quality.frames_per_phone == pytest.approx(2.65, abs=0.15)
    assert quality.blank_frames == pytest.approx(0.54, abs=0.03)
    assert scores.frame_shift == FRAME_SHIFT
    for matrix in scores.matrices:
        np.testing.assert_allclose(np.exp(matrix).sum(axis=1), 1.0, atol=1e-5)


def test_the_seed_draws_everything() -> None:
    first, _ = synthesize(SENTENCES, WORDS, COLUMNS, 5, 0.2, seed=1)
    again, _ = synthesize(SENTENCES, WORDS, COLUMNS, 5, 0.2, seed=1)
    other, _ = synthesize(SENTENCES, WORDS, COLUMNS, 5, 0.2, seed=2)
    assert all(np.array_equal(a, b) for a, b in zip(first.matrices, again.matrices))
    assert not np.array_equal(first.matrices[0][:5], other.matrices[0][:5])


def test_only_sentences_that_the_lexicon_knows_are_said() -> None:
    scores, _ = synthesize(["PP unheard", "short TT", *SENTENCES[:2]], {**WORDS, "short": [("S",)]}, COLUMNS, 3, 0.1, 1)
    assert scores.references == (*SENTENCES[:2], "short TT")
    assert len(synthesize(["PP unheard", "PP TT"], WORDS, COLUMNS, 2, 0.1, 1)[0].ids) == 1
    with pytest.raises(CorpusError, match="knows all words of no held-out sentence"):
        synthesize(["PP unheard"], WORDS, COLUMNS, 2, 0.1, 1)


def test_greedy_errors_by_hand() -> None:
    """Best columns 1 1 0 1 2 spell 1 1 2; against 1 2 3 that is two edits of three phones."""
    best = np.array([1, 1, 0, 1, 2])
    matrix = np.log(np.where(np.arange(4) == best[:, None], 0.7, 0.1)).astype(np.float32)
    quality = measure([matrix], [[1, 2, 3]])
    assert quality.greedy_per == pytest.approx(2 / 3)
    assert quality.frames_per_phone == pytest.approx(5 / 3)
    assert quality.blank_frames == pytest.approx(1 / 5)
    assert quality.entropy == pytest.approx(-(0.7 * np.log(0.7) + 0.3 * np.log(0.1)))


def some_scores() -> ScoreSet:
    matrices = [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((1, 3), dtype=np.float32)]
    return ScoreSet(("<blk>", "a", "b"), 0.5, ("u1", "u2"), matrices, ("yes no", "no"))


def test_score_files_come_back(tmp_path: Path) -> None:
    scores = some_scores()
    write_scores(tmp_path / "s.npz", scores)
    back = read_scores(tmp_path / "s.npz")
    assert (back.columns, back.frame_shift, back.ids) == (scores.columns, scores.frame_shift, scores.ids)
    assert back.references == scores.references
    assert all(np.array_equal(a, b) for a, b in zip(back.matrices, scores.matrices))
    assert back.seconds == 1.5


def test_given_scores_are_put_in_the_graphs_order(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    write_scores(path, some_scores())
    arranged = given_scores(path, ("<blk>", "b"), 1)
    assert [matrix.tolist() for matrix in arranged.matrices] == [[[0.0, 2.0], [3.0, 5.0]]]
    assert (arranged.ids, arranged.references, arranged.columns) == (("u1",), ("yes no",), ("<blk>", "b"))
    with pytest.raises(ScoresError, match=r"lack 1 of the graph's columns, e.g. x; they have <blk>, a, b"):
        given_scores(path, ("<blk>", "x"), 1)


def test_a_file_that_is_no_score_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    with pytest.raises(ScoresError, match=r"cannot read scores from .*; write it with"):
        given_scores(path, ("<blk>",), 1)
    np.savez(path, columns=np.array(["<blk>"]))
    with pytest.raises(ScoresError, match="lengths is not a file in the archive"):
        given_scores(path, ("<blk>",), 1)
    write_scores(path, replace(some_scores(), ids=("u1",)))
    with pytest.raises(ScoresError, match=r"has 1 ids, 2 lengths, 2 references and 3 columns of \[\(3,\)\]"):
        given_scores(path, ("<blk>",), 1)


def round_of(seconds: list[float], words: list[str], score: float, peak: float = 100.0) -> dict[str, Any]:
    found = [{"words": words, "score": score}, {"words": ["no"], "score": score}]
    beam = {"beam": 8.0, "seconds": seconds, "cpu_seconds": [0.15], "read_out_s": 0.3}
    beam.update({"peak_mb": peak, "found": found, "notes": {"n": 1}})
    return {"load_s": 1.0, "start_s": 2.0, "beams": [beam]}


def measured() -> list[Measured]:
    own = Decoder("fsaasr lattice", "native:LatticeDecoder", True, own=True)
    rounds = [round_of([0.3, 0.1, 0.2], ["yes"], 5.5, peak) for peak in (90, 100, 120)]
    rounds[1]["beams"][0]["seconds"] = [0.6]
    kaldi = Measured(Decoder(REFERENCE, "", True), Task(), [round_of([1.2], ["yes", "no"], 5.0)])
    return [Measured(own, Task(), rounds), kaldi, Measured(own, Task(threads=2), failure="too few cores")]


def test_rows_are_medians_of_medians() -> None:
    own, kaldi = make_rows(measured(), some_scores())
    assert own["wer"] == pytest.approx(1 / 3)
    assert own["rtf"] == pytest.approx(0.2 / 1.5)
    assert (own["rtf_lowest"], own["rtf_highest"]) == pytest.approx((0.2 / 1.5, 0.6 / 1.5))
    assert (own["rtf_best_path"], own["rtf_cpu"]) == pytest.approx((0.3 / 1.5, 0.15 / 1.5))
    assert (own["peak_mb"], own["rounds"], own["threads"], own["lattice"], own["n"]) == (100, 3, 1, True, 1)
    assert (own["same_as_kaldi"], own["score_difference"]) == (0.5, 0.5)
    assert (kaldi["wer"], kaldi["same_as_kaldi"], kaldi["score_difference"]) == (0.0, 1.0, 0.0)


def test_tables() -> None:
    rows = make_rows(measured(), some_scores())
    assert "| fsaasr lattice" in overview(rows)[2]
    assert "0.133333 (33.33)" in overview(rows)[2]
    assert comparison(rows)[2].split("|")[3].strip() == "6.00"
    assert comparison(rows, "rtf_cpu")[2].split("|")[3].strip() == "1.00"
    assert comparison([]) == []
    assert markdown(["a", "bb"], [["ccc", "d"]]) == ["| a   | bb |", "| --- | -- |", "| ccc | d  |"]
