import shutil
import xml.etree.ElementTree as ET

import pytest

from fsaasr.core.errors import GraphError
from fsaasr.graph import compile_graph, compile_token_graph, draw_dot, draw_svg, word_loop, write_drawing
from fsaasr.graph import draw as module
from fsaasr.lexicon import Lexicon

LEXICON = Lexicon.from_text("hi h i\nho h o\n")
GRAPH = compile_graph(LEXICON, word_loop(LEXICON.words), "ctc")


def test_dot_source_has_every_state_and_arc():
    source = draw_dot(GRAPH).source
    assert source.count("->") == GRAPH.fst.num_arcs
    assert source.count("doublecircle") == int((GRAPH.fst.final_score > -1e9).sum())
    assert ":ho/" in source


def test_a_token_graph_is_drawn_with_its_tokens():
    graph = compile_token_graph(LEXICON, word_loop(LEXICON.words), "hmm3")
    source = draw_dot(graph).source
    assert source.count("->") == graph.fst.num_arcs
    assert "h.1" not in source
    assert 'label="i:hi' in source or 'label="h:hi' in source


@pytest.mark.parametrize("installed", [False, True])
def test_svg_is_well_formed_with_and_without_dot(monkeypatch, installed):
    if not installed:
        monkeypatch.setattr(module.shutil, "which", lambda name: None)
    elif shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed")
    root = ET.fromstring(draw_svg(GRAPH))
    text = " ".join(root.itertext())
    assert root.tag.endswith("svg")
    for state in range(GRAPH.fst.num_states):
        assert str(state) in text


def test_file(tmp_path):
    write_drawing(GRAPH, tmp_path / "g.svg")
    assert ET.parse(tmp_path / "g.svg").getroot().tag.endswith("svg")


def test_large_graphs_are_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_STATES", 3)
    with pytest.raises(GraphError, match="expected at most 3"):
        draw_svg(GRAPH)
