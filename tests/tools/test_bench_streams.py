"""The bench of streams measures what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lhotse import CutSet

from fsaasr import Recognizer
from fsaasr.corpora import make_cut, open_recording
from fsaasr.corpora.audio import write_wav
from tests.recipe.recognizer.conftest import RATE, ctc, noise, save
from tools.bench.streams import main, measure


def test_each_chunk_is_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(ctc(), tmp_path / "model")
    cuts = []
    for number in range(2):
        wave = np.concatenate([np.zeros(800, np.float32), noise(1.0, seed=number)])
        write_wav(tmp_path / f"{number}.wav", wave, RATE)
        cuts.append(make_cut(open_recording(tmp_path / f"{number}.wav", f"u{number}"), text="ab", speaker="x"))
    row = measure(Recognizer.open(tmp_path / "model"), cuts, 0.25)
    assert (row.chunk, row.utterances, row.same, row.taken_back) == (0.25, 2, 2, 0)
    assert 0.25 <= row.first_partial <= 1.1
    assert 0 < row.after_begin <= row.first_partial
    assert row.final_ms > 0
    assert row.wer is not None
    CutSet.from_cuts(cuts).to_file(tmp_path / "cuts.jsonl.gz")
    main([str(tmp_path / "model"), str(tmp_path / "cuts.jsonl.gz"), "--chunks", "0.25,0.5", "--count", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| chunk | utterances | first_partial |")
    assert [line.split(" | ")[:2] for line in lines[2:]] == [["| 0.25", "1"], ["| 0.5", "1"]]
