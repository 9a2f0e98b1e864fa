"""Graph files of any kind."""

from __future__ import annotations

from typing import Union

from fsaasr.core.errors import FileFormatError
from fsaasr.core.files import PathLike
from fsaasr.graph import decoding_graph, token_graph
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.graph_file import map_graph_file
from fsaasr.graph.slots import SlotGraph, slot_graph
from fsaasr.graph.token_graph import TokenGraph

Graph = Union[DecodingGraph, TokenGraph]
"""What a search can go through: with the topology spelled out, or apart."""


def load_graph(path: PathLike) -> Graph:
    """Maps a saved graph of whichever kind; `load_graph(path).expand()` is a DecodingGraph in any case.

    Raises:
      FileFormatError: not a graph file, a truncated one, or one of a later version.
    """
    file = map_graph_file(path)
    if file.format == decoding_graph.FORMAT:
        return DecodingGraph.from_file(file)
    if file.format == token_graph.FORMAT:
        return TokenGraph.from_file(file)
    if file.format == slot_graph.FORMAT:
        return SlotGraph.from_file(file)
    raise FileFormatError(
        path,
        None,
        f"a graph in format {file.format!r}; expected {decoding_graph.FORMAT}, {token_graph.FORMAT} or "
        f"{slot_graph.FORMAT}; update fsaasr",
    )
