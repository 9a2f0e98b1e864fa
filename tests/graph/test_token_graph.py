"""Token graphs: what they hold, that they expand to the compiled graph, and their files."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import FileFormatError, GraphError
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import (
    NON_WORD,
    TOKEN_START,
    TOPOLOGIES,
    WORD_START,
    DecodingGraph,
    Graph,
    TokenGraph,
    compile_graph,
    compile_token_graph,
    load_graph,
    moves,
    parse_topology,
    word_loop,
)
from fsaasr.lexicon import Lexicon, OptionalSilence

TEXT = "hi h i\nhigh h i\nho h o\nhiho h i h o\n"
PLAIN = Lexicon.from_text(TEXT)
SILENT = Lexicon.from_text(TEXT, silence=OptionalSilence())
BIGRAM = estimate_ngram([["hi", "ho"], ["ho"], ["high", "hiho", "ho"]], 2)
SKIP = parse_topology("skip", "start o\nfinal o p.t\no p.t t.1:t\np.t p.t t.1\np.t o t.2\no o <blk>\np.t p.u u.1:u\n")


def half_transitions(topology: str, lexicon: Lexicon) -> np.ndarray | None:
    declared = TOPOLOGIES[topology]
    return moves(declared, lexicon.tokens).uniform() if declared.has_transitions else None


@pytest.fixture
def graph() -> TokenGraph:
    return compile_token_graph(SILENT, BIGRAM, "hmm3", transitions=half_transitions("hmm3", SILENT))


def sentences(graph: TokenGraph, max_tokens: int) -> dict[tuple[tuple[str, ...], tuple[str, ...]], float]:
    """Best score of every (tokens, words) of up to `max_tokens` tokens; the flags cut the tokens into words."""
    fst, found = graph.fst, {}

    def walk(state: int, tokens: tuple[str, ...], words: tuple[str, ...], score: float, empty: int) -> None:
        if fst.final_score[state] > -np.inf:
            key = (tokens, words)
            found[key] = max(score + float(fst.final_score[state]), found.get(key, -np.inf))
        for arc in range(fst.arc_offsets[state], fst.arc_offsets[state + 1]):
            label, word, flags = int(fst.input_label[arc]), int(fst.output_label[arc]), int(graph.arc_flags[arc])
            said = (*words, graph.words.name(word)) if word else words
            name = graph.tokens.name(label) if label else ""
            mark = "|" if flags & WORD_START else "_" if flags & NON_WORD else ""
            after = score + float(fst.score[arc])
            if label == 0 and empty < 3:
                walk(int(fst.next_state[arc]), tokens, said, after, empty + 1)
            elif label and len(tokens) < max_tokens:
                walk(int(fst.next_state[arc]), (*tokens, mark + name), said, after, 0)

    walk(fst.start, (), (), 0.0, 0)
    return found


def test_arcs_read_tokens_and_flags_say_where_words_begin() -> None:
    found = sentences(compile_token_graph(SILENT, word_loop(SILENT.words), "ctc"), 4)
    assert {words for tokens, words in found if tokens == ("|h", "i")} == {("hi",), ("high",)}
    assert {words for tokens, words in found if tokens == ("|h", "i", "|h", "o")} == {("hi", "ho"), ("high", "ho")}
    assert {words for tokens, words in found if tokens == ("|h", "i", "h", "o")} == {("hiho",)}
    assert (("_SIL", "|h", "o", "_SIL"), ("ho",)) in found
    assert all("".join(tokens).count("|") == len(words) for tokens, words in found)


@pytest.mark.parametrize("lexicon", [PLAIN, SILENT], ids=["plain", "silence"])
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_expanded_is_compiled(lexicon: Lexicon, topology: str) -> None:
    transitions = half_transitions(topology, lexicon)
    token_graph = compile_token_graph(lexicon, BIGRAM, topology, transitions=transitions)
    compiled = compile_graph(lexicon, BIGRAM, topology, transitions=transitions)
    assert token_graph.expand().hash == compiled.hash
    assert token_graph.column_names == compiled.column_names
    assert token_graph.num_columns == compiled.num_columns
    np.testing.assert_array_equal(token_graph.column_token, compiled.column_token)
    token_graph.check()


def test_expanding_changes_nothing_and_adds_its_step(graph: TokenGraph) -> None:
    before, steps = graph.hash, [dict(step) for step in graph.build["steps"]]
    assert graph.expand().hash == graph.expand().hash
    assert replace(graph).hash == before
    assert graph.build["steps"] == steps
    build = graph.expand().build
    assert build["steps"][:-1] == steps
    assert build["steps"][-1]["step"] == "T o LG (hmm3)"
    assert replace(graph, build={}).expand().build["steps"][0]["step"] == "T o LG (hmm3)"
    assert graph.expand().expand().hash == graph.expand().hash


def test_epsilons_come_first_then_kinds_of_flags_by_token(graph: TokenGraph) -> None:
    order = {0: 0, TOKEN_START: 1, TOKEN_START | WORD_START: 2, TOKEN_START | NON_WORD: 3}
    for begin, end in zip(graph.fst.arc_offsets, graph.fst.arc_offsets[1:]):
        keys = [(order[int(graph.arc_flags[a])], int(graph.fst.input_label[a])) for a in range(begin, end)]
        assert keys == sorted(keys)
        read = [key for key in keys if key[1]]
        assert len(set(read)) == len(read)


def test_saved_graph_is_mapped_and_equal(graph: TokenGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "lg.graph")
    loaded = TokenGraph.load(tmp_path / "lg.graph")
    assert loaded.hash == graph.hash
    assert (loaded.words, loaded.tokens, loaded.topology) == (graph.words, graph.tokens, graph.topology)
    assert loaded.build == graph.build
    assert loaded.expand().hash == graph.expand().hash
    for array in (loaded.fst.score, loaded.arc_flags, loaded.transitions):
        assert not array.flags.writeable
        assert not array.flags.owndata


def test_a_topology_of_ones_own_is_saved_with_the_graph(tmp_path: Path) -> None:
    graph = compile_token_graph(PLAIN, BIGRAM, SKIP)
    graph.save(tmp_path / "lg.graph")
    loaded = TokenGraph.load(tmp_path / "lg.graph")
    assert loaded.topology == SKIP
    assert loaded.expand().hash == compile_graph(PLAIN, BIGRAM, SKIP).hash


@pytest.mark.parametrize("topology", [*TOPOLOGIES.values(), SKIP], ids=lambda topology: topology.name)
def test_topology_text_round_trip(topology) -> None:
    assert parse_topology(topology.name, topology.to_text()) == topology


def test_load_graph_takes_both_kinds(graph: TokenGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "lg.graph")
    graph.expand().save(tmp_path / "tlg.graph")
    loaded: list[Graph] = [load_graph(tmp_path / "lg.graph"), load_graph(tmp_path / "tlg.graph")]
    assert [type(one) for one in loaded] == [TokenGraph, DecodingGraph]
    assert [one.hash for one in loaded] == [graph.hash, graph.expand().hash]
    assert loaded[0].expand().hash == loaded[1].expand().hash


def test_the_wrong_kind_is_refused(graph: TokenGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "lg.graph")
    graph.expand().save(tmp_path / "tlg.graph")
    with pytest.raises(FileFormatError, match=r"TokenGraph.*load_graph"):
        DecodingGraph.load(tmp_path / "lg.graph")
    with pytest.raises(FileFormatError, match=r"DecodingGraph.*load_graph"):
        TokenGraph.load(tmp_path / "tlg.graph")


def test_later_formats_and_missing_entries_are_refused(graph: TokenGraph, tmp_path: Path) -> None:
    path = tmp_path / "lg.graph"
    graph.save(path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"TokenGraph.1", b"TokenGraph.7"))
    with pytest.raises(FileFormatError, match=r"TokenGraph\.7.*update fsaasr"):
        load_graph(path)
    path.write_bytes(data.replace(b'\\"declaration\\"', b'\\"declamation\\"'))
    with pytest.raises(FileFormatError, match="'declaration' is missing"):
        load_graph(path)
    path.write_bytes(data.replace(b'"arc_flags"', b'"arc_flogs"'))
    with pytest.raises(FileFormatError, match="'arc_flags' is missing"):
        load_graph(path)
    path.write_bytes(data[:-8])
    with pytest.raises(FileFormatError, match="cut off"):
        load_graph(path)
    path.write_bytes(json.dumps({"graph": 1}).encode() * 9)
    with pytest.raises(FileFormatError, match="not a graph file"):
        load_graph(path)


def test_hash_depends_on_every_part(graph: TokenGraph) -> None:
    hashes = {graph.hash}
    for name in ("next_state", "input_label", "output_label", "score"):
        array = getattr(graph.fst, name).copy()
        array[0] += 1
        hashes.add(replace(graph, fst=replace(graph.fst, **{name: array})).hash)
    hashes.add(replace(graph, arc_flags=graph.arc_flags ^ 1).hash)
    hashes.add(replace(graph, transitions=None).hash)
    hashes.add(replace(graph, topology=replace(graph.topology, name="other")).hash)
    hashes.add(replace(graph, topology=TOPOLOGIES["hmm1"], transitions=None).hash)
    assert len(hashes) == 9
    assert replace(graph, build={}).hash == graph.hash


def test_check_names_what_does_not_fit(graph: TokenGraph) -> None:
    flags = graph.arc_flags.copy()
    flags[3] = 2
    with pytest.raises(GraphError, match=r"arc 3 with input label \d has flags 2"):
        replace(graph, arc_flags=flags).check()
    labels = graph.fst.input_label.copy()
    labels[2] = len(graph.tokens)
    with pytest.raises(GraphError, match="input_label of arc 2"):
        replace(graph, fst=replace(graph.fst, input_label=labels)).check()
    with pytest.raises(GraphError, match="beyond the"):
        replace(graph, words=PLAIN.tokens).check()
    with pytest.raises(GraphError, match="arc flags"):
        replace(graph, arc_flags=flags[:2])
    with pytest.raises(GraphError, match="transitions"):
        replace(graph, topology=TOPOLOGIES["ctc"])


def test_bad_transitions_and_topologies_are_refused_before_any_work() -> None:
    with pytest.raises(GraphError, match="transitions"):
        compile_token_graph(PLAIN, BIGRAM, "ctc", transitions=np.zeros((4, 2), dtype=np.float32))
    with pytest.raises(GraphError, match="hmm9"):
        compile_token_graph(PLAIN, BIGRAM, "hmm9")


def facts(graph: Graph) -> tuple[str, int, bool]:
    """What a worker process sees of a graph."""
    return graph.hash, id(graph), graph.fst.score.flags.owndata


def test_a_loaded_graph_travels_to_other_processes_as_its_path(graph: TokenGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "lg.graph")
    graph.expand().save(tmp_path / "tlg.graph")
    loaded = [load_graph(tmp_path / "lg.graph"), load_graph(tmp_path / "tlg.graph")]
    assert all(len(pickle.dumps(one)) < 1000 for one in loaded)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        seen = list(pool.map(facts, [*loaded, *loaded, graph]))
    assert [s[0] for s in seen] == [loaded[0].hash, loaded[1].hash, loaded[0].hash, loaded[1].hash, graph.hash]
    # A process maps a file once; a graph that was never in a file came with its arrays.
    assert seen[:2] == seen[2:4]
    assert [s[2] for s in seen] == [False] * 4 + [True]


def test_a_graph_whose_file_changed_travels_with_its_arrays(graph: TokenGraph, tmp_path: Path) -> None:
    path = tmp_path / "lg.graph"
    graph.save(path)
    loaded = TokenGraph.load(path)
    sent = pickle.dumps(loaded)
    compile_token_graph(PLAIN, BIGRAM, "ctc").save(path)
    assert pickle.loads(pickle.dumps(loaded)).hash == graph.hash
    with pytest.raises(FileFormatError, match="changed since"):
        pickle.loads(sent)
    path.unlink()
    assert pickle.loads(pickle.dumps(loaded)).hash == graph.hash


def test_a_changed_copy_of_a_loaded_graph_is_not_its_file(graph: TokenGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "lg.graph")
    copy = replace(TokenGraph.load(tmp_path / "lg.graph"), topology=replace(graph.topology, name="mine"))
    assert pickle.loads(pickle.dumps(copy)).topology.name == "mine"
