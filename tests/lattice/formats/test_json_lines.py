"""JSON lines hold all that a lattice is."""

import contextlib
import gzip
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import LatticeFileError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.formats import json_lines, read_lattices, write_lattices
from tests.lattice.formats.round_trip import frame_lattice, identical, word_lattice


def back(tmp_path, lattices, name="x.jsonl"):
    assert write_lattices(lattices, tmp_path / name) == len(lattices)
    return list(read_lattices(tmp_path / name))


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_all_of_a_lattice_comes_back(name, tmp_path):
    lattices = [word_lattice(seed, parts=seed % 3 == 0) for seed in range(40)]
    lattices += [lattice for seed in range(60) for lattice in [frame_lattice(seed)] if lattice is not None]
    bare = replace(lattices[0], columns=None, column_flags=None, reached_final=False, flags=("from-native-fallback",))
    lattices.append(bare)
    assert len(lattices) > 60
    for one, other in zip(lattices, back(tmp_path, lattices, name)):
        assert identical(one, other)


@pytest.mark.slow
@settings(max_examples=1000)
@given(st.integers(0, 1 << 30), st.booleans())
def test_any_lattice_comes_back(tmp_path_factory, seed, parts):
    lattice = word_lattice(seed, parts)
    assert identical(back(tmp_path_factory.mktemp("x"), [lattice])[0], lattice)


def test_symbols_are_written_where_they_change(tmp_path):
    one, other = word_lattice(1), replace(word_lattice(2), words=SymbolTable(["ä", '"', "\\n"]))
    assert [x.words for x in back(tmp_path, [one, one, other, one])] == [x.words for x in (one, one, other, one)]
    kinds = ["format" in json.loads(line) for line in (tmp_path / "x.jsonl").read_text("utf-8").splitlines()]
    assert kinds == [True, False, False, True, False, True, False]
    assert back(tmp_path, []) == []


def test_lines_are_plain_json(tmp_path):
    lattice = replace(word_lattice(0), acoustic_score=np.full(word_lattice(0).num_arcs, -0.1, dtype=np.float32))
    write_lattices([lattice], tmp_path / "x.jsonl")
    head, record = (json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines())
    assert head["words"] == ["<eps>", "w1", "w2", "w3"]
    assert record["acoustic_score"] == [-0.1] * lattice.num_arcs
    assert record["source"] == lattice.source.tolist()


def lines(tmp_path):
    write_lattices([word_lattice(0)], tmp_path / "x.jsonl")
    return (tmp_path / "x.jsonl").read_text().splitlines()


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("source", [-1] * 99, "source has 99 values|expected 99"),
        ("source", [0.5], "source is no list of numbers that are int32"),
        ("source", [1 << 40], "source is no list"),
        ("source", [10**40], "source is no list"),
        ("source", [True], "source is no list"),
        ("source", "text", "source is no list"),
        ("source", [[1], [2, 3]], "inhomogeneous|no list"),
        ("acoustic_score", ["1"], "acoustic_score is no list"),
        ("type", "Fst", "type is 'Fst'"),
        ("type", [1], "type is"),
        ("num_frames", 10**30, "num_frames is"),
        ("num_frames", -1, "num_frames is"),
        ("num_frames", True, "num_frames is"),
        ("frame_shift", 0, "frame_shift is 0"),
        ("flags", [1], "flags is no list"),
        ("utterance", 1, "utterance is no string"),
        ("lm", [0.0], "'pronunciation' is missing"),
        ("active", [0], "evidence of the search has"),
        ("extra", 1, "'extra' is unknown"),
        ("input_label", [1], "'input_label' is unknown"),
        ("final_state", [77], "final_score has|names a state beyond"),
        ("state_frame", [0], "final_state names a state beyond"),
        ("columns", [0], "columns has shape"),
        ("acoustic_score", None, "no list"),
    ],
)
def test_wrong_fields_are_named(field, value, problem, tmp_path):
    head, line = lines(tmp_path)
    (tmp_path / "x.jsonl").write_text(head + "\n" + json.dumps({**json.loads(line), field: value}) + "\n")
    with pytest.raises(LatticeFileError, match=f"x.jsonl:2: .*({problem})"):
        list(read_lattices(tmp_path / "x.jsonl"))


@pytest.mark.parametrize("field", ["source", "final_score", "type", "flags", "utterance"])
def test_missing_fields_are_named(field, tmp_path):
    head, line = lines(tmp_path)
    record = json.loads(line)
    del record[field]
    (tmp_path / "x.jsonl").write_text(head + "\n" + json.dumps(record) + "\n")
    with pytest.raises(LatticeFileError, match=f"x.jsonl:2: .*{field}"):
        list(read_lattices(tmp_path / "x.jsonl"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda head, line: line, ":1: a lattice before any line"),
        (lambda head, line: head + "\n" + line[: len(line) // 2], ":2: the last line has no end"),
        (lambda head, line: head + "\n" + line[: len(line) // 2] + "\n", ":2: "),
        (lambda head, line: head + "\n" + line.replace("[-", "[NaN, -", 1) + "\n", "NaN is no"),
        (
            lambda head, line: head + "\n" + line.replace('"num_frames": ', '"num_frames": NaN, "x": ') + "\n",
            "NaN is no",
        ),
        (lambda head, line: head + "\n" + "[" * 200_000 + "\n", ":2: "),
        (lambda head, line: head + "\n[]\n", ":2: found a list, expected an object"),
        (lambda head, line: head.replace("Lattices.1", "Lattices.9") + "\n", ":1: a head of format"),
        (lambda head, line: head.replace('"w2"', '"w1"') + "\n", ":1: .*stands at labels"),
        (lambda head, line: head.replace("[0, 1", "[9, 1") + "\n", ":1: column_token is no list"),
        (lambda head, line: head.replace('"w2"', "7") + "\n", ":1: words and tokens are lists"),
        (lambda head, line: "", "no lines"),
    ],
)
def test_damaged_lines_are_named(change, problem, tmp_path):
    text = change(*lines(tmp_path))
    if text and not text.endswith("\n") and "no end" not in problem:
        text += "\n"
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(LatticeFileError, match=f"x.jsonl.*{problem}"):
        list(read_lattices(tmp_path / "x.jsonl"))


@settings(max_examples=200)
@given(st.integers(0, 20), st.data())
def test_changed_bytes_are_refused_or_sound(tmp_path_factory, seed, data):
    path = tmp_path_factory.mktemp("x") / "x.jsonl"
    write_lattices([word_lattice(seed)], path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from(b'"[]{},9-e \n\xff'))
    path.write_bytes(content)
    with contextlib.suppress(LatticeFileError):
        assert all(lattice.check() is None for lattice in read_lattices(path))


def test_what_breaks_an_invariant_is_refused(tmp_path):
    head, line = lines(tmp_path)
    record = json.loads(line)
    record["source"], record["target"] = record["target"], record["source"]
    (tmp_path / "x.jsonl").write_text(head + "\n" + json.dumps(record) + "\n")
    with pytest.raises(LatticeFileError, match=r"x.jsonl:2: WordLattice.check: utterance 'utt-0'"):
        list(read_lattices(tmp_path / "x.jsonl"))


def test_packed_lines_without_end_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "MAX_LINE", 1000)
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(bytes(1 << 22)))
    with pytest.raises(LatticeFileError, match="a line of more than 1000 bytes"):
        list(read_lattices(tmp_path / "x.jsonl.gz"))
