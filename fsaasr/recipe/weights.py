"""Weights of named scores, chosen on dev data and frozen in a file."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

import kaldialign
import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ConfigError, FileFormatError
from fsaasr.core.files import PathLike, read_json, write_json
from fsaasr.evaluate import word_errors
from fsaasr.lattice import NbestList
from fsaasr.recipe.plateau import middle_of_best

Point = Tuple[float, ...]


@dataclass(frozen=True)
class TunedWeights:
    """The weights chosen, their errors on dev data of so many words, and what was tried: weights and errors of each."""

    weights: Dict[str, float]
    errors: int
    words: int
    trials: Tuple[Dict[str, Any], ...]


def tune_weights(
    lists: Sequence[NbestList],
    references: Mapping[str, Sequence[str]],
    grid: Mapping[str, Sequence[float]],
    max_trials: int = 10_000,
) -> TunedWeights:
    """Picks the weights of fewest word errors on n-best lists.

    All combinations of the grid are tried if they are at most `max_trials`. If they are more, one weight after the
    other is chosen among its values, from the middle of each, until a round betters nothing. Of equally good weights it
    takes those in their middle, see `middle_of_best`.

    Args:
      lists: of the dev utterances, all with the scores of the grid.
      references: words of each of these utterances.
      grid: values to try for each score, by its name; other scores count nothing.

    Raises:
      ConfigError: an empty grid, or a value that is not finite.
      EvaluationError: lists and references of different utterances, or no words in these.
      LatticeError: a score that a list lacks.
    """
    if not grid or not all(values and all(map(math.isfinite, values)) for values in grid.values()):
        raise ConfigError(f"tune_weights: the grid is {dict(grid)}; expected one or more finite values for each score")
    report = word_errors(references, {lst.utterance: _words(lst)[0] for lst in lists})
    count = _counter(lists, references, tuple(grid))
    search = _everywhere if math.prod(map(len, grid.values())) <= max_trials else _one_by_one
    tried = search([tuple(values) for values in grid.values()], count)
    points, errors = list(tried), list(tried.values())
    chosen = middle_of_best(points, errors)
    trials = tuple({**dict(zip(grid, point)), "errors": found} for point, found in tried.items())
    return TunedWeights(dict(zip(grid, points[chosen])), errors[chosen], report.words, trials)


def _words(lst: NbestList) -> List[List[str]]:
    return [[word.name for word in hypothesis.words] for hypothesis in lst.hypotheses]


def _counter(
    lists: Sequence[NbestList], references: Mapping[str, Sequence[str]], names: Sequence[str]
) -> Callable[[Point], int]:
    """A function from weights to the errors of what they choose."""
    depth = max(len(lst.hypotheses) for lst in lists)
    # One score matrix a name; a weight of 0 makes nothing impossible, so -inf stands as a very low score.
    scores: npt.NDArray[np.float64] = np.zeros((len(names), len(lists), depth))
    errors = np.zeros((len(lists), depth), dtype=np.int64)
    absent = np.ones((len(lists), depth), dtype=bool)
    for row, lst in enumerate(lists):
        count = len(lst.hypotheses)
        for axis, name in enumerate(names):
            scores[axis, row, :count] = np.maximum(lst.weighted({name: 1.0}), np.finfo(np.float32).min)
        reference = list(references[lst.utterance])
        errors[row, :count] = [kaldialign.edit_distance(reference, words)["total"] for words in _words(lst)]
        absent[row, :count] = False

    def count_errors(point: Point) -> int:
        total = np.tensordot(np.array(point), scores, axes=1)
        best = np.where(absent, -np.inf, total).argmax(axis=1)
        return int(errors[np.arange(len(lists)), best].sum())

    return count_errors


def _everywhere(values: Sequence[Point], count: Callable[[Point], int]) -> Dict[Point, int]:
    return {point: count(point) for point in itertools.product(*values)}


def _one_by_one(values: Sequence[Point], count: Callable[[Point], int]) -> Dict[Point, int]:
    """Errors of all points that a search along one axis after the other comes by."""
    point = tuple(sorted(axis)[len(axis) // 2] for axis in values)
    tried = {point: count(point)}
    while True:
        before = tried[point]
        for axis, choices in enumerate(values):
            line = [(*point[:axis], value, *point[axis + 1 :]) for value in choices]
            tried.update({there: count(there) for there in line if there not in tried})
            point = line[middle_of_best(line, [tried[there] for there in line])]
        if tried[point] == before:
            return tried


def write_weights(tuned: TunedWeights, path: PathLike, **record: object) -> None:
    """Freezes weights as JSON, with how they were found and what else shall stand beside them."""
    found = {"errors": tuned.errors, "words": tuned.words, "trials": list(tuned.trials)}
    write_json(path, {"weights": tuned.weights, **found, **record})


def read_weights(path: PathLike) -> Dict[str, float]:
    """Reads the weights that `write_weights` wrote.

    Raises:
      FileFormatError: no such file, not JSON, or no weights in it.
    """
    try:
        return {str(name): float(weight) for name, weight in read_json(Path(path))["weights"].items()}
    except OSError as error:
        raise FileFormatError(path, None, f"cannot be read: {error.strerror}; tune first") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(path, None, f"not a file of weights ({error!r}); expected what tuning writes") from error
