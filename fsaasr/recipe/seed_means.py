"""Means over the seeds of a system: what a single training cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from fsaasr.evaluate import ErrorReport, mean_interval


@dataclass(frozen=True)
class SeedMean:
    """One system, graph and engine on one test set, over its seeds.

    Attributes:
      split, system, graph, engine: as in a row of the results; `system` without its seed.
      seeds: how many.
      wer: mean word error rate, a fraction. lowest, highest: of the seeds.
      ci_low, ci_high: 95 % bootstrap interval of the mean over utterances and seeds, both drawn anew.
    """

    split: str
    system: str
    graph: str
    engine: str
    seeds: int
    wer: float
    lowest: float
    highest: float
    ci_low: float
    ci_high: float


Place = Tuple[str, str, str, str]
"""Split, system without its seed, graph, engine."""


def seed_means(reports: Sequence[Tuple[Place, ErrorReport]], seed: int) -> List[SeedMean]:
    """Means of all systems that were trained with several seeds.

    Args:
      reports: errors of each row; those of one place are of one test set, those without a system count for nothing.
      seed: of the bootstrap.
    """
    groups: Dict[Place, List[ErrorReport]] = {}
    for place, report in reports:
        if not place[1]:
            continue
        groups.setdefault(place, []).append(report)
    return [_mean(place, members, seed) for place, members in groups.items() if len(members) > 1]


def _mean(place: Place, reports: Sequence[ErrorReport], seed: int) -> SeedMean:
    rates = [report.wer for report in reports]
    low, high = mean_interval(reports, seed=seed)
    values = (sum(rates) / len(rates), min(rates), max(rates), low, high)
    return SeedMean(*place, len(reports), *(round(value, 6) for value in values))


HEADER = ("split", "system", "graph", "engine", "seeds", "WER %", "lowest", "highest", "95 % interval")


def means_markdown(means: Sequence[SeedMean]) -> List[str]:
    """Lines of the section on means; none without any."""
    if not means:
        return []
    return [
        "",
        "## Means over seeds",
        "",
        "Intervals are 95 % bootstrap intervals of the mean, utterances and seeds both drawn anew.",
        "",
        "| " + " | ".join(HEADER) + " |",
        "|" + "---|" * 4 + "---:|" * (len(HEADER) - 4),
        *("| " + " | ".join(_cells(mean)) + " |" for mean in means),
    ]


def _cells(mean: SeedMean) -> Tuple[str, ...]:
    rates = (f"{100 * rate:.2f}" for rate in (mean.wer, mean.lowest, mean.highest))
    interval = f"{100 * mean.ci_low:.2f} - {100 * mean.ci_high:.2f}"
    return (mean.split, mean.system, mean.graph, mean.engine, str(mean.seeds), *rates, interval)
