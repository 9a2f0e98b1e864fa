"""Jobs on the workers of a cluster; those of a stage give what they give here."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from fsaasr.core import ConfigError
from fsaasr.core.errors import MissingDependencyError
from fsaasr.recipe import Experiment, Job, cluster, run_jobs, run_stage
from fsaasr.recipe.jobs import key_of


def write(path: Path, text: str) -> None:
    if text == "bad":
        raise ConfigError("write: a bad text")
    path.write_text(text)


def job(folder: Path, name: str, text: str) -> Job:
    out = folder / name
    return Job(name, folder / f"{name}.done.json", key_of(text), write, {"path": out, "text": text}, (out,))


def test_two_workers_do_the_jobs_and_pass_errors_on(tmp_path: Path, experiment: Experiment) -> None:
    distributed = pytest.importorskip("distributed", reason="dask's distributed is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path / "dask")
    ) as local:
        with cluster(local.scheduler_address) as executor:
            assert run_jobs([job(tmp_path, name, name) for name in "abc"], executor, logs=tmp_path / "logs") == 3
            with pytest.raises(ConfigError, match="bad text"):
                run_jobs([job(tmp_path, "d", "bad")], executor)
            assert [(tmp_path / name).read_text() for name in "abc"] == ["a", "b", "c"]
            assert len({(tmp_path / "logs" / f"{name}.log").read_text().split()[-1] for name in "abc"}) == 1
            # A stage of an experiment, anew on the cluster.
            copy = Experiment(experiment.spec, tmp_path / "exp")
            shutil.copytree(experiment.folder, copy.folder)
            shutil.rmtree(copy.folder / "decode")
            assert run_stage(copy, "decode", executor=executor) == 4
        for run in experiment.runs:
            files = [one.decode_dir(run) / "hyp.txt" for one in (experiment, copy)]
            assert files[0].read_bytes() == files[1].read_bytes()


def test_no_scheduler_is_an_error() -> None:
    pytest.importorskip("distributed", reason="dask's distributed is not installed")
    with pytest.raises(ConfigError, match=r"no scheduler at tcp://127\.0\.0\.1:9"), cluster("tcp://127.0.0.1:9"):
        pass


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'fsaasr\[cluster\]'"), cluster("tcp://127.0.0.1:9"):
        pass
