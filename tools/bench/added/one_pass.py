"""A large n-gram model in one pass with a small graph, against the static graph of the large model.

`python -m tools.bench.added.one_pass`; `make bench-one-pass` calls it. Bytes are those of the files, which are what a
search maps into memory.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from fsaasr.core.scores import Scores
from fsaasr.decode import OnTheFlyLm, SearchOptions, one_best
from fsaasr.grammar import FailureAutomaton, NgramModel
from fsaasr.graph import Graph, compile_token_graph
from tools.bench.added.bed import Texts, parser, read_texts, report, seconds, settings_of

PRUNE_LARGE = (0, 0, 1)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Measures, writes `one_pass.json`, prints it."""
    options = parser("python -m tools.bench.added.one_pass", __doc__ or "")
    options.add_argument("--beam", type=float, default=14.0)
    options.add_argument("--small-order", type=int, default=1, help="of the model in the small graph")
    options.add_argument("--small-prune", type=int, default=30, help="counts of its longer n-grams that are left out")
    return report(measure, options.parse_args(arguments), "one_pass.json")


def measure(given: argparse.Namespace) -> Dict[str, Any]:
    """All figures."""
    settings = settings_of(given)
    texts = read_texts(settings, given.out, given.sentences)
    words = texts.frequent(given.words)
    large = texts.model(words, 3, PRUNE_LARGE)
    small = texts.model(words, given.small_order, (0, *[given.small_prune] * (given.small_order - 1)))
    lexicon = texts.lexicon(words)
    static, look_ahead = (compile_token_graph(lexicon, model, "ctc") for model in (large, small))
    automaton = FailureAutomaton.of_ngrams(large)
    lm = OnTheFlyLm(automaton, small)
    spoken = texts.spoken(_sayable(texts, words, given.utterances), static.column_names, settings)
    scores = Scores.from_matrices(spoken.matrices, spoken.frame_shift, ids=list(spoken.ids))
    search = SearchOptions(search_beam=given.beam)
    ways: List[Tuple[Graph, Optional[OnTheFlyLm]]] = [(static, None), (look_ahead, lm)]
    (static_wer, static_s), (one_pass_wer, one_pass_s) = _compared(
        ways, scores, spoken.references, search, given.rounds
    )
    sizes = _sizes(given.out, {"static": static, "static_expanded": static.expand(), "small": look_ahead}, automaton)
    return {
        "ngrams": {"large": _count(large), "small": _count(small)},
        "bytes": sizes,
        "memory_share": (sizes["small"] + sizes["model"]) / sizes["static_expanded"],
        "memory_share_of_token_graph": (sizes["small"] + sizes["model"]) / sizes["static"],
        "wer": {"static": static_wer, "one_pass": one_pass_wer},
        "seconds": {"static": static_s, "one_pass": one_pass_s},
    }


def _sayable(texts: Texts, words: Sequence[str], count: int) -> List[str]:
    known = set(words)
    return [sentence for sentence in texts.held_out if known.issuperset(sentence.split())][:count]


def _count(model: NgramModel) -> int:
    return sum(map(len, model.orders))


def _compared(
    ways: Sequence[Tuple[Graph, Optional[OnTheFlyLm]]],
    scores: Scores,
    references: Sequence[str],
    search: SearchOptions,
    rounds: int,
) -> List[Tuple[float, float]]:
    """Word error rate in percent and processor seconds, the median of interleaved rounds, of each way to decode."""
    import kaldialign

    found = [one_best(graph, scores, search, lm=lm) for graph, lm in ways]
    spent = seconds([partial(one_best, graph, scores, search, lm=lm) for graph, lm in ways], rounds)
    total = sum(len(reference.split()) for reference in references)
    wers = [
        sum(kaldialign.edit_distance(r.split(), h.text.split())["total"] for r, h in zip(references, hypotheses))
        for hypotheses in found
    ]
    return [(round(100.0 * errors / total, 2), statistics.median(each)) for errors, each in zip(wers, spent)]


def _sizes(out: Path, graphs: Dict[str, Graph], automaton: FailureAutomaton) -> Dict[str, int]:
    """Bytes of the files of graphs and of the model."""
    sizes = {}
    for name, graph in graphs.items():
        path = out / f"one_pass_{name}.graph"
        graph.save(path)
        sizes[name] = path.stat().st_size
    path = out / "one_pass_model.lm"
    automaton.save(path)
    return {**sizes, "model": path.stat().st_size}


if __name__ == "__main__":
    sys.exit(main())
