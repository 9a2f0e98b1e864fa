"""Lattices as OpenFst: pynini's own algorithms agree, and carry times, alignment and split scores along."""

import contextlib
import gzip
from dataclasses import replace

import numpy as np
import pynini
import pytest
import pywrapfst
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import LatticeError, LatticeFileError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice import check
from fsaasr.lattice.formats import (
    LatticeSymbols,
    lattice_from_openfst,
    lattice_to_openfst,
    read_lattices,
    write_lattices,
)
from tests.lattice.formats.round_trip import frame_lattice, identical, paths, word_lattice

LATTICES = [word_lattice(seed) for seed in range(30)]
LATTICES += [found for seed in range(60) for found in [frame_lattice(seed)] if found is not None]
each_lattice = pytest.mark.parametrize("lattice", LATTICES, ids=lambda x: f"{type(x).__name__}-{x.utterance}")


def best_and_total(fst):
    best = float(pynini.shortestdistance(fst, reverse=True)[fst.start()])
    log = pynini.arcmap(fst, map_type="to_log64")
    return -best, -float(pynini.shortestdistance(log, reverse=True)[log.start()])


@each_lattice
def test_openfst_agrees_and_all_comes_back(lattice):
    fst = lattice_to_openfst(lattice)
    best, total = best_and_total(fst)
    assert best == pytest.approx(lattice.best_path().score, abs=1e-4)
    assert total == pytest.approx(lattice.total_score(), abs=1e-4)
    read = lattice_from_openfst(fst)
    check(read)
    assert paths(read) == paths(lattice)
    assert read.reached_final == lattice.reached_final
    lost = {"evidence": None, "flags": (), "num_frames": 0}
    lost.update({} if hasattr(lattice, "columns") else {"graph_arc": None})
    assert identical(replace(read, **lost), replace(lattice, **lost))


@pytest.mark.parametrize("name", ["x.fst", "x.fst.gz"])
def test_files_come_back_and_openfst_reads_them(name, tmp_path):
    for lattice in LATTICES:
        assert write_lattices([lattice], tmp_path / name) == 1
        (read,) = read_lattices(tmp_path / name)
        assert paths(read) == paths(lattice)
        assert (read.utterance, read.frame_shift) == (lattice.utterance, lattice.frame_shift)
        if name == "x.fst":
            fst = pynini.Fst.read(str(tmp_path / name))
            assert fst.output_symbols().find(1) == lattice.words.name(1)


@pytest.mark.slow
@settings(max_examples=1000)
@given(st.integers(0, 1 << 30))
def test_any_lattice_comes_back(seed):
    lattice = word_lattice(seed)
    assert paths(lattice_from_openfst(lattice_to_openfst(lattice))) == paths(lattice)


def test_it_prints_as_one_would_read_it():
    lattice = word_lattice(2)
    text = lattice_to_openfst(lattice).print(isymbols=lattice_to_openfst(lattice).input_symbols()).splitlines()
    columns = lattice.columns[lattice.frames_of(np.array([0], dtype=np.int32))].tolist()
    shown = text[0].split("\t")[2].split("|")
    assert shown[:3] == [str(len(columns)), f"{lattice.acoustic_score[0]:g}", f"{lattice.graph_score[0]:g}"]
    assert sum(int(run.split("x")[1]) for run in shown[3].split("_") if run) == len(columns)


@each_lattice
def test_what_openfst_makes_of_it_is_read(lattice):
    """The best path, by pynini, with its times, alignment and split scores."""
    read = lattice_from_openfst(pynini.shortestpath(lattice_to_openfst(lattice)), utterance="best")
    ((found, count),) = paths(read).items()
    assert count == 1
    assert found in paths(lattice)
    assert read.best_path().score == pytest.approx(lattice.best_path().score, abs=1e-4)
    assert read.utterance == "best"


@pytest.mark.parametrize("seed", range(20))
def test_composition_with_a_grammar_changes_the_graph_score_alone(seed):
    lattice = word_lattice(seed)
    grammar = pynini.Fst()
    grammar.set_start(grammar.add_state())
    for word in range(1, len(lattice.words)):
        grammar.add_arc(0, pynini.Arc(word, word, 0.5 * word, 0))
    grammar.set_final(0, 0.125)
    fst = lattice_to_openfst(lattice)
    fst.set_output_symbols(None)
    read = lattice_from_openfst(pynini.compose(fst.arcsort("olabel"), grammar), LatticeSymbols.of(lattice))
    found, expected = [], []
    for (words, *rest, graph), count in paths(lattice).items():
        added = 0.125 + 0.5 * sum(lattice.words[word] for word in words)
        expected += [(words, *rest, round(graph - added / 1e-3))] * count
    for path, count in paths(read).items():
        found += [path] * count
    assert sorted(path[:4] for path in found) == sorted(path[:4] for path in expected)
    assert sorted(path[4] for path in found) == pytest.approx(sorted(path[4] for path in expected), abs=1)


