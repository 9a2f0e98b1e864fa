"""Jobs on the workers of a cluster; those of a recipe give what they give here."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator

import pytest
from click.testing import CliRunner

from fsaasr.cli.main import main
from fsaasr.core import ConfigError
from fsaasr.core.errors import MissingDependencyError
from fsaasr.recipe import Experiment, Job, cluster, run_jobs
from fsaasr.recipe.jobs import key_of
from tests.recipe.conftest import assert_same_results, write_recipe

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120
"""For which the scheduler is waited for, and after which a worker without one gives up."""


def start(folder: Path, name: str, *arguments: object) -> subprocess.Popen[bytes]:
    """One of dask's commands; what it says goes to a file, and nothing is looked up but the name of this machine."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{name}", "--no-dashboard", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    with (folder / f"{name}-{time.monotonic_ns()}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """File of a scheduler with two workers of one thread, each a process."""
    pytest.importorskip("distributed", reason="dask's distributed is not installed")
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    here = ("--host", "127.0.0.1", "--scheduler-file", file)
    worker = (*here, "--nworkers", 1, "--nthreads", 1, "--no-nanny", "--death-timeout", SECONDS)
    processes = [start(folder, "scheduler", *here, "--port", 0)]
    try:
        processes += [start(folder, "worker", *worker, "--name", name) for name in "ab"]
        until = time.monotonic() + SECONDS
        while not file.exists():
            alive = time.monotonic() < until and processes[0].poll() is None
            assert alive, "\n".join(log.read_text() for log in folder.glob("*.log"))
            time.sleep(0.05)
        yield str(file)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def write(path: Path, text: str) -> None:
    if text == "bad":
        raise ConfigError("write: a bad text")
    path.write_text(text)


def job(folder: Path, name: str, text: str) -> Job:
    out = folder / name
    return Job(name, folder / f"{name}.done.json", key_of(text), write, {"path": out, "text": text}, (out,))


def test_two_workers_do_the_jobs_and_pass_errors_on(scheduler: str, tmp_path: Path) -> None:
    with cluster(scheduler) as executor:
        assert run_jobs([job(tmp_path, name, name) for name in "abcdef"], executor, logs=tmp_path / "logs") == 6
        with pytest.raises(ConfigError, match="bad text"):
            run_jobs([job(tmp_path, "g", "bad")], executor)
    assert [(tmp_path / name).read_text() for name in "abcdef"] == list("abcdef")
    first_lines = [log.read_text().splitlines()[0] for log in (tmp_path / "logs").iterdir()]
    assert os.getpid() not in {int(line.rpartition(" ")[2]) for line in first_lines}


def test_a_recipe_on_two_workers_gives_what_it_gives_here(
    scheduler: str, tmp_path: Path, corpus: Path, experiment: Experiment
) -> None:
    folder = tmp_path / "exp"
    arguments = ["recipe", "all", write_recipe(tmp_path / "conf"), folder, "--corpus", corpus, "--cluster", scheduler]
    CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert_same_results(Experiment(experiment.spec, folder), experiment)
    begun = [log.read_text().splitlines()[0] for log in (folder / "logs").iterdir()]
    workers = {line.rpartition(" ")[2] for line in begun}
    assert len(workers) == 2
    assert str(os.getpid()) not in workers


def test_no_scheduler_is_an_error() -> None:
    pytest.importorskip("distributed", reason="dask's distributed is not installed")
    with pytest.raises(ConfigError, match=r"no scheduler at tcp://127\.0\.0\.1:9"), cluster("tcp://127.0.0.1:9", 0.5):
        pass


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'fsaasr\[cluster\]'"), cluster("tcp://127.0.0.1:9"):
        pass
