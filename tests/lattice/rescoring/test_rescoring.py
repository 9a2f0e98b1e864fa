"""Rescored lattices hold exactly the new LM's scores: every path, by enumeration."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import GrammarError, LatticeError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import NgramModel, NgramOrder, read_arpa
from fsaasr.lattice import DoubleCountWarning, GraphParts, Limits, Mixing, check, rescore_lattice, rescore_ngram
from fsaasr.testing import random_word_lattice, word_lattice_of, word_paths
from tests.grammar.test_ngram_model import QUERIED
from tests.grammar.toys import DATA
from tests.grammar.toys import random_model as letters_model

SEEDS = range(30)


def random_model(seed, order=3):
    """A random model of the words of random lattices; `w3` is unknown to it."""
    model = letters_model(seed, order, size=2)
    return NgramModel(("<unk>", "<s>", "</s>", "w1", "w2"), model.orders)


def random_lattice(seed, parts=False):
    rng = np.random.default_rng(seed)
    lattice = random_word_lattice(rng)
    if not parts:
        return lattice
    lm, pronunciation, silence = (-0.25 * rng.integers(0, 8, size=(3, lattice.num_arcs))).astype(np.float32)
    lm *= lattice.output_label > 0
    return replace(
        lattice, parts=GraphParts(lm, pronunciation, silence, lattice.graph_score - lm - pronunciation - silence)
    )


def ln_probs(model, lattice, words):
    """Natural log probability of each word, then of </s>."""
    return model.log10_prob([lattice.words.name(word) for word in words]) * math.log(10)


def final_of(lattice, path):
    return float(lattice.final_score[lattice.target[path.arcs[-1]] if path.arcs else 0])


def without_lm(lattice, path):
    """Graph score of a path without the LM's part, which has the final score."""
    return path.graph - lattice.parts.lm[list(path.arcs)].sum() - final_of(lattice, path)


def lm_parts(lattice, path):
    """LM part of each word of a path, then of its end."""
    arcs = [k for k in path.arcs if lattice.output_label[k]]
    return [*lattice.parts.lm[arcs].tolist(), final_of(lattice, path)]


def scored(lattice):
    """(words, acoustic, graph) of every path, in one order, for comparison."""
    return sorted((path.words, path.acoustic, path.graph) for path in word_paths(lattice))


