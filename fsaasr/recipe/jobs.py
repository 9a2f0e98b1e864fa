"""Jobs with done-markers: what is finished and up to date is not done again."""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from fsaasr.core.errors import ConfigError, MissingDependencyError
from fsaasr.core.files import PathLike, content_hash, read_json, write_json
from fsaasr.core.scores import Seconds
from fsaasr.recipe.job_log import logged

Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """A piece of work that writes one file or folder of files.

    Attributes:
      name: for messages, e.g. `train official/gmm`.
      marker: JSON file written when the job is done; it holds `key`.
      key: hash of everything that the result depends on.
      function: a module's function, so that other processes find it.
      arguments: its keyword arguments.
      outputs: files that must be there for the job to count as done.
    """

    name: str
    marker: Path
    key: str
    function: Callable[..., Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    outputs: Tuple[Path, ...] = ()

    def is_done(self) -> bool:
        """Whether the marker has this job's key and all outputs are as large as when it was written."""
        try:
            marker = read_json(self.marker)
            sizes: Dict[str, int] = marker["sizes"]
            return bool(marker["key"] == self.key) and all(
                path.stat().st_size == sizes[path.name] for path in self.outputs
            )
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def mark_done(self) -> None:
        """Writes the marker."""
        sizes = {path.name: path.stat().st_size for path in self.outputs}
        write_json(self.marker, {"job": self.name, "key": self.key, "sizes": sizes})

    def run(self) -> None:
        """Does the work and writes the marker; a marker of an older run is removed first."""
        self.marker.unlink(missing_ok=True)
        self.marker.parent.mkdir(parents=True, exist_ok=True)
        self.function(**self.arguments)
        self.mark_done()

    def require(self, stage: str) -> None:
        """Raises ConfigError, naming the stage to run, unless the job is done."""
        if not self.is_done():
            raise ConfigError(f"recipe: `{self.name}` is not done, or what it depends on changed; run stage {stage!r}")


def run_jobs(
    jobs: Sequence[Job],
    executor: Optional[Executor] = None,
    say: Say = lambda line: None,
    logs: Optional[PathLike] = None,
) -> int:
    """Runs those jobs that are not done.

    Args:
      jobs: independent of one another.
      executor: where to run them, e.g. `worker_pool(2)` or `cluster(...)`; None runs them here, in order. The
        first failure cancels what has not begun; what has been done stays done.
      say: is told of each job, one line.
      logs: folder that receives a file for each job: when and where it ran, what it printed, and its error; None keeps
        none.

    Returns:
      How many jobs were run.

    Raises:
      Whatever a job raises.
    """
    pending = [job for job in jobs if not job.is_done()]
    for job in jobs:
        if job not in pending:
            say(f"{job.name}: done before")
    if executor is None:
        for number, job in enumerate(pending, 1):
            say(_done(job, run_logged(job, logs), number, len(pending)))
        return len(pending)
    futures: Dict[Future[Seconds], Job] = {executor.submit(run_logged, job, logs): job for job in pending}
    try:
        for number, future in enumerate(as_completed(futures), 1):
            say(_done(futures[future], future.result(), number, len(pending)))
    finally:
        for future in futures:
            future.cancel()
    return len(pending)


def _done(job: Job, seconds: Seconds, number: int, total: int) -> str:
    return f"[{number}/{total}, {seconds:.0f} s] {job.name}: done"


@contextmanager
def worker_pool(workers: int) -> Iterator[Optional[Executor]]:
    """A pool of processes with one thread each; None, for work in this process, where `workers` is 1."""
    if workers < 1:
        raise ConfigError(f"worker_pool: {workers} workers; expected 1 or more")
    if workers == 1:
        _one_thread()
        yield None
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_worker) as pool:
        yield pool


@contextmanager
def cluster(address: str, patience: Seconds = 20.0) -> Iterator[Executor]:
    """The workers of a `dask.distributed` scheduler, as an executor.

    Each worker should have one thread (`dask worker --nthreads 1`) and see the experiment's folder and the corpus under
    the same names. On SLURM, SGE and the like, `dask_jobqueue` starts workers; on some machines, `dask ssh`.

    Args:
      address: of the scheduler, e.g. `tcp://node1:8786`, or its scheduler file.
      patience: how long to wait for its answer. Workers may come later; jobs wait for them.

    Raises:
      MissingDependencyError: no `distributed`. ConfigError: no scheduler there.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingDependencyError(
            "cluster: needs the package `distributed`; install it with `pip install 'fsaasr[cluster]'`"
        ) from error
    known = {"scheduler_file": address} if os.path.isfile(address) else {"address": address}
    try:
        client = Client(**known, timeout=patience)
    except OSError as error:
        raise ConfigError(f"cluster: no scheduler at {address} ({error}); start one, `dask scheduler`") from error
    # Jobs of a stage share nothing, and what is done is marked in files: nothing is to be kept or found again.
    with client, client.get_executor(pure=False, retries=0) as executor:
        yield executor


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_logged(job: Job, logs: Optional[PathLike]) -> Seconds:
    """Runs a job with one thread, writes its log, and returns the seconds that it took."""
    _one_thread()
    begin = time.monotonic()
    if logs is None:
        job.run()
    else:
        with logged(Path(logs) / f"{job.name.replace('/', '_').replace(' ', '_')}.log", f"{job.name} {job.key}"):
            job.run()
    return time.monotonic() - begin


def _begin_worker() -> None:
    """One thread; and no worker outlives who gave it work, to write beside a run that was started anew."""
    _one_thread()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _one_thread() -> None:
    """Numbers must not depend on how many cores there are, and processes must not fight over them."""
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)


def key_of(*parts: Any) -> str:
    """Hash of JSON-ready values."""
    return content_hash(json.dumps(parts, sort_keys=True, default=str))


def listing(folder: PathLike) -> List[str]:
    """Name, size and time of every file of a corpus."""
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return [f"{path.absolute()} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