@each_lattice
def test_plain_fsts_have_the_same_words_and_totals(lattice):
    fst = lattice_to_openfst(lattice, plain=True)
    assert fst.input_symbols() is None
    assert best_and_total(fst) == pytest.approx((lattice.best_path().score, lattice.total_score()), abs=1e-4)
    if hasattr(lattice, "columns"):
        assert fst.properties(pywrapfst.ACCEPTOR, True)
        return
    read = lattice_from_openfst(fst, replace(LatticeSymbols.of(lattice), words=SymbolTable([])), "u")
    assert {key[:3] for key in paths(read)} == {key[:3] for key in paths(lattice)}
    assert read.best_path().score == pytest.approx(lattice.best_path().score, abs=1e-4)


def file_with(tmp_path, name=None, symbols=None, arcs=None):
    """A lattice's file, its input symbols' name, symbols or arcs changed."""
    fst = lattice_to_openfst(word_lattice(0))
    old = fst.input_symbols()
    table = pywrapfst.SymbolTable(old.name() if name is None else name(old.name()))
    for label, symbol in old:
        table.add_symbol(symbols(symbol) if symbols and label else symbol, label)
    fst.set_input_symbols(table)
    for state, arc in arcs or ():
        fst.add_arc(state, arc)
    fst.write(str(tmp_path / "x.fst"))
    return tmp_path / "x.fst"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": lambda name: name.replace('"type"', '"kind"')}, "name of the input symbols is malformed"),
        ({"name": lambda name: "{" * 100_000}, "name of the input|Expecting|recursion"),
        ({"name": lambda name: name.replace('"frame_shift": 0.01', '"frame_shift": -1')}, "frame shift"),
        ({"name": lambda name: name.replace("[0, 1, 2, 3]", "[0, 9]")}, "no list of tokens"),
        ({"name": lambda name: name.replace("WordLattice", "Lattice")}, "several frames, or of an unknown column"),
        ({"symbols": lambda text: text + "_0x7x0" * (text[-1] != "|")}, "frames and .* columns"),
        ({"symbols": lambda text: "x" + text}, "an input symbol that is not"),
        ({"symbols": lambda text: text + "|"}, "an input symbol that is not"),
        ({"symbols": lambda text: "-" + text}, "negative or huge|not"),
        ({"symbols": lambda text: f"{text.split('|')[0]}|nan|{sum(map(ord, text))}|"}, "NaN"),
        ({"symbols": lambda text: "99999999|0|0|0x99999999x0"}, "more than"),
        ({"symbols": lambda text: "9|0|0|0x0x9" + "9" * 30}, "not|more than"),
        ({"arcs": [(0, pynini.Arc(99, 1, 0, 1))]}, "input label 99 has no symbol"),
        ({"arcs": [(0, pynini.Arc(1, 99, 0, 1))]}, "word label 99 is beyond"),
        ({"arcs": [(1, pynini.Arc(1, 1, 0, 0))]}, "cycle"),
    ],
)
def test_damage_is_named(changes, problem, tmp_path):
    with pytest.raises(LatticeFileError, match=f"x.fst: .*({problem})"):
        list(read_lattices(file_with(tmp_path, **changes)))


def test_a_lattice_in_the_wrong_semiring_is_refused():
    with pytest.raises(LatticeError, match="arc type 'log64'"):
        lattice_from_openfst(pynini.arcmap(lattice_to_openfst(word_lattice(0)), map_type="to_log64"))


@settings(max_examples=200)
@given(st.integers(0, 20), st.data())
def test_changed_bytes_are_refused_or_sound(tmp_path_factory, seed, data):
    path = tmp_path_factory.mktemp("x") / "x.fst"
    write_lattices([word_lattice(seed)], path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from([0, 1, 9, 57, 127, 255]))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    with contextlib.suppress(LatticeFileError):
        assert all(lattice.check() is None for lattice in read_lattices(path))


def test_files_that_swell_are_refused(tmp_path):
    (tmp_path / "x.fst.gz").write_bytes(gzip.compress(bytes(40 << 20)))
    with pytest.raises(LatticeFileError, match="unpacks to more than"):
        list(read_lattices(tmp_path / "x.fst.gz"))
