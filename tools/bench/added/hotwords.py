"""Rare names with and without hotwords: recall of the names, errors elsewhere, and time.

`python -m tools.bench.added.hotwords`; `make bench-hotwords` calls it. The names are words that the training text never
has, one phone apart from frequent words, which is easily taken for theirs; they stand in held-out sentences in place of
rare words. The weight is chosen on one half of the utterances and judged on the other.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from typing import Any, Dict, List, Optional, Sequence

from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, one_best
from fsaasr.grammar import Hotwords
from fsaasr.graph import TokenGraph, compile_token_graph
from tools.bench.added.bed import parser, read_texts, report, seconds, settings_of
from tools.bench.added.names import near_names, with_names
from tools.bench.scores_file import ScoreSet

WEIGHTS = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 10.0)
OTHER_LOSS = 0.1
"""Percent of the other words that hotwords may cost on the half that the weight is chosen on."""
PRUNE = (0, 1, 1)
Row = Dict[str, float]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Measures, writes `hotwords.json`, prints it."""
    options = parser("python -m tools.bench.added.hotwords", __doc__ or "", utterances=6000)
    options.add_argument("--hotwords", type=int, default=200, help="phrases of the list")
    options.add_argument("--near", type=int, default=1000, help="frequent words one of which a name sounds like")
    options.add_argument("--beam", type=float, default=12.0)
    return report(measure, options.parse_args(arguments), "hotwords.json")


def measure(given: argparse.Namespace) -> Dict[str, Any]:
    """All figures."""
    settings = settings_of(given)
    texts = read_texts(settings, given.out, given.sentences)
    vocabulary = texts.frequent(given.words)
    names = near_names(texts, vocabulary, given.near, given.hotwords, given.seed)
    words = sorted({*vocabulary, *names})
    graph = compile_token_graph(texts.lexicon(words), texts.model(words, 3, PRUNE), "ctc")
    said = with_names(texts, vocabulary, names, given.utterances)
    spoken = texts.spoken(said, graph.column_names, settings)
    dev, test = _half(spoken, 0), _half(spoken, 1)
    search = SearchOptions(search_beam=given.beam)
    on_dev, on_test = ([_errors(graph, half, names, weight, search) for weight in WEIGHTS] for half in (dev, test))
    best = _best(on_dev)
    without, with_hotwords = on_test[0], on_test[best]
    return {
        "hotwords": len(names),
        "weight": WEIGHTS[best],
        "dev": dict(zip(WEIGHTS, on_dev)),
        "test": dict(zip(WEIGHTS, on_test)),
        "without": without,
        "with": with_hotwords,
        "recall_gain": with_hotwords["recall"] - without["recall"],
        "other_wer_change": with_hotwords["other_wer"] - without["other_wer"],
        **_times(graph, test, names, WEIGHTS[best] or WEIGHTS[1], search, given.rounds),
    }


def _best(rows: Sequence[Row]) -> int:
    """The weight of the greatest recall of those that cost the other words little."""
    affordable = [n for n, row in enumerate(rows) if row["other_wer"] <= rows[0]["other_wer"] + OTHER_LOSS]
    return max(affordable, key=lambda n: rows[n]["recall"])


def _half(spoken: ScoreSet, which: int) -> ScoreSet:
    pick = slice(which, None, 2)
    return ScoreSet(
        spoken.columns, spoken.frame_shift, spoken.ids[pick], spoken.matrices[pick], spoken.references[pick]
    )


def _scores(spoken: ScoreSet) -> Scores:
    return Scores.from_matrices(spoken.matrices, spoken.frame_shift, ids=list(spoken.ids))


def _list(names: Sequence[str], weight: float) -> Optional[Hotwords]:
    return Hotwords([(name, weight) for name in names]) if weight else None


def _errors(graph: TokenGraph, spoken: ScoreSet, names: Sequence[str], weight: float, search: SearchOptions) -> Row:
    """In percent: recall of the names, word errors of the others and of all, others taken for names."""
    import kaldialign

    found = one_best(graph, _scores(spoken), search, hotwords=_list(names, weight))
    targets, hits, others, wrong, alarms, errors = 0, 0, 0, 0, 0, 0
    listed = set(names)
    for reference, hypothesis in zip(spoken.references, found):
        for one, other in kaldialign.align(reference.split(), hypothesis.text.split(), "*"):
            errors += one != other
            if one in listed:
                targets, hits = targets + 1, hits + (one == other)
            else:
                others, wrong = others + (one != "*"), wrong + (one != other)
                alarms += other in listed
    return {
        "recall": round(100.0 * hits / targets, 2),
        "other_wer": round(100.0 * wrong / others, 2),
        "false_alarms": round(100.0 * alarms / others, 2),
        "wer": round(100.0 * errors / (targets + others), 2),
        "names": targets,
        "words": targets + others,
    }


def _times(
    graph: TokenGraph, spoken: ScoreSet, names: Sequence[str], weight: float, search: SearchOptions, rounds: int
) -> Dict[str, Any]:
    """Processor seconds without hotwords, with one list for all, and with a new one for each utterance."""
    scores, hotwords = _scores(spoken), _list(names, weight)

    def contexts() -> List[Optional[Hotwords]]:
        return [_list(names, weight) for _ in spoken.ids]

    plain, one_list, own = seconds(
        [
            lambda: one_best(graph, scores, search),
            lambda: one_best(graph, scores, search, hotwords=hotwords),
            lambda: one_best(graph, scores, search, hotwords=contexts()),
        ],
        rounds,
    )
    return {
        "seconds_without": statistics.median(plain),
        "seconds_with": statistics.median(one_list),
        "time_ratio": statistics.median(some / none for none, some in zip(plain, one_list)),
        "milliseconds_a_list": 1e3 * statistics.median(b - a for a, b in zip(one_list, own)) / len(spoken.ids),
    }


if __name__ == "__main__":
    sys.exit(main())
