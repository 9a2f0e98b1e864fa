"""How a family of models is searched: frame by frame on a DecodingGraph, or token by token on a TokenGraph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, Iterator

from fsaasr.core.errors import ModelError
from fsaasr.decode import SearchOptions
from fsaasr.decode.fusion import ALONE, Fusion
from fsaasr.features import FeatureBatch
from fsaasr.graph import Graph, TokenGraph
from fsaasr.lattice import ScoredPaths
from fsaasr.models import AcousticModel
from fsaasr.recipe.scales import Scales

TokenSearch = Callable[[Any, TokenGraph, FeatureBatch, SearchOptions, Fusion], Iterator[ScoredPaths]]
"""Model, graph, features, options and language models to the lattice of each utterance, in order."""


def _attention(
    model: Any, graph: TokenGraph, features: FeatureBatch, options: SearchOptions, fusion: Fusion
) -> Iterator[ScoredPaths]:
    from fsaasr.decode.attention.lattices import attention_lattices

    return attention_lattices(model, graph, features, options.attention, options.acoustic_scale, fusion)


def _transducer(
    model: Any, graph: TokenGraph, features: FeatureBatch, options: SearchOptions, fusion: Fusion
) -> Iterator[ScoredPaths]:
    from fsaasr.decode.transducer.lattices import transducer_lattices

    return transducer_lattices(model, graph, features, options, fusion)


TOKEN_SEARCHES: Dict[str, TokenSearch] = {"attention": _attention, "transducer": _transducer}
"""Searches of the families whose scores depend on the tokens said before; all others have scores of frames."""


def says_tokens(family: str) -> bool:
    """Whether models of the family are searched token by token."""
    return family in TOKEN_SEARCHES


def has_ctc_beside(model: AcousticModel) -> bool:
    """Whether CTC can join the search of a model that says tokens."""
    return says_tokens(model.family) and getattr(getattr(model, "shape", None), "ctc", False)


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
    model: AcousticModel, graph: Graph, features: FeatureBatch, options: SearchOptions, fusion: Fusion = ALONE
) -> Iterator[ScoredPaths]:
    """Searches with a model of a family that says tokens; a lattice for each utterance, in order.

    Raises:
      ModelError: as `searchable`.
    """
    chosen = searchable(model, graph)
    assert isinstance(chosen, TokenGraph)
    return TOKEN_SEARCHES[model.family](model, chosen, features, options, fusion)


def options_at(options: SearchOptions, scales: Scales) -> SearchOptions:
    """The options with the scales that a search has to know."""
    attention = options.attention
    if scales.ctc_weight is not None:
        attention = replace(attention, ctc_weight=scales.ctc_weight)
    return replace(options, acoustic_scale=scales.acoustic_scale, attention=attention)
