"""Pruned search: the `native` engine for token graphs, and for graphs too large for exact search."""

from __future__ import annotations

from typing import Optional

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.decode.added_scores import AddedScores
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.search import Search
from fsaasr.decode.search_tables import check_columns, frozen_matrix
from fsaasr.graph import Graph
from fsaasr.lattice.build import Utterance
from fsaasr.lattice.lattice import Lattice


def beam_lattice(
    graph: Graph, utterance: Utterance, options: SearchOptions, added: Optional[AddedScores] = None
) -> Lattice:
    """The lattice of what `search_beam`, `max_active` and `min_active` leave.

    An arc is present exactly if the best path through it, among those that survived the search, is within
    `lattice_beam` of the best. Where no complete path survived, the lattice holds the paths to all states
    alive at the last frame that any path reaches, and says so in `reached_final` and `flags`. What words `added` is
    in the graph's scores.

    Raises:
      GraphError, ScoresError: as `fsaasr.decode.decode`.
    """
    return _searched(graph, utterance, options, True, added).lattice(utterance.id, utterance.frame_shift)


def beam_best(
    graph: Graph, utterance: Utterance, options: SearchOptions, added: Optional[AddedScores] = None
) -> Hypothesis:
    """The best path of `beam_lattice`, without the rest of the lattice; of equally good ones perhaps another."""
    search = _searched(graph, utterance, options, False, added)
    search.finish()
    return search.best(utterance.id, utterance.frame_shift)


def _searched(
    graph: Graph, utterance: Utterance, options: SearchOptions, links: bool, added: Optional[AddedScores]
) -> Search:
    matrix = frozen_matrix(utterance.matrix, utterance.id)
    check_columns(graph, matrix.shape[1])
    search = Search(graph, options, links, added)
    search.advance(matrix)
    return search
