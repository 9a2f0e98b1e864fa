"""Weights tuned on n-best lists: the errors are those of the words chosen, and a file brings them back."""

import itertools

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, EvaluationError, FileFormatError, LatticeError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.evaluate import word_errors
from fsaasr.lattice import NbestList
from fsaasr.recipe import read_weights, tune_weights, write_weights
from fsaasr.recipe.plateau import middle_of_best

GRID = {"acoustic": (0.5, 1.0), "lm": (0.0, 0.5, 1.0, 2.0), "second_lm": (0.0, 1.0, 2.0), "words": (-1.0, 0.0, 1.0)}


def random_lists(seed, utterances=12):
    """Lists of 1 to 8 hypotheses, and references near the ones of best `second_lm`."""
    rng = np.random.default_rng(seed)
    lists, references = [], {}
    for number in range(utterances):
        sentences = [rng.choice(list("abc"), size=rng.integers(0, 6)).tolist() for _ in range(rng.integers(1, 9))]
        hypotheses = [
            Hypothesis(f"u{number}", tuple(Span(word, 0, 1) for word in words), (), (), *rng.normal(0, 2, size=2))
            for words in sentences
        ]
        lst = NbestList.of(hypotheses)
        for name in ("lm", "second_lm"):
            lst = lst.with_score(name, rng.normal(0, 2, size=len(sentences)))
        lists.append(lst)
        references[f"u{number}"] = [*sentences[int(lst.scores["second_lm"].argmax())], "d"]
    return lists, references


def errors_of(lists, references, weights):
    """By ranking and scoring, without the tuner's tables."""
    chosen = {lst.utterance: lst.ranked(weights)[0].text.split() for lst in lists}
    return word_errors(references, chosen).errors


@pytest.mark.parametrize("seed", range(3))
def test_all_of_a_grid_is_tried_and_the_fewest_errors_win(seed):
    lists, references = random_lists(seed)
    tuned = tune_weights(lists, references, GRID)
    expected = {
        point: errors_of(lists, references, dict(zip(GRID, point))) for point in itertools.product(*GRID.values())
    }
    assert {tuple(trial[name] for name in GRID): trial["errors"] for trial in tuned.trials} == expected
    assert tuned.errors == min(expected.values()) == expected[tuple(tuned.weights.values())]
    assert tuned.words == sum(map(len, references.values()))


@pytest.mark.parametrize("seed", range(3))
def test_one_weight_after_the_other_ends_where_no_single_one_betters_it(seed):
    lists, references = random_lists(seed)
    tuned = tune_weights(lists, references, GRID, max_trials=1)
    assert tuned.errors == errors_of(lists, references, tuned.weights)
    assert len(tuned.trials) < 72
    assert tuned.errors <= errors_of(lists, references, {"acoustic": 1.0, "lm": 1.0, "second_lm": 1.0, "words": 0.0})
    for name, values in GRID.items():
        assert all(errors_of(lists, references, {**tuned.weights, name: value}) >= tuned.errors for value in values)


def test_the_middle_of_a_plateau_is_taken():
    points = [(scale, penalty) for scale in (0.1, 1.0, 10.0) for penalty in (-1.0, 0.0, 1.0)]
    assert points[middle_of_best(points, [3] * 9)] == (1.0, 0.0)
    assert points[middle_of_best(points, [3, 3, 3, 3, 9, 3, 3, 3, 2])] == (10.0, 1.0)


def test_weights_come_back_from_their_file(tmp_path):
    lists, references = random_lists(0)
    tuned = tune_weights(lists, references, GRID)
    write_weights(tuned, tmp_path / "weights.json", commit="abc")
    assert read_weights(tmp_path / "weights.json") == tuned.weights
    with pytest.raises(FileFormatError, match=r"cannot be read: .*; tune first"):
        read_weights(tmp_path / "none.json")
    for text in ("{}", "[]", "nonsense", '{"weights": {"lm": "much"}}', '{"weights": 1}'):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(FileFormatError, match="not a file of weights"):
            read_weights(tmp_path / "bad.json")


def test_what_does_not_fit_is_named():
    lists, references = random_lists(0)
    with pytest.raises(LatticeError, match="has no scores third_lm"):
        tune_weights(lists, references, {"third_lm": (1.0,)})
    with pytest.raises(EvaluationError, match=r"without hypothesis"):
        tune_weights(lists[1:], references, GRID)
    for grid in ({}, {"lm": ()}, {"lm": (float("nan"),)}):
        with pytest.raises(ConfigError, match="tune_weights: the grid is"):
            tune_weights(lists, references, grid)
