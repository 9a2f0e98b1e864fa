"""An experiment that is killed again and again ends with the results of one that was not."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Sequence

import pytest
import torch

from fsaasr.recipe import STAGES, Experiment, collect_results, run_stage
from tests.recipe.conftest import assert_same_results, write_recipe

ROOT = Path(__file__).resolve().parents[2]
CODE = "import sys; from fsaasr.cli.main import main; main(sys.argv[1:], prog_name='fsaasr')"


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


def run_all(experiment: Experiment, corpus: Path) -> None:
    for stage in STAGES:
        run_stage(experiment, stage, corpus_dir=corpus, workers=1)
    collect_results(experiment)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="processes cannot be forked here")
@pytest.mark.skipif(torch.cuda.is_available(), reason="torch trains in no forked process where there is a GPU")
def test_killed_at_random_moments_it_gives_the_same(tmp_path: Path, corpus: Path, experiment: Experiment) -> None:
    copy = Experiment(experiment.spec, tmp_path / "exp")
    chance = random.Random()
    killed = 0
    for _ in range(7):
        # Forked, it begins at once: what is imported and compiled here is so there.
        process = multiprocessing.get_context("fork").Process(target=run_all, args=(copy, corpus))
        process.start()
        process.join(chance.uniform(0.0, 0.8) if killed < 6 else 120)
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        if not process.exitcode:
            break
    assert process.exitcode == 0, f"killed {killed} times, it did not come to its end"
    assert killed
    assert_same_results(copy, experiment)


@pytest.mark.slow
def test_two_workers_killed_in_given_places_give_the_same(tmp_path: Path, corpus: Path, experiment: Experiment) -> None:
    folder = tmp_path / "exp"
    arguments = ["recipe", "all", write_recipe(tmp_path / "conf"), folder, "--corpus", corpus, "--jobs", 2]
    # In the midst of preparing, of training, after a graph, in the midst of decoding.
    places = ("features/*", "model/kaldi/ctc/work/*/*", "graph/kaldi/gmm/loop.graph", "decode/*/*/*/*/hyp.txt")
    for place in places:
        kill_when(start(arguments), folder, place)
    assert start(arguments).wait() == 0
    assert_same_results(Experiment(experiment.spec, folder), experiment)
