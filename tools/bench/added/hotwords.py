"""Rare names with and without hotwords: recall of the names, errors elsewhere, and time.

`python -m tools.bench.added.hotwords`; `make bench-hotwords` calls it. The names are words of held-out sentences that
the training text hardly has. The weight is chosen on one half of the utterances and judged on the other.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

from fsaasr.core.errors import FsaasrError
from fsaasr.core.files import write_json
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, one_best
from fsaasr.grammar import Hotwords
from fsaasr.graph import TokenGraph, compile_token_graph
from tools.bench.added.bed import Texts, parser, read_texts, settings_of
from tools.bench.scores_file import ScoreSet

RARE = 2
"""Occurrences of a name in the training text, at most."""
WEIGHTS = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)
PRUNE = (0, 1, 1)
Row = Dict[str, float]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Measures, writes `hotwords.json`, prints it."""
    options = parser("python -m tools.bench.added.hotwords", __doc__ or "")
    options.add_argument("--hotwords", type=int, default=200, help="phrases of the list")
    options.add_argument("--beam", type=float, default=12.0)
    given = options.parse_args(arguments)
    try:
        result = measure(given)
    except FsaasrError as error:
        sys.exit(str(error))
    write_json(given.out / "hotwords.json", result)
    for name, value in result.items():
        print(f"{name}: {value}")
    return 0


def measure(given: argparse.Namespace) -> Dict[str, Any]:
    """All figures."""
    settings = settings_of(given)
    texts = read_texts(settings, given.out, given.sentences)
    said, names, words = _chosen(texts, given)
    graph = compile_token_graph(texts.lexicon(words), texts.model(words, 3, PRUNE), "ctc")
    spoken = texts.spoken(said, graph.column_names, settings)
    dev, test = _half(spoken, 0), _half(spoken, 1)
    search = SearchOptions(search_beam=given.beam)
    on_dev = {weight: _errors(graph, dev, names, weight, search) for weight in WEIGHTS}
    best = min(WEIGHTS, key=lambda weight: on_dev[weight]["wer"])
    without, with_hotwords = (_errors(graph, test, names, weight, search) for weight in (0.0, best))
    return {
        "hotwords": len(names),
        "weight": best,
        "dev": on_dev,
        "without": without,
        "with": with_hotwords,
        "recall_gain": with_hotwords["recall"] - without["recall"],
        "other_wer_change": with_hotwords["other_wer"] - without["other_wer"],
        **_times(graph, test, _list(names, best), search, given.rounds),
    }


def _chosen(texts: Texts, given: argparse.Namespace) -> Tuple[List[str], List[str], List[str]]:
    """Sentences with a name in each, the list of names, and all words."""
    frequent = set(texts.frequent(given.words))
    rare = {word for word in texts.known if texts.counts.get(word, 0) <= RARE and word not in frequent}
    usable = [s for s in texts.held_out if rare.intersection(s.split()) and frequent.union(rare).issuperset(s.split())]
    said = usable[: given.utterances]
    in_order = dict.fromkeys(word for sentence in usable for word in sentence.split() if word in rare)
    names = list(in_order)[: given.hotwords]
    others = [word for sentence in said for word in sentence.split() if word in rare]
    return said, names, sorted(frequent.union(names, others))


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
    """Word errors in percent, of all words and of those that are no names, and the names' recall in percent."""
    import kaldialign

    found = one_best(graph, _scores(spoken), search, hotwords=_list(names, weight))
    targets, hits, others, wrong, errors = 0, 0, 0, 0, 0
    listed = set(names)
    for reference, hypothesis in zip(spoken.references, found):
        for one, other in kaldialign.align(reference.split(), hypothesis.text.split(), "*"):
            errors += one != other
            if one in listed:
                targets, hits = targets + 1, hits + (one == other)
            else:
                others, wrong = others + (one != "*"), wrong + (one != other)
    total = targets + others
    return {
        "recall": round(100.0 * hits / targets, 2),
        "other_wer": round(100.0 * wrong / others, 2),
        "wer": round(100.0 * errors / total, 2),
        "names": targets,
        "words": total,
    }


def _times(
    graph: TokenGraph, spoken: ScoreSet, hotwords: Optional[Hotwords], search: SearchOptions, rounds: int
) -> Dict[str, Any]:
    """Processor seconds without and with hotwords: medians of interleaved rounds, and the median ratio."""
    scores = _scores(spoken)
    pairs = []
    for _ in range(rounds):
        begun = time.process_time()
        one_best(graph, scores, search)
        between = time.process_time()
        one_best(graph, scores, search, hotwords=hotwords)
        pairs.append((between - begun, time.process_time() - between))
    return {
        "seconds_without": statistics.median(without for without, _ in pairs),
        "seconds_with": statistics.median(with_hotwords for _, with_hotwords in pairs),
        "time_ratio": statistics.median(with_hotwords / without for without, with_hotwords in pairs),
    }


if __name__ == "__main__":
    sys.exit(main())
