"""Kaldi's graphs: whatever OpenFst writes is read exactly; what is damaged is refused."""

import contextlib
import gzip
import struct

import numpy as np
import pynini
import pytest
import pywrapfst
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import FileFormatError, GraphError
from fsaasr.core.scores import Scores
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import SearchOptions, decode
from fsaasr.graph import FstArrays, to_openfst
from fsaasr.graph.foreign import TransitionColumns, read_kaldi_graph, read_openfst_file, read_transitions
from fsaasr.graph.foreign.openfst_file import parse_openfst
from fsaasr.testing import best_and_total, enumerate_paths, random_fst, random_matrix

FIELDS = ("arc_offsets", "next_state", "input_label", "output_label", "score", "final_score")
WIDE = SearchOptions("native", search_beam=1000.0, lattice_beam=1000.0)
WORDS = SymbolTable(["one", "two"])


def same(one, other):
    return one.start == other.start and all(np.array_equal(getattr(one, f), getattr(other, f)) for f in FIELDS)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", ["vector", "const"])
def test_files_are_read_as_openfst_wrote_them(seed, kind, tmp_path):
    fst = random_fst(np.random.default_rng(seed), num_states=1 + seed % 7, num_arcs=seed)
    pywrapfst.convert(to_openfst(fst), kind).write(str(tmp_path / "g.fst"))
    (tmp_path / "g.fst.gz").write_bytes(gzip.compress((tmp_path / "g.fst").read_bytes()))
    assert same(read_openfst_file(tmp_path / "g.fst").fst, fst)
    assert same(read_openfst_file(tmp_path / "g.fst.gz").fst, fst)


@pytest.mark.parametrize("kind", ["vector", "const"])
def test_symbol_tables_in_the_file_are_read(kind, tmp_path):
    fst = random_fst(np.random.default_rng(0))
    named = to_openfst(fst)
    table = pynini.SymbolTable("some name")
    for name in ("<eps>", "a", "b", "c"):
        table.add_symbol(name)
    named.set_input_symbols(table)
    named.set_output_symbols(table)
    pywrapfst.convert(named, kind).write(str(tmp_path / "g.fst"))
    read = read_openfst_file(tmp_path / "g.fst")
    assert same(read.fst, fst)
    for found in (read.input_symbols, read.output_symbols):
        assert (found.name, found.symbols) == ("some name", {0: "<eps>", 1: "a", 2: "b", 3: "c"})


def test_aligned_const_files_and_uncounted_vector_files_are_read(tmp_path):
    fst = random_fst(np.random.default_rng(3), 7, 20)
    data = bytearray(pywrapfst.convert(to_openfst(fst), "const").write_to_string())
    body = 4 + 4 + 5 + 4 + 8 + 40
    struct.pack_into("<i", data, body - 36, 4)  # the flag
    states, arcs = data[body : body + 20 * 7], data[body + 20 * 7 :]
    aligned = data[:body]
    for part in (states, arcs):
        aligned += bytes(-len(aligned) % 16) + part
    assert same(parse_openfst(bytes(aligned), "x").fst, fst)
    data = bytearray(to_openfst(fst).write_to_string())
    struct.pack_into("<q", data, 4 + 4 + 6 + 4 + 8 + 24, -1)  # the number of states
    assert same(parse_openfst(bytes(data), "x").fst, fst)


@settings(max_examples=300)
@given(st.integers(0, 50), st.sampled_from(["vector", "const"]), st.data())
def test_damaged_files_are_refused_or_read_as_something_sound(seed, kind, data):
    fst = random_fst(np.random.default_rng(seed), 5, 9)
    content = bytearray(pywrapfst.convert(to_openfst(fst), kind).write_to_string())
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(FileFormatError):
        parse_openfst(bytes(content[:cut]), "cut.fst")
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from([0, 1, 127, 128, 255]))
    with contextlib.suppress(FileFormatError):
        parse_openfst(bytes(content), "changed.fst").fst.check(2**31 - 2)


@pytest.mark.parametrize(("kind", "place"), [("vector", 50), ("const", 49), ("const", 57)])
def test_huge_counts_allocate_nothing(kind, place):
    data = bytearray(pywrapfst.convert(to_openfst(random_fst(np.random.default_rng(0))), kind).write_to_string())
    struct.pack_into("<q", data, place, 1 << 60)
    with pytest.raises(FileFormatError, match=r"byte [0-9]+: (cut off|1152921504606846976 states announced)"):
        parse_openfst(bytes(data), "x.fst")


