"""Word lattices: what holds of all lattices holds of them, by enumeration."""

from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.lattice import GraphParts, check, prune
from fsaasr.testing import random_word_lattice, word_paths

SEEDS = range(40)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_lattices_are_sound(seed):
    lattice = random_word_lattice(np.random.default_rng(seed))
    check(lattice)
    assert len(lattice.columns) == lattice.column_offsets[-1]


@pytest.mark.parametrize("seed", SEEDS)
def test_best_total_and_nbest_are_those_of_all_paths(seed):
    lattice = random_word_lattice(np.random.default_rng(seed))
    by_words = {}
    for path in word_paths(lattice):
        score = 0.5 * path.acoustic + 2 * path.graph - 0.25 * len(path.words)
        by_words.setdefault(path.words, []).append(score)
    best = {words: max(scores) for words, scores in by_words.items()}
    scales = (0.5, 2.0, 0.25)
    found = lattice.nbest(len(best) + 1, *scales)
    assert len(found) == len(best)
    scored = {tuple(lattice.words[span.name] for span in hyp.words): hyp for hyp in found}
    for words, hyp in scored.items():
        assert 0.5 * hyp.acoustic_score + 2 * hyp.graph_score - 0.25 * len(words) == best[words]
    assert lattice.best_path(*scales).text == found[0].text
    total = np.logaddexp.reduce([score for scores in by_words.values() for score in scores])
    assert lattice.total_score(*scales) == pytest.approx(total)
    assert max(best.values()) <= total + 1e-9


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("beam", [0.0, 2.0, 5.0])
def test_pruning_keeps_the_paths_within_the_beam(seed, beam):
    lattice = random_word_lattice(np.random.default_rng(seed))
    scores = {path: path.acoustic + path.graph for path in word_paths(lattice)}
    kept = prune(lattice, beam)
    check(kept)
    best = max(scores.values())
    wanted = {(p.words, p.acoustic, p.graph) for p, score in scores.items() if score >= best - beam}
    assert wanted <= {(p.words, p.acoustic, p.graph) for p in word_paths(kept)}
    assert kept.num_arcs <= lattice.num_arcs


def test_a_path_is_read_with_times_tokens_and_columns():
    lattice = random_word_lattice(np.random.default_rng(3))
    path = next(iter(word_paths(lattice)))
    read = lattice.read_path(np.array(path.arcs, dtype=np.int32))
    starts = [lattice.state_frame[lattice.source[k]] * 0.01 for k in path.arcs if lattice.output_label[k]]
    assert [span.start for span in read.words] == starts
    assert len(read.columns) == lattice.num_frames
    assert read.score == path.acoustic + path.graph
    bare = replace(lattice, columns=None, column_flags=None).read_path(np.array(path.arcs, dtype=np.int32))
    assert (bare.words, bare.tokens, bare.columns) == (read.words, (), ())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lat: {"columns": lat.columns[1:]}, "columns has shape"),
        (lambda lat: {"columns": lat.columns + np.int32(9)}, "a column beyond those of the scores"),
        (lambda lat: {"column_flags": lat.column_flags[1:]}, "column_flags has shape"),
        (lambda lat: {"parts": GraphParts(*[lat.graph_score] * 4)}, "not the sum of its parts"),
        (lambda lat: {"output_label": lat.output_label + np.int32(9)}, "an output label beyond the words"),
        (lambda lat: {"num_frames": lat.num_frames + 1}, "a final state that is not at frame"),
    ],
)
def test_damage_is_found(change, message):
    lattice = random_word_lattice(np.random.default_rng(3))
    with pytest.raises(LatticeError, match=f"WordLattice.check: utterance 'random': .*{message}"):
        check(replace(lattice, **change(lattice)))
