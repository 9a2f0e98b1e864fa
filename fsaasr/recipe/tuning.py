"""Scales chosen on dev data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.corpora import read_cuts
from fsaasr.decode import SearchOptions
from fsaasr.evaluate import word_errors
from fsaasr.features import FeatureBatch, compute_features
from fsaasr.graph import DecodingGraph, load_graph
from fsaasr.models import AcousticModel, load_model
from fsaasr.recipe.decoding import DEFAULT_SEARCH, check_fit, searched
from fsaasr.recipe.plateau import middle_of_best
from fsaasr.recipe.scales import Scales, write_scales


@dataclass(frozen=True)
class TuningGrid:
    """Values to try, all combinations of them; each acoustic scale is a search, the rest costs little.

    Attributes:
      acoustic_scale, lm_scale, word_insertion_penalty: values as in `Scales`.
    """

    __pydantic_config__ = STRICT

    acoustic_scale: Tuple[float, ...] = (1.0,)
    lm_scale: Tuple[float, ...] = (1.0,)
    word_insertion_penalty: Tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        if not (self.acoustic_scale and self.lm_scale and self.word_insertion_penalty):
            raise ConfigError("TuningGrid: found an empty list of values; give at least one of each")


@dataclass(frozen=True)
class Tuned:
    """The scales chosen, and what was tried: of each combination the scales and the errors."""

    scales: Scales
    errors: int
    words: int
    trials: Tuple[Dict[str, Any], ...]


def tune(
    model: AcousticModel,
    graph: DecodingGraph,
    features: FeatureBatch,
    grid: TuningGrid,
    options: SearchOptions = DEFAULT_SEARCH,
) -> Tuned:
    """Picks the scales of fewest word errors.

    Among equals it takes those nearest to the middle of all equally good ones, so that the choice sits on a
    plateau instead of at its rim; then the first in the grid's order.

    Args:
      model, graph: as for recognition.
      features: of the dev utterances, with transcripts.
      grid: what to try.
      options: engine and beams.

    Raises:
      EvaluationError: no transcripts. Also as `fsaasr.recipe.recognize`.
    """
    check_fit(model, graph)
    references = {name: text.split() for name, text in zip(features.ids, features.texts)}
    trials: List[Tuple[Scales, int]] = []
    words = 0
    for acoustic_scale in grid.acoustic_scale:
        candidates = [Scales(acoustic_scale, lm, wip) for lm in grid.lm_scale for wip in grid.word_insertion_penalty]
        for scales, texts in zip(candidates, _texts(model, graph, features, candidates, options)):
            report = word_errors(references, texts)
            words = report.words
            trials.append((scales, report.errors))
    scales, errors = choose(trials)
    return Tuned(scales, errors, words, tuple({**asdict(s), "errors": e} for s, e in trials))


def _texts(
    model: AcousticModel,
    graph: DecodingGraph,
    features: FeatureBatch,
    candidates: Sequence[Scales],
    options: SearchOptions,
) -> List[Dict[str, List[str]]]:
    """For each of the candidates, all of one acoustic scale, the words of each utterance."""
    texts: List[Dict[str, List[str]]] = [{} for _ in candidates]

    options = replace(options, acoustic_scale=candidates[0].acoustic_scale)
    for lattice in searched(model, graph, features, options):
        for scales, text in zip(candidates, texts):
            best = lattice.best_path(1.0, scales.lm_scale, scales.word_insertion_penalty)
            text[lattice.utterance] = best.text.split()
    return texts


def choose(trials: List[Tuple[Scales, int]]) -> Tuple[Scales, int]:
    """Of scales with their errors, the ones that `tune` picks."""
    points = [(s.acoustic_scale, s.lm_scale, s.word_insertion_penalty) for s, _ in trials]
    return trials[middle_of_best(points, [errors for _, errors in trials])]


def tune_cuts(
    model_dir: PathLike,
    graph_path: PathLike,
    cuts_path: PathLike,
    out_path: PathLike,
    grid: TuningGrid,
    options: SearchOptions = DEFAULT_SEARCH,
    cache_dir: Optional[PathLike] = None,
) -> Tuned:
    """As `tune`, from files; writes the scales chosen, the grid and all trials to the JSON file `out_path`."""
    model = load_model(model_dir)
    features = compute_features(read_cuts(cuts_path), model.features, cache_dir=cache_dir)
    tuned = tune(model, load_graph(graph_path).expand(), features, grid, options)
    write_scales(
        tuned.scales,
        out_path,
        errors=tuned.errors,
        words=tuned.words,
        options=asdict(options),
        trials=list(tuned.trials),
    )
    return tuned
