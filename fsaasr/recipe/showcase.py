"""What an experiment's report shows, gathered from its folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from fsaasr.core.files import PathLike
from fsaasr.corpora import manifest_path, read_cuts
from fsaasr.features import FeatureBatch, FeatureConfig, compute_features
from fsaasr.graph import compile_graph, draw_svg, word_loop
from fsaasr.graph.topologies import find_topology
from fsaasr.lexicon import LexiconTokenizer, read_lang
from fsaasr.models import load_lexicon, load_model
from fsaasr.recipe.alignment import align_features
from fsaasr.recipe.experiment import Experiment
from fsaasr.recipe.layout import Run
from fsaasr.recipe.result_rows import ResultRow, error_report
from fsaasr.recipe.results import RESULTS, Results, best_rows, read_results, result_notes
from fsaasr.recipe.searches import says_tokens
from fsaasr.recipe.training_views import occupancies, training_curves, trees
from fsaasr.report import (
    AttentionMap,
    ErrorsView,
    GraphView,
    Posteriors,
    RateRow,
    ReportData,
    TransducerGrid,
    UtteranceView,
    write_figures,
    write_report,
)

FIGURES = "figures"
"""Folder of an experiment's figures, within its own."""

_WORDS = 5
"""Words of an utterance that is long enough to show something and short enough to be readable."""


def report_experiment(experiment: Experiment, path: PathLike, command: str = "") -> None:
    """Writes the report of an experiment whose results are there, and its figures as PNG files in `figures/`.

    Args:
      experiment: recipe and folder.
      path: HTML file to write.
      command: what to say the experiment was run with.

    Raises:
      FileFormatError: no results. Also whatever is wrong with the files of the experiment.
    """
    data = report_data(experiment, command)
    write_figures(experiment.folder / FIGURES, data)
    write_report(path, data)


def report_data(experiment: Experiment, command: str = "") -> ReportData:
    """Gathers what the report shows; arguments and errors as `report_experiment`."""
    spec = experiment.spec
    results = read_results(experiment.folder / RESULTS)
    return ReportData(
        title=f"{spec.name}: all models on one lexicon and one grammar",
        introduction=(
            f"{len(spec.systems)} systems were trained on the same cuts and decoded with graphs that are composed "
            f"from the same lexicon and the same grammar, and from each model's own topology. Scales were tuned on "
            f"dev data and frozen before the test data were decoded."
        ),
        rates=tuple(rate_row(row) for row in results.rows),
        notes=tuple(result_notes(results)),
        utterance=utterance_view(experiment) if spec.showcase else None,
        graph=_drawing(experiment) if spec.drawing else None,
        training=training_curves(experiment),
        occupancy=occupancies(experiment),
        trees=trees(experiment),
        errors=_errors(experiment, results),
        made=_made(results, command),
        files=_files(experiment),
    )


def rate_row(row: ResultRow) -> RateRow:
    """A row of results, as a report shows it."""
    return RateRow(
        group=f"{row.split} split",
        utterances=row.utterances,
        system=row.system,
        graph=row.graph,
        engine=row.engine,
        wer=row.wer,
        ci_low=row.ci_low,
        ci_high=row.ci_high,
        words=row.words,
        substitutions=row.substitutions,
        insertions=row.insertions,
        deletions=row.deletions,
        rtf=row.rtf,
    )


def _errors(experiment: Experiment, results: Results) -> Tuple[ErrorsView, ...]:
    """Errors of the best line of each system on the first split."""
    first = next(iter(experiment.spec.data))
    views = []
    for (split, system), row in best_rows(results).items():
        if split == first and row.errors:
            report = error_report(experiment, Run(split, system, row.graph, row.engine))
            views.append(ErrorsView(f"{system}, {row.graph}, {row.engine}", report))
    return tuple(views)


def utterance_view(experiment: Experiment) -> UtteranceView:
    """One utterance of the test part, as the systems of the showcase see it; these must have been trained."""
    data = next(iter(experiment.spec.data))
    cut = _pick(read_cuts(manifest_path(experiment.data_dir(data), "test")))
    aligner, *others = experiment.spec.showcase
    folder = experiment.model_dir(data, aligner)
    model = load_model(folder)
    features = compute_features([cut], replace(model.features, cmvn=_alone(model.features)))
    config = FeatureConfig(kind="fbank", sampling_rate=model.features.sampling_rate, num_filters=40)
    spectrogram = compute_features([cut], config)
    return UtteranceView(
        text=features.texts[0],
        spectrogram=spectrogram.matrices[0],
        frame_shift=spectrogram.frame_shift,
        top_frequency=config.sampling_rate / 2 + config.high_freq,
        alignment=align_features(model, load_lexicon(folder), features)[0],
        alignment_title=f"{aligner}: forced alignment",
        posteriors=tuple(_posteriors(experiment, data, name, cut) for name in others if not _says(experiment, name)),
        attention=tuple(_attention(experiment, data, name, cut) for name in _of("attention", experiment, others)),
        grids=tuple(_grid(experiment, data, name, cut) for name in _of("transducer", experiment, others)),
    )


