"""Loose arcs become the lattice that they came from, whatever the order, the numbers and the dead ends."""

from collections import Counter

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice import check
from fsaasr.lattice.formats import LatticeSymbols, LooseArcs, arrange, assemble_lattice, assemble_word_lattice
from fsaasr.testing import random_word_lattice, word_paths

SEEDS = range(60)


def language(lattice):
    """How often each path of words, scores, times and columns occurs."""
    paths = Counter()
    for path in word_paths(lattice):
        frames = lattice.frames_of(np.array(path.arcs, dtype=np.int32))
        columns = None if lattice.columns is None else tuple(lattice.columns[frames].tolist())
        times = tuple(lattice.state_frame[lattice.target[k]] for k in path.arcs)
        labels = tuple(lattice.output_label[k] for k in path.arcs)
        paths[labels, times, columns, path.acoustic, path.graph] += 1
    return paths


def shuffled(rng, lattice):
    """The arcs of a lattice in another order, states renumbered, with dead ends and out-of-reach states added."""
    states, arcs = lattice.num_states, lattice.num_arcs
    number = rng.permutation(states + 3)
    source, target = number[lattice.source].tolist(), number[lattice.target].tolist()
    # A state out of reach, a dead end, and a cycle that nobody reaches.
    dead, lost, loop = (int(number[states + i]) for i in range(3))
    source += [number[0], lost, loop, lost]
    target += [dead, number[0], loop, loop]
    order = rng.permutation(arcs + 4)
    pad = np.zeros(4)
    frames = np.diff(lattice.column_offsets)
    final = np.full(states + 3, -np.inf)
    final[number[:states]] = lattice.final_score
    places = [range(lattice.column_offsets[k], lattice.column_offsets[k + 1]) if k < arcs else [] for k in order]
    loose = LooseArcs(
        np.array(source)[order],
        np.array(target)[order],
        np.append(lattice.output_label, pad)[order].astype(int),
        np.append(lattice.acoustic_score, pad)[order],
        np.append(lattice.graph_score, pad)[order],
        final,
        int(number[0]),
    )
    frames = np.append(frames, pad)[order].astype(int)
    return loose, frames, np.array([lattice.columns[p] for ps in places for p in ps], dtype=int)


@pytest.mark.parametrize("seed", SEEDS)
def test_order_numbers_and_dead_ends_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    lattice = random_word_lattice(rng)
    loose, frames, columns = shuffled(rng, lattice)
    made = assemble_word_lattice("u", loose, frames, LatticeSymbols.of(lattice), columns)
    check(made)
    assert language(made) == language(lattice)
    assert (made.num_states, made.num_arcs) == (lattice.num_states, lattice.num_arcs)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_in_order_stays_as_it_is(seed):
    lattice = random_word_lattice(np.random.default_rng(seed))
    order = arrange(lattice.source, lattice.target, 0, np.isfinite(lattice.final_score), "u")
    np.testing.assert_array_equal(order.arcs, np.arange(lattice.num_arcs))
    np.testing.assert_array_equal(order.states, np.arange(lattice.num_states))


def chain(**changes):
    """0 -> 1 -> 2, one frame each, with changes."""
    values = {
        "source": np.array([0, 1]),
        "target": np.array([1, 2]),
        "output_label": np.array([1, 0]),
        "acoustic_score": np.array([-1.0, -2.0]),
        "graph_score": np.array([-0.5, 0.0]),
        "final_score": np.array([-np.inf, -np.inf, -0.25]),
    }
    return LooseArcs(**{**values, **changes})


def test_frames_come_from_input_labels():
    lattice = assemble_lattice("u", chain(), np.array([3, 0]), LatticeSymbols.unknown().covering(1, 2))
    check(lattice)
    assert lattice.state_frame.tolist() == [0, 1, 1]
    assert lattice.best_path().text == "1"
    assert lattice.best_path().columns == (2,)
    assert lattice.best_path().score == -3.75


def test_impossible_arcs_are_left_out():
    loose = chain(
        source=np.array([1, 0, 0]),
        target=np.array([2, 1, 2]),
        output_label=np.array([0, 1, 2]),
        acoustic_score=np.array([-1.0, -2.0, -np.inf]),
        graph_score=np.array([0.0, 0.0, 0.0]),
    )
    lattice = assemble_word_lattice("u", loose, np.array([1, 1, 7]), LatticeSymbols.unknown().covering(2, -1))
    assert (lattice.num_arcs, lattice.num_frames) == (2, 2)


TWO = {"source": np.array([0, 1, 0]), "output_label": np.array([1, 1, 1])}
THREE = {name: np.zeros(3) for name in ("acoustic_score", "graph_score")}


@pytest.mark.parametrize(
    ("loose", "frames", "message"),
    [
        (chain(target=np.array([1, 0])), [1, 1], "no path leads"),
        (chain(final_score=np.array([-np.inf, -1.0, -np.inf]), target=np.array([1, 0])), [1, 1], "lies on a cycle"),
        (chain(source=np.array([0, 2]), final_score=np.array([-np.inf, 0.0, 0.0])), [1, 1], None),
        (chain(start=3), [1, 1], "the start is state 3 of 3"),
        (chain(start=-1), [1, 1], "the start is state -1"),
        (chain(target=np.array([1, 9])), [1, 1], "arc 1 has state 9, beyond the 3 states"),
        (chain(source=np.array([0, -2])), [1, 1], "arc 1 has state -2"),
        (chain(output_label=np.array([0, 5])), [1, 1], "word label 5 is beyond the symbols, which run to 1"),
        (chain(output_label=np.array([0, -5])), [1, 1], "word label -5"),
        (chain(acoustic_score=np.array([0, np.nan])), [1, 1], "NaN"),
        (chain(graph_score=np.array([0, np.inf])), [1, 1], "NaN or"),
        (chain(final_score=np.array([-np.inf, -np.inf, np.nan])), [1, 1], "NaN"),
        (chain(), [1, -1], "arc 1 has a number of frames outside"),
        (chain(), [1, 1 << 40], "arc 1 has a number of frames outside"),
        (chain(final_score=np.array([-np.inf, 0.0, 0.0])), [1, 1], "paths end at frame 1 and at frame 2"),
        (
            chain(**TWO, **THREE, target=np.array([1, 2, 2])),
            [1, 1, 3],
            "state 2 is reached at frame 3 on one path and at frame 2 by the arc from state 1",
        ),
    ],
)
def test_damage_is_named(loose, frames, message):
    symbols = LatticeSymbols.of_words(SymbolTable(["w1"]))
    if message is None:
        assert assemble_word_lattice("u", loose, np.array(frames), symbols).num_states == 2
        return
    with pytest.raises(LatticeError, match=f"utterance 'u': .*{message}"):
        assemble_word_lattice("u", loose, np.array(frames), symbols)


def test_numbers_without_names_are_bounded():
    symbols = LatticeSymbols.unknown()
    assert symbols.covering(5, 6).words is symbols.covering(7, 2).words
    assert symbols.covering(1 << 18, 0).words.name(1 << 18) == str(1 << 18)
    with pytest.raises(LatticeError, match="without a symbol table"):
        symbols.covering(1 << 30, 0)
    with pytest.raises(LatticeError, match="without a symbol table"):
        symbols.covering(0, 1 << 30)
