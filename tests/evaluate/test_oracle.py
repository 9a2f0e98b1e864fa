"""Oracles against the edit distance of every path."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core import EvaluationError, Scores
from fsaasr.decode import SearchOptions, decode
from fsaasr.evaluate import edit_distance_lattice, lattice_oracle, oracle_errors, word_errors
from fsaasr.lattice import check, prune
from fsaasr.testing import random_word_lattice, word_paths
from fsaasr.testing.strategies import graphs, matrices

from .edit_distance import edit_distance

ALL = 10**6


def case(seed: int) -> tuple[Any, list[str]]:
    """A random lattice and reference, with a word now and then that the lattice cannot have."""
    rng = np.random.default_rng(seed)
    states = int(rng.integers(2, 8))
    lattice = random_word_lattice(rng, states, int(rng.integers(1, 14)), utterance=f"u{seed}")
    reference = [f"w{n}" if n < 4 else "unheard" for n in rng.integers(1, 5, size=rng.integers(0, 7))]
    return lattice, reference


def distances(lattice: Any, reference: list[str]) -> dict[Any, int]:
    """Edits of each path of a word lattice."""
    return {
        path: edit_distance(reference, [lattice.words.name(label) for label in path.words])
        for path in word_paths(lattice)
    }


@pytest.mark.parametrize("block", range(10))
def test_the_oracle_is_the_nearest_path_and_of_those_the_best(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        lattice, reference = case(seed)
        edits = distances(lattice, reference)
        found = lattice_oracle(lattice, reference)
        assert found.errors == min(edits.values())
        nearest = [path for path, errors in edits.items() if errors == found.errors]
        assert found.hypothesis.score == max(path.acoustic + path.graph for path in nearest)
        words = [word.name for word in found.hypothesis.words]
        assert edit_distance(reference, words) == found.errors
        assert [word for _, word in found.alignment if word] == words
        counts = found.counts
        assert counts.errors == counts.substitutions + counts.insertions + counts.deletions
        assert counts.words == len(reference)


@pytest.mark.parametrize("seed", range(10))
def test_openfst_finds_as_few_errors_in_lattices_too_big_to_enumerate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lattice = random_word_lattice(rng, num_states=80, num_arcs=400, num_words=12)
    reference = [f"w{n}" for n in rng.integers(1, 16, size=30)]
    assert lattice_oracle(lattice, reference).errors == openfst_errors(lattice, reference)


def openfst_errors(lattice: Any, reference: list[str]) -> int:
    """Shortest distance of the lattice composed with all that can be made of the reference, by number of edits."""
    pynini = pytest.importorskip("pynini")
    weights = [pynini.Weight("tropical", cost) for cost in (0, 1)]
    paths, edits = pynini.Fst(), pynini.Fst()
    paths.add_states(lattice.num_states)
    for source, target, label in zip(lattice.source, lattice.target, lattice.output_label):
        paths.add_arc(int(source), pynini.Arc(int(label), int(label), weights[0], int(target)))
    for state in np.flatnonzero(lattice.final_score > -np.inf):
        paths.set_final(int(state))
    edits.add_states(len(reference) + 1)
    for place, word in enumerate([*reference, None]):
        for label in range(1, len(lattice.words)):
            edits.add_arc(place, pynini.Arc(label, label, weights[1], place))
            if word is not None:
                wrong = lattice.words.name(label) != word
                edits.add_arc(place, pynini.Arc(label, label, weights[wrong], place + 1))
        if word is not None:
            edits.add_arc(place, pynini.Arc(0, 0, weights[1], place + 1))
    edits.set_final(len(reference))
    for fst in (paths, edits):
        fst.set_start(0)
    together = pynini.compose(paths, edits.arcsort("ilabel"))
    return round(float(str(pynini.shortestdistance(together, reverse=True)[together.start()])))


@pytest.mark.parametrize("block", range(4))
def test_scores_of_the_edit_lattice_are_edit_distances(block: int) -> None:
    for seed in range(50 * block, 50 * block + 50):
        lattice, reference = case(seed)
        edited = edit_distance_lattice(lattice, reference)
        check(edited)
        assert edited.best_path().score == -lattice_oracle(lattice, reference).errors
        by_words = {tuple(lattice.words.name(w) for w in p.words): e for p, e in distances(lattice, reference).items()}
        found = {tuple(word.name for word in path.words): -path.score for path in edited.nbest(ALL)}
        assert found == by_words


@given(graph=graphs(alive=True), matrix=matrices(impossible=False), reference=st.lists(st.integers(1, 4), max_size=4))
def test_frame_lattices_too(graph: Any, matrix: Any, reference: list[int]) -> None:
    (lattice,) = decode(graph, Scores.from_matrices([matrix], 0.01), SearchOptions(lattice_beam=np.inf))
    words = [graph.words.name(n) if n < len(graph.words) else "unheard" for n in reference]
    every = {tuple(word.name for word in path.words): path for path in lattice.nbest(ALL)}
    edits = {sequence: edit_distance(words, sequence) for sequence in every}
    found = lattice_oracle(lattice, words)
    assert found.errors == min(edits.values())
    best = max(path.score for sequence, path in every.items() if edits[sequence] == found.errors)
    assert found.hypothesis.score == pytest.approx(best)
    edited = edit_distance_lattice(lattice, words)
    check(edited)
    assert {tuple(w.name for w in path.words): -path.score for path in edited.nbest(ALL)} == edits


@pytest.mark.parametrize("seed", range(30))
def test_a_wider_beam_never_has_more_errors(seed: int) -> None:
    lattice, reference = case(seed)
    errors = [lattice_oracle(prune(lattice, beam), reference).errors for beam in (0, 1, 2, 4, 8, 16, 64)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] <= edit_distance(reference, [word.name for word in lattice.best_path().words])
    assert errors[-1] == lattice_oracle(lattice, reference).errors


def test_a_test_set_by_its_utterances() -> None:
    cases = [case(seed) for seed in range(40)]
    references = {lattice.utterance: reference for lattice, reference in cases}
    speakers = {name: f"s{n % 3}" for n, name in enumerate(references)}
    report = oracle_errors((lattice for lattice, _ in cases), references, speakers)
    assert [entry.counts.errors for entry in report.utterances] == [lattice_oracle(*one).errors for one in cases]
    best = {lattice.utterance: [word.name for word in lattice.best_path().words] for lattice, _ in cases}
    assert report.errors <= word_errors(references, best).errors
    assert set(report.per_speaker) == {"s0", "s1", "s2"}


def test_sets_that_do_not_match_are_refused() -> None:
    lattice, _ = case(0)
    with pytest.raises(EvaluationError, match="utterance 'u0' has no reference among 1"):
        oracle_errors([lattice], {"u1": ["a"]})
    with pytest.raises(EvaluationError, match="utterance 'u0' has two lattices"):
        oracle_errors([lattice, lattice], {"u0": ["a"]})
    with pytest.raises(EvaluationError, match="1 \\('u1'\\) without hypothesis"):
        oracle_errors([lattice], {"u0": ["a"], "u1": ["a"]})
    with pytest.raises(EvaluationError, match=r"is the string 'a b'.*use \.split"):
        lattice_oracle(lattice, "a b")
    with pytest.raises(EvaluationError, match="no path to a final state"):
        lattice_oracle(replace(lattice, final_score=np.full_like(lattice.final_score, -np.inf)), ["a"])
