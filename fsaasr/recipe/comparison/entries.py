"""What is compared: systems with their trainings, on one test set."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from fsaasr.core.errors import ConfigError, EvaluationError
from fsaasr.core.files import PathLike, content_hash
from fsaasr.core.scores import Seconds
from fsaasr.corpora import manifest_path, read_cuts
from fsaasr.evaluate import ErrorReport
from fsaasr.evaluate.error_report import GAP
from fsaasr.recipe.combination import COMBINED
from fsaasr.recipe.experiment import Experiment, read_experiment
from fsaasr.recipe.lattice_quality import LatticeQuality
from fsaasr.recipe.layout import Run
from fsaasr.recipe.result_rows import ResultRow, error_report
from fsaasr.recipe.results import RESULTS, read_results

Place = Tuple[str, str, str, str]


@dataclass(frozen=True, eq=False)
class Entry:
    """A system, with all its trainings, decoded with one graph by one engine.

    Attributes:
      experiment: that it is of.
      rows: one a training. reports: their errors.
      qualities: of their lattices; empty where none were made.
    """

    experiment: Experiment
    rows: Tuple[ResultRow, ...]
    reports: Tuple[ErrorReport, ...]
    qualities: Tuple[LatticeQuality, ...] = ()

    @property
    def first(self) -> ResultRow:
        """The row of the first training."""
        return self.rows[0]

    @property
    def system(self) -> str:
        """Name without seed."""
        return self.first.group or self.first.system

    @property
    def run(self) -> Run:
        """The first training's decoding."""
        return Run(self.first.split, self.first.system, self.first.graph, self.first.engine)

    @property
    def wer(self) -> float:
        """Word error rate, a fraction; the mean over trainings."""
        return self.mean(lambda row: row.errors / row.words) or 0.0

    @property
    def dev_wer(self) -> Optional[float]:
        """Word error rate on dev data, with the scales that were chosen there; None where it is not known."""
        return self.mean(_dev_rate)

    def mean(self, value: Callable[[ResultRow], Optional[float]]) -> Optional[float]:
        """Mean over the trainings, None where a row lacks the value."""
        values = [value(row) for row in self.rows]
        known = [one for one in values if one is not None]
        return sum(known) / len(known) if known and len(known) == len(values) else None


def _dev_rate(row: ResultRow) -> Optional[float]:
    return row.dev_errors / row.dev_words if row.dev_words and row.dev_errors is not None else None


@dataclass(frozen=True, eq=False)
class EntrySet:
    """Entries of one test set, by unique names.

    Attributes:
      name: the splits that have it.
      entries: in the order of the experiments.
    """

    name: str
    entries: Dict[str, Entry]

    @property
    def report(self) -> ErrorReport:
        """Any of the reports, for what all share: references and speakers."""
        return next(iter(self.entries.values())).reports[0]


def read_entries(folders: Sequence[PathLike]) -> Tuple[EntrySet, ...]:
    """Everything that experiments hold, put together by test set.

    Args:
      folders: of experiments whose stage `results` was run.

    Raises:
      ConfigError: no folder. FileFormatError: one without results.
    """
    if not folders:
        raise ConfigError("compare: no experiment folder; give one or more")
    entries = [entry for folder in folders for entry in _entries(read_experiment(folder))]
    sets: Dict[str, List[Entry]] = {}
    for entry in entries:
        sets.setdefault(_identity(entry.reports[0]), []).append(entry)
    return tuple(_named(members, len(folders) > 1) for members in sets.values())


def _entries(experiment: Experiment) -> Iterable[Entry]:
    results = read_results(experiment.folder / RESULTS)
    qualities = {(row.split, row.system, row.graph): row.quality for row in results.lattices}
    groups: Dict[Place, List[ResultRow]] = {}
    for row in results.rows:
        groups.setdefault((row.split, row.group or row.system, row.graph, row.engine), []).append(row)
    for rows in groups.values():
        reports = [error_report(experiment, Run(row.split, row.system, row.graph, row.engine)) for row in rows]
        for row, report in zip(rows, reports):
            if (row.errors, row.words) != (report.errors, report.words):
                raise EvaluationError(
                    f"{experiment.folder}: results.json has {row.errors} errors of {row.words} words for {row.system} "
                    f"{row.graph}, the decoding has {report.errors} of {report.words}; run stage 'results' again"
                )
        found = [qualities.get((row.split, row.system, row.graph)) for row in rows]
        yield Entry(experiment, tuple(rows), tuple(reports), tuple(quality for quality in found if quality is not None))


def _identity(report: ErrorReport) -> str:
    """Hash of the references, whatever order they are in."""
    lines = [" ".join([one.utterance, *(r for r, _ in one.alignment if r != GAP)]) for one in report.utterances]
    return content_hash(*sorted(lines))


def _named(entries: Sequence[Entry], several: bool) -> EntrySet:
    splits = list(dict.fromkeys(entry.first.split for entry in entries))
    # A combination's name tells already that no engine made it.
    engines = {entry.first.engine for entry in entries} - {COMBINED}
    names: Dict[str, Entry] = {}
    for entry in entries:
        parts = [entry.system, entry.first.graph]
        parts += [entry.first.split] if len(splits) > 1 else []
        parts += [entry.first.engine] if len(engines) > 1 and entry.first.engine != COMBINED else []
        parts += [_label(entry.experiment.folder)] if several else []
        name = " · ".join(parts)
        if name in names:
            name += f" · {entry.experiment.folder}"
        names[name] = entry
    return EntrySet(", ".join(splits), names)


def _label(folder: Path) -> str:
    """A folder's name, with its parent's where it is called as all others are."""
    return f"{folder.parent.name}/{folder.name}" if folder.name in ("exp", "smoke") else folder.name


def training_hours(entry: Entry) -> float:
    """Hours of speech that the system was trained on, and the systems that it starts from."""
    return _speech(str(manifest_path(entry.experiment.data_dir(entry.first.split), "train"))) / 3600.0


@cache
def _speech(path: str) -> Seconds:
    return sum(float(cut.duration) for cut in read_cuts(path))


def training_counts(entry: Entry) -> Counter[str]:
    """How often each word is in the training transcripts."""
    path = manifest_path(entry.experiment.data_dir(entry.first.split), "train")
    return Counter(word for cut in read_cuts(path) for part in cut.supervisions for word in (part.text or "").split())


def best_of_families(entries: Dict[str, Entry]) -> Dict[str, Entry]:
    """Of each family the entry of the fewest errors on dev data."""
    best: Dict[str, str] = {}
    for name, entry in entries.items():
        family = entry.first.family
        if family not in best or dev_rank(entry) < dev_rank(entries[best[family]]):
            best[family] = name
    return {name: entry for name, entry in entries.items() if name in best.values()}


def dev_rank(entry: Entry) -> float:
    """Error rate on dev data, 1 where it is not known."""
    return 1.0 if entry.dev_wer is None else entry.dev_wer


def representatives(entries: Dict[str, Entry]) -> Dict[str, Entry]:
    """Of each system the entry of the fewest errors on dev data, so that the test data choose nothing.

    Of systems that were trained on several amounts of data, only those with the most count; of engines, the first.
    """
    chosen: Dict[Tuple[Path, str], Tuple[Tuple[float, float], str]] = {}
    for name, entry in entries.items():
        place = (entry.experiment.folder, entry.system)
        rank = (-training_hours(entry), dev_rank(entry))
        if place not in chosen or rank < chosen[place][0]:
            chosen[place] = (rank, name)
    names = {name for _, name in chosen.values()}
    return {name: entry for name, entry in entries.items() if name in names}
