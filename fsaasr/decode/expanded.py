"""The graph with its topology spelled out, for engines that need it so."""

from __future__ import annotations

import threading
from typing import Union
from weakref import WeakKeyDictionary

from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.token_graph import TokenGraph

_CACHE: WeakKeyDictionary[TokenGraph, DecodingGraph] = WeakKeyDictionary()
_LOCK = threading.Lock()


def expanded(graph: Union[DecodingGraph, TokenGraph]) -> DecodingGraph:
    """`graph`, or what a token graph's `expand` gives: made at its first use and kept as long as the graph lives."""
    if isinstance(graph, DecodingGraph):
        return graph
    with _LOCK:
        spelled = _CACHE.get(graph)
        if spelled is None:
            spelled = _CACHE[graph] = graph.expand()
    return spelled
