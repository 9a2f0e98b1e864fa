"""`ResultRow`: one line of the results, from the folders of an experiment."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, Optional, Sequence

from fsaasr.core.files import read_json
from fsaasr.evaluate import ErrorReport, bootstrap_interval, word_errors
from fsaasr.hypotheses import read_speakers, read_transcripts
from fsaasr.models.directory import read_record
from fsaasr.recipe.combination import COMBINED
from fsaasr.recipe.experiment import Experiment
from fsaasr.recipe.jobs import key_of
from fsaasr.recipe.layout import RESCORED, Run


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
      rtf: seconds of model and search for a second of audio, on one core, without features. rtf_features, rtf_encoder:
        those of features, and of the model alone; None where they were not measured.
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
      dev_errors, dev_words: with these scales on dev data.
      model_bytes, graph_bytes: size of the files. states, arcs: of the graph.
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
    rtf_features: Optional[float] = None
    rtf_encoder: Optional[float] = None
    dev_errors: Optional[int] = None
    dev_words: Optional[int] = None
    model_bytes: Optional[int] = None
    graph_bytes: Optional[int] = None
    states: Optional[int] = None
    arcs: Optional[int] = None


def error_report(experiment: Experiment, run: Run) -> ErrorReport:
    """Errors of one decoding, utterance by utterance."""
    folder = experiment.decode_dir(run)
    reference, hypothesis = (read_transcripts(folder / name) for name in ("ref.txt", "hyp.txt"))
    return word_errors(reference, hypothesis, read_speakers(folder / "utt2spk"))


def group_of(experiment: Experiment, system: str) -> str:
    """What a system is of, without its seed; empty where it was trained once."""
    if system in experiment.spec.systems:
        return experiment.spec.systems[system].group
    name, _, seed = system.rpartition(".seed")
    return name if seed.isdigit() else ""


def result_row(experiment: Experiment, run: Run, report: ErrorReport) -> ResultRow:
    """The row of one decoding, from what its folders hold."""
    system = experiment.spec.systems[run.system]
    model = read_record(experiment.model_dir(run.data, run.system))
    decoding = read_json(experiment.decode_dir(run) / "decode.json")
    tuned = read_json(experiment.scales_path(*run[:3]))
    setup = experiment.setup(run.system)
    return ResultRow(
        **_errors(run, report, experiment.spec.seed),
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
        rtf_features=decoding.get("rtf_features"),
        rtf_encoder=decoding.get("rtf_encoder"),
        dev_errors=tuned.get("errors"),
        dev_words=tuned.get("words"),
        model_bytes=(experiment.model_dir(run.data, run.system) / "model.safetensors").stat().st_size,
        graph_bytes=experiment.graph_path(run.data, run.system, run.grammar.partition(RESCORED)[0]).stat().st_size,
        states=decoding["graph"]["states"],
        arcs=decoding["graph"]["arcs"],
    )


def _errors(run: Run, report: ErrorReport, seed: int) -> Dict[str, Any]:
    """Fields of a row that tell what was decoded, and its errors."""
    low, high = bootstrap_interval(report, seed=seed)
    return {
        "split": run.data,
        "system": run.system,
        "graph": run.grammar,
        "engine": run.engine,
        "wer": round(report.wer, 6),
        "ci_low": round(low, 6),
        "ci_high": round(high, 6),
        **asdict(report.total),
        "errors": report.errors,
        "utterances": len(report.utterances),
    }


def combined_row(experiment: Experiment, run: Run, report: ErrorReport, rows: Sequence[ResultRow]) -> ResultRow:
    """The row of a combination: it costs what all its systems cost, and the combination."""
    decoding = read_json(experiment.decode_dir(run) / "decode.json")
    systems = experiment.spec.combinations[run.system]
    places = [(run.data, system, run.grammar) for system in systems]
    own = {(row.split, row.system, row.graph): row for row in reversed(rows)}
    members = [own[place] for place in places]
    minutes = [row.train_minutes for row in members]
    _, _, seed = run.system.rpartition(".seed")
    return ResultRow(
        **_errors(run, report, experiment.spec.seed),
        rtf=round(decoding["rtf"] + sum(row.rtf for row in members), 5),
        peak_mb=max(decoding["peak_mb"], *(row.peak_mb for row in members)),
        seed=int(seed) if group_of(experiment, run.system) else None,
        config=key_of([row.config for row in members])[:12],
        scales={},
        flags={},
        family=COMBINED,
        units=", ".join(dict.fromkeys(row.units for row in members)),
        lm=members[0].lm,
        parameters=sum(row.parameters for row in members),
        train_minutes=None if None in minutes else sum(one for one in minutes if one is not None),
        group=group_of(experiment, run.system),
        dev_errors=decoding["dev_errors"],
        dev_words=decoding["dev_words"],
    )
