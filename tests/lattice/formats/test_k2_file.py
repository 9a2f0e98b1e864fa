"""k2's arrays in a safetensors file: no pickle, no k2."""

import contextlib
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from fsaasr.core.errors import LatticeFileError
from fsaasr.lattice.formats import read_lattices, write_lattices
from fsaasr.lattice.formats.k2_file import FORMAT
from tests.lattice.formats.round_trip import frame_lattice, identical, paths, word_lattice

LATTICES = [word_lattice(seed) for seed in range(30)]
LATTICES += [found for seed in range(60) for found in [frame_lattice(seed)] if found is not None]


@pytest.mark.parametrize("lattice", LATTICES, ids=lambda lattice: f"{type(lattice).__name__}-{lattice.utterance}")
@pytest.mark.parametrize("name", ["x.safetensors", "x.safetensors.gz"])
def test_all_comes_back(name, lattice, tmp_path):
    assert write_lattices([lattice], tmp_path / name) == 1
    (read,) = read_lattices(tmp_path / name)
    lost = {"evidence": None, "flags": (), "num_frames": 0}
    lost.update({} if hasattr(lattice, "columns") else {"graph_arc": None})
    assert identical(replace(read, **lost), replace(lattice, **lost))
    assert paths(read) == paths(lattice)


@pytest.mark.k2
def test_k2_takes_the_arrays_as_they_are(tmp_path):
    k2 = pytest.importorskip("k2")
    from safetensors.torch import load_file as load_torch

    lattice = word_lattice(5)
    write_lattices([lattice], tmp_path / "x.safetensors")
    tensors = load_torch(str(tmp_path / "x.safetensors"))
    fsa = k2.Fsa(tensors["arcs"], aux_labels=tensors["aux_labels"])
    best = k2.create_fsa_vec([fsa]).get_tot_scores(use_double_scores=True, log_semiring=False)
    assert float(best[0]) == pytest.approx(lattice.best_path().score, abs=1e-4)


def changed(tmp_path, meta=None, **arrays):
    """A file with some arrays and entries of its metadata changed."""
    path = tmp_path / "x.safetensors"
    write_lattices([word_lattice(0)], path)
    data = path.read_bytes()
    held = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    held["lattice"] = json.dumps({**json.loads(held["lattice"]), **(meta or {})})
    save_file({**load_file(path), **arrays}, path, metadata=held)
    return path


ZEROS = np.zeros(99, dtype=np.int32)


@pytest.mark.parametrize(
    ("meta", "arrays", "problem"),
    [
        ({"type": "x"}, {}, "type, utterance, reached_final or flagged"),
        ({"utterance": 7}, {}, "type, utterance, reached_final or flagged"),
        ({"frame_shift": -1}, {}, "a frame shift of"),
        ({"frame_shift": "x"}, {}, "could not convert"),
        ({"words": ["a", "a"]}, {}, "stands at labels"),
        ({"words": [1]}, {}, "lists of strings"),
        ({"words": []}, {}, "word label . is beyond the symbols"),
        ({"column_token": [0, 99]}, {}, "no list of tokens"),
        ({}, {"arcs": ZEROS}, "arcs are int32"),
        ({}, {"arcs": ZEROS[:96].reshape(24, 4)}, "is for .* arcs, of which there are 24"),
        ({}, {"frames": ZEROS}, "frames is for 99 arcs"),
        ({}, {"frames": ZEROS.astype(np.float32)}, "frames is float32"),
        ({}, {"lm_scores": ZEROS}, "lm_scores is int32"),
        ({}, {"column_offsets": ZEROS}, "columns is for 98 arcs"),
        ({}, {"columns": ZEROS}, "columns"),
    ],
)
def test_damage_is_named(meta, arrays, problem, tmp_path):
    path = changed(tmp_path, meta, **arrays)
    with pytest.raises(LatticeFileError, match=f"x.safetensors: .*{problem}"):
        list(read_lattices(path))


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        ((0, 1), 2**31 - 1, "2147483648 states on"),
        ((0, 0), -1, "below those of k2"),
        ((0, 2), -7, "below those of k2"),
        ((0, 2), 7, "word label 7"),
    ],
)
def test_hostile_arcs_are_refused(place, value, problem, tmp_path):
    path = changed(tmp_path)
    arcs = load_file(path)["arcs"].copy()
    arcs[place] = value
    with pytest.raises(LatticeFileError, match=problem):
        list(read_lattices(changed(tmp_path, arcs=arcs)))


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"arcs": ZEROS}, path)
    with pytest.raises(LatticeFileError, match=f"format None, expected {FORMAT}"):
        list(read_lattices(path))
    path.write_bytes(b"\xff" * 100)
    with pytest.raises(LatticeFileError, match="not what `write_lattices` writes"):
        list(read_lattices(path))


@settings(max_examples=200)
@given(st.integers(0, 20), st.data())
def test_changed_bytes_are_refused_or_sound(tmp_path_factory, seed, data):
    path = tmp_path_factory.mktemp("x") / "x.safetensors"
    write_lattices([word_lattice(seed)], path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from([0, 1, 9, 57, 127, 255]))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    with contextlib.suppress(LatticeFileError):
        assert all(lattice.check() is None for lattice in read_lattices(path))
