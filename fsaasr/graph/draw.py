"""Small graphs as pictures: Graphviz lays them out where `dot` is installed, plain SVG otherwise."""

from __future__ import annotations

import html
import re
import shutil
from typing import Dict, List, Tuple

import graphviz
import numpy as np

from fsaasr.core.errors import GraphError
from fsaasr.core.files import PathLike, write_text
from fsaasr.graph.decoding_graph import WORD_START, DecodingGraph
from fsaasr.graph.load import Graph
from fsaasr.graph.token_graph import TokenGraph

MAX_STATES = 400
"""Above this a drawing is no longer readable."""

_COLUMN, _ROW, _RADIUS = 110, 64, 13


def draw_dot(graph: Graph) -> graphviz.Digraph:
    """Graphviz source: states as circles, arcs as `column:word/score`; bold where a word begins.

    The arcs of a TokenGraph have tokens for columns.

    Raises:
      GraphError: more than MAX_STATES states.
    """
    graph = _with_columns(graph)
    dot = graphviz.Digraph(graph_attr={"rankdir": "LR", "bgcolor": "transparent"}, node_attr={"shape": "circle"})
    for state in range(graph.fst.num_states):
        final = float(graph.fst.final_score[state])
        is_final = final > -np.inf
        dot.node(
            str(state),
            f"{state}/{final:.2g}" if is_final and final else str(state),
            shape="doublecircle" if is_final else "circle",
            style="bold" if state == graph.fst.start else "",
        )
    for arc, source in enumerate(graph.fst.source_state.tolist()):
        style = "bold" if _begins_word(graph, arc) else ""
        dot.edge(str(source), str(graph.fst.next_state[arc]), label=_label(graph, arc), style=style)
    return dot


def draw_svg(graph: Graph) -> str:
    """The graph as an SVG element, without a header, ready to stand in HTML.

    Raises:
      GraphError: more than MAX_STATES states.
    """
    dot = draw_dot(graph)
    if shutil.which("dot") is None:
        return _plain_svg(_with_columns(graph))
    svg = dot.pipe(format="svg", encoding="utf-8")
    svg = svg[svg.index("<svg") :]
    return re.sub(r'(fill|stroke)="black"', r'\1="currentColor"', svg).replace("<text ", '<text fill="currentColor" ')


def write_drawing(graph: Graph, path: PathLike) -> None:
    """Writes an SVG file, atomically."""
    write_text(path, '<?xml version="1.0" encoding="UTF-8"?>\n' + draw_svg(graph))


def _with_columns(graph: Graph) -> DecodingGraph:
    if graph.fst.num_states > MAX_STATES:
        raise GraphError(
            f"draw: {graph.fst.num_states} states, expected at most {MAX_STATES}; draw a toy lexicon or grammar instead"
        )
    return graph.over_tokens() if isinstance(graph, TokenGraph) else graph


def _begins_word(graph: DecodingGraph, arc: int) -> bool:
    return graph.arc_flags is not None and bool(graph.arc_flags[arc] & WORD_START)


def _label(graph: DecodingGraph, arc: int) -> str:
    label = int(graph.fst.input_label[arc])
    column = graph.column_names[label - 1] if label else "ε"
    word = int(graph.fst.output_label[arc])
    score = float(graph.fst.score[arc])
    text = f"{column}:{graph.words.name(word)}" if word else column
    return f"{text}/{score:.2f}" if abs(score) >= 0.005 else text


def _plain_svg(graph: DecodingGraph) -> str:
    """States in columns by their distance from the start, arcs as curves."""
    places = _places(graph)
    width = max(x for x, _ in places.values()) + _COLUMN
    height = max(y for _, y in places.values()) + _ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11" fill="none" stroke="currentColor">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>',
    ]
    parts += _curves(graph, places)
    for state, (x, y) in places.items():
        parts.append(f'<circle cx="{x}" cy="{y}" r="{_RADIUS}" stroke-width="{2 if state == graph.fst.start else 1}"/>')
        if graph.fst.final_score[state] > -np.inf:
            parts.append(f'<circle cx="{x}" cy="{y}" r="{_RADIUS - 3}"/>')
        parts.append(_text(x, y + 4, str(state)))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _places(graph: DecodingGraph) -> Dict[int, Tuple[int, int]]:
    depth = {graph.fst.start: 0}
    queue: List[int] = [graph.fst.start]
    for state in queue:
        for target in graph.fst.next_state[graph.fst.arc_offsets[state] : graph.fst.arc_offsets[state + 1]].tolist():
            if target not in depth:
                depth[target] = depth[state] + 1
                queue.append(target)
    rows: Dict[int, int] = {}
    places = {}
    for state in queue:
        row = rows.get(depth[state], 0)
        rows[depth[state]] = row + 1
        places[state] = (_COLUMN // 2 + depth[state] * _COLUMN, _ROW + row * _ROW)
    return places


def _curves(graph: DecodingGraph, places: Dict[int, Tuple[int, int]]) -> List[str]:
    """One curve for each pair of states, labelled with all its arcs."""
    labels: Dict[Tuple[int, int], List[str]] = {}
    for arc, source in enumerate(graph.fst.source_state.tolist()):
        if source in places:
            labels.setdefault((source, int(graph.fst.next_state[arc])), []).append(_label(graph, arc))
    parts = []
    for (source, target), names in labels.items():
        (x1, y1), (x2, y2) = places[source], places[target]
        text = names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"
        if source == target:
            path = f"M{x1 - 7} {y1 - 11}C{x1 - 16} {y1 - 38} {x1 + 16} {y1 - 38} {x1 + 7} {y1 - 11}"
            label_at = (x1, y1 - 36)
        else:
            bend = 14 if target > source else -30
            middle = ((x1 + x2) // 2, (y1 + y2) // 2 - bend)
            side = _RADIUS if x2 > x1 else -_RADIUS if x2 < x1 else 0
            path = f"M{x1 + side} {y1}Q{middle[0]} {middle[1]} {x2 - side} {y2}"
            label_at = (middle[0], middle[1] + 4)
        parts.append(f'<path d="{path}" marker-end="url(#tip)" opacity="0.6"/>')
        parts.append(_text(*label_at, text))
    return parts


def _text(x: int, y: int, text: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="middle" stroke="none" fill="currentColor">{html.escape(text)}</text>'
