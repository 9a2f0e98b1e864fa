"""What two lattices have in common, path by path, by enumeration."""

import dataclasses
from collections import Counter

import numpy as np

from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode
from fsaasr.lattice import GraphParts, Lattice, WordLattice
from fsaasr.testing import random_word_lattice, word_paths
from fsaasr.testing.fuzz import fuzz_case


def word_lattice(seed, parts=False):
    """A random lattice; scores are thirds where `seed` is odd, else multiples of 0.25."""
    rng = np.random.default_rng(seed)
    lattice = random_word_lattice(rng, int(rng.integers(2, 7)), int(rng.integers(1, 13)), utterance=f"utt-{seed}")
    if seed % 2:
        names = ("acoustic_score", "graph_score", "final_score")
        lattice = dataclasses.replace(lattice, **{name: getattr(lattice, name) / np.float32(3) for name in names})
    if parts:
        split = [(-rng.random(lattice.num_arcs)).astype(np.float32) for _ in range(4)]
        total = np.sum(split, axis=0, dtype=np.float64).astype(np.float32)
        lattice = dataclasses.replace(lattice, parts=GraphParts(*split), graph_score=total)
    return lattice


def frame_lattice(seed):
    """A lattice from a search, or None where the search of this seed keeps too many paths to count, or none."""
    case = fuzz_case(seed)
    if np.isneginf(case.matrix).any() or len(case.matrix) > 5:
        return None
    try:
        (lattice,) = decode(
            case.graph, Scores.from_matrices([case.matrix], frame_shift=0.03), SearchOptions(lattice_beam=3.0)
        )
    except Exception:
        return None
    return lattice if lattice.num_arcs < 40 else None


def paths(lattice, times=True, columns=True, tolerance=1e-3):
    """How often each path occurs: words with frames, columns, and scores rounded to `tolerance`."""
    found = Counter()
    for path in word_paths(lattice):
        arcs = np.array(path.arcs, dtype=np.int32)
        words = [k for k in path.arcs if lattice.output_label[k]]
        names = tuple(lattice.words.names_of([int(lattice.output_label[k]) for k in words]))
        frames = tuple((int(lattice.arc_frame[k]), int(lattice.state_frame[lattice.target[k]])) for k in words)
        scores = (round(path.acoustic / tolerance), round(path.graph / tolerance))
        found[(names, frames if times else None, frame_columns(lattice, arcs) if columns else None, *scores)] += 1
    return found


def frame_columns(lattice, arcs):
    """Tokens of the frames of a path, or None where they are not known."""
    if isinstance(lattice, Lattice):
        labels = lattice.input_label[arcs]
        return tuple((labels[labels > 0] - 1).tolist())
    return None if lattice.columns is None else tuple(lattice.columns[lattice.frames_of(arcs)].tolist())


def identical(one, other):
    """Whether two lattices are the same in every field."""
    assert type(one) is type(other)
    for field in dataclasses.fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            np.testing.assert_array_equal(mine, theirs, err_msg=field.name)
            assert mine.dtype == theirs.dtype, field.name
        elif dataclasses.is_dataclass(mine):
            for part in dataclasses.fields(mine):
                np.testing.assert_array_equal(getattr(mine, part.name), getattr(theirs, part.name))
        else:
            assert mine == theirs, field.name
    assert isinstance(one, (Lattice, WordLattice))
    return True
