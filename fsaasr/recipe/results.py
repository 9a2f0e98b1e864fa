"""Results of an experiment: rows, their table, and the committed `RESULTS.md` and `RESULTS.json`."""

from __future__ import annotations

import subprocess
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from fsaasr.core.config import config_from_dict
from fsaasr.core.errors import FileFormatError
from fsaasr.core.files import PathLike, read_json, write_json, write_text
from fsaasr.core.stack import survey
from fsaasr.recipe.combination_jobs import combine_job, combined_runs
from fsaasr.recipe.differences import Differences, differences_markdown
from fsaasr.recipe.experiment import Experiment
from fsaasr.recipe.lattice_quality import QUALITY, LatticeQuality
from fsaasr.recipe.layout import Run
from fsaasr.recipe.overview import overview_markdown
from fsaasr.recipe.perplexities import PerplexityRow, perplexities_markdown, perplexity_rows
from fsaasr.recipe.result_rows import ResultRow, combined_row, error_report, group_of, result_row
from fsaasr.recipe.seed_means import Place, SeedMean, means_markdown, seed_means

RESULTS = "results.json"


@dataclass(frozen=True)
class LatticeRow:
    """Word lattices of one system and graph on one test set."""

    split: str
    system: str
    graph: str
    quality: LatticeQuality


@dataclass(frozen=True)
class Results:
    """All rows of an experiment, and what they were made with.

    Attributes:
      name: of the recipe.
      rows: in the recipe's order.
      commit: of the source tree, with `-dirty` behind it where files differed; empty outside of one.
      corpus: the directory's name.
      stack: versions of Python and packages.
      missing_engines: engines left out, with the reason.
      lattices: one an entry of the recipe, where stage `lattices` was run.
      means: one for each system with seeds, graph and engine.
      perplexities: one for each language model and way to divide the corpus.
      differences: tests between systems, where they are published.
    """

    name: str
    rows: Tuple[ResultRow, ...]
    commit: str
    corpus: str
    stack: Dict[str, str]
    missing_engines: Dict[str, str]
    lattices: Tuple[LatticeRow, ...] = ()
    means: Tuple[SeedMean, ...] = ()
    perplexities: Tuple[PerplexityRow, ...] = ()
    differences: Tuple[Differences, ...] = ()


def collect_results(experiment: Experiment) -> Results:
    """Scores all decodings of an experiment and writes `results.json` into its folder.

    Raises:
      ConfigError: a decoding is missing or out of date.
      EvaluationError: hypotheses that are not of the references' utterances.
    """
    for job in experiment.decode_jobs():
        job.require("decode")
    installation = survey()
    experiment.write_recipe()
    combined = [run for run in combined_runs(experiment) if combine_job(experiment, run).is_done()]
    reports = [(run, error_report(experiment, run)) for run in (*experiment.runs, *combined)]
    rows = {run: result_row(experiment, run, report) for run, report in reports if run not in combined}
    for run, report in reports[len(rows) :]:
        rows[run] = combined_row(experiment, run, report, list(rows.values()))
    results = Results(
        experiment.spec.name,
        tuple(rows.values()),
        source_commit(experiment.spec.base),
        Path(experiment.read_corpus()).name,
        {"python": installation.python, **_versions(installation.versions)},
        experiment.missing_engines,
        tuple(_lattice_rows(experiment)),
        tuple(seed_means([(_place(experiment, run), report) for run, report in reports], experiment.spec.seed)),
        tuple(perplexity_rows(experiment)),
    )
    write_json(experiment.folder / RESULTS, asdict(results))
    return results


def _place(experiment: Experiment, run: Run) -> Place:
    return (run.data, group_of(experiment, run.system), run.grammar, run.engine)


def _lattice_rows(experiment: Experiment) -> Iterator[LatticeRow]:
    for trio, job in zip(experiment.word_trios(), experiment.lattice_jobs()):
        if job.is_done():
            path = experiment.lattice_dir(*trio) / QUALITY
            yield LatticeRow(*trio, config_from_dict(LatticeQuality, read_json(path), str(path)))


def _versions(versions: Mapping[str, str]) -> Dict[str, str]:
    return {name: versions[name] for name in ("torch", "numpy", "lhotse", "pynini", "k2") if name in versions}


def read_results(path: PathLike) -> Results:
    """Reads `results.json`.

    Raises:
      FileFormatError: no such file, or not one of results.
    """
    try:
        value = read_json(path)
    except (OSError, ValueError) as error:
        raise FileFormatError(path, None, f"cannot be read ({error}); run stage 'results'") from error
    results: Results = config_from_dict(Results, value, str(path))
    return results


