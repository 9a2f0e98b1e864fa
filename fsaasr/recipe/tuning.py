"""Scales chosen on dev data."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError, ModelError
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
from fsaasr.recipe.fusion import NO_FUSION, FusionModels, load_fusion
from fsaasr.recipe.pieces import best_hypothesis
from fsaasr.recipe.plateau import middle_of_best
from fsaasr.recipe.scales import Scales, write_scales
from fsaasr.recipe.searches import has_ctc_beside, options_at, says_tokens, searchable, token_lattices


@dataclass(frozen=True)
class TuningGrid:
    """Values to try, all combinations; LM scales and word insertion penalties cost little, all else is a search each.

    Attributes:
      acoustic_scale, lm_scale, word_insertion_penalty: values as in `Scales`.
      prior_scale: likewise, for models with priors; empty for the model's own.
      ctc_weight: likewise, for attention models with a CTC layer; empty for that of the search options.
      added_scale, subtracted_scale, internal_scale: likewise, where a fusion has such a part.
      rescoring_scale: of a language model that rescores; first_lm_share: of the LM scale that the grammar's own scores
        keep beside it. Tried on n-best lists, together with `word_insertion_penalty`; they cost no search.
    """

    __pydantic_config__ = STRICT

    acoustic_scale: Tuple[float, ...] = (1.0,)
    lm_scale: Tuple[float, ...] = (1.0,)
    word_insertion_penalty: Tuple[float, ...] = (0.0,)
    prior_scale: Tuple[float, ...] = ()
    rescoring_scale: Tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    first_lm_share: Tuple[float, ...] = (0.0, 0.5, 1.0)
    ctc_weight: Tuple[float, ...] = ()
    added_scale: Tuple[float, ...] = (0.0, 0.2, 0.4)
    subtracted_scale: Tuple[float, ...] = (0.0, 0.1, 0.2)
    internal_scale: Tuple[float, ...] = (0.0, 0.1, 0.2)

    def __post_init__(self) -> None:
        lacking = [
            axis for axis, values in asdict(self).items() if not values and axis not in ("prior_scale", "ctc_weight")
        ]
        if lacking:
            raise ConfigError(f"TuningGrid: found an empty list of values of {', '.join(lacking)}; give at least one")

    def searches(self, fusion_axes: Sequence[str] = ()) -> List[List[Scales]]:
        """All combinations, in the grid's order: those of one search together.

        Args:
          fusion_axes: scales of the parts of a fusion, which are tried; those of others stay None.
        """
        axes: Dict[str, Tuple[Optional[float], ...]] = {
            "prior_scale": self.prior_scale or (None,),
            "ctc_weight": self.ctc_weight or (None,),
            **{axis: getattr(self, axis) for axis in fusion_axes},
            "acoustic_scale": self.acoustic_scale,
        }
        within = list(itertools.product(self.lm_scale, self.word_insertion_penalty))
        searches = [Scales(**dict(zip(axes, values))) for values in itertools.product(*axes.values())]  # type: ignore[arg-type]
        return [[replace(one, lm_scale=lm, word_insertion_penalty=wip) for lm, wip in within] for one in searches]


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
    fusion: FusionModels = NO_FUSION,
) -> Tuned:
    """Picks the scales of fewest word errors.

    Among equals it takes those nearest to the middle of all equally good ones, so that the choice sits on a
    plateau instead of at its rim; then the first in the grid's order.

    Args:
      model, graph: as for recognition.
      features: of the dev utterances, with transcripts.
      grid: what to try.
      options: engine and beams.
      fusion: language models that join the search.

    Raises:
      EvaluationError: no transcripts.
      ModelError: prior scales for a model without priors, CTC weights for one without CTC beside an attention decoder.
        Also as `fsaasr.recipe.recognize`.
    """
    check_fit(model, graph)
    if grid.ctc_weight and not has_ctc_beside(model):
        raise ModelError(f"tune: CTC weights for a model of family {model.family!r} without CTC beside its decoder")
    model = adapted_to_speech(model, graph, features, options)
    searches = grid.searches(fusion.axes)
    texts: Dict[Scales, Dict[str, List[str]]] = {scales: {} for search in searches for scales in search}
    for search, lattice in _found(model, graph, features, searches, options, fusion):
        for scales in search:
            texts[scales][lattice.utterance] = best_hypothesis(lattice, scales).text.split()
    references = {name: text.split() for name, text in zip(features.ids, features.texts)}
    reports = {scales: word_errors(references, found) for scales, found in texts.items()}
    trials = [(scales, report.errors) for scales, report in reports.items()]
    scales, errors = choose(trials)
    return Tuned(scales, errors, reports[scales].words, tuple({**asdict(s), "errors": e} for s, e in trials))


def _found(
    model: AcousticModel,
    graph: Graph,
    features: FeatureBatch,
    searches: List[List[Scales]],
    options: SearchOptions,
    fusion: FusionModels,
) -> Iterator[Tuple[List[Scales], ScoredPaths]]:
    """The lattices of each search; scores of frames are made once for all of them."""
    with_priors = any(search[0].prior_scale is not None for search in searches)
    model_alone = at_prior_scale(model, 0.0) if with_priors else model
    each = [(search, options_at(options, search[0])) for search in searches]
    if says_tokens(model.family):
        for search, chosen in each:
            for found in token_lattices(model, graph, features, chosen, fusion.at(search[0])):
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
    points = [[value or 0.0 for value in asdict(scales).values()] for scales, _ in trials]
    return trials[middle_of_best(points, [errors for _, errors in trials])]


def tune_cuts(
    model_dir: PathLike,
    graph_path: PathLike,
    cuts_path: PathLike,
    out_path: PathLike,
    grid: TuningGrid,
    options: SearchOptions = DEFAULT_SEARCH,
    cache_dir: Optional[PathLike] = None,
    fusion: Optional[Mapping[str, str]] = None,
) -> Tuned:
    """As `tune`, from files; writes the scales chosen, the grid and all trials to the JSON file `out_path`.

    `fusion` is as for `load_fusion`.
    """
    model = load_model(model_dir)
    features = compute_features(read_cuts(cuts_path), model.features, cache_dir=cache_dir)
    models = load_fusion(fusion, model.tokens)
    tuned = tune(model, searchable(model, load_graph(graph_path)), features, grid, options, models)
    write_scales(
        tuned.scales,
        out_path,
        errors=tuned.errors,
        words=tuned.words,
        options=asdict(options),
        trials=list(tuned.trials),
    )
    return tuned
