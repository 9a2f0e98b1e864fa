"""How often tests find a difference between systems that do not differ: `python -m tools.null_rate`.

Two systems of the same error rate are simulated on a test set of the size of AN4's: utterances differ in how hard they
are, and half of the errors are common to both. A test that is held to 5 % should find something in 5 % of the trials;
`intervals` is how often the interval of a rate leaves out what the rate is in the long run. --worse 2 gives the second
system twice as many errors of its own, so that what is found is the power. With --decoding, the words are real: those
of two decodings, which change places at random in each utterance.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.evaluate import (
    ErrorCounts,
    ErrorReport,
    UtteranceErrors,
    bootstrap_interval,
    matched_pairs,
    mean_interval,
    paired_bootstrap,
    word_errors,
)
from fsaasr.evaluate.bootstrap import By
from fsaasr.hypotheses import read_speakers, read_transcripts

Pair = Tuple[List[ErrorReport], List[ErrorReport]]


def report_of(wrong: Sequence[npt.NDArray[np.bool_]], per_speaker: int) -> ErrorReport:
    """A report with substitutions at these words of each utterance."""
    entries = []
    for number, places in enumerate(wrong):
        alignment = tuple(("a", "b" if bad else "a") for bad in places.tolist())
        speaker = f"s{number // per_speaker}"
        entries.append(UtteranceErrors(f"u{number}", speaker, ErrorCounts.of(alignment), alignment))
    return ErrorReport(tuple(entries))


@dataclass(frozen=True)
class Simulation:
    """A test set on which two systems err.

    Attributes:
      speakers, utterances, words: each speaker's utterances, each utterance's words.
      rate: of errors, half of them common to both systems.
      seeds: trainings of each system; of the rate of one training's own errors, chance sets a fifth.
      level: standard deviation of how hard a speaker is, whose mean is 1.
      slope: standard deviation of how hard a speaker is for one of the systems, likewise.
      worse: factor on the second system's own errors.
    """

    speakers: int = 10
    utterances: int = 13
    words: int = 6
    rate: float = 0.06
    seeds: int = 1
    level: float = 0.0
    slope: float = 0.0
    worse: float = 1.0

    @property
    def true_rate(self) -> float:
        """What the first system's rate is in the long run: E[1 - (1 - h r / 2) ** 2], h exponential times a gamma."""
        return self.rate - self.rate**2 * (1.0 + self.level**2) / 2.0

    def pairs(self, trials: int, seed: int) -> Iterator[Pair]:
        """Reports of both systems, so many times."""
        rng = np.random.default_rng(seed)
        total = self.speakers * self.utterances
        for _ in range(trials):
            hard = rng.gamma(1.0, 1.0, total) * self._of_speakers(_positive(rng, self.level, self.speakers))
            hard = np.repeat(hard, self.words)
            common = rng.random(len(hard)) < hard * self.rate / 2
            systems: Pair = ([], [])
            for reports, factor in zip(systems, (1.0, self.worse)):
                for_speaker = _positive(rng, self.slope, self.speakers)
                likely = hard * np.repeat(self._of_speakers(for_speaker), self.words) * factor * self.rate / 2
                for _ in range(self.seeds):
                    own = likely * (1.0 if self.seeds == 1 else rng.normal(1.0, 0.2))
                    wrong = common | (rng.random(len(hard)) < own)
                    reports.append(report_of(np.split(wrong, total), self.utterances))
            yield systems

    def _of_speakers(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.repeat(values, self.utterances)


def _positive(rng: np.random.Generator, deviation: float, count: int) -> npt.NDArray[np.float64]:
    """Numbers with mean 1 and such a standard deviation."""
    return rng.gamma(1.0 / deviation**2, deviation**2, count) if deviation else np.ones(count)


def swapped(first: ErrorReport, second: ErrorReport, trials: int, seed: int) -> Iterator[Pair]:
    """Two decodings that change places in half of the utterances, by chance."""
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        change = rng.random(len(first.utterances)) < 0.5
        pairs = [(b, a) if flip else (a, b) for a, b, flip in zip(first.utterances, second.utterances, change)]
        yield [ErrorReport(tuple(a for a, _ in pairs))], [ErrorReport(tuple(b for _, b in pairs))]


def found_rates(
    pairs: Iterable[Pair], samples: int = 1000, level: float = 0.05, true_rate: Optional[float] = None
) -> Dict[str, float]:
    """Share of the pairs between which each test finds a difference; of whose first an interval leaves out a rate."""
    found: Dict[str, List[bool]] = {}
    for number, (first, second) in enumerate(pairs):
        values = _p_values(first, second, samples, number)
        if true_rate is not None:
            for by in ("utterance", "speaker"):
                low, high = _interval(first, by, samples, number)
                # What is inside is not found to differ.
                values[f"intervals by {by}"] = float(low <= true_rate <= high)
        for name, p in values.items():
            found.setdefault(name, []).append(p <= level)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _p_values(first: Sequence[ErrorReport], second: Sequence[ErrorReport], samples: int, seed: int) -> Dict[str, float]:
    words, whole = matched_pairs(first, second), matched_pairs(first, second, "utterance")
    by_utterance = paired_bootstrap(first, second, samples=samples, seed=seed)
    values = {"segments": words.p, "utterances": whole.p, "bootstrap": by_utterance.p}
    if first[0].utterances[0].speaker is not None:
        values["bootstrap by speaker"] = paired_bootstrap(first, second, "speaker", samples=samples, seed=seed).p
    if words.p_methods is not None:
        values["methods"] = words.p_methods
    return values


def _interval(reports: Sequence[ErrorReport], by: By, samples: int, seed: int) -> Tuple[float, float]:
    if len(reports) > 1:
        return mean_interval(reports, by, samples=samples, seed=seed)
    return bootstrap_interval(reports[0], by, samples=samples, seed=seed)


CASES = {
    "130 utterances, 780 words": Simulation(),
    "the same, 3 seeds": Simulation(seeds=3),
    "the same, speakers differ": Simulation(level=0.5, slope=0.3),
    "8 speakers, 104 utterances": Simulation(speakers=8, level=0.5, slope=0.3),
    "30 speakers, 390 utterances": Simulation(speakers=30, level=0.5, slope=0.3),
    "40 utterances, 240 words": Simulation(utterances=4),
}


def _decoding(folder: Path) -> ErrorReport:
    reference, hypothesis = (read_transcripts(folder / name) for name in ("ref.txt", "hyp.txt"))
    return word_errors(reference, hypothesis, read_speakers(folder / "utt2spk"))


def main() -> None:
    """Prints a table: settings, and the rate of each test in per cent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--decoding", type=Path, action="append", default=[], help="decode folder; give two")
    parser.add_argument("--worse", type=float, default=1.0, help="factor on the second system's own errors")
    options = parser.parse_args()
    if options.decoding:
        first, second = map(_decoding, options.decoding)
        _say("decodings that change places", found_rates(swapped(first, second, options.trials, options.seed)))
        return
    for name, simulation in CASES.items():
        simulation = replace(simulation, worse=options.worse)
        pairs = simulation.pairs(options.trials, options.seed)
        _say(name, found_rates(pairs, true_rate=simulation.true_rate))


def _say(name: str, rates: Mapping[str, float]) -> None:
    print(f"{name}: " + ", ".join(f"{test} {100 * rate:.1f} %" for test, rate in rates.items()), flush=True)


if __name__ == "__main__":
    main()
