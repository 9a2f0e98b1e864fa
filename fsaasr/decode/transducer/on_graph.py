"""A transducer and a graph in, lattices out."""

from __future__ import annotations

from typing import List, Optional, Sequence

from torch import Tensor

from fsaasr.core.errors import DecodeError, GraphError
from fsaasr.core.scores import Seconds
from fsaasr.decode.fusion import ALONE, Fusion
from fsaasr.decode.on_the_fly import HotwordsOfEach, OnTheFlyLm
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.said_words import said_of_each
from fsaasr.decode.transducer.asking import answer
from fsaasr.decode.transducer.contexts import Contexts
from fsaasr.decode.transducer.fused import FusedModel
from fsaasr.decode.transducer.graph_search import GraphSearch
from fsaasr.decode.transducer.graph_steps import GraphSteps
from fsaasr.decode.transducer.joint import JointModel
from fsaasr.graph import TokenGraph
from fsaasr.lattice.lattice import Lattice

DEFAULTS = SearchOptions()


def search_on_graph(
    model: JointModel,
    graph: TokenGraph,
    encoded: Sequence[Tensor],
    ids: Sequence[str],
    frame_shift: Seconds,
    options: SearchOptions = DEFAULTS,
    topology: str = "regular",
    fusion: Fusion = ALONE,
    *,
    lm: Optional[OnTheFlyLm] = None,
    hotwords: HotwordsOfEach = None,
) -> List[Lattice]:
    """Searches N utterances within a graph; each gets the same as when it is searched alone.

    Every hypothesis is a token history with all graph states that its tokens lead to, so that only words of the
    lexicon appear and the grammar's scores join in frame by frame. No frame holds two tokens, whatever the topology.

    Args:
      model: predictor and joiner.
      graph: lexicon and grammar over the model's tokens; its topology does not matter.
      encoded: N (T_n, J). ids: N. frame_shift: seconds a vector.
      options: beams, limits, acoustic scale; the engine and `blank_threshold` are not looked at.
      topology: of the model: in `regular` a token's score includes that of the blank behind it.
      fusion: language models of tokens, without an internal one that is still to be made; histories that they tell
        apart are kept apart, and their scores are among the lattice's acoustic ones.
      lm, hotwords: as `fsaasr.decode.decode`; what they add is in the lattices' graph scores.

    Raises:
      GraphError: a graph of other tokens, malformed, or with a cycle of input epsilons.
      GrammarError: words that the LM or the graph lacks.
      DecodeError: an utterance without frames, or, without `allow_partial`, one that reached no final state.
    """
    if len(graph.tokens) != model.num_columns:
        raise GraphError(
            f"search_on_graph: a graph of {len(graph.tokens) - 1} tokens for a model of {model.num_columns - 1}; "
            "compile it with the model's tokens"
        )
    fused = FusedModel(model, fusion, options.acoustic_scale) if fusion else None
    asked: JointModel = model if fused is None else fused
    contexts, steps = Contexts(asked), GraphSteps(graph)
    said = said_of_each(graph, lm, hotwords, len(encoded))
    searches = [GraphSearch(contexts, steps, options, topology, fused, own) for own in said]
    answer(asked, contexts, encoded, [search.advance(len(rows)) for search, rows in zip(searches, encoded)])
    lattices = [search.lattice(name, frame_shift) for search, name in zip(searches, ids)]
    partial = [lattice.utterance for lattice in lattices if not lattice.reached_final]
    if partial and not options.allow_partial:
        raise DecodeError(
            f"search_on_graph: no path of utterance {partial[0]!r} reached a final state ({len(partial)} of "
            f"{len(lattices)} utterances); search wider, or set allow_partial=True"
        )
    return lattices
