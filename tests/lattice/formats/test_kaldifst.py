"""kaldifst, which is OpenFst with Kaldi's lattice weights, as referee of full lattices; it knows no compact ones."""

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.scores import Scores
from fsaasr.decode import decode
from fsaasr.lattice import check
from fsaasr.lattice.formats import LatticeSymbols, read_lattices, write_lattices
from fsaasr.testing import random_fst, toy_graph, word_paths

kaldifst = pytest.importorskip("kaldifst")

SEEDS = range(40)
KEY = "utt "


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def decoded(seed):
    """A lattice of a random graph over four frames."""
    rng = np.random.default_rng(seed)
    matrix = -0.25 * rng.integers(0, 20, size=(4, 3)).astype(np.float32)
    (lattice,) = decode(toy_graph(random_fst(rng, 4, 14)), Scores.from_matrices([matrix], frame_shift=0.01))
    return lattice


def kaldi_paths(fst):
    """How often each path of labels and costs occurs in a lattice of kaldifst's, by enumeration of what it prints."""
    arcs, finals = defaultdict(list), {}
    for line in fst.to_str(show_weight_one=True).splitlines():
        *numbers, weight = line.split()
        costs = tuple(map(float, weight.split(",")))
        if len(numbers) == 1 and np.isfinite(costs).all():
            finals[int(numbers[0])] = costs
        elif len(numbers) > 1:
            arcs[int(numbers[0])].append((*map(int, numbers[1:]), *costs))
    paths = Counter()
    stack = [(fst.start, (), (), 0.0, 0.0)]
    while stack:
        state, inputs, outputs, graph, acoustic = stack.pop()
        if state in finals:
            paths[inputs, outputs, graph + finals[state][0], acoustic + finals[state][1]] += 1
        for target, label, word, more_graph, more_acoustic in arcs[state]:
            labels = (inputs + (label,) * (label > 0), outputs + (word,) * (word > 0))
            stack.append((target, *labels, graph + more_graph, acoustic + more_acoustic))
    return paths


def own_paths(lattice):
    """The same of a lattice of ours."""
    paths = Counter()
    for path in word_paths(lattice):
        inputs = tuple(int(lattice.input_label[k]) for k in path.arcs if lattice.input_label[k])
        paths[inputs, path.words, -path.graph, -path.acoustic] += 1
    return paths


def archive_of(fst, name="x"):
    """An archive of one lattice that kaldifst wrote."""
    fst.write("x.fst")
    Path(name).write_bytes(KEY.encode() + Path("x.fst").read_bytes())
    return f"ark:{name}"


@pytest.mark.parametrize("seed", SEEDS)
def test_kaldifst_reads_what_is_written(seed):
    lattice = decoded(seed)
    write_lattices([lattice], "ark,scp:x,x.scp")
    offset = int(Path("x.scp").read_text().rsplit(":", 1)[1])
    Path("one.fst").write_bytes(Path("x").read_bytes()[offset:])
    fst = kaldifst.Lattice.read("one.fst")
    assert (fst.num_states, sum(fst.num_arcs(s) for s in range(fst.num_states))) == (
        lattice.num_states,
        lattice.num_arcs,
    )
    assert kaldi_paths(fst) == own_paths(lattice)
    weight = kaldifst.get_linear_symbol_sequence(kaldifst.shortest_path(fst))[3]
    assert weight.value1 + weight.value2 == pytest.approx(-lattice.best_path().score, abs=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_kaldifst_writes_is_read(seed):
    lattice = decoded(seed)
    symbols = LatticeSymbols.of(lattice)
    write_lattices([lattice], "ark:x")
    first = Path("x").read_bytes().index(b" ") + 1
    Path("one.fst").write_bytes(Path("x").read_bytes()[first:])
    fst = kaldifst.Lattice.read("one.fst")
    (copy,) = read_lattices(archive_of(fst), symbols)
    assert own_paths(copy) == own_paths(lattice)
    # Text, as OpenFst's fstprint has it, which numbers the start first and writes no weights of zeros.
    Path("t").write_text(f"{KEY}\n{fst.to_str()}\n")
    (copy,) = read_lattices("ark:t", symbols)
    assert own_paths(copy) == own_paths(lattice)


def loose(rng):
    """A lattice in no order: ten states and a dead end, paths of three frames, final weights of two costs."""
    frame = np.arange(10) * 4 // 10
    number = rng.permutation(11).tolist()
    fst = kaldifst.Lattice()
    for _ in number:
        fst.add_state()
    fst.start = number[0]

    def weight():
        return kaldifst.LatticeWeight(*(0.25 * rng.integers(-8, 20, size=2)).tolist())

    for s in range(10):
        for t in range(s + 1, 10):
            if frame[t] - frame[s] <= 1 and (t == s + 1 or rng.random() < 0.4):
                label = int(rng.integers(1, 4)) if frame[t] > frame[s] else 0
                fst.add_arc(number[s], kaldifst.LatticeArc(label, int(rng.integers(0, 3)), weight(), number[t]))
        if frame[s] == 3:
            fst.set_final(number[s], weight())
    fst.add_arc(number[4], kaldifst.LatticeArc(1, 1, weight(), number[10]))
    return fst


@pytest.mark.parametrize("seed", SEEDS)
def test_lattices_of_kaldifst_in_no_order_are_read(seed):
    fst = loose(np.random.default_rng(seed))
    paths = kaldi_paths(fst)
    for specifier in (archive_of(fst), "ark:t"):
        Path("t").write_text(f"{KEY}\n{fst.to_str()}\n")
        (lattice,) = read_lattices(specifier)
        check(lattice)
        assert own_paths(lattice) == paths
