"""The comparison of experiments: lines, tests, and what the test set can decide."""

from __future__ import annotations

import re
import statistics
from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.evaluate import Comparison, compare_systems
from fsaasr.evaluate.bootstrap import By
from fsaasr.evaluate.significance import LEVEL, Correction, Cut, fewest_differing
from fsaasr.recipe.comparison.entries import Entry, EntrySet, dev_rank, read_entries, representatives
from fsaasr.recipe.comparison.lines import SystemLine, system_line


@dataclass(frozen=True)
class CompareOptions:
    """How experiments are compared.

    Attributes:
      baseline: name of the line that all others are tested against; empty for the one of the fewest errors on dev.
      cut: segments of the matched-pairs test. by: what the bootstrap of differences draws.
      correction: for the number of comparisons.
      samples: test sets drawn. seed: of the bootstrap.
    """

    baseline: str = ""
    cut: Cut = "words"
    by: By = "utterance"
    correction: Correction = "holm"
    samples: int = 10_000
    seed: int = 0


DEFAULTS = CompareOptions()


@dataclass(frozen=True)
class Decidable:
    """What a test set of this size can show.

    Attributes:
      words, utterances, speakers: of it; 0 speakers where none are known.
      floor: difference, a fraction, below which nothing can be significant: as many errors as segments must differ.
      typical: median over the pairs of systems of the smallest difference that is significant. least, most: extremes.
      pairs: compared. significant: before the correction. significant_adjusted: after it.
      words_needed: to show the difference between the two best systems, were their errors spread as they are here; None
        where it is shown, or they do not differ.
    """

    words: int
    utterances: int
    speakers: int
    floor: float
    typical: Optional[float]
    least: Optional[float]
    most: Optional[float]
    pairs: int
    significant: int
    significant_adjusted: int
    words_needed: Optional[int]


@dataclass(frozen=True, eq=False)
class SetComparison:
    """One test set.

    Attributes:
      name: its splits.
      baseline: name of a line.
      lines: all systems, graphs and engines. pairs: all pairs of representatives. ladder: each system with one graph
        against itself with the next larger search space.
      decidable: what may be said.
      entries: what the lines are of, by name.
    """

    name: str
    baseline: str
    lines: Tuple[SystemLine, ...]
    pairs: Tuple[Comparison, ...]
    ladder: Tuple[Comparison, ...]
    decidable: Decidable
    entries: Mapping[str, Entry]

    def to_dict(self) -> Dict[str, Any]:
        """Everything but the entries, with the recipes' own rows, as JSON-ready values."""
        return {
            "name": self.name,
            "baseline": self.baseline,
            "lines": [asdict(line) for line in self.lines],
            "rows": [
                {"experiment": str(entry.experiment.folder), "line": name, **asdict(row)}
                for name, entry in self.entries.items()
                for row in entry.rows
            ],
            "pairs": [_comparison(pair) for pair in self.pairs],
            "ladder": [_comparison(pair) for pair in self.ladder],
            "decidable": asdict(self.decidable),
        }


def _comparison(pair: Comparison) -> Dict[str, Any]:
    values = asdict(pair)
    for part, key in (("matched", "z"), ("matched", "deviation")):
        value = values[part][key]
        # JSON has no infinity and no NaN.
        values[part][key] = value if abs(value) < float("inf") else None
    return {**values, "p": pair.p, "smallest_difference": pair.matched.smallest_difference}


def compare_experiments(folders: Sequence[PathLike], options: CompareOptions = DEFAULTS) -> List[SetComparison]:
    """Compares all systems of experiments on each test set that they share.

    Args:
      folders: of experiments whose stage `results` was run.
      options: tests and baseline.

    Raises:
      ConfigError: no folder, or no line is called as the baseline. FileFormatError: a folder without results.
    """
    found = [_compared(one, options) for one in read_entries(folders)]
    if options.baseline and not any(one.baseline == options.baseline for one in found):
        names = ", ".join(line.name for one in found for line in one.lines)
        raise ConfigError(f"compare: no line {options.baseline!r} for a baseline; there are {names}")
    return found


