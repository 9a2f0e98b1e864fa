"""An experiment that is killed again and again ends with the results of one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Sequence

import pytest

from fsaasr.core.files import read_json
from fsaasr.recipe import Experiment
from tests.recipe.conftest import write_recipe

ROOT = Path(__file__).resolve().parents[2]
CODE = "import sys; from fsaasr.cli.main import main; main(sys.argv[1:], prog_name='fsaasr')"
COSTS = ("rtf", "rtf_features", "rtf_encoder", "peak_mb", "train_minutes")


def start(arguments: Sequence[object]) -> subprocess.Popen[bytes]:
    """The command in a group of processes of its own, so that its workers die with it."""
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)


def kill_when(process: subprocess.Popen[bytes], folder: Path, pattern: str) -> None:
    """Kills without warning as soon as something is there."""
    while not any(folder.glob(pattern)):
        assert process.poll() is None, f"ended before there was {pattern}"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_killed_four_times_it_gives_the_same(tmp_path: Path, corpus: Path, experiment: Experiment) -> None:
    folder = tmp_path / "exp"
    arguments = ["recipe", "all", write_recipe(tmp_path / "conf"), folder, "--corpus", corpus, "--jobs", 2]
    # In the midst of preparing, of training, after a graph, in the midst of decoding.
    places = ("features/*", "model/kaldi/ctc/work/*/*", "graph/kaldi/gmm/loop.graph", "decode/*/*/*/*/hyp.txt")
    for place in places:
        kill_when(start(arguments), folder, place)
    assert start(arguments).wait() == 0
    for run in experiment.runs:
        whole, killed = (base / "decode" / "/".join(run) / "hyp.txt" for base in (experiment.folder, folder))
        assert whole.read_bytes() == killed.read_bytes()

    def rows(base: Path) -> list[dict[str, object]]:
        found = read_json(base / "results.json")["rows"]
        return [{key: value for key, value in row.items() if key not in COSTS} for row in found]

    own = [row for row in rows(experiment.folder) if row["family"] != "combination"]
    assert rows(folder) == own
