"""The same logits, models and weights here, in pyctcdecode and in flashlight-text: the same words and scores.

The referees run in a process of their own, where `make test-ctc` puts them (CTC_PYTHON). docs/ctc_decoders.md says
what is the same and what is not.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

import numpy as np
import numpy.typing as npt
import pytest

from fsaasr.decode import CtcOptions, PrefixOptions, SearchOptions, ctc_decoder, prefix_decoder
from fsaasr.grammar import NgramModel, estimate_ngram, write_arpa

ROOT = Path(__file__).resolve().parents[3]
LABELS = ["<blk>", "|", *"abcdeot"]
TEXT = "a cat ate a toad\na toad bet\nted ate a date\nbe a cat\na bad date\ned bet a cat\n"
LN10 = math.log(10)
WIDE: dict[str, Any] = {"beam": 1000, "prune": 30.0, "token_prune": -1e9}


def referee_python() -> Optional[str]:
    if "CTC_PYTHON" in os.environ:
        return os.environ["CTC_PYTHON"]
    if all(importlib.util.find_spec(name) for name in ("pyctcdecode", "flashlight")):
        return sys.executable
    made = ROOT / ".venv-bench-ctc/bin/python"
    return str(made) if made.exists() else None


pytestmark = pytest.mark.skipif(referee_python() is None, reason="no pyctcdecode and flashlight-text; see CTC_PYTHON")


def said(text: str, seed: int, end: str = "|") -> npt.NDArray[np.float32]:
    """Log posteriors that say a text, uncertain; with a delimiter behind the last word, or not."""
    rng = np.random.default_rng(seed)
    rows: list[str] = []
    for character in text.replace(" ", "|") + end:
        rows += [character] * int(rng.integers(1, 3)) + ["<blk>"] * int(rng.integers(1, 3))
    logits = rng.normal(0.0, 1.0, size=(len(rows), len(LABELS)))
    logits[np.arange(len(rows)), [LABELS.index(name) for name in rows]] += 4.0
    if not end:
        logits[-4:, LABELS.index("|")] = -40.0
    return (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32)


SAID = ["a cat ate", "ate a bead", "boo a cat"]
"""The last two have words that the model lacks."""


@pytest.fixture(scope="module")
def model() -> NgramModel:
    return estimate_ngram([line.split() for line in TEXT.splitlines()], 2)


def referee(folder: Path, jobs: list[dict[str, Any]], outputs: list[npt.NDArray[np.float32]]) -> list[Any]:
    (folder / "job.json").write_text(json.dumps(jobs))
    np.savez(folder / "outputs.npz", **{f"u{n}": matrix for n, matrix in enumerate(outputs)})
    script = str(Path(__file__).with_name("referee.py"))
    done = subprocess.run([str(referee_python()), script, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[Any] = json.loads((folder / "found.json").read_text())
    return found


@pytest.mark.parametrize("weights", [None, (0.5, 1.5, -2.0), (1.0, 0.0, -10.0)], ids=["no lm", "defaults", "heavy"])
def test_pyctcdecode_finds_the_same_words_at_the_same_score(
    tmp_path: Path, model: NgramModel, weights: Optional[tuple[float, float, float]]
) -> None:
    alpha, beta, offset = weights or (0.0, 0.0, 0.0)
    arpa = tmp_path / "lm.arpa"
    write_arpa(model, arpa)
    words = [word for word in model.vocabulary if word[0] != "<"]
    labels = ["" if name == "<blk>" else " " if name == "|" else name for name in LABELS]
    job = {"kind": "prefixes", "labels": labels, "arpa": str(arpa) if weights else "", "words": words}
    job |= {"alpha": alpha, "beta": beta, "unk_score_offset": offset}
    # Where a delimiter may be the last token, it may score an empty unknown word behind it.
    matrices = [said(text, seed, end="") for seed, text in enumerate(SAID)]
    theirs = referee(tmp_path, [{**job, "outputs": f"u{n}"} for n in range(len(SAID))], matrices)
    options = PrefixOptions(lm_scale=alpha, unknown_score=offset * LN10, word_score=beta, **WIDE)
    ours = prefix_decoder(LABELS, arpa if weights else None, options=options).nbest(matrices, 5)
    for found, listed in zip(theirs, ours):
        scores = {hypothesis.text: hypothesis for hypothesis in listed}
        best, acoustic, total = found[0]
        assert listed[0].text == best
        # Its beams are narrower, for time's sake: it adds up a little less.
        assert -0.25 <= acoustic - scores[best].acoustic_score <= 1e-3
        assert total - acoustic == pytest.approx(scores[best].graph_score, abs=1e-3)


def test_flashlight_with_a_lexicon_finds_the_same_words_at_the_same_score(tmp_path: Path, model: NgramModel) -> None:
    write_arpa(model, tmp_path / "lm.arpa")
    words = [word for word in model.vocabulary if word[0] != "<"]
    scale, word_score = 0.75, -0.5
    job = {"kind": "with_lexicon", "labels": LABELS, "arpa": str(tmp_path / "lm.arpa")}
    job |= {"spellings": {word: [*word, "|"] for word in words}, "lm_weight": scale * LN10, "word_score": word_score}
    matrices = [said(text, seed) for seed, text in enumerate(SAID)]
    theirs = referee(tmp_path, [{**job, "outputs": f"u{n}"} for n in range(len(SAID))], matrices)
    options = CtcOptions(scale, word_score, search=SearchOptions(search_beam=60.0))
    ours = ctc_decoder(LABELS, words, model, options=options)(matrices)
    # Once for the utterance: whether a delimiter begins it.
    begin = scale * math.log(0.5)
    for (text, score), hypothesis in zip(theirs, ours):
        assert [word.name for word in hypothesis.words] == text
        # Back-offs are epsilons here, so an n-gram may score as the better of two ways.
        assert score - 0.01 <= hypothesis.score - begin <= score + 0.5


def test_flashlight_without_lexicon_finds_the_best_alignment_or_less_than_the_sum(tmp_path: Path) -> None:
    matrices = [said(text, seed) for seed, text in enumerate(SAID)]
    kinds = [(n, log_add) for n in range(len(SAID)) for log_add in (False, True)]
    jobs = [{"kind": "without_lexicon", "labels": LABELS, "log_add": add, "outputs": f"u{n}"} for n, add in kinds]
    theirs = referee(tmp_path, jobs, matrices)
    best = ctc_decoder(LABELS)(matrices)
    sums = prefix_decoder(LABELS, options=PrefixOptions(**WIDE))(matrices)
    for (n, log_add), (text, score) in zip(kinds, theirs):
        if not log_add:
            assert best[n].text == text.replace("|", " ").strip()
            assert best[n].score == pytest.approx(score, abs=1e-3)
        else:
            # It keeps what ends in blank and in a token apart, and delimiters too, so its sum is over less.
            assert score <= sums[n].score + 1e-3
