"""`SystemLine`: a line of the comparison's table, with everything that there is to say in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional, Tuple

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate import ErrorReport, bootstrap_interval, mean_interval
from fsaasr.evaluate.bootstrap import By
from fsaasr.recipe.comparison.entries import Entry, training_hours
from fsaasr.recipe.result_rows import ResultRow


@dataclass(frozen=True)
class SystemLine:
    """A system with its trainings, decoded with one graph by one engine on one test set.

    Attributes:
      name: unique in its test set.
      experiment: folder. split, system, graph, engine, family, units, lm: as in a `ResultRow`.
      hours: of transcribed speech in training. seeds: trainings.
      wer: mean word error rate, a fraction. lowest, highest: of the trainings.
      ci_low, ci_high: 95 % bootstrap interval over utterances, and trainings where there are several.
      speaker_low, speaker_high: likewise over speakers; None where fewer than two are known.
      words, utterances: of the test set. errors, substitutions, insertions, deletions: means over trainings.
      dev_wer: with the scales chosen there.
      difference: its error rate less the baseline's. p: that the two are equally good, by matched pairs. p_adjusted:
        that corrected for the number of lines, of those that stand for their systems or of the others. All three are
        None for the baseline.
      representative: whether it stands for its system where one line of each is compared, by its errors on dev.
      rtf: seconds of model and search for a second of audio on one core; rtf_features, rtf_encoder, rtf_search: parts.
      peak_mb: MiB of the decoding process. parameters: numbers set by training. train_minutes: of one core, for one
        training. model_bytes, graph_bytes: on disk. states, arcs: of the graph.
      oracle_wer: of the lattices within their largest beam. lattice_depth: arcs a frame.
    """

    name: str
    experiment: str
    split: str
    system: str
    graph: str
    engine: str
    family: str
    units: str
    lm: str
    hours: float
    seeds: int
    wer: float
    lowest: float
    highest: float
    ci_low: float
    ci_high: float
    speaker_low: Optional[float]
    speaker_high: Optional[float]
    words: int
    utterances: int
    errors: float
    substitutions: float
    insertions: float
    deletions: float
    dev_wer: Optional[float]
    difference: Optional[float]
    p: Optional[float]
    p_adjusted: Optional[float]
    representative: bool
    rtf: Optional[float]
    rtf_features: Optional[float]
    rtf_encoder: Optional[float]
    rtf_search: Optional[float]
    peak_mb: Optional[float]
    parameters: int
    train_minutes: Optional[float]
    model_bytes: Optional[float]
    graph_bytes: Optional[float]
    states: Optional[int]
    arcs: Optional[int]
    oracle_wer: Optional[float]
    lattice_depth: Optional[float]


def system_line(name: str, entry: Entry, representative: bool, seed: int) -> SystemLine:
    """The line of an entry, without a comparison in it.

    Args:
      name: unique in the test set. entry: what it is of.
      representative: as in a `SystemLine`.
      seed: of the bootstrap.
    """
    row, rates = entry.first, [one.errors / one.words for one in entry.rows]
    low, high = interval(entry.reports, "utterance", seed)
    speakers = {one.speaker for one in entry.reports[0].utterances}
    by_speaker = (
        interval(entry.reports, "speaker", seed) if None not in speakers and len(speakers) > 1 else (None, None)
    )
    encoder = entry.mean(lambda one: one.rtf_encoder)
    return SystemLine(
        name=name,
        experiment=str(entry.experiment.folder),
        split=row.split,
        system=entry.system,
        graph=row.graph,
        engine=row.engine,
        family=row.family,
        units=row.units,
        lm=row.lm,
        hours=round(training_hours(entry), 4),
        seeds=len(rates),
        wer=_rounded(entry.wer),
        lowest=_rounded(min(rates)),
        highest=_rounded(max(rates)),
        ci_low=_rounded(low),
        ci_high=_rounded(high),
        speaker_low=None if by_speaker[0] is None else _rounded(by_speaker[0]),
        speaker_high=None if by_speaker[1] is None else _rounded(by_speaker[1]),
        words=row.words,
        utterances=row.utterances,
        **_counts(entry),
        dev_wer=None if entry.dev_wer is None else _rounded(entry.dev_wer),
        difference=None,
        p=None,
        p_adjusted=None,
        representative=representative,
        rtf=entry.mean(lambda one: one.rtf),
        rtf_features=entry.mean(lambda one: one.rtf_features),
        rtf_encoder=encoder,
        rtf_search=None if encoder is None else entry.mean(lambda one: max(0.0, one.rtf - (one.rtf_encoder or 0.0))),
        peak_mb=entry.mean(lambda one: one.peak_mb),
        parameters=row.parameters,
        train_minutes=entry.mean(lambda one: one.train_minutes),
        model_bytes=entry.mean(lambda one: one.model_bytes),
        graph_bytes=entry.mean(lambda one: one.graph_bytes),
        states=row.states,
        arcs=row.arcs,
        oracle_wer=_quality(entry, lambda n: entry.qualities[n].oracle[-1][1] / entry.qualities[n].words),
        lattice_depth=_quality(entry, lambda n: entry.qualities[n].depth),
    )


def interval(reports: Tuple[ErrorReport, ...], by: By, seed: int) -> Tuple[float, float]:
    """95 % bootstrap interval of the (mean) rate."""
    if len(reports[0].utterances) < 2:
        raise EvaluationError("compare: the test set has one utterance; nothing can be said of another test set")
    if len(reports) == 1:
        return bootstrap_interval(reports[0], by, seed=seed)
    return mean_interval(reports, by, seed=seed)


def _counts(entry: Entry) -> dict[str, float]:
    def mean(value: Callable[[ResultRow], int]) -> float:
        return round(sum(map(value, entry.rows)) / len(entry.rows), 3)

    return {
        "errors": mean(lambda row: row.errors),
        "substitutions": mean(lambda row: row.substitutions),
        "insertions": mean(lambda row: row.insertions),
        "deletions": mean(lambda row: row.deletions),
    }


def _quality(entry: Entry, value: Callable[[int], float]) -> Optional[float]:
    if len(entry.qualities) != len(entry.rows):
        return None
    return _rounded(sum(map(value, range(len(entry.rows)))) / len(entry.rows))


def _rounded(value: float) -> float:
    return round(value, 6)
