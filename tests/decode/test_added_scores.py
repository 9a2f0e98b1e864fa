"""What words add in a search is what they add by definition, path by path, whatever the way there."""

import math
from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.added_scores import AddedScores, ScoredLabels
from fsaasr.decode.on_the_fly import OnTheFlyLm
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.search import Search
from fsaasr.grammar.phrase_automaton import phrase_automaton
from fsaasr.testing import enumerate_paths, random_fst, random_matrix, toy_graph
from tests.grammar.toys import random_model

OPEN = SearchOptions(search_beam=math.inf, lattice_beam=math.inf, max_active=10**6)


def occurrences(labels, phrases):
    """Sum of the weights of all occurrences of phrases."""
    spots = ((labels[at : at + len(phrase)], phrase, weight) for at in range(len(labels)) for phrase, weight in phrases)
    return sum(weight for said, phrase, weight in spots if list(said) == list(phrase))


def random_phrases(rng, num_words):
    return [
        (rng.integers(1, num_words + 1, size=rng.integers(1, 4)).tolist(), float(rng.integers(-4, 13)) / 4)
        for _ in range(int(rng.integers(1, 5)))
    ]


def case(seed):
    """A graph with many words, scores, and what its words are called."""
    rng = np.random.default_rng(seed)
    graph = toy_graph(random_fst(rng, num_states=5, num_arcs=12, num_columns=3, epsilon=0.3), 3)
    names = SymbolTable("abcdefgh"[: len(graph.words) - 1])
    return rng, replace(graph, words=names), random_matrix(rng, 5)


def expected_scores(graph, matrix, added):
    """Score of each path of a graph with `added(labels)`, by enumeration."""
    found = []
    for path in enumerate_paths(graph.fst, matrix):
        labels = [label for label in graph.fst.output_label[list(path.arcs)].tolist() if label]
        found.append(path.score + added(labels))
    return found


def found_lattice(graph, matrix, added, options=OPEN):
    search = Search(graph, options, added=added)
    search.advance(matrix)
    lattice = search.lattice("u", 0.01)
    lattice.check()
    return lattice


def hot(graph, phrases):
    automaton = phrase_automaton(phrases, graph.words.names)
    return ScoredLabels(automaton, np.arange(len(graph.words), dtype=np.int32))


@pytest.mark.parametrize("seed", range(40))
def test_phrases_add_the_weights_of_their_occurrences(seed):
    rng, graph, matrix = case(seed)
    phrases = random_phrases(rng, len(graph.words) - 1)
    expected = expected_scores(graph, matrix, lambda labels: occurrences(labels, phrases))
    lattice = found_lattice(graph, matrix, AddedScores([hot(graph, phrases)]))
    assert lattice.reached_final == bool(expected)
    if expected:
        assert lattice.best_path().score == pytest.approx(max(expected), abs=1e-6)
        assert lattice.total_score() == pytest.approx(np.logaddexp.reduce(expected), abs=1e-5)
        assert lattice.evidence.no_search_error


def lm_score(model, names):
    """Natural log probability of a sentence by the model's own query, which shares no code with automata."""
    return math.log(10) * float(model.log10_prob(names).sum())


@pytest.mark.parametrize("seed", range(30))
def test_a_model_on_the_fly_and_phrases_add_their_sum(seed):
    rng, graph, matrix = case(seed)
    orders, size = (int(rng.integers(2, 5)), int(rng.integers(1, 3))), len(graph.words) - 1
    new, old = (random_model(int(rng.integers(1 << 30)), order, size) for order in orders)
    phrases = random_phrases(rng, len(graph.words) - 1)
    lm = OnTheFlyLm(new, old, scale=0.5)

    def added(labels):
        names = graph.words.names_of(labels)
        return 0.5 * (lm_score(new, names) - lm_score(old, names)) + occurrences(labels, phrases)

    expected = expected_scores(graph, matrix, added)
    lattice = found_lattice(graph, matrix, AddedScores([*lm.labels(graph.words), hot(graph, phrases)]))
    if not expected:
        assert not lattice.reached_final
        return
    assert lattice.best_path().score == pytest.approx(max(expected), abs=1e-5)
    assert lattice.total_score() == pytest.approx(np.logaddexp.reduce(expected), abs=1e-5)
    assert lattice.evidence.no_search_error
    one = Search(graph, OPEN, links=False, added=AddedScores([*lm.labels(graph.words), hot(graph, phrases)]))
    one.advance(matrix)
    one.finish()
    assert one.best("u", 0.01).score == pytest.approx(max(expected), abs=1e-5)


@pytest.mark.parametrize("seed", range(15))
def test_narrow_beams_find_true_paths_and_know_what_they_lost(seed):
    rng, graph, matrix = case(seed)
    phrases = random_phrases(rng, len(graph.words) - 1)
    expected = expected_scores(graph, matrix, lambda labels: occurrences(labels, phrases))
    narrow = SearchOptions(search_beam=float(rng.choice([0.5, 2.0, 4.0])), max_active=3, min_active=0)
    lattice = found_lattice(graph, matrix, AddedScores([hot(graph, phrases)]), narrow)
    if lattice.reached_final:
        score = lattice.best_path().score
        assert min(abs(score - other) for other in expected) < 1e-6
        assert score == pytest.approx(max(expected), abs=1e-6) or not lattice.evidence.no_search_error
