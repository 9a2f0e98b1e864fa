"""Jobs that combine systems, and the rows that they make."""

from __future__ import annotations

from typing import List, Tuple

from fsaasr.corpora import manifest_path
from fsaasr.recipe.combination import COMBINED, combine_systems
from fsaasr.recipe.experiment import Experiment
from fsaasr.recipe.jobs import Job, key_of
from fsaasr.recipe.layout import Run


def combined_runs(experiment: Experiment) -> Tuple[Run, ...]:
    """The rows of combinations, in their order: for each grammar of words."""
    spec = experiment.spec
    return tuple(
        Run(data, name, grammar, COMBINED)
        for data in spec.data
        for name, systems in spec.combinations.items()
        if set(systems) <= set(experiment.systems_of(data))
        for grammar, entry in spec.grammars.items()
        if entry.kind != "none"
    )


def combine_jobs(experiment: Experiment) -> List[Job]:
    """One job for each row of a combination; needs the lattices of its systems."""
    return [combine_job(experiment, run) for run in combined_runs(experiment)]


def combine_job(experiment: Experiment, run: Run) -> Job:
    """Combines the lattices of a combination's systems."""
    places = [(run.data, system, run.grammar) for system in experiment.spec.combinations[run.system]]
    out = experiment.decode_dir(run)
    arguments = {
        "lattice_dirs": [experiment.lattice_dir(*place) for place in places],
        "scales": [experiment.scales_path(*place) for place in places],
        "parts": {part: manifest_path(experiment.data_dir(run.data), part) for part in ("dev", "test")},
        "out_dir": out,
    }
    key = key_of("combine", *(experiment.lattice_job(*place).key for place in places))
    outputs = (out / "hyp.txt", out / "hyp.jsonl", out / "ref.txt", out / "decode.json")
    name = f"combine {run.data}/{run.system}/{run.grammar}"
    return Job(name, out / "done.json", key, combine_systems, arguments, outputs)