def assert_same_paths(found, expected):
    # Words and acoustic scores are exact, so that rounded graph scores cannot change the order.
    assert [path[:2] for path in found] == [path[:2] for path in expected]
    assert [path[2] for path in found] == pytest.approx([path[2] for path in expected], abs=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("order", [1, 2, 4])
def test_each_word_has_its_probability_and_the_rest_stays(seed, order):
    lattice, model = random_lattice(seed, parts=True), random_model(seed, order)
    rescored = rescore_ngram(lattice, model)
    check(rescored)
    for path in word_paths(rescored):
        assert lm_parts(rescored, path) == pytest.approx(ln_probs(model, lattice, path.words).tolist(), abs=1e-4)
    expected = []
    for path in word_paths(lattice):
        rest = without_lm(lattice, path)
        expected.append((path.words, path.acoustic, rest + ln_probs(model, lattice, path.words).sum()))
    assert_same_paths(scored(rescored), sorted(expected))
    _, acoustic, graph = max(expected, key=lambda path: path[1] + path[2])
    assert rescored.best_path().score == pytest.approx(acoustic + graph, abs=1e-4)


@pytest.mark.parametrize("text", [text for text in QUERIED if text])
def test_words_score_as_in_kenlm(text):
    lattice = lattice_of(text.split())
    rescored = rescore_ngram(lattice, read_arpa(DATA / "arpa/commands.3.arpa"), mixing=Mixing(on_top=True))
    (path,) = word_paths(rescored)
    assert lm_parts(rescored, path) == pytest.approx([math.log(10) * value for value in QUERIED[text]], abs=1e-5)


def lattice_of(words):
    """A lattice that says `words` and has no other scores."""
    lattice = word_lattice_of([(range(1, len(words) + 1), 0.0, 0.0)], len(words))
    return replace(lattice, words=SymbolTable(words))


@pytest.mark.parametrize("name", ["commands.2.arpa", "commands.5.arpa", "commands.3.prune012.arpa", "colours.4.arpa"])
def test_every_path_scores_as_in_the_kenlm_module(name):
    kenlm = pytest.importorskip("kenlm")
    model, referee = read_arpa(DATA / "arpa" / name), kenlm.Model(str(DATA / "arpa" / name))
    rng = np.random.default_rng(0)
    for seed in range(20):
        names = [*rng.choice(model.vocabulary[3:], size=5, replace=False), "zebra"]
        lattice = random_word_lattice(np.random.default_rng(seed), num_words=len(names))
        lattice = replace(lattice, words=SymbolTable(names), graph_score=np.zeros_like(lattice.graph_score))
        rescored = rescore_ngram(lattice, model, mixing=Mixing(on_top=True))
        for path in word_paths(rescored):
            if path.arcs:
                said = " ".join(rescored.words.name(word) for word in path.words)
                expected = [math.log(10) * value for value, _, _ in referee.full_scores(said)]
                assert lm_parts(rescored, path) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_old_model_is_taken_out_word_by_word(seed):
    lattice, new, old = random_lattice(seed), random_model(seed, 3), random_model(seed + 1, 2)
    rescored = rescore_ngram(lattice, new, old)
    check(rescored)
    expected = [
        (p.words, p.acoustic, p.graph + (ln_probs(new, lattice, p.words) - ln_probs(old, lattice, p.words)).sum())
        for p in word_paths(lattice)
    ]
    assert_same_paths(scored(rescored), sorted(expected))
    for path in word_paths(rescored):
        if path.arcs:
            assert lm_parts(rescored, path) == pytest.approx(ln_probs(new, lattice, path.words).tolist(), abs=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_model_in_its_own_place_changes_no_total(seed):
    lattice, model = random_lattice(seed), random_model(seed)
    rescored = rescore_ngram(lattice, model, model)
    assert rescored.total_score() == pytest.approx(lattice.total_score(), abs=1e-4)
    assert rescored.best_path().text == lattice.best_path().text
    again = rescore_ngram(rescored, model)
    assert again.num_arcs == rescored.num_arcs
    # A path without arcs has no place for what its final score holds beside the LM.
    assert_same_paths(*([path for path in scored(lat) if path[1]] for lat in (again, rescored)))


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("weight", [0.25, 1.0])
@pytest.mark.parametrize("seed", range(10))
def test_two_models_are_mixed_word_by_word(seed, weight, linear):
    lattice, new, old = random_lattice(seed, parts=True), random_model(seed, 3), random_model(seed + 1, 2)
    rescored = rescore_ngram(lattice, new, old, Mixing(weight, linear))
    for path in word_paths(rescored):
        a, b = ln_probs(new, lattice, path.words), ln_probs(old, lattice, path.words)
        mixed = np.log(weight * np.exp(a) + (1 - weight) * np.exp(b)) if linear else weight * a + (1 - weight) * b
        assert lm_parts(rescored, path) == pytest.approx(mixed.tolist(), abs=1e-4)
    # The old model taken out of the scores and mixed in again is the same, whichever way it is known.
    bare = replace(lattice, parts=None)
    other = rescore_ngram(bare, new, old, Mixing(weight, linear))
    for path in word_paths(other):
        if path.arcs:
            expected = next(found for found in word_paths(rescored) if found.words == path.words)
            assert lm_parts(other, path) == pytest.approx(lm_parts(rescored, expected), abs=1e-4)


@pytest.mark.parametrize("seed", range(10))
def test_known_scores_are_mixed_without_their_model(seed):
    lattice, new = random_lattice(seed, parts=True), random_model(seed)
    rescored = rescore_ngram(lattice, new, mixing=Mixing(0.25))
    expected = []
    for path in word_paths(lattice):
        rest = without_lm(lattice, path)
        lm = 0.25 * ln_probs(new, lattice, path.words).sum() + 0.75 * (path.graph - rest)
        expected.append((path.words, path.acoustic, rest + lm))
    assert_same_paths(scored(rescored), sorted(expected))


@pytest.mark.parametrize("seed", range(10))
def test_on_top_adds_and_warns(seed):
    lattice, new = random_lattice(seed), random_model(seed)
    with pytest.warns(DoubleCountWarning, match="utterance 'random': the lattice's words have graph scores already"):
        rescored = rescore_ngram(lattice, new, mixing=Mixing(2.0, on_top=True))
    expected = [
        (path.words, path.acoustic, path.graph + 2 * ln_probs(new, lattice, path.words).sum())
        for path in word_paths(lattice)
    ]
    assert_same_paths(scored(rescored), sorted(expected))
    empty = replace(lattice, graph_score=np.zeros_like(lattice.graph_score))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(rescore_ngram(empty, new, mixing=Mixing(on_top=True)))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("beam", [0.0, 2.0, 6.0, 1e6])
def test_a_beam_keeps_paths_with_their_scores_and_a_wide_one_all(seed, beam):
    lattice, model = random_lattice(seed, parts=True), random_model(seed)
    exact = rescore_ngram(lattice, model)
    pruned = rescore_ngram(lattice, model, limits=Limits(beam))
    check(pruned)
    assert pruned.num_arcs <= exact.num_arcs
    every = {(words, acoustic, round(graph, 3)) for words, acoustic, graph in scored(exact)}
    assert {(words, acoustic, round(graph, 3)) for words, acoustic, graph in scored(pruned)} <= every
    if beam == 1e6:
        assert_same_paths(scored(pruned), scored(exact))


def test_a_moderate_beam_finds_the_best_path_of_nearly_every_lattice():
    missed = 0
    for seed in range(100):
        lattice = random_word_lattice(np.random.default_rng(seed), num_states=9, num_arcs=30)
        new, old = random_model(seed), random_model(seed + 1)
        best = rescore_ngram(lattice, new, old).best_path().score
        missed += rescore_ngram(lattice, new, old, limits=Limits(12.0)).best_path().score < best - 1e-4
    assert missed <= 2


def test_a_lattice_that_ended_nowhere_gets_no_sentence_end():
    lattice = replace(random_lattice(2, parts=True), reached_final=False)
    lattice = replace(lattice, final_score=np.where(np.isneginf(lattice.final_score), -np.inf, 0.0).astype(np.float32))
    model = random_model(2)
    rescored = rescore_ngram(lattice, model)
    for path in word_paths(rescored):
        expected = [*ln_probs(model, lattice, path.words)[:-1].tolist(), 0.0]
        assert lm_parts(rescored, path) == pytest.approx(expected, abs=1e-4)


def test_times_alignment_and_words_of_paths_are_kept():
    lattice = random_lattice(4, parts=True)
    rescored = rescore_ngram(lattice, random_model(4))
    read = {(h.words, h.tokens, h.columns, h.acoustic_score) for h in read_all(lattice)}
    assert {(h.words, h.tokens, h.columns, h.acoustic_score) for h in read_all(rescored)} == read
    assert len(read) > 3


def read_all(lattice):
    return [lattice.read_path(np.array(path.arcs, dtype=np.int32)) for path in word_paths(lattice)]


def test_too_many_arcs_are_an_error_and_the_input_is_left_alone():
    lattice, model = random_lattice(5, parts=True), random_model(5)
    before = scored(lattice)
    with pytest.raises(LatticeError, match=r"rescore_ngram: utterance 'random': \d+ arcs became more than 5"):
        rescore_ngram(lattice, model, limits=Limits(max_arcs=5))
    count = len(rescore_ngram(lattice, model).source)
    assert rescore_ngram(lattice, model, limits=Limits(max_arcs=count)).num_arcs == count
    assert scored(lattice) == before


def test_what_is_missing_is_named():
    lattice, model = random_lattice(5), random_model(5)
    with pytest.raises(LatticeError, match="give it as `old`, split the graph scores"):
        rescore_ngram(lattice, model)
    with pytest.raises(LatticeError, match="give it as `old`"):
        rescore_ngram(random_lattice(5, parts=True), model, mixing=Mixing(0.5, linear=True))
    order = NgramOrder(np.arange(3)[:, None], np.full(3, -0.5), np.zeros(3))
    closed = NgramModel(("<s>", "</s>", "w1"), (order,))
    with pytest.raises(GrammarError, match=r"utterance 'random': .* lacks 2 words, among them w2 w3"):
        rescore_ngram(lattice, closed, model)
    silent = NgramModel(("<unk>", "<s>", "</s>"), (replace(order, log10_prob=np.full(3, -np.inf)),))
    with pytest.raises(LatticeError, match="gives every path of the lattice probability 0"):
        rescore_ngram(lattice, silent, model)
    with pytest.raises(LatticeError, match=r"`old` gives .* probability 0"):
        rescore_ngram(lattice, model, silent)


def test_a_lattice_without_arcs_has_an_empty_sentence():
    lattice = random_lattice(0, parts=True).select(np.zeros(12, dtype=bool), np.zeros(6, dtype=bool))
    lattice = replace(lattice, final_score=np.full(1, -2.0, dtype=np.float32), num_frames=0)
    model = random_model(0)
    for rescored in (rescore_ngram(lattice, model), rescore_lattice(lattice, model.states)):
        check(rescored)
        assert rescored.final_score == pytest.approx(ln_probs(model, lattice, ()))


@pytest.mark.parametrize("wrong", [{"weight": 0.0}, {"weight": 1.5}, {"weight": math.nan}])
def test_weights_out_of_range_are_refused(wrong):
    with pytest.raises(LatticeError, match="expected a weight"):
        Mixing(**wrong)
    with pytest.raises(LatticeError, match="expected a beam"):
        Limits(beam=-1.0)
