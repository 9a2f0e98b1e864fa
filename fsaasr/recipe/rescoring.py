"""Rescoring of what a system found: among the best hypotheses of a lattice, another language model chooses anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from fsaasr.core.config import config_from_dict
from fsaasr.core.files import PathLike
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.corpora import read_cuts
from fsaasr.decode import SearchOptions
from fsaasr.features import compute_features
from fsaasr.graph import Graph, load_graph
from fsaasr.lattice import GraphSplitter, NbestList, ScoredPaths, rescore_nbest
from fsaasr.models import AcousticModel, at_prior_scale, load_model
from fsaasr.recipe.decoding import adapted_to_speech, decode_cuts, searched, splitter_for, word_lattices
from fsaasr.recipe.fusion import load_fusion
from fsaasr.recipe.language_models import sentence_scorer
from fsaasr.recipe.pieces import is_free, joined
from fsaasr.recipe.scales import Scales, read_scales
from fsaasr.recipe.searches import options_at, searchable
from fsaasr.recipe.tuning import TuningGrid
from fsaasr.recipe.weights import TunedWeights, read_weights, tune_weights, write_weights

NBEST = 100
"""Hypotheses of an utterance among which a model chooses, at most."""

SECOND = "second_lm"
"""Name of the model's score in a list, and of its weight."""


class Rescorer:
    """The best hypotheses of a lattice with the scores of a language model of words beside their own."""

    def __init__(
        self,
        score_words: Callable[[Sequence[Sequence[str]]], Sequence[float]],
        beam: float,
        scales: Scales,
        splitter: Optional[GraphSplitter],
        weights: Optional[Mapping[str, float]] = None,
    ) -> None:
        """Args:
        score_words: log probabilities of whole sentences.
        beam: of the word lattices. scales: under which hypotheses are the best; acoustic scores have theirs already.
        splitter: of the graph; None for one without lexicon.
        weights: by which `choose` chooses.
        """
        self._score_words, self._beam, self._scales = score_words, beam, scales
        self._splitter, self._weights = splitter, weights

    def list_of(self, lattice: ScoredPaths) -> NbestList:
        """The NBEST best hypotheses; without a lexicon their tokens are joined to words."""
        (words,) = word_lattices([lattice], self._beam, self._scales.lm_scale, self._splitter)
        scales = (1.0, self._scales.lm_scale, self._scales.word_insertion_penalty)
        found = NbestList.from_lattice(words, NBEST, *scales)
        if is_free(lattice):
            found = NbestList.of([joined(hypothesis) for hypothesis in found.hypotheses])
        return rescore_nbest([found], self._score_words, SECOND)[0]

    def choose(self, lattice: ScoredPaths) -> Hypothesis:
        """The hypothesis that the weights choose."""
        return self.list_of(lattice).ranked(self._weights or {})[0]


def weight_grid(names: Sequence[str], scales: Scales, tuning: TuningGrid) -> Dict[str, List[float]]:
    """Weights to try for the scores of n-best lists, by their names.

    What is not the first language model's (`lm`) or the second one's keeps its scale of the first pass.
    """
    grid = {name: [scales.lm_scale] for name in names}
    grid["acoustic"] = [1.0]
    grid["words"] = sorted({-scales.word_insertion_penalty, *(-value for value in tuning.word_insertion_penalty)})
    if "lm" in grid:
        grid["lm"] = [scales.lm_scale * share for share in tuning.first_lm_share]
    grid[SECOND] = list(tuning.rescoring_scale)
    return grid


def tune_rescoring(
    model_dir: PathLike,
    graph_path: PathLike,
    cuts_path: PathLike,
    lm: PathLike,
    out_path: PathLike,
    scales_path: PathLike,
    grid: Mapping[str, Any],
    options: Mapping[str, Any],
    cache_dir: Optional[PathLike] = None,
    fusion: Optional[Mapping[str, str]] = None,
) -> TunedWeights:
    """Chooses the weights of fewest word errors on dev data and freezes them in the JSON file `out_path`.

    Args:
      model_dir, graph_path, cache_dir: as for `decode_cuts`.
      cuts_path: manifest of the dev data.
      lm: language model of words: an ARPA file or a directory.
      scales_path: scales of the first pass.
      grid: a `TuningGrid`, of which `rescoring_scale`, `first_lm_share` and `word_insertion_penalty` count.
      options: a `SearchOptions`. fusion: as for `load_fusion`.
    """
    search, tuning = config_from_dict(SearchOptions, options), config_from_dict(TuningGrid, grid)
    scales = read_scales(scales_path)
    model = at_prior_scale(load_model(model_dir), scales.prior_scale)
    graph = searchable(model, load_graph(graph_path))
    features = compute_features(read_cuts(cuts_path), model.features, cache_dir=cache_dir)
    search, joining = options_at(search, scales), load_fusion(fusion, model.tokens).at(scales)
    rescorer = _rescorer(model_dir, model, graph, lm, search, scales)
    found = searched(adapted_to_speech(model, graph, features, search), graph, features, search, joining)
    lists = [rescorer.list_of(lattice) for lattice in found]
    references = {name: text.split() for name, text in zip(features.ids, features.texts)}
    tuned = tune_weights(lists, references, weight_grid(list(lists[0].scores), scales, tuning))
    write_weights(tuned, out_path)
    return tuned


def decode_rescored(
    model_dir: PathLike,
    graph_path: PathLike,
    cuts_path: PathLike,
    lm: PathLike,
    out_dir: PathLike,
    scales_path: PathLike,
    weights_path: PathLike,
    options: Mapping[str, Any],
    cache_dir: Optional[PathLike] = None,
    fusion: Optional[Mapping[str, str]] = None,
) -> None:
    """Recognizes as `decode_cuts`, and lets the model choose by the weights that `tune_rescoring` froze."""
    search, scales = config_from_dict(SearchOptions, options), read_scales(scales_path)
    weights = read_weights(weights_path)
    model = load_model(model_dir)
    graph = searchable(model, load_graph(graph_path))
    choose = _rescorer(model_dir, model, graph, lm, search, scales, weights).choose
    where = (model_dir, graph_path, cuts_path, out_dir)
    decode_cuts(*where, search, scales, cache_dir, choose=choose, weights=weights, fusion=fusion)


def _rescorer(
    model_dir: PathLike,
    model: AcousticModel,
    graph: Graph,
    lm: PathLike,
    search: SearchOptions,
    scales: Scales,
    weights: Optional[Mapping[str, float]] = None,
) -> Rescorer:
    splitter = None if graph.words == graph.tokens else splitter_for(model, graph, Path(model_dir) / "lang")
    return Rescorer(sentence_scorer(lm), search.lattice_beam, scales, splitter, weights)
