"""How often tests find a difference between systems that do not differ: `python -m tools.null_rate`.

Two systems of the same error rate are simulated on a test set of the size of AN4's: utterances differ in how hard they
are, and half of the errors are common to both. A test that is held to 5 % should find something in 5 % of the trials.
With --decoding, the words are real: those of two decodings, which change places at random in each utterance.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Dict, Iterator, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.evaluate import ErrorCounts, ErrorReport, UtteranceErrors, matched_pairs, paired_bootstrap, word_errors
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


def simulated(
    trials: int,
    seed: int,
    *,
    speakers: int = 10,
    utterances: int = 13,
    words: int = 6,
    rate: float = 0.06,
    seeds: int = 1,
) -> Iterator[Pair]:
    """Pairs of equally good systems, each with so many trainings; of the trainings' rates, chance sets a tenth."""
    rng = np.random.default_rng(seed)
    total = speakers * utterances
    for _ in range(trials):
        hard = np.repeat(rng.gamma(1.0, 1.0, total), words)
        common = rng.random(total * words) < hard * rate / 2
        systems: Pair = ([], [])
        for reports in systems:
            for _ in range(seeds):
                own = rate / 2 * (1.0 if seeds == 1 else rng.normal(1.0, 0.2))
                wrong = common | (rng.random(total * words) < hard * own)
                reports.append(report_of(np.split(wrong, total), utterances))
        yield systems


def swapped(first: ErrorReport, second: ErrorReport, trials: int, seed: int) -> Iterator[Pair]:
    """Two decodings that change places in half of the utterances, by chance."""
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        change = rng.random(len(first.utterances)) < 0.5
        pairs = [(b, a) if flip else (a, b) for a, b, flip in zip(first.utterances, second.utterances, change)]
        yield [ErrorReport(tuple(a for a, _ in pairs))], [ErrorReport(tuple(b for _, b in pairs))]


def found_rates(pairs: Iterator[Pair], samples: int = 1000, level: float = 0.05) -> Dict[str, float]:
    """Share of the pairs between which each test finds a difference."""
    found: Dict[str, List[bool]] = {}
    for number, (first, second) in enumerate(pairs):
        words, whole = matched_pairs(first, second), matched_pairs(first, second, "utterance")
        by_utterance = paired_bootstrap(first, second, samples=samples, seed=number)
        values = {"segments": words.p, "utterances": whole.p, "bootstrap": by_utterance.p}
        if first[0].utterances[0].speaker is not None:
            values["bootstrap by speaker"] = paired_bootstrap(first, second, "speaker", samples=samples, seed=number).p
        if words.p_methods is not None:
            values["methods"] = words.p_methods
        for name, p in values.items():
            found.setdefault(name, []).append(p <= level)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _decoding(folder: Path) -> ErrorReport:
    reference, hypothesis = (read_transcripts(folder / name) for name in ("ref.txt", "hyp.txt"))
    return word_errors(reference, hypothesis, read_speakers(folder / "utt2spk"))


def main() -> None:
    """Prints a table: settings, and the rate of each test in per cent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--decoding", type=Path, action="append", default=[], help="decode folder; give two")
    options = parser.parse_args()
    cases: Dict[str, Iterator[Pair]] = {
        "130 utterances, 780 words": simulated(options.trials, options.seed),
        "the same, 3 seeds": simulated(options.trials, options.seed, seeds=3),
        "30 speakers, 390 utterances": simulated(options.trials, options.seed, speakers=30),
        "40 utterances, 240 words": simulated(options.trials, options.seed, speakers=10, utterances=4),
    }
    if options.decoding:
        first, second = map(_decoding, options.decoding)
        cases = {"decodings that change places": swapped(first, second, options.trials, options.seed)}
    for name, pairs in cases.items():
        rates = found_rates(pairs)
        print(f"{name}: " + ", ".join(f"{test} {100 * rate:.1f} %" for test, rate in rates.items()), flush=True)


if __name__ == "__main__":
    main()
