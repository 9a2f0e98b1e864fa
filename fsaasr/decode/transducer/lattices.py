"""A transducer, a graph and features in, lattices out: what recipes and other callers ask."""

from __future__ import annotations

from typing import Iterator

import torch

from fsaasr.decode.options import DEFAULTS, SearchOptions
from fsaasr.decode.transducer.on_graph import search_on_graph
from fsaasr.features import FeatureBatch
from fsaasr.graph import TokenGraph
from fsaasr.lattice.lattice import Lattice
from fsaasr.models.transducer import TransducerModel

BATCH = 32
"""Utterances that are searched at once."""


def transducer_lattices(
    model: TransducerModel, graph: TokenGraph, features: FeatureBatch, options: SearchOptions = DEFAULTS
) -> Iterator[Lattice]:
    """Searches utterances within a graph; arguments, results and errors as `search_on_graph`, one by one, in order."""
    for start in range(0, len(features), BATCH):
        part = features.select(features.ids[start : start + BATCH])
        encoded = [torch.from_numpy(rows) for rows in model.encoded(part)]
        yield from search_on_graph(
            model.network, graph, encoded, part.ids, model.frame_shift, options, model.config.topology
        )
