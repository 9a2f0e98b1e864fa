"""Kaldi's archives: what is written is read back; names of tables; names of labels; the weights that Kaldi makes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import LatticeError, LatticeFileError
from fsaasr.core.scores import Scores
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import decode
from fsaasr.lattice import check
from fsaasr.lattice.formats import KaldiTable, LatticeSymbols, read_kaldi, read_lattices, write_lattices
from fsaasr.testing import random_word_lattice, word_paths
from fsaasr.testing.strategies import graphs, matrices

COMMON = ("source", "target", "output_label", "acoustic_score", "graph_score", "state_frame", "final_score")
SPECIFIERS = [
    ("x.ark", "x.ark"),
    ("x.ark.gz", "x.ark.gz"),
    ("ark:x.1.gz", "ark:x.1.gz"),
    ("ark,t:x", "ark,cs:x"),
    ("ark,t,f:x.ark.gz", "x.ark.gz"),
    ("ark,scp:x.ark,x.scp", "x.scp"),
    ("ark,scp,t:x.ark,x.scp", "scp,s,cs:x.scp"),
]


def some(count=4):
    return [random_word_lattice(np.random.default_rng(seed), utterance=f"utt-{seed}") for seed in range(count)]


def assert_same(lattice, read, own):
    check(read)
    for name in (*COMMON, own):
        np.testing.assert_array_equal(getattr(lattice, name), getattr(read, name), name)
    assert (lattice.utterance, lattice.end_frame) == (read.utterance, read.num_frames)
    assert (lattice.frame_shift, lattice.words) == (read.frame_shift, read.words)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("archives")


@pytest.mark.parametrize(("written", "read"), SPECIFIERS)
def test_lattices_come_back(written, read):
    lattices = some()
    assert write_lattices(iter(lattices), written) == len(lattices)
    back = list(read_lattices(read, LatticeSymbols.of(lattices[0])))
    assert len(back) == len(lattices)
    for lattice, copy in zip(lattices, back):
        assert_same(lattice, copy, "columns")


@settings(max_examples=200, deadline=None)
@given(seeds=st.lists(st.integers(0, 2**32 - 1), min_size=5, max_size=5), text=st.booleans(), states=st.integers(2, 9))
def test_any_word_lattices_come_back(folder, seeds, text, states):
    lattices = []
    for seed in seeds:
        lattice = random_word_lattice(np.random.default_rng(seed), states, 3 * states)
        # Thirds have no end in any base that is written.
        acoustic, final = lattice.acoustic_score / np.float32(3), lattice.final_score / np.float32(3)
        lattices.append(replace(lattice, acoustic_score=acoustic, final_score=final))
    path = f"{'ark,t' if text else 'ark'}:{folder / 'words.ark'}"
    write_lattices(lattices, path)
    for lattice, copy in zip(lattices, read_lattices(path, LatticeSymbols.of(lattices[0]))):
        assert_same(lattice, copy, "columns")
        assert (copy.column_flags, copy.parts) == (None, None)


@settings(max_examples=200, deadline=None)
@given(graph=graphs(alive=True), matrix=matrices(max_frames=3), text=st.booleans())
def test_any_frame_level_lattice_comes_back(folder, graph, matrix, text):
    (lattice,) = decode(graph, Scores.from_matrices([np.maximum(matrix, -9)], frame_shift=0.04))
    path = f"{'ark,t' if text else 'ark'}:{folder / 'frames.ark'}"
    write_lattices([lattice], path)
    (copy,) = read_lattices(path, LatticeSymbols.of(lattice))
    assert_same(lattice, copy, "input_label")
    assert (copy.arc_flags, copy.graph_arc) == (None, None)


def test_both_kinds_and_both_forms_may_stand_in_one_archive():
    lattices = some(2)
    write_lattices(lattices[:1], "ark,t:text")
    write_lattices(lattices[1:], "ark:binary")
    text, binary = Path("text").read_bytes(), Path("binary").read_bytes()
    Path("mixed.ark").write_bytes(text + binary + text)
    assert [lattice.utterance for lattice in read_lattices("mixed.ark")] == ["utt-0", "utt-1", "utt-0"]


def test_a_script_is_entered_anywhere():
    lattices = some()
    write_lattices(lattices, "ark,scp:x.ark,x.scp")
    table = KaldiTable("x.scp", LatticeSymbols.of(lattices[0]))
    assert list(table) == [lattice.utterance for lattice in lattices]
    assert (len(table), "utt-9" in table) == (4, False)
    for lattice in lattices[::-1]:
        assert_same(lattice, table[lattice.utterance], "columns")
    # A file of one lattice has no offset.
    offsets = [int(line.rsplit(":", 1)[1]) for line in Path("x.scp").read_text().splitlines()]
    Path("one.lat").write_bytes(Path("x.ark").read_bytes()[offsets[1] : offsets[2] - len("utt-2 ")])
    Path("one.scp").write_text("utt-1 one.lat\n")
    (copy,) = read_lattices("one.scp", LatticeSymbols.of(lattices[0]))
    assert_same(lattices[1], copy, "columns")


def test_labels_without_names_are_named_by_their_numbers():
    write_lattices(some(1), "x.ark")
    (lattice,) = read_lattices("x.ark")
    best = lattice.best_path()
    named = some(1)[0].best_path()
    assert [f"w{word.name}" for word in best.words] == [word.name for word in named.words]
    assert (best.columns, best.score) == (named.columns, named.score)
    # Column c is named by its transition-id.
    assert lattice.tokens.name(int(lattice.column_token[0])) == "1"


def test_unknown_columns_keep_their_frames():
    lattice = replace(some(1)[0], columns=None, column_flags=None)
    for specifier in ("ark:x", "ark,t:x"):
        write_lattices([lattice], specifier)
        (copy,) = read_lattices("ark:x", LatticeSymbols.of(lattice))
        assert copy.columns is None
        np.testing.assert_array_equal(copy.state_frame, lattice.state_frame)


TEXT = """utt
0 1 so 1.5,2.5,3_3_1
0 1 <eps> 1,1,1_1_1
1 2 sow 0.5,1,2
2 0.25,0.5,2_1
1 0.125,4,1_1_1