def _says(experiment: Experiment, system: str) -> bool:
    return says_tokens(experiment.spec.systems[system].family)


def _of(family: str, experiment: Experiment, systems: Sequence[str]) -> List[str]:
    """Those of a family."""
    return [name for name in systems if experiment.spec.systems[name].family == family]


def _grid(experiment: Experiment, data: str, system: str, cut: Any) -> TransducerGrid:
    """How the transducer's paths say what was said: each word's first pronunciation."""
    import torch

    from fsaasr.train.transducer_occupancy import token_occupancy

    model, features, tokens = _forced(experiment, data, system, cut)
    encoded = torch.from_numpy(model.encoded(features)[0])
    found = token_occupancy(model, encoded, [model.tokens[token] for token in tokens])
    frames = found.label[0, :, : len(tokens)].argmax(dim=0).tolist()
    return TransducerGrid(system, found.node[0].numpy(), tokens, tuple(frames), model.frame_shift)


def _forced(experiment: Experiment, data: str, system: str, cut: Any) -> Tuple[Any, FeatureBatch, Tuple[str, ...]]:
    """A model, the utterance's features as it wants them, and the tokens of each word's first pronunciation."""
    folder = experiment.model_dir(data, system)
    model = load_model(folder)
    features = compute_features([cut], replace(model.features, cmvn=_alone(model.features)))
    return model, features, tuple(LexiconTokenizer(load_lexicon(folder)).encode(features.texts[0].split()))


def _attention(experiment: Experiment, data: str, system: str, cut: Any) -> AttentionMap:
    """Where the decoder looks when it says what was said: each word's first pronunciation."""
    from fsaasr.decode.attention.measures import entropy, forced_weights, monotonicity

    model, features, tokens = _forced(experiment, data, system, cut)
    (encoded,), _ = model.encode(features)
    weights = forced_weights(model, encoded, [model.tokens[token] for token in tokens])
    return AttentionMap(system, weights, tokens, model.frame_shift, monotonicity(weights), entropy(weights))


def _alone(config: FeatureConfig) -> Any:
    """One utterance has no speaker statistics but its own."""
    return "utterance" if config.cmvn == "speaker" else config.cmvn


def _posteriors(experiment: Experiment, data: str, system: str, cut: Any) -> Posteriors:
    model = load_model(experiment.model_dir(data, system))
    features = compute_features([cut], replace(model.features, cmvn=_alone(model.features)))
    topology = find_topology(model.topology)
    return Posteriors(
        system,
        np.exp(model.scores(features).utterance(0)),
        topology.columns(model.tokens).names,
        model.frame_shift,
        0 if topology.has_blank else None,
    )


def _pick(cuts: Any) -> Any:
    """The first of the cuts whose number of words is nearest to what reads well."""
    listed = sorted(cuts, key=lambda cut: str(cut.id))
    return min(listed, key=lambda cut: abs(len((cut.supervisions[0].text or "").split()) - _WORDS))


def _drawing(experiment: Experiment) -> GraphView:
    name, topology = experiment.spec.drawing
    lexicon = read_lang(experiment.lang_dir(name))
    if find_topology(topology).has_blank:
        lexicon = replace(lexicon, silence=None)
    graph = compile_graph(lexicon, word_loop(lexicon.words), topology)
    return GraphView(
        f"Lexicon {name!r}, any sequence of its words, topology {topology!r}: "
        f"{graph.fst.num_states} states, {graph.fst.num_arcs} arcs",
        draw_svg(graph),
    )


def _made(results: Results, command: str) -> Tuple[Tuple[str, str], ...]:
    rows: List[Tuple[str, Optional[str]]] = [
        ("command", command),
        ("commit", results.commit),
        ("corpus", results.corpus),
        ("stack", ", ".join(f"{name} {version}" for name, version in results.stack.items())),
    ]
    return tuple((name, value) for name, value in rows if value)


def _files(experiment: Experiment) -> Tuple[Tuple[str, str], ...]:
    """The training configurations, all defaults filled in."""
    import yaml

    return tuple(
        (f"{name}: configuration", yaml.safe_dump(experiment.setup(name), sort_keys=False))
        for name in experiment.spec.systems
    )
