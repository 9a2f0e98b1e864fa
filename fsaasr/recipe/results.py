"""Results of an experiment: rows, their table, and the committed `RESULTS.md` and `RESULTS.json`."""

from __future__ import annotations

import subprocess
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from fsaasr.core.config import config_from_dict
from fsaasr.core.errors import FileFormatError
from fsaasr.core.files import PathLike, read_json, write_json, write_text
from fsaasr.core.stack import survey
from fsaasr.evaluate import ErrorReport, bootstrap_interval, word_errors
from fsaasr.hypotheses import read_speakers, read_transcripts
from fsaasr.models.directory import read_record
from fsaasr.recipe.experiment import Experiment
from fsaasr.recipe.jobs import key_of
from fsaasr.recipe.lattice_quality import QUALITY, LatticeQuality
from fsaasr.recipe.layout import Run
from fsaasr.recipe.perplexities import PerplexityRow, perplexities_markdown, perplexity_rows
from fsaasr.recipe.seed_means import Place, SeedMean, means_markdown, seed_means

RESULTS = "results.json"


@dataclass(frozen=True)
class ResultRow:
    """One system, graph and engine on one test set.

    Attributes:
      split: way to divide the corpus.
      system, graph, engine: what was decoded, with which grammar's graph, by which search.
      wer: word error rate, a fraction.
      ci_low, ci_high: 95 % bootstrap interval over utterances.
      words, errors, substitutions, insertions, deletions: counts.
      utterances: size of the test set.
      rtf: seconds of model and search for a second of audio, on one core, without features.
      peak_mb: largest memory of the decoding process, MiB.
      seed: of the training, None where chance plays no part.
      config: hash of the training configuration (first 12 digits).
      scales: as frozen on dev data; where a language model rescored, the weights of n-best lists, too.
      flags: troubles of the search by kind; empty is best.
      family: of the model. units: what its tokens are. lm: what the graph knows of word order.
      parameters: numbers that training has set.
      train_minutes: minutes of one core for the training, without the model that it started from; None if unknown.
      group: system without its seed; empty where it was trained once.
      commit: of the source tree, where it is not that of the results, because the row was published before.
    """

    split: str
    system: str
    graph: str
    engine: str
    wer: float
    ci_low: float
    ci_high: float
    words: int
    errors: int
    substitutions: int
    insertions: int
    deletions: int
    utterances: int
    rtf: float
    peak_mb: int
    seed: Optional[int]
    config: str
    scales: Dict[str, Optional[float]]
    flags: Dict[str, int]
    family: str = ""
    units: str = ""
    lm: str = ""
    parameters: int = 0
    train_minutes: Optional[float] = None
    group: str = ""
    commit: str = ""


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


def collect_results(experiment: Experiment) -> Results:
    """Scores all decodings of an experiment and writes `results.json` into its folder.

    Raises:
      ConfigError: a decoding is missing or out of date.
      EvaluationError: hypotheses that are not of the references' utterances.
    """
    for job in experiment.decode_jobs():
        job.require("decode")
    installation = survey()
    reports = [(run, error_report(experiment, run)) for run in experiment.runs]
    results = Results(
        experiment.spec.name,
        tuple(_row(experiment, run, report) for run, report in reports),
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
    return (run.data, experiment.spec.systems[run.system].group, run.grammar, run.engine)


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


def error_report(experiment: Experiment, run: Run) -> ErrorReport:
    """Errors of one decoding, utterance by utterance."""
    folder = experiment.decode_dir(run)
    reference, hypothesis = (read_transcripts(folder / name) for name in ("ref.txt", "hyp.txt"))
    return word_errors(reference, hypothesis, read_speakers(folder / "utt2spk"))


def _row(experiment: Experiment, run: Run, report: ErrorReport) -> ResultRow:
    system = experiment.spec.systems[run.system]
    model = read_record(experiment.model_dir(run.data, run.system))
    decoding = read_json(experiment.decode_dir(run) / "decode.json")
    setup = experiment.setup(run.system)
    low, high = bootstrap_interval(report, seed=experiment.spec.seed)
    return ResultRow(
        split=run.data,
        system=run.system,
        graph=run.grammar,
        engine=run.engine,
        wer=round(report.wer, 6),
        ci_low=round(low, 6),
        ci_high=round(high, 6),
        words=report.words,
        errors=report.errors,
        substitutions=report.substitutions,
        insertions=report.insertions,
        deletions=report.deletions,
        utterances=len(report.utterances),
        rtf=decoding["rtf"],
        peak_mb=decoding["peak_mb"],
        seed=setup["training"].get("fit", {}).get("seed"),
        config=key_of(setup)[:12],
        scales={**decoding["scales"], **decoding.get("weights", {})},
        flags=decoding["flags"],
        family=model["family"],
        units=experiment.spec.lexicons[system.lexicon].units,
        lm=experiment.description(run),
        parameters=model.get("parameters", 0),
        train_minutes=model["training"].get("minutes"),
        group=system.group,
    )


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
        "",
        "| " + " | ".join(HEADER) + " |",
        "|" + "---|" * 4 + "---:|" * (len(HEADER) - 4),
        *("| " + " | ".join(cells(row)) + " |" for row in results.rows),
    ]
    notes = result_notes(results)
    lines += [""] + [f"- {note}" for note in notes] if notes else []
    sections = (means_markdown(results.means), perplexities_markdown(results.perplexities))
    return "\n".join([*lines, *chain(*sections), *lattices_markdown(results.lattices)]) + "\n"


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
        *(f"{quality.depth:.2f}", f"{quality.ece:.3f}", f"{quality.ece_calibrated:.3f}", str(quality.timeless)),
    )


def best_rows(results: Results) -> Dict[Tuple[str, str], Any]:
    """For each split and system, the row of fewest errors (of equals, the first)."""
    best: Dict[Tuple[str, str], ResultRow] = {}
    for row in results.rows:
        place = (row.split, row.system)
        if place not in best or row.errors < best[place].errors:
            best[place] = row
    return best
