"""How a family of models is searched: frame by frame on a DecodingGraph, or token by token on a TokenGraph."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator

from fsaasr.core.errors import ModelError
from fsaasr.decode import SearchOptions
from fsaasr.features import FeatureBatch
from fsaasr.graph import Graph, TokenGraph
from fsaasr.lattice import ScoredPaths
from fsaasr.models import AcousticModel

TokenSearch = Callable[[Any, TokenGraph, FeatureBatch, SearchOptions], Iterator[ScoredPaths]]
"""Model, graph, features and options to the lattice of each utterance, in order."""


def _attention(model: Any, graph: TokenGraph, features: FeatureBatch, options: SearchOptions) -> Iterator[ScoredPaths]:
    from fsaasr.decode.attention.lattices import attention_lattices

    return attention_lattices(model, graph, features, options.attention, options.acoustic_scale)


def _transducer(model: Any, graph: TokenGraph, features: FeatureBatch, options: SearchOptions) -> Iterator[ScoredPaths]:
    from fsaasr.decode.transducer.lattices import transducer_lattices

    return transducer_lattices(model, graph, features, options)


TOKEN_SEARCHES: Dict[str, TokenSearch] = {"attention": _attention, "transducer": _transducer}
"""Searches of the families whose scores depend on the tokens said before; all others have scores of frames."""


def says_tokens(family: str) -> bool:
    """Whether models of the family are searched token by token."""
    return family in TOKEN_SEARCHES


def searchable(model: AcousticModel, graph: Graph) -> Graph:
    """The graph as the model's search wants it: with its topology spelled out, or as a TokenGraph.

    Raises:
      ModelError: a DecodingGraph for a family that says tokens.
    """
    if not says_tokens(model.family):
        return graph.expand()
    if not isinstance(graph, TokenGraph):
        raise ModelError(
            f"a graph of family {model.family!r} is a TokenGraph, found a DecodingGraph; make it with "
            "`fsaasr graph --model` or with --no-expand"
        )
    return graph


def token_lattices(
    model: AcousticModel, graph: Graph, features: FeatureBatch, options: SearchOptions
) -> Iterator[ScoredPaths]:
    """Searches with a model of a family that says tokens; a lattice for each utterance, in order.

    Raises:
      ModelError: as `searchable`.
    """
    chosen = searchable(model, graph)
    assert isinstance(chosen, TokenGraph)
    return TOKEN_SEARCHES[model.family](model, chosen, features, options)
