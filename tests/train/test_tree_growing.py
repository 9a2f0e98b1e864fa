"""State tying: gains by hand, trees that find what made the data, and files of questions."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, FileFormatError, TrainingError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import TOPOLOGIES
from fsaasr.graph.context_tree import Leaf, Split, splits
from fsaasr.train.context_questions import cluster_questions, position_questions, read_questions
from fsaasr.train.context_statistics import ContextStatistics, collect_contexts, log_likelihood, variance_of
from fsaasr.train.tree_config import TreeConfig
from fsaasr.train.tree_growing import grow_tree

FLOOR = np.array([1e-3, 1e-3])
NAMES = tuple("abcd")


def moments_of(frames: np.ndarray) -> np.ndarray:
    return np.concatenate([[len(frames)], frames.sum(axis=0), (frames**2).sum(axis=0)])


def statistics_where(mean_of, frames: int = 50, states: int = 1) -> ContextStatistics:
    """Normal frames for every (token, state, left, right) of four tokens, about `mean_of` them."""
    rng = np.random.default_rng(0)
    contexts = list(itertools.product(range(1, 5), range(1, states + 1), range(5), range(5)))
    moments = [moments_of(rng.normal(size=(frames, 2)) + mean_of(*context)) for context in contexts]
    return ContextStatistics(NAMES, (states,) * 4, np.array(contexts), np.array(moments))


def test_log_likelihood_is_that_of_the_fitted_gaussian() -> None:
    frames = np.random.default_rng(1).normal(size=(20, 2)) * [1.0, 3.0] + 5
    deviation = frames.std(axis=0)
    density = -0.5 * ((frames - frames.mean(axis=0)) / deviation) ** 2 - np.log(deviation) - 0.5 * np.log(2 * np.pi)
    found = log_likelihood(moments_of(frames), FLOOR) - 20 * 0.5 * 2 * np.log(2 * np.pi)
    assert found == pytest.approx(density.sum(), rel=1e-9)
    assert log_likelihood(np.zeros((3, 5)), FLOOR).tolist() == [0, 0, 0]


def test_a_tree_finds_the_context_that_matters() -> None:
    # The mean moves if the left neighbour is a or b; all else is noise.
    statistics = statistics_where(lambda token, state, left, right: 3.0 * (left in (1, 2)))
    questions = [("a", "b"), ("a",), ("b",), ("c",), ("c", "d")]
    tree = grow_tree(statistics, questions, TreeConfig(leaves=8, min_frames=1.0), FLOOR)
    assert [root for (root,) in tree.roots] == [Split("left", ("a", "b"), Leaf(), Leaf())] * 4


def test_leaves_go_where_they_gain_most() -> None:
    statistics = statistics_where(lambda token, state, left, right: token * (right == 3))
    tree = grow_tree(statistics, [("c",)], TreeConfig(leaves=6, min_frames=1.0), FLOOR)
    assert tree.sizes.ravel().tolist() == [1, 1, 2, 2]
    assert {node.side for (root,) in tree.roots for node in splits(root)} == {"right"}


def test_no_leaf_has_few_frames_and_no_question_gains_little() -> None:
    statistics = statistics_where(lambda token, state, left, right: left)
    tree = grow_tree(statistics, [(name,) for name in NAMES], TreeConfig(leaves=999, min_frames=300.0), FLOOR)
    token, state, left, right = statistics.contexts.T
    frames = np.bincount(tree.table[left, token, right, state - 1], weights=statistics.moments[:, 0])
    # Of the 1250 frames of a token, each neighbour has 250: too few alone.
    assert tree.num_columns == 4
    assert frames.min() >= 300
    finer = grow_tree(statistics, [(name,) for name in NAMES], TreeConfig(leaves=999, min_frames=250.0), FLOOR)
    assert finer.num_columns > 4
    assert grow_tree(statistics, [("a",)], TreeConfig(leaves=999, min_gain=1e9), FLOOR).num_columns == 4


def test_silence_has_no_context_and_a_token_without_data_one_leaf() -> None:
    full = statistics_where(lambda token, state, left, right: left)
    seen = full.contexts[:, 0] != 2
    statistics = ContextStatistics(NAMES, (1,) * 4, full.contexts[seen], full.moments[seen])
    config = TreeConfig(leaves=20, min_frames=1.0)
    tree = grow_tree(statistics, [(name,) for name in NAMES], config, FLOOR, context_free=["a"])
    assert tree.sizes.ravel()[:2].tolist() == [1, 1]
    assert tree.sizes.ravel()[2:].min() > 1


def test_each_question_gains_what_the_two_sides_gain() -> None:
    """The greedy choice, by trying every question on every leaf of a tree that is one question shorter."""
    rng = np.random.default_rng(2)
    shift = rng.normal(size=(5, 5))
    statistics = statistics_where(lambda token, state, left, right: shift[left, right] + token)
    questions = [(name,) for name in NAMES] + [("a", "b"), ("b", "d")]

    def total(leaves: int) -> float:
        tree = grow_tree(statistics, questions, TreeConfig(leaves=leaves, min_frames=1.0), FLOOR)
        token, state, left, right = statistics.contexts.T
        sums = np.zeros((tree.num_columns, 5))
        np.add.at(sums, tree.table[left, token, right, state - 1], statistics.moments)
        return float(log_likelihood(sums, FLOOR).sum())

    gains = np.diff([total(leaves) for leaves in range(4, 16)])
    assert (gains > 0).all()
    first = 0.0
    token, _, left, right = statistics.contexts.T
    for label, side, question in itertools.product(range(1, 5), (left, right), questions):
        yes = (token == label) & np.isin(np.array(["", *NAMES])[side], question)
        no = (token == label) & ~yes
        sides = [log_likelihood(statistics.moments[part].sum(axis=0), FLOOR) for part in (yes, no, yes | no)]
        first = max(first, float(sides[0] + sides[1] - sides[2]))
    assert gains[0] == pytest.approx(first, rel=1e-9)


def test_clusters_join_what_is_alike() -> None:
    means = {1: 0.0, 2: 0.2, 3: 9.0, 4: 9.2}
    statistics = statistics_where(lambda token, state, left, right: means[token] if state == 2 else 0.0, states=3)
    questions = cluster_questions(statistics, FLOOR)
    assert questions[:4] == [("a",), ("b",), ("c",), ("d",)]
    assert set(questions[4:]) == {("a", "b"), ("c", "d")}


def test_tokens_that_know_their_place_bring_questions_about_places() -> None:
    assert position_questions(NAMES) == []
    assert position_questions(["SIL", "a_B", "a_E", "a_S", "b_B", "b_E", "c_I"]) == [
        ("a_B", "b_B"),
        ("a_B", "a_E", "a_S"),
        ("a_B", "a_S", "b_B"),
        ("a_E", "b_E"),
        ("a_E", "a_S", "b_E"),
        ("b_B", "b_E"),
    ]


def test_a_tree_finds_that_the_word_before_matters() -> None:
    names = ("a_B", "a_E", "b_B", "b_E")
    plain = statistics_where(lambda token, state, left, right: 3.0 * (left in (2, 4)))
    statistics = ContextStatistics(names, plain.states, plain.contexts, plain.moments)
    tree = grow_tree(statistics, position_questions(names), TreeConfig(leaves=8, min_frames=1.0), FLOOR)
    assert [root for (root,) in tree.roots] == [Split("left", ("a_E", "b_E"), Leaf(), Leaf())] * 4


def test_frames_are_counted_between_their_neighbours() -> None:
    tokens = SymbolTable(["SIL", "A", "B"])
    columns = TOPOLOGIES["hmm3"].columns(tokens)
    # SIL A B, as columns SIL.1-3, A.1-3 (A.2 twice), B.1-3.
    path = (0, 1, 2, 3, 4, 4, 5, 6, 7, 8)
    spans = (Span("SIL", 0.0, 0.03), Span("A", 0.03, 0.07), Span("B", 0.07, 0.1))
    hypothesis = Hypothesis("u", (), spans, path, 0.0, 0.0)
    frames = np.arange(20, dtype=np.float32).reshape(10, 2)
    statistics = collect_contexts([frames, frames], [hypothesis, hypothesis], columns, tokens, 0.01)
    expected = {
        **{(1, state, 0, 2): [state - 1] for state in (1, 2, 3)},
        **{(2, 1, 1, 3): [3], (2, 2, 1, 3): [4, 5], (2, 3, 1, 3): [6]},
        **{(3, state, 2, 0): [state + 6] for state in (1, 2, 3)},
    }
    assert list(map(tuple, statistics.contexts.tolist())) == sorted(expected)
    for context, row in zip(statistics.contexts.tolist(), statistics.moments):
        np.testing.assert_allclose(row, 2 * moments_of(frames[expected[tuple(context)]].astype(np.float64)))
    np.testing.assert_allclose(variance_of(statistics.moments), frames.var(axis=0))
    with pytest.raises(TrainingError, match="utterance 'u' has 9 frames, its alignment 10"):
        collect_contexts([frames[:9]], [hypothesis], columns, tokens, 0.01)


def test_questions_from_a_file(tmp_path) -> None:
    path = tmp_path / "questions.txt"
    path.write_text("b a\n\nd\n")
    assert read_questions(path, NAMES) == [("a", "b"), ("d",)]
    path.write_text("a\nb x\n")
    with pytest.raises(FileFormatError, match=re.escape("questions.txt:2: token 'x' is not one of the lexicon's 4")):
        read_questions(path, NAMES)
    path.write_text("\n")
    with pytest.raises(FileFormatError, match="no question"):
        read_questions(path, NAMES)
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_questions(tmp_path / "none", NAMES)


@pytest.mark.parametrize("values", [{"leaves": 0}, {"min_frames": 0.0}, {"min_gain": -1.0}])
def test_tree_options_out_of_range(values) -> None:
    with pytest.raises(ConfigError, match="TreeConfig"):
        TreeConfig(**values)