def test_other_kinds_are_refused_with_the_remedy(tmp_path):
    log64 = pynini.arcmap(pynini.accep("ab"), map_type="to_log64")
    with pytest.raises(FileFormatError, match=r"arc type 'log64'; convert it with `fstmap"):
        parse_openfst(log64.write_to_string(), "x.fst")
    with pytest.raises(FileFormatError, match="FST type 'ngram'; convert it with `fstconvert"):
        parse_openfst(pynini.accep("a").write_to_string().replace(b"\6\0\0\0vector", b"\5\0\0\0ngram"), "x.fst")
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(40 << 20)))
    with pytest.raises(FileFormatError, match="unpacks to more than"):
        read_openfst_file(tmp_path / "bomb.gz")
    with pytest.raises(FileFormatError, match="cannot be read: No such file"):
        read_openfst_file(tmp_path / "absent.fst")


def write_hclg(path):
    """Phone x (transition-ids 1: self-loop, 2: forward, pdf 1), phone y (3, 4, pdf 0); words: x, or x y."""
    fst = FstArrays.from_arcs(
        [(0, 1, 2, 1, -0.5), (1, 1, 1, 0, -0.25), (1, 2, 4, 2, -1.0), (2, 2, 3, 0, -0.75), (1, 3, 0, 0, -0.125)],
        [(2, -0.5), (3, 0.0)],
    )
    to_openfst(fst).write(str(path))
    return fst


TRANSITIONS = np.array([-1, 1, 1, 0, 0], dtype=np.int32)


def test_transition_ids_become_the_columns_of_their_pdfs(tmp_path):
    fst = write_hclg(tmp_path / "HCLG.fst")
    graph = read_kaldi_graph(tmp_path / "HCLG.fst", WORDS, transitions=TRANSITIONS)
    assert graph.fst.input_label.tolist() == [2, 2, 1, 0, 1]  # 0 -> 1, 1 -> 1, 1 -> 2, 1 -eps-> 3, 2 -> 2
    assert graph.column_names == ("0", "1")
    assert graph.arc_flags is None
    matrix = random_matrix(np.random.default_rng(0), 4, 2)
    (lattice,) = decode(graph, Scores.from_matrices([matrix], frame_shift=0.01), WIDE)
    by_id = best_and_total(enumerate_paths(fst, matrix[:, TRANSITIONS[1:]]))
    assert lattice.best_path().score == by_id.best
    assert lattice.total_score() == pytest.approx(by_id.total)
    with pytest.raises(FileFormatError, match=r"HCLG.fst: input label 4 is beyond the 2 transition-ids"):
        read_kaldi_graph(tmp_path / "HCLG.fst", WORDS, transitions=TRANSITIONS[:3])
    with pytest.raises(FileFormatError, match="output label 2 beyond the 2 words"):
        read_kaldi_graph(tmp_path / "HCLG.fst", SymbolTable(["one"]), transitions=TRANSITIONS)


SHOWN = """Transition-state 1: phone = x hmm-state = 0 pdf = 1
 Transition-id = 1 p = 0.75 [self-loop]
 Transition-id = 2 p = 0.25 [0 -> 1]
Transition-state 2: phone = y hmm-state = 0 forward-pdf = 0 self-loop-pdf = 2
 Transition-id = 3 p = 0.5 count of pdf = 7 [self-loop]
 Transition-id = 4 p = 0.5 [0 -> 1]
Transition-state 3: phone = z hmm-state = 0 pdf = 2
 Transition-id = 5 p = 1 [0 -> 1]
"""


