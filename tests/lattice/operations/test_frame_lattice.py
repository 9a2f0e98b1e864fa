"""Word lattices spelled out: the same paths, frame by frame."""

from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.graph.decoding_graph import TOKEN_START, WORD_START
from fsaasr.lattice import check, frame_lattice
from fsaasr.testing import random_word_lattice
from tests.lattice.paths import facts


def frame_paths(lattice):
    """Words, columns with flags, and scores of all paths of a frame-level lattice, from its definition."""
    found, stack = [], [(0, ())]
    while stack:
        state, path = stack.pop()
        if lattice.final_score[state] > -np.inf:
            arcs = list(path)
            emits = [k for k in arcs if lattice.input_label[k]]
            found.append(
                (
                    tuple(lattice.words.name(int(w)) for w in lattice.output_label[arcs] if w),
                    tuple((int(lattice.input_label[k]) - 1, int(lattice.arc_flags[k])) for k in emits),
                    float(lattice.acoustic_score[arcs].sum()),
                    float(lattice.graph_score[arcs].sum() + lattice.final_score[state]),
                )
            )
        stack += [(int(lattice.target[k]), (*path, k)) for k in np.flatnonzero(lattice.source == state).tolist()]
    return sorted(found)


@pytest.mark.parametrize("seed", range(150))
def test_paths_are_the_same(seed):
    lattice = random_word_lattice(np.random.default_rng(seed))
    spelled = frame_lattice(lattice)
    check(spelled)
    wanted = [(tuple(w for w, _, _ in p.words), p.columns, p.acoustic, p.graph) for p in facts(lattice)]
    assert frame_paths(spelled) == sorted(wanted)
    assert spelled.total_score() == pytest.approx(lattice.total_score())
    assert np.all(np.diff(spelled.state_frame) >= 0)


@pytest.mark.parametrize("seed", range(60))
def test_words_keep_their_times_where_flags_tell_of_them(seed):
    lattice = random_word_lattice(np.random.default_rng(seed), 8, 16)
    silent = lattice.output_label == 0
    # Words of no frames have no place for a flag.
    instant = ~silent & (np.diff(lattice.column_offsets) == 0)
    lattice = replace(lattice, output_label=np.where(instant, 0, lattice.output_label).astype(np.int32))
    word = np.repeat(lattice.output_label, np.diff(lattice.column_offsets)) > 0
    flags = np.zeros(len(word), dtype=np.uint8)
    begins = lattice.column_offsets[:-1][lattice.output_label > 0]
    flags[begins] = TOKEN_START | WORD_START
    lattice = replace(lattice, columns=word.astype(np.int32), column_flags=flags)
    scales = (1.0, 1.0, -30.0)  # many words
    assert frame_lattice(lattice).best_path(*scales).words == lattice.best_path(*scales).words


def test_without_columns_nothing_can_be_spelled_out():
    bare = replace(random_word_lattice(np.random.default_rng(0)), columns=None, column_flags=None)
    with pytest.raises(LatticeError, match="'random' has no columns"):
        frame_lattice(bare)
