"""An attention model and a graph in, word lattices out: what recipes and other callers ask."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, List, Optional

import numpy as np

from fsaasr.decode.attention.hypotheses import TokenHypothesis
from fsaasr.decode.attention.options import BeamOptions
from fsaasr.decode.attention.search import Side, search_tokens
from fsaasr.decode.attention.times import attention_times, ctc_times
from fsaasr.decode.fusion import ALONE, Fusion
from fsaasr.decode.graph_constraint import GraphConstraint
from fsaasr.decode.on_the_fly import HotwordsOfEach, OnTheFlyLm
from fsaasr.decode.said_words import SaidWords, said_of_each
from fsaasr.decode.token_lattice import APPROXIMATE_TIMES, TimedPath, nbest_lattice
from fsaasr.features import FeatureBatch
from fsaasr.graph import TokenGraph
from fsaasr.lattice.word_lattice import WordLattice
from fsaasr.models.attention_model import AttentionModel, Encoded

BATCH = 8
"""Utterances that are searched at once."""
DEFAULTS = BeamOptions()


def attention_lattices(
    model: AttentionModel,
    graph: TokenGraph,
    features: FeatureBatch,
    options: BeamOptions = DEFAULTS,
    acoustic_scale: float = 1.0,
    fusion: Fusion = ALONE,
    *,
    lm: Optional[OnTheFlyLm] = None,
    hotwords: HotwordsOfEach = None,
) -> Iterator[WordLattice]:
    """Searches utterances within a graph, token by token.

    Args:
      model: encoder and decoder.
      graph: lexicon and grammar over the model's tokens; its topology does not matter.
      features: of the utterances.
      options: beam and weights. Without a CTC layer, a `ctc_weight` counts as 0.
      acoustic_scale: factor of the model's scores against the graph's, > 0.
      fusion: language models of tokens; their scores are among the lattice's acoustic ones.
      lm, hotwords: as `fsaasr.decode.decode`; what they add is in the lattice's graph scores.

    Yields:
      A lattice of the best hypotheses of each utterance, in order; its scores have the acoustic scale applied. Word
      times are those of CTC's best alignment; without a CTC layer they are read off the attention, which the flag
      APPROXIMATE_TIMES says. `reached_final` is False where no hypothesis ended.

    Raises:
      ModelError, DecodeError, GraphError: features, graph or options that do not fit.
    """
    if model.network.ctc is None:
        options = replace(options, ctc_weight=0.0)
    said = said_of_each(graph, lm, hotwords, len(features))
    # What a graph's constraint has looked up serves all utterances with the same words.
    constraints = {own: GraphConstraint(graph, said=own) for own in said}
    sides = [Side(constraints[own], fusion, acoustic_scale) for own in said]
    for start in range(0, len(features), BATCH):
        part = slice(start, start + BATCH)
        encoded, names = model.encode(features.select(features.ids[part]))
        each = search_tokens(model.network, encoded, options, sides[part])
        for name, utterance, found, own in zip(names, encoded, each, said[part]):
            yield _lattice(model, graph, name, utterance, found, own)


def _lattice(
    model: AttentionModel,
    graph: TokenGraph,
    name: str,
    encoded: Encoded,
    found: List[TokenHypothesis],
    said: Optional[SaidWords],
) -> WordLattice:
    timed = [_timed(encoded, hypothesis) for hypothesis in found]
    flags = () if encoded.ctc is not None else (APPROXIMATE_TIMES,)
    return nbest_lattice(graph, timed, name, int(encoded.lengths[0]), model.frame_shift, flags, said)


def _timed(encoded: Encoded, hypothesis: TokenHypothesis) -> TimedPath:
    starts, ends = attention_times(hypothesis.weights)
    if encoded.ctc is not None and len(hypothesis.tokens):
        aligned, limits = ctc_times(encoded.ctc[0].cpu().numpy(), hypothesis.tokens)
        if aligned[0] >= 0:
            starts, ends = aligned, limits
    arcs = np.zeros(0, dtype=np.int32) if hypothesis.arcs is None else hypothesis.arcs
    return TimedPath(arcs, starts, ends, hypothesis.token_scores, hypothesis.ended)
