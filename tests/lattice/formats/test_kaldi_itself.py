"""Kaldi itself as referee, full and compact: its readers, writers, conversions and times.

Its libraries come with `pip install --no-deps kaldi-active-grammar==3.2.0`; a compiler joins them to `kaldi_copy.cpp`.
"""

import importlib.util
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.scores import Scores
from fsaasr.decode import decode
from fsaasr.lattice import Lattice, check
from fsaasr.lattice.formats import LatticeSymbols, read_lattices, write_lattices
from fsaasr.testing import random_fst, random_word_lattice, toy_graph, word_paths

SPEC = importlib.util.find_spec("kaldi_active_grammar")
LIBRARIES = Path(SPEC.submodule_search_locations[0]).parent / "kaldi_active_grammar.libs" if SPEC else None

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SPEC is None or shutil.which("g++") is None, reason="needs kaldi-active-grammar and g++"),
]

WORDS = [random_word_lattice(np.random.default_rng(seed), 2 + seed % 8, utterance=f"u{seed}") for seed in range(1000)]
SYMBOLS = LatticeSymbols.of(WORDS[0])


@pytest.fixture(scope="module")
def kaldi(tmp_path_factory):
    """Runs Kaldi in a folder of its own: (kind, kind, form, in, out) -> what it prints."""
    folder = tmp_path_factory.mktemp("kaldi")
    (library,) = LIBRARIES.glob("libkaldi-lat-*.so")
    source = Path(__file__).with_name("kaldi_copy.cpp")
    program = [str(folder / "kaldi_copy")]
    flags = ["-O1", "-std=c++14", "-Wl,--allow-shlib-undefined"]
    subprocess.run(["g++", *flags, str(source), str(library), "-o", *program], check=True)
    env = {**os.environ, "LD_LIBRARY_PATH": str(LIBRARIES)}
    return lambda *args: (
        subprocess.run(program + list(map(str, args)), check=True, env=env, stdout=subprocess.PIPE, text=True).stdout
    )


@pytest.fixture(scope="module")
def frames():
    """Lattices of 300 random graphs, without those that are a state and no arc: in text, these are of either kind."""
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        matrix = -0.25 * rng.integers(0, 20, size=(3, 3)).astype(np.float32)
        (lattice,) = decode(toy_graph(random_fst(rng, 4, 12), num_words=3), Scores.from_matrices([matrix], 0.01))
        found.append(lattice)
    return [lattice for lattice in found if lattice.num_arcs]


def language(lattice):
    """How often each path of words, columns and scores occurs."""
    paths = Counter()
    for path in word_paths(lattice):
        arcs = np.array(path.arcs, dtype=np.int32)
        if isinstance(lattice, Lattice):
            columns = lattice.input_label[arcs][lattice.input_label[arcs] > 0] - 1
        else:
            columns = lattice.columns[lattice.frames_of(arcs)]
        paths[path.words, tuple(columns.tolist()), path.acoustic, path.graph] += 1
    return paths


@pytest.mark.parametrize("written", ["ark", "ark,t"])
@pytest.mark.parametrize("form", ["b", "t"])
def test_kaldi_copies_compact_lattices_and_agrees_about_their_times(kaldi, tmp_path, written, form):
    write_lattices(WORDS, f"{written}:{tmp_path}/in")
    shown = kaldi("compact", "compact", form, tmp_path / "in", tmp_path / "out").splitlines()
    copies = list(read_lattices(f"ark:{tmp_path}/out", SYMBOLS))
    assert len(copies) == len(shown) == len(WORDS)
    for lattice, copy, line in zip(WORDS, copies, shown):
        assert line.split() == [lattice.utterance, *map(str, lattice.state_frame)]
        for name in ("source", "target", "output_label", "acoustic_score", "graph_score", "final_score", "columns"):
            np.testing.assert_array_equal(getattr(lattice, name), getattr(copy, name))


@pytest.mark.parametrize("written", ["ark", "ark,t"])
@pytest.mark.parametrize("form", ["b", "t"])
def test_kaldi_copies_full_lattices(kaldi, frames, tmp_path, written, form):
    write_lattices(frames, f"{written}:{tmp_path}/in")
    kaldi("full", "full", form, tmp_path / "in", tmp_path / "out")
    copies = list(read_lattices(f"ark:{tmp_path}/out", SYMBOLS))
    assert len(copies) == len(frames)
    for lattice, copy in zip(frames, copies):
        for name in ("source", "target", "input_label", "output_label", "acoustic_score", "graph_score", "final_score"):
            np.testing.assert_array_equal(getattr(lattice, name), getattr(copy, name))


def test_kaldis_conversions_keep_the_language(kaldi, frames, tmp_path):
    for lattices, kinds in ((WORDS, ("compact", "full")), (frames, ("full", "compact"))):
        write_lattices(lattices, tmp_path / "in.ark")
        kaldi(*kinds, "b", tmp_path / "in.ark", tmp_path / "out.ark")
        converted = list(read_lattices(tmp_path / "out.ark", SYMBOLS))
        assert len(converted) == len(lattices)
        for lattice, other in zip(lattices, converted):
            check(other)
            assert isinstance(other, Lattice) != isinstance(lattice, Lattice)
            assert language(other) == language(lattice)
