"""Done-markers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

import pytest

from fsaasr.core import ConfigError
from fsaasr.recipe import Job, run_jobs, worker_pool
from fsaasr.recipe.jobs import key_of


def write(path: Path, text: str) -> None:
    if text == "bad":
        raise ConfigError("write: a bad text")
    path.write_text(text)


def job(folder: Path, name: str, text: str) -> Job:
    out = folder / name
    return Job(name, folder / f"{name}.done.json", key_of(text), write, {"path": out, "text": text}, (out,))


def test_a_job_is_done_until_its_key_or_output_changes(tmp_path: Path) -> None:
    first = job(tmp_path, "a", "one")
    assert not first.is_done()
    assert run_jobs([first]) == 1
    assert first.is_done()
    assert run_jobs([first]) == 0
    assert not job(tmp_path, "a", "two").is_done()
    (tmp_path / "a").write_text("longer than it was")
    assert not first.is_done()


def test_a_failure_leaves_no_marker_and_keeps_what_was_done(tmp_path: Path) -> None:
    jobs = [job(tmp_path, "a", "one"), job(tmp_path, "b", "bad"), job(tmp_path, "c", "three")]
    with pytest.raises(ConfigError, match="bad text"):
        run_jobs(jobs)
    assert [entry.is_done() for entry in jobs] == [True, False, False]


def test_an_older_marker_is_gone_when_the_job_fails(tmp_path: Path) -> None:
    run_jobs([job(tmp_path, "a", "one")])
    with pytest.raises(ConfigError):
        run_jobs([job(tmp_path, "a", "bad")])
    assert not job(tmp_path, "a", "one").is_done()


def test_a_pool_gives_the_same_as_no_pool_and_passes_errors_on(tmp_path: Path) -> None:
    said: list[str] = []
    with worker_pool(2) as pool:
        assert run_jobs([job(tmp_path, name, name) for name in "abc"], pool, said.append) == 3
        with pytest.raises(ConfigError, match="bad text"):
            run_jobs([job(tmp_path, "d", "bad")], pool)
    assert sorted(line.partition("] ")[2] for line in said) == ["a: done", "b: done", "c: done"]
    assert [line.split(",")[0] for line in said] == ["[1/3", "[2/3", "[3/3"]
    assert [(tmp_path / name).read_text() for name in "abc"] == ["a", "b", "c"]


def talk(path: Path, text: str) -> None:
    print(f"saying {text}")
    write(path, text)


def test_a_log_tells_when_where_and_how_a_job_ran(tmp_path: Path) -> None:
    def talking(name: str, text: str) -> Job:
        out = tmp_path / name
        return Job(f"say {name}/x", tmp_path / f"{name}.done.json", "k", talk, {"path": out, "text": text}, (out,))

    run_jobs([talking("a", "one")], logs=tmp_path / "logs")
    begin, said, end = (tmp_path / "logs" / "say_a_x.log").read_text().splitlines()
    assert "begin say a/x k on " in begin
    assert said == "saying one"
    assert "done, peak" in end
    with pytest.raises(ConfigError):
        run_jobs([talking("b", "bad")], logs=tmp_path / "logs")
    log = (tmp_path / "logs" / "say_b_x.log").read_text()
    assert "ConfigError: write: a bad text" in log
    assert log.endswith("failed\n")


def test_keys_tell_values_apart() -> None:
    values = [("a", "b"), ("ab",), ("a", ["b"]), ("a", {"b": 1}), ("a", {"b": 1.5})]
    assert len({key_of(*value) for value in values}) == len(values)
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})


def test_no_workers_are_refused() -> None:
    with pytest.raises(ConfigError, match="0 workers"), worker_pool(0):
        pass


WORKS_UNTIL_KILLED = """
import sys, time
from tests.recipe.test_jobs import tell_and_wait
from fsaasr.recipe import worker_pool
if __name__ == "__main__":
    with worker_pool(2) as pool:
        for name in ("a", "b"):
            pool.submit(tell_and_wait, sys.argv[1] + "/" + name)
        time.sleep(600)
"""


def tell_and_wait(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    time.sleep(600)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_no_worker_outlives_who_gave_it_work(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(WORKS_UNTIL_KILLED)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    parent = subprocess.Popen([sys.executable, tmp_path / "script.py", tmp_path], env=environment)
    places = [tmp_path / "a", tmp_path / "b"]
    wait_until(lambda: all(place.exists() and place.read_text() for place in places), "both workers began")
    workers = [int(place.read_text()) for place in places]
    assert all(map(is_alive, workers))
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(map(is_alive, workers)), "both workers ended")


def wait_until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, f"not in two minutes: {what}"
        time.sleep(0.05)
