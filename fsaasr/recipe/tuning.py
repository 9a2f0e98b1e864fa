"""Scales chosen on dev data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.core.scores import Scores
from fsaasr.corpora import read_cuts
from fsaasr.decode import SearchOptions, decode
from fsaasr.evaluate import word_errors
from fsaasr.features import FeatureBatch, compute_features
from fsaasr.graph import Graph, load_graph
from fsaasr.lattice import ScoredPaths
from fsaasr.models import AcousticModel, at_prior_scale, load_model, prior_model
from fsaasr.recipe.decoding import DEFAULT_SEARCH, adapted_to_speech, check_fit, scored
from fsaasr.recipe.pieces import best_hypothesis
from fsaasr.recipe.plateau import middle_of_best
from fsaasr.recipe.scales import Scales, write_scales
from fsaasr.recipe.searches import says_tokens, searchable, token_lattices


@dataclass(frozen=True)
class TuningGrid:
    """Values to try, all combinations; each pair of an acoustic and a prior scale is a search, the rest costs little.

    Attributes:
      acoustic_scale, lm_scale, word_insertion_penalty: values as in `Scales`.
      prior_scale: likewise, for models with priors; empty for the model's own.
    """

    __pydantic_config__ = STRICT

    acoustic_scale: Tuple[float, ...] = (1.0,)
    lm_scale: Tuple[float, ...] = (1.0,)
    word_insertion_penalty: Tuple[float, ...] = (0.0,)
    prior_scale: Tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not (self.acoustic_scale and self.lm_scale and self.word_insertion_penalty):
            raise ConfigError("TuningGrid: found an empty list of values; give at least one of each")

    def searches(self) -> List[List[Scales]]:
        """All combinations, in the grid's order: those of one search together."""
        priors: Tuple[Optional[float], ...] = self.prior_scale or (None,)
        return [
            [Scales(acoustic, lm, wip, prior) for lm in self.lm_scale for wip in self.word_insertion_penalty]
            for prior in priors
            for acoustic in self.acoustic_scale
        ]


@dataclass(frozen=True)
class Tuned:
    """The scales chosen, and what was tried: of each combination the scales and the errors."""

    scales: Scales
    errors: int
    words: int
    trials: Tuple[Dict[str, Any], ...]


def tune(
    model: AcousticModel,
    graph: Graph,
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
      EvaluationError: no transcripts.
      ModelError: prior scales for a model without priors. Also as `fsaasr.recipe.recognize`.
    """
    check_fit(model, graph)
    model = adapted_to_speech(model, graph, features, options)
    searches = grid.searches()
    texts: Dict[Scales, Dict[str, List[str]]] = {scales: {} for search in searches for scales in search}
    for search, lattice in _found(model, graph, features, searches, options):
        for scales in search:
            texts[scales][lattice.utterance] = best_hypothesis(lattice, scales).text.split()
    references = {name: text.split() for name, text in zip(features.ids, features.texts)}
    reports = {scales: word_errors(references, found) for scales, found in texts.items()}
    trials = [(scales, report.errors) for scales, report in reports.items()]
    scales, errors = choose(trials)
    return Tuned(scales, errors, reports[scales].words, tuple({**asdict(s), "errors": e} for s, e in trials))


def _found(
    model: AcousticModel, graph: Graph, features: FeatureBatch, searches: List[List[Scales]], options: SearchOptions
) -> Iterator[Tuple[List[Scales], ScoredPaths]]:
    """The lattices of each search; scores of frames are made once for all of them."""
    with_priors = any(search[0].prior_scale is not None for search in searches)
    model_alone = at_prior_scale(model, 0.0) if with_priors else model
    each = [(search, replace(options, acoustic_scale=search[0].acoustic_scale)) for search in searches]
    if says_tokens(model.family):
        for search, chosen in each:
            for found in token_lattices(model, graph, features, chosen):
                yield search, found
        return
    for scores in scored(model_alone, features):
        for search, chosen in each:
            for lattice in decode(graph, _with_priors(scores, model, search[0].prior_scale), chosen):
                yield search, lattice


def _with_priors(scores: Scores, model: AcousticModel, prior_scale: Optional[float]) -> Scores:
    """Scores at a prior scale, made of those at 0; the model's own where there is no scale."""
    return scores if prior_scale is None else scores.plus(np.float32(-prior_scale) * prior_model(model).log_priors)


def choose(trials: List[Tuple[Scales, int]]) -> Tuple[Scales, int]:
    """Of scales with their errors, the ones that `tune` picks."""
    points = [(s.acoustic_scale, s.lm_scale, s.word_insertion_penalty, s.prior_scale or 0.0) for s, _ in trials]
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
    tuned = tune(model, searchable(model, load_graph(graph_path)), features, grid, options)
    write_scales(
        tuned.scales,
        out_path,
        errors=tuned.errors,
        words=tuned.words,
        options=asdict(options),
        trials=list(tuned.trials),
    )
    return tuned
