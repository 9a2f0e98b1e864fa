"""`decode`: scores in, lattices out, by any engine."""

from __future__ import annotations

from typing import List

from fsaasr.core.scores import Scores
from fsaasr.decode.batch import over_utterances, utterance
from fsaasr.decode.native import native_lattice
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.search_tables import check_columns
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.lattice.lattice import Lattice

DEFAULTS = SearchOptions()


def decode(graph: DecodingGraph, scores: Scores, options: SearchOptions = DEFAULTS, threads: int = 1) -> List[Lattice]:
    """Searches the paths of `graph` through each utterance's scores.

    Args:
      graph: what may be said.
      scores: N utterances.
      options: engine and beams.
      threads: threads of the native engines; the result does not depend on it.

    Returns:
      N lattices in the order of `scores`. A lattice whose paths end in no final state has
      `reached_final=False`; none is ever empty without saying so in its `flags`.

    Raises:
      GraphError: a malformed graph, one without final state, or with a cycle of input epsilons.
      ScoresError: scores whose columns are not the graph's.
      DecodeError: an utterance that the engine cannot search, with the remedy.
      MissingDependencyError: engine `k2` or `k2-exact` without a k2 that fits.
    """
    check_columns(graph, scores.num_columns)
    if options.acoustic_scale != 1.0:
        scores = scores.scaled(options.acoustic_scale)
    if options.engine in ("k2", "k2-exact"):
        from fsaasr.decode.k2_engine import k2_lattices

        return k2_lattices(graph, scores, options)
    return over_utterances(lambda n: native_lattice(graph, utterance(scores, n), options), len(scores), threads)
