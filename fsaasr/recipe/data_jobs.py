"""`DataJobs`: jobs that make the manifests of an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List

import fsaasr
from fsaasr.core.files import PathLike
from fsaasr.corpora import manifest_path
from fsaasr.recipe import steps
from fsaasr.recipe.jobs import Job, key_of, listing
from fsaasr.recipe.layout import Layout


@dataclass(frozen=True)
class DataJobs(Layout):
    """Data of an experiment, and parts of its training data."""

    def prepare_jobs(self, corpus_dir: PathLike) -> List[Job]:
        """One job for each way to divide the corpus."""
        # However the folder is spelled, by way of links too, it is the same corpus.
        folder = Path(corpus_dir).resolve()
        inputs = listing(folder)
        jobs = []
        for name, entry in self.spec.data.items():
            if entry.part_of:
                continue
            what = {"corpus": entry.corpus, "options": entry.options}
            key = key_of("prepare", fsaasr.__version__, what, inputs)
            arguments = {**what, "corpus_dir": folder, "out_dir": self.data_dir(name)}
            jobs.append(self._prepare_job(name, key, steps.prepare_data, arguments))
        return jobs

    def part_jobs(self) -> List[Job]:
        """One job for each part of training data; needs the manifests of the whole."""
        jobs = []
        for name, entry in self.spec.data.items():
            if entry.part_of:
                whole = self.data_dir(entry.part_of)
                arguments = {"whole_dir": whole, "out_dir": self.data_dir(name), "hours": entry.hours[0]}
                key = key_of("part", steps.prepared_key(whole), entry.hours)
                jobs.append(self._prepare_job(name, key, steps.prepare_part, arguments))
        return jobs

    def _prepare_job(self, data: str, key: str, function: Callable[..., Any], arguments: Dict[str, Any]) -> Job:
        out = self.data_dir(data)
        outputs = tuple(manifest_path(out, part) for part in ("train", "dev", "test"))
        return Job(f"prepare {data}", out / "done.json", key, function, arguments, outputs)
