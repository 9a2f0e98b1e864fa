"""A transducer, a graph and features in, lattices out: what recipes and other callers ask."""

from __future__ import annotations

from typing import Iterator, Optional

import torch

from fsaasr.core.errors import ConfigError
from fsaasr.decode.fusion import ALONE, Fusion
from fsaasr.decode.on_the_fly import HotwordsOfEach, OnTheFlyLm, hotwords_of_each
from fsaasr.decode.options import DEFAULTS, SearchOptions
from fsaasr.decode.transducer.internal_lm import InternalTokenLm
from fsaasr.decode.transducer.on_graph import search_on_graph
from fsaasr.features import FeatureBatch
from fsaasr.graph import TokenGraph
from fsaasr.lattice.lattice import Lattice
from fsaasr.models.transducer import TransducerModel

BATCH = 32
"""Utterances that are searched at once."""


def transducer_lattices(
    model: TransducerModel,
    graph: TokenGraph,
    features: FeatureBatch,
    options: SearchOptions = DEFAULTS,
    fusion: Fusion = ALONE,
    *,
    lm: Optional[OnTheFlyLm] = None,
    hotwords: HotwordsOfEach = None,
) -> Iterator[Lattice]:
    """Searches utterances within a graph; arguments, results and errors as `search_on_graph`, one by one, in order.

    An internal language model that `fusion` asks for is made here.
    """
    fusion, each = with_internal_lm(model, fusion), hotwords_of_each(hotwords, len(features))
    for start in range(0, len(features), BATCH):
        part = features.select(features.ids[start : start + BATCH])
        encoded = [torch.from_numpy(rows) for rows in model.encoded(part)]
        yield from search_on_graph(
            model.network,
            graph,
            encoded,
            part.ids,
            model.frame_shift,
            options,
            model.config.topology,
            fusion,
            lm=lm,
            hotwords=each[start : start + BATCH],
        )


def with_internal_lm(model: TransducerModel, fusion: Fusion) -> Fusion:
    """The fusion with the transducer's internal language model, if it asks for one.

    Raises:
      ConfigError: another estimate than `zero`: its histories are shared by the utterances of a batch.
    """

    def make(estimate: str) -> InternalTokenLm:
        if estimate != "zero":
            raise ConfigError(f"transducer: internal language model {estimate!r}; expected zero")
        return InternalTokenLm(model.network, model.network.silent_side)

    return fusion.with_internal(make)
