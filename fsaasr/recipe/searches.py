"""How a family of models is searched: frame by frame on a DecodingGraph, or token by token on a TokenGraph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, Iterator

from fsaasr.core.errors import ModelError
from fsaasr.decode import SearchOptions
from fsaasr.decode.feature_decoder import FeatureDecoder, FrameDecoder
from fsaasr.decode.fusion import ALONE, Fusion
from fsaasr.features import FeatureBatch
from fsaasr.graph import Graph, TokenGraph
from fsaasr.lattice import ScoredPaths
from fsaasr.models import AcousticModel
from fsaasr.recipe.scales import Scales
from fsaasr.recipe.word_scores import NO_WORD_SCORES, WordScores

TokenSearch = Callable[[Any, TokenGraph, FeatureBatch, SearchOptions, Fusion, WordScores], Iterator[ScoredPaths]]
"""Model, graph, features, options, language models and what words add to each utterance's lattice, in order."""


def _attention(
    model: Any, graph: TokenGraph, features: FeatureBatch, options: SearchOptions, fusion: Fusion, words: WordScores
) -> Iterator[ScoredPaths]:
    from fsaasr.decode.attention.lattices import attention_lattices

    attention, scale = options.attention, options.acoustic_scale
    return attention_lattices(model, graph, features, attention, scale, fusion, lm=words.lm, hotwords=words.hotwords)


def _transducer(
    model: Any, graph: TokenGraph, features: FeatureBatch, options: SearchOptions, fusion: Fusion, words: WordScores
) -> Iterator[ScoredPaths]:
    from fsaasr.decode.transducer.lattices import transducer_lattices

    return transducer_lattices(model, graph, features, options, fusion, lm=words.lm, hotwords=words.hotwords)


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
    return as_token_graph(model, graph) if says_tokens(model.family) else graph.expand()


def as_token_graph(model: AcousticModel, graph: Graph) -> TokenGraph:
    """The graph of a model that says tokens; raises ModelError where it is a DecodingGraph."""
    if not isinstance(graph, TokenGraph):
        raise ModelError(
            f"a graph of family {model.family!r} is a TokenGraph, found a DecodingGraph; make it with "
            "`fsaasr graph --model` or with --no-expand"
        )
    return graph


def token_lattices(
    model: AcousticModel,
    graph: Graph,
    features: FeatureBatch,
    options: SearchOptions,
    fusion: Fusion = ALONE,
    words: WordScores = NO_WORD_SCORES,
) -> Iterator[ScoredPaths]:
    """Searches with a model of a family that says tokens; a lattice for each utterance, in order.

    Raises:
      ModelError: as `searchable`.
    """
    return TOKEN_SEARCHES[model.family](model, as_token_graph(model, graph), features, options, fusion, words)


def options_at(options: SearchOptions, scales: Scales) -> SearchOptions:
    """The options with the scales that a search has to know."""
    attention = options.attention
    if scales.ctc_weight is not None:
        attention = replace(attention, ctc_weight=scales.ctc_weight)
    return replace(options, acoustic_scale=scales.acoustic_scale, attention=attention)


def feature_decoder(
    model: AcousticModel,
    graph: Graph,
    options: SearchOptions,
    fusion: Fusion = ALONE,
    *,
    utterance: str = "utt0",
    words: WordScores = NO_WORD_SCORES,
) -> FeatureDecoder:
    """The search of one utterance while its features come in.

    Raises:
      ModelError: a model that needs whole utterances; says what to train instead. A fusion that it has no use for.
      ConfigError: an engine that does not stream.
    """
    beside: Any = {"utterance": utterance, "lm": words.lm, "hotwords": words.hotwords}
    if model.family == "attention":
        raise ModelError(
            f"feature_decoder: utterance {utterance!r}: a model of family 'attention' looks at the whole utterance for "
            "each token; train one of family ctc or transducer to stream, or search at the end (buffered)"
        )
    if model.family == "transducer":
        from fsaasr.decode.transducer.streaming import TransducerDecoder

        found: Any = model
        return TransducerDecoder(found, as_token_graph(model, graph), options, fusion=fusion, **beside)
    check_alone(model, fusion)
    return FrameDecoder(model, graph, options, **beside)


def check_alone(model: AcousticModel, fusion: Fusion) -> None:
    """Raises ModelError for a fusion beside a model of frames."""
    if fusion:
        raise ModelError(f"searched: a fusion joins models that say tokens, found family {model.family!r}; rescore")