def test_transitions_are_read_from_text(tmp_path):
    (tmp_path / "shown").write_text(SHOWN)
    shown = read_transitions(tmp_path / "shown")
    assert shown.column.tolist() == [0, 1, 1, 2, 0, 2]
    assert [shown.columns.tokens.name(t) for t in shown.columns.token.tolist()] == ["y", "x", "<eps>"]
    (tmp_path / "ints").write_text("[ -1 1 1\n0 0 ]\n")
    assert read_transitions(tmp_path / "ints").column.tolist() == [-1, 1, 1, 0, 0]
    write_hclg(tmp_path / "HCLG.fst")
    by_file = read_kaldi_graph(tmp_path / "HCLG.fst", WORDS, transitions=tmp_path / "ints")
    assert by_file.hash == read_kaldi_graph(tmp_path / "HCLG.fst", WORDS, transitions=TRANSITIONS).hash


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1 2 x", "invalid literal"),
        ("", "expected an int array"),
        ("0 -1", "expected an int array"),
        ("0 99999999999999999999", "expected integers"),
        ("0 999999999", "beyond any model"),
        (SHOWN.replace("Transition-id = 2", "Transition-id = 3"), "shown:3: found transition-id 3, expected 2"),
    ],
)
def test_malformed_transitions_are_refused(text, problem, tmp_path):
    (tmp_path / "shown").write_text(text)
    with pytest.raises(FileFormatError, match=problem):
        read_transitions(tmp_path / "shown")
    with pytest.raises(GraphError, match="expected an int array"):
        TransitionColumns.of_pdfs(np.zeros((2, 2), dtype=np.int32))


@pytest.mark.parametrize(
    ("listing", "names"),
    [
        ("<blk> 0\na 1\nb 2\n#0 3\n", ("<blk>", "a", "b")),
        ("<eps> 0\na 1\nb 2\n", ("<blk>", "a", "b")),
        ("<eps> 0\n<blank> 1\na 2\n#0 3\n#1 4\n", ("<blk>", "a")),
    ],
)
def test_tokens_name_the_columns(listing, names, tmp_path):
    (tmp_path / "tokens.txt").write_text(listing)
    to_openfst(FstArrays.from_arcs([(0, 0, len(names), 1, -0.5)], [(0, 0.0)])).write(str(tmp_path / "TLG.fst"))
    graph = read_kaldi_graph(tmp_path / "TLG.fst", WORDS, tokens=tmp_path / "tokens.txt")
    assert graph.column_names == names
    assert graph.column_token.tolist() == list(range(len(names)))
    with pytest.raises(GraphError, match="pass one of"):
        read_kaldi_graph(tmp_path / "TLG.fst", WORDS, tokens=tmp_path / "tokens.txt", transitions=TRANSITIONS)


@pytest.mark.parametrize(
    ("listing", "problem"),
    [
        ("a 0\nb 1\n", "found 'a' first, expected blank"),
        ("<blk> 0\nb 2\n", "label 1 is missing"),
        ("<blk> 0\nb 1 2\n", "tokens.txt:2: found 'b 1 2'"),
        ("<blk> 0\nb 1\nb 2\n", "symbol 'b' stands at labels"),
        ("<blk> 0\na 1\n", "input_label of arc 0 is 3, expected 0 to 2"),
    ],
)
def test_malformed_tokens_are_refused(listing, problem, tmp_path):
    (tmp_path / "tokens.txt").write_text(listing)
    to_openfst(FstArrays.from_arcs([(0, 0, 3, 1, -0.5)], [(0, 0.0)])).write(str(tmp_path / "TLG.fst"))
    with pytest.raises(FileFormatError, match=problem):
        read_kaldi_graph(tmp_path / "TLG.fst", WORDS, tokens=tmp_path / "tokens.txt")


def test_kaldis_decoder_finds_the_same(tmp_path):
    """kaldi_decoder's search of the file, beams open, over columns that are transition-ids."""
    kaldi_decoder = pytest.importorskip("kaldi_decoder")
    kaldifst = pytest.importorskip("kaldifst")
    write_hclg(tmp_path / "HCLG.fst")
    graph = read_kaldi_graph(tmp_path / "HCLG.fst", WORDS, transitions=TRANSITIONS)
    theirs = kaldifst.StdVectorFst.read(str(tmp_path / "HCLG.fst"))
    for seed in range(20):
        matrix = random_matrix(np.random.default_rng(seed), 6, 2)
        by_id = np.ascontiguousarray(matrix[:, TRANSITIONS[1:]])
        decoder = kaldi_decoder.FasterDecoder(theirs, kaldi_decoder.FasterDecoderOptions(beam=1000))
        decoder.decode(kaldi_decoder.DecodableCtc(by_id))
        _, best = decoder.get_best_path()
        _, _, words, cost = kaldifst.get_linear_symbol_sequence(best)
        (lattice,) = decode(graph, Scores.from_matrices([matrix], frame_shift=0.01), WIDE)
        assert lattice.best_path().score == pytest.approx(-(cost.value1 + cost.value2), abs=1e-4)
        assert lattice.best_path().text.split() == [WORDS.name(word) for word in words]
