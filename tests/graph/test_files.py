"""Graphs in files: the mapped binary form, text, cache, and the committed golden graphs."""

import runpy

import numpy as np
import pynini
import pytest

from fsaasr.core.errors import FileFormatError, GraphError
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import (
    DecodingGraph,
    compile_cached,
    compile_graph,
    graph_from_text,
    graph_key,
    graph_to_text,
    to_openfst,
    word_loop,
)
from fsaasr.lexicon import Lexicon, OptionalSilence
from tests.conftest import ROOT

LEXICON = Lexicon.from_text("hi h i\nho h o\n", silence=OptionalSilence())
GOLDEN = runpy.run_path(str(ROOT / "graphs/regenerate.py"))["all_graphs"]()


@pytest.fixture
def graph():
    return compile_graph(LEXICON, estimate_ngram([["hi", "ho"], ["ho"]], 2), "hmm3")


def test_saved_graph_is_mapped_and_equal(graph, tmp_path):
    graph.save(tmp_path / "g.graph")
    loaded = DecodingGraph.load(tmp_path / "g.graph")
    assert loaded.hash == graph.hash
    assert (loaded.words, loaded.tokens, loaded.topology) == (graph.words, graph.tokens, graph.topology)
    assert loaded.build == graph.build
    assert not loaded.fst.score.flags.writeable
    assert not loaded.fst.score.flags.owndata


def test_hash_depends_on_every_array(graph):
    from dataclasses import replace

    hashes = {graph.hash}
    for name in ("next_state", "input_label", "output_label", "score"):
        array = getattr(graph.fst, name).copy()
        array[0] += 1
        hashes.add(replace(graph, fst=replace(graph.fst, **{name: array})).hash)
    hashes.add(replace(graph, arc_flags=None).hash)
    hashes.add(replace(graph, topology="other").hash)
    assert len(hashes) == 7
    assert replace(graph, build={}).hash == graph.hash


@pytest.mark.parametrize("keep", [3, 100, -50])
def test_truncated_file(graph, tmp_path, keep):
    graph.save(tmp_path / "g.graph")
    data = (tmp_path / "g.graph").read_bytes()
    (tmp_path / "cut.graph").write_bytes(data[:keep])
    with pytest.raises(FileFormatError, match=r"cut\.graph"):
        DecodingGraph.load(tmp_path / "cut.graph")


def test_foreign_file(tmp_path):
    (tmp_path / "x.graph").write_bytes(b"not a graph at all, just text" * 9)
    with pytest.raises(FileFormatError, match="not a graph file"):
        DecodingGraph.load(tmp_path / "x.graph")


def test_text_round_trip(graph):
    assert graph_from_text(graph_to_text(graph)).hash == graph.hash


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 1 zz <eps> 0 -", "zz"),
        ("0 1 <eps>", "found 3 fields"),
        ("0 x", "invalid literal|could not"),
        ("0 1 <eps> <eps> 0 q", "found|substring|index"),
    ],
)
def test_malformed_text_line(graph, line, message):
    with pytest.raises(FileFormatError, match=message) as error:
        graph_from_text(graph_to_text(graph) + line + "\n", "g.txt")
    assert error.value.path == "g.txt"
    assert error.value.line == len(graph_to_text(graph).splitlines()) + 1


def test_text_without_head():
    with pytest.raises(FileFormatError, match="no line begins with `columns`"):
        graph_from_text("topology ctc\n0 0\n")


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_graphs(name, root):
    committed = graph_from_text((root / f"graphs/{name}.txt").read_text())
    built = GOLDEN[name]
    assert (committed.words, committed.tokens, committed.column_names) == (
        built.words,
        built.tokens,
        built.column_names,
    )
    assert committed.column_token.tolist() == built.column_token.tolist()
    # Rounding may differ by machine; weights are quantized well above that.
    assert pynini.isomorphic(to_openfst(committed.fst), to_openfst(built.fst), delta=1e-3)


def test_cache_hits_and_misses(tmp_path):
    loop = word_loop(LEXICON.words)
    first = compile_cached(tmp_path, LEXICON, loop, "ctc")
    again = compile_cached(tmp_path, LEXICON, loop, "ctc")
    assert first.hash == again.hash
    assert len(list(tmp_path.iterdir())) == 1
    compile_cached(tmp_path, LEXICON, loop, "hmm1")
    compile_cached(tmp_path, LEXICON, word_loop(LEXICON.words, [-1.0, -2.0]), "ctc")
    assert len(list(tmp_path.iterdir())) == 3


def test_cache_key_depends_on_every_input():
    loop = word_loop(LEXICON.words)
    stay = np.log(np.full((12, 2), 0.5, dtype=np.float32))
    keys = {
        graph_key(LEXICON, loop, "hmm3"),
        graph_key(LEXICON, loop, "hmm1"),
        graph_key(LEXICON, loop, "hmm3", transitions=stay),
        graph_key(Lexicon(LEXICON.pronunciations), loop, "hmm3"),
        graph_key(Lexicon(LEXICON.pronunciations[:1]), loop, "hmm3"),
        graph_key(LEXICON, estimate_ngram([["hi"]], 1), "hmm3"),
        graph_key(LEXICON, estimate_ngram([["hi"]], 2), "hmm3"),
    }
    assert len(keys) == 7


def test_damaged_cache_file_is_built_anew(tmp_path):
    loop = word_loop(LEXICON.words)
    good = compile_cached(tmp_path, LEXICON, loop, "ctc").hash
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"damaged")
    assert compile_cached(tmp_path, LEXICON, loop, "ctc").hash == good


def test_check_names_what_does_not_fit(graph):
    from dataclasses import replace

    graph.check()
    bad = graph.fst.input_label.copy()
    bad[5] = 99
    with pytest.raises(GraphError, match="input_label of arc 5 is 99"):
        replace(graph, fst=replace(graph.fst, input_label=bad)).check()
    with pytest.raises(GraphError, match="NaN"):
        replace(graph, fst=replace(graph.fst, score=np.full_like(graph.fst.score, np.nan))).check()
    with pytest.raises(GraphError, match="arc flags"):
        replace(graph, arc_flags=np.zeros(1, dtype=np.uint8))
