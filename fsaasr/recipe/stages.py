"""Stages of an experiment, in order; each does what is not done."""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial
from typing import Callable, Dict, List, Optional, Sequence

from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.recipe.combination_jobs import combine_jobs
from fsaasr.recipe.experiment import Experiment
from fsaasr.recipe.jobs import Job, Say, run_jobs, usable_cores, worker_pool

LOGS = "logs"
"""Folder of a file for each job, within an experiment's."""

STAGES = ("prepare", "lang", "train", "graph", "tune", "decode", "lattices")
"""Stages that do work; what comes after reads their results."""


def run_stage(
    experiment: Experiment,
    stage: str,
    *,
    corpus_dir: Optional[PathLike] = None,
    workers: int = 0,
    executor: Optional[Executor] = None,
    say: Say = lambda line: None,
) -> int:
    """Runs one stage; what is done and up to date is left alone.

    Args:
      experiment: recipe and folder.
      stage: one of `STAGES`.
      corpus_dir: the corpus, for `prepare`.
      workers: processes to work with, one thread each; 0 means as many as there are cores. Results do not
        depend on it.
      executor: where to work in place of processes here, e.g. `cluster(...)`.
      say: is told of each job, one line.

    Returns:
      How many jobs were run.

    Raises:
      ConfigError: an unknown stage, a stage before this one that is not done, a wrong configuration.
      FsaasrError: whatever a job raises.
    """
    if stage not in STAGES:
        raise ConfigError(f"run_stage: stage {stage!r}; expected one of {', '.join(STAGES)}")
    if stage == "prepare" and corpus_dir is None:
        raise ConfigError("run_stage: stage 'prepare' needs the corpus' directory")
    for earlier, jobs in _before(experiment, stage).items():
        for job in jobs:
            job.require(earlier)
    done = 0
    for make_jobs in _waves(experiment, stage, corpus_dir or ""):
        jobs = make_jobs()
        pending = sum(not job.is_done() for job in jobs)
        # A pool costs seconds to start: none for one job, nor for the light ones.
        useful = 1 if stage == "lang" or executor else max(1, min(workers or usable_cores(), pending))
        with worker_pool(useful) as pool:
            done += run_jobs(jobs, executor or pool, say, experiment.folder / LOGS)
    if stage == "prepare":
        experiment.write_corpus(corpus_dir or "")
    return done


def _waves(experiment: Experiment, stage: str, corpus_dir: PathLike) -> Sequence[Callable[[], List[Job]]]:
    """Groups of jobs that need the group before; keys can be known only when that is done."""
    if stage == "train":
        return [*(partial(list, wave) for wave in experiment.train_waves()), experiment.perplexity_jobs]
    waves: Dict[str, Sequence[Callable[[], List[Job]]]] = {
        "prepare": (lambda: experiment.prepare_jobs(corpus_dir), experiment.part_jobs, experiment.feature_jobs),
        "lang": (experiment.lang_jobs, experiment.lm_jobs),
        "graph": (experiment.graph_jobs,),
        "tune": (experiment.tune_jobs, experiment.rescoring_jobs),
        "decode": (experiment.decode_jobs,),
        "lattices": (experiment.lattice_jobs, lambda: combine_jobs(experiment)),
    }
    return waves[stage]


def _before(experiment: Experiment, stage: str) -> Dict[str, List[Job]]:
    """Jobs that must have been done before a stage."""
    if stage == "prepare":
        return {}
    if stage == "lang":
        return {"prepare": experiment.feature_jobs()}
    if stage == "train":
        return {"prepare": experiment.feature_jobs(), "lang": [*experiment.lang_jobs(), *experiment.lm_jobs()]}
    if stage == "graph":
        return {"lang": experiment.lm_jobs(), "train": experiment.train_jobs()}
    if stage == "tune":
        return {"graph": experiment.graph_jobs()}
    return {"tune": [*experiment.tune_jobs(), *experiment.rescoring_jobs()]}