"""
WORDS = LatticeSymbols.of_words(SymbolTable(["so", "sow"]), 0.03)


def test_words_by_name_and_final_weights_with_strings():
    """By hand: "so sow" costs 1.5 + 0.5 + 0.25 for the graph and 2.5 + 1 + 0.5 for the sound, in 3 + 1 + 2 frames."""
    Path("x").write_text(TEXT)
    (lattice,) = read_lattices("ark:x", WORDS)
    check(lattice)
    assert lattice.num_frames == 6
    paths = {path.words: path for path in word_paths(lattice)}
    assert sorted(paths) == [(), (1,), (1, 2), (2,)]
    so_sow = lattice.read_path(np.array(paths[1, 2].arcs, dtype=np.int32))
    assert (so_sow.graph_score, so_sow.acoustic_score, so_sow.columns) == (-2.25, -4.0, (2, 2, 0, 1, 1, 0))
    assert [(span.name, round(span.start, 2), round(span.end, 2)) for span in so_sow.words] == [
        ("so", 0.0, 0.09),
        ("sow", 0.09, 0.12),
    ]
    so = lattice.read_path(np.array(paths[1,].arcs, dtype=np.int32))
    assert (so.graph_score, so.acoustic_score, so.columns) == (-1.625, -6.5, (2, 2, 0, 0, 0, 0))


def test_transition_ids_of_a_model_become_columns():
    Path("x").write_text(TEXT)
    (lattice,) = read_kaldi("ark:x", WORDS, np.array([-1, 7, 8, 7]))
    assert set(lattice.columns.tolist()) == {7, 8}
    (lattice,) = read_kaldi("ark:x", WORDS)
    assert set(lattice.columns.tolist()) == {0, 1, 2}
    with pytest.raises(LatticeFileError, match=r"x:1: utterance 'utt': transition-id 3, expected 1 \.\. 2"):
        list(read_kaldi("ark:x", WORDS, np.array([-1, 7, 8])))


@pytest.mark.parametrize(
    ("text", "costs"),
    [
        # Weights of zeros may be left out, and states come in any order.
        ("5 3 1 2 0.5,1\n3 9 2 1\n9\n", [1.5]),
        # Infinite costs are no paths.
        ("0 1 1 1 1,1\n0 1 2 2 Infinity,Infinity\n0 2 1 1 2,2\n1\n2 Infinity,Infinity\n", [2.0]),
        ("0 1 1 1 1,1\n1 0 0 1 0,0\n", None),
        # A cost may be below zero.
        ("0 1 1 1 -1.5,1e-1\n1 0,0\n", [-1.4]),
        # A state number far beyond the others costs no memory.
        ("0 2000000000 1 1 1,1\n2000000000 1,0\n", [3.0]),
    ],
)
def test_full_lattices_in_text(text, costs):
    Path("x").write_text(f"utt \n{text}\n")
    if costs is None:
        with pytest.raises(LatticeError, match="no path leads from the start"):
            list(read_lattices("ark:x"))
        return
    (lattice,) = read_lattices("ark:x")
    check(lattice)
    assert sorted(-hypothesis.score for hypothesis in lattice.nbest(9)) == pytest.approx(costs)


@pytest.mark.parametrize(
    ("specifier", "problem"),
    [
        ("ark,p:x.ark", "option 'p' is not among"),
        ("ark:gunzip -c x.gz|", "commands are not run"),
        ("scp:", "expected the name of a file"),
        ("ark,scp:a,b", "expected one of ark: and scp:"),
    ],
)
def test_specifiers_that_name_nothing_to_read(specifier, problem):
    with pytest.raises(LatticeError, match=problem):
        list(read_lattices(specifier))


@pytest.mark.parametrize(
    ("specifier", "problem"),
    [
        ("x.scp", "expected ark:FILE, or ark,scp:FILE,FILE"),
        ("ark,scp:x.ark", "expected ark:FILE, or ark,scp:FILE,FILE"),
        ("ark,scp:x.ark.gz,x.scp", "has no scp"),
        ("ark,cs:x", "option 'cs' is not among"),
        ("ark:| gzip > x", "commands are not run"),
    ],
)
def test_specifiers_that_name_nothing_to_write(specifier, problem, tmp_path):
    with pytest.raises(LatticeError, match=problem):
        write_lattices(some(1), specifier)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "two words", "line\n", " x", "\u00a0y"])
def test_an_utterance_that_is_no_key_leaves_no_file(name, tmp_path):
    with pytest.raises(LatticeError, match="cannot be a key"):
        write_lattices([*some(1), replace(some(1)[0], utterance=name)], "ark,scp:x.ark,x.scp")
    with pytest.raises(LatticeError, match=r"no lattice for 'x\.ark'"):
        write_lattices([], "x.ark")
    assert not list(tmp_path.iterdir())


def test_lattices_pass_one_at_a_time():
    """Reading is ahead of what it gives by no lattice, and writing takes them as they come."""
    taken = []

    def each():
        for lattice in some(3):
            taken.append(lattice.utterance)
            yield lattice

    write_lattices(each(), "x.ark")
    with open("x.ark", "ab") as file:
        file.write(b"broken")
    stream = read_lattices("x.ark")
    assert [next(stream).utterance for _ in range(3)] == taken
    with pytest.raises(LatticeFileError):
        next(stream)