def source_commit(folder: PathLike) -> str:
    """Commit of the git tree that `folder` is in; `-dirty` behind it where tracked files differ; else empty."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    try:
        commit = git("rev-parse", "--short=12", "HEAD")
        return commit + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


HEADER: Tuple[str, ...] = ("split", "system", "graph", "engine")
HEADER += ("WER %", "95 % interval", "words", "sub", "ins", "del", "RTF", "MiB", "parameters", "minutes")


def cells(row: ResultRow) -> Tuple[str, ...]:
    """A row as text, under `HEADER`."""
    return (
        row.split,
        row.system,
        row.graph,
        row.engine,
        f"{100 * row.wer:.2f}",
        f"{100 * row.ci_low:.2f} - {100 * row.ci_high:.2f}",
        str(row.words),
        str(row.substitutions),
        str(row.insertions),
        str(row.deletions),
        f"{row.rtf:.4f}",
        str(row.peak_mb),
        f"{row.parameters:,}" if row.parameters else "-",
        "-" if row.train_minutes is None else f"{row.train_minutes:.1f}",
    )


def results_table(results: Results) -> str:
    """All rows as aligned text, with notes below where there is something to say."""
    rows: List[Sequence[str]] = [HEADER, *map(cells, results.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = []
    for row in rows:
        names = [cell.ljust(width) for cell, width in zip(row[:4], widths)]
        numbers = [cell.rjust(width) for cell, width in zip(row[4:], widths[4:])]
        lines.append("  ".join([*names, *numbers]).rstrip())
    notes = result_notes(results)
    return "\n".join([*lines, *(["", *notes] if notes else [])]) + "\n"


def result_notes(results: Results) -> List[str]:
    """What must be said beside the numbers: engines left out, rows of an earlier run, searches that had trouble."""
    notes = [f"engine {name!r} was left out: {reason}" for name, reason in results.missing_engines.items()]
    kept: Dict[str, Dict[str, None]] = {}
    for row in results.rows:
        if row.commit:
            kept.setdefault(row.commit, {})[row.group or row.system] = None
    notes += [f"from the run of commit {commit}: {', '.join(systems)}" for commit, systems in kept.items()]
    troubled = [row for row in results.rows if row.flags]
    for row in troubled:
        found = ", ".join(f"{count} {kind}" for kind, count in row.flags.items())
        notes.append(f"{row.split} {row.system} {row.graph} {row.engine}: utterances with trouble: {found}")
    return notes


def write_published(results: Results, folder: PathLike) -> None:
    """Writes `RESULTS.md` and `RESULTS.json`, which are committed, into `folder`."""
    write_json(Path(folder) / "RESULTS.json", asdict(results))
    write_text(Path(folder) / "RESULTS.md", results_markdown(results))


def results_markdown(results: Results) -> str:
    """The results as Markdown."""
    lines = [
        f"# Results of the recipe `{results.name}`",
        "",
        f"Generated by `fsaasr recipe publish`; corpus `{results.corpus}`; commit `{results.commit or 'unknown'}`; "
        + ", ".join(f"{name} {version}" for name, version in results.stack.items())
        + ".",
        "",
        "Scales were tuned on dev data and frozen before the test data were decoded. Intervals are 95 % bootstrap "
        "intervals over utterances. RTF: seconds of model and search for a second of audio on one core; minutes: of "
        "one core for training, without what the training started from. All fields, among them seeds, configuration "
        "hashes and scales, are in `RESULTS.json`.",
        *overview_markdown(results.rows),
        "",
        "## Every decoding",
        "",
        "| " + " | ".join(HEADER) + " |",
        "|" + "---|" * 4 + "---:|" * (len(HEADER) - 4),
        *("| " + " | ".join(cells(row)) + " |" for row in results.rows),
    ]
    notes = result_notes(results)
    lines += [""] + [f"- {note}" for note in notes] if notes else []
    sections = (
        means_markdown(results.means),
        differences_markdown(results.differences),
        perplexities_markdown(results.perplexities),
        lattices_markdown(results.lattices),
    )
    return "\n".join([*lines, *chain(*sections)]) + "\n"


def lattices_markdown(rows: Sequence[LatticeRow]) -> List[str]:
    """Lines of the section on lattices; none without rows."""
    if not rows:
        return []
    beams = [beam for beam, _ in rows[0].quality.oracle]
    header = ("split", "system", "graph", "MAP %", "MBR %", "expected", *(f"oracle {beam:g} %" for beam in beams))
    header += ("depth", "ECE", "calibrated", "timeless")
    return [
        "",
        "## Word lattices",
        "",
        "MAP: words of the best path; MBR: words of minimum Bayes risk; expected: errors that the lattices expect of "
        "both; oracle: of the closest path within a lattice beam; depth: arcs a frame; ECE: expected calibration error "
        "of MBR confidences, as they are and calibrated with one parameter fitted on dev data, which can only help "
        "where dev is about as hard as test; timeless: words without times.",
        "",
        "| " + " | ".join(header) + " |",
        "|" + "---|" * 3 + "---:|" * (len(header) - 3),
        *("| " + " | ".join(_lattice_cells(row)) + " |" for row in rows),
    ]


def _lattice_cells(row: LatticeRow) -> Tuple[str, ...]:
    quality = row.quality
    errors = [f"{100 * errors / quality.words:.2f}" for _, errors in quality.oracle]
    return (
        *(row.split, row.system, row.graph),
        *(f"{100 * errors / quality.words:.2f}" for errors in (quality.map_errors, quality.mbr_errors)),
        f"{quality.map_expected:.1f} / {quality.mbr_expected:.1f}",
        *errors,
        f"{quality.depth:.2f}",
        *("-" if error is None else f"{error:.3f}" for error in (quality.ece, quality.ece_calibrated)),
        str(quality.timeless),
    )


def best_rows(results: Results) -> Dict[Tuple[str, str], Any]:
    """For each split and system, the row of fewest errors (of equals, the first)."""
    best: Dict[Tuple[str, str], ResultRow] = {}
    for row in results.rows:
        place = (row.split, row.system)
        if place not in best or row.errors < best[place].errors:
            best[place] = row
    return best