def _compared(test_set: EntrySet, options: CompareOptions) -> SetComparison:
    entries, chosen = test_set.entries, representatives(test_set.entries)
    lines = [system_line(name, entry, name in chosen, options.seed) for name, entry in entries.items()]
    best = min(chosen, key=lambda name: (dev_rank(chosen[name]), list(chosen).index(name)))
    baseline = options.baseline if options.baseline in entries else best
    pairs = _tests(entries, [(a, b) for n, a in enumerate(chosen) for b in list(chosen)[n + 1 :]], options)
    others = [name for name in entries if name not in chosen]
    # One line a system is the question that was asked; the other lines, however many, do not weaken its answer.
    against = [
        pair
        for names in (chosen, others)
        for pair in _tests(entries, [(name, baseline) for name in names if name != baseline], options)
    ]
    tested = {pair.first: pair for pair in against}
    return SetComparison(
        test_set.name,
        baseline,
        tuple(_with_test(line, tested.get(line.name)) for line in lines),
        pairs,
        _tests(entries, rungs(entries), options),
        _decidable(test_set, chosen, pairs),
        entries,
    )


def _tests(
    entries: Mapping[str, Entry], pairs: Sequence[Tuple[str, str]], options: CompareOptions
) -> Tuple[Comparison, ...]:
    return compare_systems(
        {name: entry.reports for name, entry in entries.items()},
        pairs,
        cut=options.cut,
        by=options.by,
        correction=options.correction,
        samples=options.samples,
        seed=options.seed,
    )


def _with_test(line: SystemLine, pair: Optional[Comparison]) -> SystemLine:
    if pair is None:
        return line
    return replace(line, difference=pair.matched.difference, p=pair.p, p_adjusted=pair.p_adjusted)


def search_space(lm: str) -> float:
    """Rank of what a graph knows: no lexicon, lexicon, unigram, bigram and so on; half a rank for a model beside it."""
    name, _, more = lm.partition(" ")
    order = re.match(r"(\d+)-gram", name)
    rank = 1 + int(order[1]) if order else 0 if name.startswith("none") else 1
    return rank + 0.5 if more else float(rank)


def rungs(entries: Mapping[str, Entry]) -> List[Tuple[str, str]]:
    """For each system the pairs of neighbouring search spaces, the larger one first."""
    systems: Dict[Tuple[str, str, str, str], List[str]] = {}
    for name, entry in entries.items():
        row = entry.first
        systems.setdefault((str(entry.experiment.folder), row.split, entry.system, row.engine), []).append(name)
    found = []
    for names in systems.values():
        ordered = sorted(names, key=lambda name: search_space(entries[name].first.lm))
        found += list(zip(ordered, ordered[1:]))
    return found


def _decidable(test_set: EntrySet, chosen: Mapping[str, Entry], pairs: Sequence[Comparison]) -> Decidable:
    report = test_set.report
    smallest = [pair.matched.smallest_difference for pair in pairs]
    speakers = {entry.speaker for entry in report.utterances} - {None}
    return Decidable(
        words=report.words,
        utterances=len(report.utterances),
        speakers=len(speakers),
        floor=fewest_differing() / report.words,
        typical=statistics.median(smallest) if smallest else None,
        least=min(smallest) if smallest else None,
        most=max(smallest) if smallest else None,
        pairs=len(pairs),
        significant=sum(pair.p <= LEVEL for pair in pairs),
        significant_adjusted=sum(pair.p_adjusted <= LEVEL for pair in pairs),
        words_needed=_words_needed(chosen, pairs),
    )


def _words_needed(chosen: Mapping[str, Entry], pairs: Sequence[Comparison]) -> Optional[int]:
    two = set(sorted(chosen, key=lambda name: chosen[name].wer)[:2])
    for pair in pairs:
        if {pair.first, pair.second} == two and pair.p > LEVEL:
            return pair.matched.words_needed
    return None
