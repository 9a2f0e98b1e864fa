"""What a report shows of one utterance's search: lattices and confusion networks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Sequence, Tuple

from fsaasr.features import FeatureBatch, compute_features
from fsaasr.graph import load_graph
from fsaasr.lattice import mbr_decode
from fsaasr.lattice.confusion_network import ConfusionNetwork
from fsaasr.lattice.draw import confusion_network_svg, lattice_svg
from fsaasr.models import AcousticModel, load_model
from fsaasr.recipe.decoding import searched
from fsaasr.recipe.experiment import Experiment, Run
from fsaasr.recipe.results import Results, best_rows, error_report
from fsaasr.recipe.scales import Scales
from fsaasr.report import LatticeView, WordPlace

BEAM = 6.0
"""How far behind the best a path may be that is shown."""
MAX_ARCS = 2000
"""More than a picture has room for; a lattice that had more says so."""
MIN_POSTERIOR = 0.01


def features_of(model: AcousticModel, cut: Any) -> FeatureBatch:
    """The features of one cut; it has no speaker statistics but its own."""
    config = model.features
    return compute_features([cut], replace(config, cmvn="utterance" if config.cmvn == "speaker" else config.cmvn))


def lattice_views(experiment: Experiment, results: Results, data: str, cuts: Sequence[Any]) -> Tuple[LatticeView, ...]:
    """The lattices of one of the cuts, by each system that the report shows, with the graph and scales of its best row.

    The cut is the first that some of these systems got wrong, where there is one: its lattices have the most to tell.
    """
    best = best_rows(results)
    rows = [best[data, system] for system in experiment.spec.showcase if (data, system) in best]
    wrong = {
        entry.utterance
        for row in rows
        for entry in error_report(experiment, Run(data, row.system, row.graph, row.engine)).utterances
        if entry.counts.errors
    }
    cut = next((cut for cut in cuts if cut.id in wrong), cuts[0])
    return tuple(_view(experiment, row, cut) for row in rows)


def _view(experiment: Experiment, row: Any, cut: Any) -> LatticeView:
    model = load_model(experiment.model_dir(row.split, row.system))
    graph = load_graph(experiment.graph_path(row.split, row.system, row.graph)).expand()
    features, scales = features_of(model, cut), Scales(**row.scales)
    options = replace(experiment.spec.search, engine="native", acoustic_scale=scales.acoustic_scale)
    (lattice,) = searched(model, graph, features, options)
    words = lattice.word_lattice(BEAM, 1.0, scales.lm_scale, MAX_ARCS)
    weights = (1.0, scales.lm_scale, scales.word_insertion_penalty)
    network = mbr_decode(words, *weights).network
    return LatticeView(
        f"{row.system}, {row.graph}",
        lattice_svg(words, *weights, features.texts[0], MIN_POSTERIOR),
        confusion_network_svg(network, "", MIN_POSTERIOR),
        _places(network.pruned(MIN_POSTERIOR)),
    )


def _places(network: ConfusionNetwork) -> Tuple[WordPlace, ...]:
    times = zip((network.bin_begin * network.frame_shift).tolist(), (network.bin_end * network.frame_shift).tolist())
    return tuple(
        WordPlace(
            begin,
            end,
            tuple(("" if entry.word == "<eps>" else entry.word, entry.posterior) for entry in network.entries(number)),
        )
        for number, (begin, end) in enumerate(times)
    )
