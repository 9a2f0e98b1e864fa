"""Language models that join the search of systems that say tokens, in recipes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import pytest

from fsaasr.core.config import config_from_dict
from fsaasr.core.errors import ConfigError, ModelError
from fsaasr.core.files import read_json
from fsaasr.corpora import read_cuts
from fsaasr.decode import SearchOptions
from fsaasr.decode.attention.options import BeamOptions
from fsaasr.features import compute_features
from fsaasr.graph import load_graph
from fsaasr.models import load_model
from fsaasr.recipe import Experiment, RecipeSpec, TuningGrid, collect_results, run_stage
from fsaasr.recipe.decoding import recognize
from fsaasr.recipe.fusion import FusionModels, load_fusion
from fsaasr.recipe.language_model_spec import FusionSpec, LanguageModelSpec
from fsaasr.recipe.scales import Scales, read_scales
from fsaasr.recipe.searches import options_at
from fsaasr.recipe.spec import GrammarSpec
from fsaasr.recipe.tuning import tune

MODELS: dict[str, dict[str, Any]] = {
    "letter-lstm": {
        "kind": "lstm",
        "over": "tokens",
        "lexicon": "letters",
        "settings": {"network": {"dim": 8}, "fit": {"epochs": 2}},
    },
    "letter-bigram": {"kind": "ngram", "over": "tokens", "lexicon": "letters"},
    "words": {"kind": "ngram", "lexicon": "letters"},
}
FUSED = FusionSpec("letter-lstm", "letter-bigram", "zero")


def with_fusion(spec: RecipeSpec, **changes: Any) -> RecipeSpec:
    models = {name: config_from_dict(LanguageModelSpec, values) for name, values in MODELS.items()}
    grammars = {"fused": GrammarSpec("none", fusion=FUSED, rescoring=("words",)), **spec.grammars}
    grid = {"acoustic_scale": (1.0,), "added_scale": (0.0, 0.5), "subtracted_scale": (0.2,), "internal_scale": (0.1,)}
    systems = {
        name: replace(system, tuning=TuningGrid(**grid, ctc_weight=(0.0, 0.5) if name == "attention" else ()))
        for name, system in spec.systems.items()
    }
    return replace(spec, **{"language_models": models, "grammars": grammars, "systems": systems, **changes})


@pytest.fixture(scope="module")
def fused(tokens: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    # Other scales are tuned here, so that the experiment of others stays as it is.
    folder = tmp_path_factory.mktemp("fused") / "exp"
    shutil.copytree(tokens.folder, folder)
    asking = Experiment(with_fusion(tokens.spec), folder)
    run_stage(asking, "train", workers=1)
    for stage in ("graph", "tune", "decode"):
        run_stage(asking, stage, workers=1)
    return asking


def test_a_grammar_with_fusion_has_rows_for_the_systems_that_it_fits(fused: Experiment) -> None:
    rows = {(row.system, row.graph): row for row in collect_results(fused).rows}
    with_it = [key for key in rows if key[1].startswith("fused")]
    assert with_it == [(system, name) for system in ("attention", "transducer") for name in ("fused", "fused+words")]
    row = rows["transducer", "fused"]
    assert row.lm == "none + letter-lstm - letter-bigram - internal (zero)"
    assert row.scales["subtracted_scale"] == 0.2
    assert row.scales["internal_scale"] == 0.1
    assert row.scales["added_scale"] in (0.0, 0.5)
    assert row.scales["ctc_weight"] is None
    assert rows["attention", "fused"].scales["ctc_weight"] in (0.0, 0.5)
    assert rows["attention", "free"].scales["added_scale"] is None
    assert rows["attention", "fused+words"].lm.endswith("rescored by 2-gram")


def test_all_combinations_are_tried_and_the_weights_of_ctc_are_among_them(fused: Experiment) -> None:
    for system, count in (("attention", 4), ("transducer", 2)):
        trials = read_json(fused.scales_path("kaldi", system, "fused"))["trials"]
        assert len(trials) == count
    trials = read_json(fused.scales_path("kaldi", "attention", "repeat"))["trials"]
    assert [trial["ctc_weight"] for trial in trials] == [0.0, 0.5]
    record = read_json(fused.decode_dir(fused.runs[0]) / "decode.json")
    assert record["options"]["attention"]["ctc_weight"] == record["scales"]["ctc_weight"]


def test_what_transcribes_has_no_fusion(fused: Experiment) -> None:
    scales = read_scales(fused.model_dir("kaldi", "transducer") / "scales.json")
    assert scales == read_scales(fused.scales_path("kaldi", "transducer", "repeat"))


@pytest.mark.parametrize("system", ["attention", "transducer"])
def test_scales_of_nothing_change_nothing_and_others_do(fused: Experiment, system: str) -> None:
    model = load_model(fused.model_dir("kaldi", system))
    graph = load_graph(fused.graph_path("kaldi", system, "fused"))
    cuts = list(read_cuts(fused.data_dir("kaldi") / "cuts_test.jsonl.gz"))[:2]
    features = compute_features(cuts, model.features)
    parts = fused.fusion("kaldi", system, "fused")
    models = load_fusion(parts, model.tokens)
    assert models.axes == FUSED.axes
    options = SearchOptions(attention=BeamOptions(tokens_per_frame=0.3), search_beam=4.0)

    def scores(scales: Scales, fusion: FusionModels) -> list[float]:
        return [h.acoustic_score for h in recognize(model, graph, features, options, scales, fusion=fusion).hypotheses]

    plain = scores(Scales(), FusionModels())
    nothing = Scales(added_scale=0.0, subtracted_scale=0.0, internal_scale=0.0)
    assert scores(nothing, models) == plain
    for axis in FUSED.axes:
        assert scores(replace(nothing, **{axis: 0.5}), models) != plain
    with pytest.raises(ModelError, match="lack added_scale, subtracted_scale, internal_scale"):
        scores(Scales(), models)


def test_models_of_fusion_are_in_the_keys_of_what_they_join_alone(fused: Experiment) -> None:
    models = {**fused.spec.language_models, "letter-bigram": LanguageModelSpec("ngram", "tokens", "letters", order=3)}
    other = Experiment(replace(fused.spec, language_models=models), fused.folder)
    undone = [job.name for job in (*other.graph_jobs(), *other.tune_jobs()) if not job.is_done()]
    assert undone == ["tune kaldi/attention/fused", "tune kaldi/transducer/fused"]
    systems = {**fused.spec.systems}
    grid = replace(systems["transducer"].tuning, added_scale=(0.3,), rescoring_scale=(1.0,))
    systems["transducer"] = replace(systems["transducer"], tuning=grid)
    wider = Experiment(replace(fused.spec, systems=systems), fused.folder)
    assert [job.name for job in wider.tune_jobs() if not job.is_done()] == ["tune kaldi/transducer/fused"]


def test_search_options_of_transducers_are_in_their_keys_alone(fused: Experiment) -> None:
    wider = Experiment(replace(fused.spec, search=SearchOptions(max_contexts=3)), fused.folder)
    undone = {job.name.split("/")[1] for job in wider.tune_jobs() if not job.is_done()}
    assert undone == {"transducer"}
    assert wider.search("transducer")["max_contexts"] == 3


def test_scales_reach_the_search() -> None:
    options = options_at(SearchOptions(), Scales(acoustic_scale=0.5, ctc_weight=0.7))
    assert (options.acoustic_scale, options.attention.ctc_weight) == (0.5, 0.7)
    assert options_at(SearchOptions(), Scales()) == SearchOptions()


@pytest.mark.parametrize(
    ("fusion", "message"),
    [
        (FusionSpec("words"), r"grammars\.fused\.fusion.*found words, expected language models over tokens"),
        (FusionSpec("letter-lstm", "phone-bigram"), "no system that it fits"),
    ],
)
def test_a_fusion_that_fits_nothing_is_refused(tokens: Experiment, fusion: FusionSpec, message: str) -> None:
    models = {name: config_from_dict(LanguageModelSpec, values) for name, values in MODELS.items()}
    models["phone-bigram"] = LanguageModelSpec("ngram", "tokens", "phones")
    grammars = {"fused": GrammarSpec("none", fusion=fusion)}
    with pytest.raises(ConfigError, match=message):
        replace(tokens.spec, language_models=models, grammars=grammars)


def test_what_is_no_systems_affair_is_refused(tokens: Experiment) -> None:
    with pytest.raises(ConfigError, match="found neither add, subtract nor internal"):
        FusionSpec()
    systems = dict(tokens.spec.systems)
    systems["transducer"] = replace(systems["transducer"], tuning=TuningGrid(ctc_weight=(0.1,)))
    with pytest.raises(ConfigError, match=r"systems\.transducer\.tuning\.ctc_weight.*expected family attention"):
        replace(tokens.spec, systems=systems)
    with pytest.raises(ConfigError, match="found an empty list of values of added_scale"):
        TuningGrid(added_scale=())
    for wrong in ({"ctc_weight": 1.5}, {"added_scale": -0.1}, {"internal_scale": float("inf")}):
        with pytest.raises(ConfigError, match="expected"):
            Scales(**wrong)


def test_weights_of_ctc_need_ctc(tokens: Experiment) -> None:
    model = load_model(tokens.model_dir("kaldi", "transducer"))
    graph = load_graph(tokens.graph_path("kaldi", "transducer", "free"))
    features = compute_features(list(read_cuts(tokens.data_dir("kaldi") / "cuts_test.jsonl.gz"))[:1], model.features)
    with pytest.raises(ModelError, match="CTC weights for a model of family 'transducer'"):
        tune(model, graph, features, TuningGrid(ctc_weight=(0.1,)))
