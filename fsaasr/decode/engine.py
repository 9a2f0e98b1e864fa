"""`decode` and `one_best`: scores in, lattices or hypotheses out, by any engine."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any, List, Optional, Sequence, Tuple

from fsaasr.core.errors import ConfigError, DecodeError, ScoresError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Scores
from fsaasr.decode.added_scores import AddedScores
from fsaasr.decode.batch import over_utterances, utterance
from fsaasr.decode.blank_frames import only_blank
from fsaasr.decode.first_call import announced
from fsaasr.decode.native import native_best, native_lattice
from fsaasr.decode.on_the_fly import HotwordsOfEach, OnTheFlyLm, added_of_each
from fsaasr.decode.options import DEFAULTS, SearchOptions
from fsaasr.decode.search_tables import check_columns
from fsaasr.graph import Graph
from fsaasr.lattice.lattice import Lattice


def decode(
    graph: Graph,
    scores: Scores,
    options: SearchOptions = DEFAULTS,
    threads: int = 1,
    executor: Optional[Executor] = None,
    *,
    lm: Optional[OnTheFlyLm] = None,
    hotwords: HotwordsOfEach = None,
) -> List[Lattice]:
    """Searches the paths of `graph` through each utterance's scores.

    Args:
      graph: what may be said. A TokenGraph gives the lattices of the graph that it expands to, from a fraction
        of the memory: the native engine steps through its topology by itself.
      scores: N utterances.
      options: engine and beams.
      threads: threads of the native engines; the result does not depend on it.
      executor: where to search instead, an utterance a task, with the native engines: a pool of processes, or of a
        cluster. A graph that was loaded from a file travels to other processes as its path.
      lm: a large language model in place of the graph's own, with the native engine.
      hotwords: phrases that are likelier than the language model knows; of all utterances, or N of them, each or None.
        With the native engine. What they and `lm` add is in the lattices' graph scores.

    Returns:
      N lattices in the order of `scores`. A lattice whose paths end in no final state has
      `reached_final=False`; none is ever empty without saying so in its `flags`.

    Raises:
      GraphError: a malformed graph, one without final state, or with a cycle of input epsilons.
      ScoresError: scores whose columns are not the graph's.
      DecodeError: an utterance that the engine cannot search, with the remedy; with `allow_partial=False`
        also one without a path to a final state.
      ConfigError: `lm` or hotwords with another engine. GrammarError: words that the LM or the graph lacks.
      MissingDependencyError: engine `k2` or `k2-exact` without a k2 that fits.
    """
    scores = _prepared(graph, scores, options)
    added = _added(graph, len(scores), options, lm, hotwords)
    if options.engine in ("k2", "k2-exact"):
        from fsaasr.decode.k2_engine import k2_lattices

        lattices = k2_lattices(graph, scores, options)
    else:
        lattices = _over(native_lattice, graph, scores, options, threads, executor, added)
    _check_complete([(lattice.utterance, lattice.reached_final) for lattice in lattices], options)
    return lattices


def one_best(
    graph: Graph,
    scores: Scores,
    options: SearchOptions = DEFAULTS,
    threads: int = 1,
    executor: Optional[Executor] = None,
    *,
    lm: Optional[OnTheFlyLm] = None,
    hotwords: HotwordsOfEach = None,
) -> List[Hypothesis]:
    """The best path of each utterance: as `decode` and `best_path`, but without the cost of lattices.

    Args, raises: as `decode`. Of equally good paths `decode` may give another.

    Returns:
      N hypotheses; `reached_final=False` marks those that end in no final state.
    """
    if options.engine in ("k2", "k2-exact"):
        lattices = decode(graph, scores, options, threads, executor, lm=lm, hotwords=hotwords)
        return [lattice.best_path() for lattice in lattices]
    scores = _prepared(graph, scores, options)
    added = _added(graph, len(scores), options, lm, hotwords)
    hypotheses = _over(native_best, graph, scores, options, threads, executor, added)
    _check_complete([(found.utterance, found.reached_final) for found in hypotheses], options)
    return hypotheses


def _prepared(graph: Graph, scores: Scores, options: SearchOptions) -> Scores:
    if not isinstance(scores, Scores):
        raise ScoresError(f"decode: scores are {type(scores).__name__}, expected Scores; see Scores.from_matrices")
    check_columns(graph, scores.num_columns)
    if options.blank_threshold is not None:
        scores = only_blank(graph, scores, options.blank_threshold)
    return scores if options.acoustic_scale == 1.0 else scores.scaled(options.acoustic_scale)


def _added(
    graph: Graph, count: int, options: SearchOptions, lm: Optional[OnTheFlyLm], hotwords: HotwordsOfEach
) -> List[Optional[AddedScores]]:
    """What words add in each utterance."""
    added = added_of_each(graph, lm, hotwords, count)
    if options.engine not in ("auto", "native") and any(added):
        raise ConfigError(
            f"decode: engine {options.engine!r} takes no language model on the fly and no hotwords; search with "
            "engine 'native', or rescore lattices: `rescore_ngram(lattice, model, old)`, and "
            "`rescore_lattice(lattice, hotwords.automaton(lattice.words), mixing=Mixing(on_top=True))`"
        )
    return added


def _over(
    search: Any,
    graph: Graph,
    scores: Scores,
    options: SearchOptions,
    threads: int,
    executor: Optional[Executor],
    added: Sequence[Optional[AddedScores]],
) -> List[Any]:
    with announced():
        if executor is None:
            return over_utterances(
                lambda n: search(graph, utterance(scores, n), options, added[n]), len(scores), threads
            )
        tasks = [executor.submit(search, graph, utterance(scores, n), options, added[n]) for n in range(len(scores))]
        return [task.result() for task in tasks]


def _check_complete(results: List[Tuple[str, bool]], options: SearchOptions) -> None:
    """With `allow_partial=False`, raises DecodeError for the first utterance that reached no final state."""
    partial = [name for name, reached_final in results if not reached_final]
    if partial and not options.allow_partial:
        raise DecodeError(
            f"decode: no path of utterance {partial[0]!r} reached a final state ({len(partial)} of {len(results)} "
            "utterances); search wider, check that the graph fits the scores, or set allow_partial=True"
        )
