"""Language models of recipes: trained on text, measured, and put to rescoring."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Sequence

import pytest

from fsaasr.core.config import config_from_dict
from fsaasr.core.errors import ConfigError
from fsaasr.core.files import read_json
from fsaasr.decode import SearchOptions
from fsaasr.grammar import estimate_ngram, perplexity, read_arpa
from fsaasr.grammar.neural import load_neural_lm
from fsaasr.recipe import Experiment, RecipeSpec, TuningGrid, collect_results, results_markdown, run_stage
from fsaasr.recipe.axes import expand_axes
from fsaasr.recipe.language_model_seeds import language_model_for
from fsaasr.recipe.language_model_spec import LanguageModelSpec
from fsaasr.recipe.language_models import sentence_scorer, transcripts
from fsaasr.recipe.rescoring import SECOND, Rescorer, weight_grid
from fsaasr.recipe.scales import Scales
from fsaasr.recipe.weights import read_weights

SMALL = {"network": {"dim": 8}, "fit": {"epochs": 2}}
NAMES = ("acoustic", "words", "lm", "pronunciation", "silence", "topology")
MODELS: dict[str, dict[str, Any]] = {
    "lstm": {"kind": "lstm", "settings": SMALL, "seeds": [0, 1]},
    "text": {"kind": "ngram", "order": 3, "text": "more.txt"},
    "phone-bigram": {"kind": "ngram", "over": "tokens", "lexicon": "phones"},
    "phone-transformer": {"kind": "transformer", "over": "tokens", "settings": {"fit": {"epochs": 1}}},
}


def with_models(spec: RecipeSpec) -> RecipeSpec:
    """The toy recipe with language models, two of which rescore what is found with the bigram."""
    models = {name: config_from_dict(LanguageModelSpec, values) for name, values in MODELS.items()}
    grammars = {**spec.grammars, "bigram": replace(spec.grammars["bigram"], rescoring=("lstm", "text"))}
    return expand_axes(replace(spec, language_models=models, grammars=grammars))


@pytest.fixture(scope="module")
def rescoring(experiment: Experiment) -> Experiment:
    (Path(experiment.spec.base) / "more.txt").write_text("YES NO YES\nNO NO\nMAYBE YES\n", encoding="utf-8")
    asking = Experiment(with_models(experiment.spec), experiment.folder)
    assert (
        run_stage(asking, "train", workers=1) == len(asking.language_model_jobs()) + len(asking.models_of_language) - 1
    )
    assert run_stage(asking, "tune", workers=1) == 4
    assert run_stage(asking, "decode", workers=1) == 4
    return asking


def test_models_that_rescore_have_rows_of_their_own(rescoring: Experiment, experiment: Experiment) -> None:
    results = collect_results(rescoring)
    names = ["loop", "bigram", "bigram+lstm", "bigram+text"]
    assert [(row.system, row.graph) for row in results.rows] == [(s, name) for s in ("gmm", "ctc") for name in names]
    row = results.rows[2]
    assert row.lm == "2-gram, rescored by lstm"
    assert {SECOND, "lm", "acoustic", "acoustic_scale"} <= set(row.scales)
    assert row.wer < 0.1
    assert "| bigram+lstm |" in results_markdown(results)
    collect_results(experiment)


def test_what_rescores_never_harms_dev_and_is_frozen(rescoring: Experiment) -> None:
    for system in ("gmm", "ctc"):
        first = read_json(rescoring.scales_path("kaldi", system, "bigram"))
        for model in ("lstm", "text"):
            path = rescoring.scales_path("kaldi", system, f"bigram+{model}")
            assert read_json(path)["errors"] <= first["errors"]
            assert set(read_weights(path)) == {
                "acoustic",
                "words",
                "lm",
                "pronunciation",
                "silence",
                "topology",
                SECOND,
            }


def test_perplexities_are_those_of_the_models(rescoring: Experiment, experiment: Experiment) -> None:
    rows = {row.model: row for row in collect_results(rescoring).perplexities}
    assert list(rows) == ["bigram", "lstm.seed0", "lstm.seed1", "text", "phone-bigram", "phone-transformer"]
    said = transcripts(rescoring.data_dir("kaldi") / "cuts_dev.jsonl.gz")
    found = perplexity(read_arpa(rescoring.arpa_path("kaldi", "bigram")), said)
    assert rows["bigram"].perplexities.dev == pytest.approx(found.perplexity, abs=1e-3)
    folder = rescoring.language_model_dir("kaldi", "lstm.seed1")
    neural = load_neural_lm(folder)
    assert rows["lstm.seed1"].perplexities.dev == pytest.approx(neural.perplexity(said).perplexity, abs=1e-3)
    assert rows["lstm.seed1"].group == "lstm"
    assert rows["lstm.seed0"].perplexities.dev != rows["lstm.seed1"].perplexities.dev
    # Each word has one phone.
    assert rows["phone-bigram"].over == "tokens of phones"
    phones = read_arpa(rescoring.language_model_dir("kaldi", "phone-bigram") / "lm.arpa")
    expected = perplexity(phones, [[word[0] for word in words] for words in said]).perplexity
    assert rows["phone-bigram"].perplexities.dev == pytest.approx(expected, abs=1e-3)
    assert "SIL" not in load_neural_lm(rescoring.language_model_dir("kaldi", "phone-transformer")).words
    text = results_markdown(collect_results(rescoring)).split("## Perplexities")[1].split("##")[0]
    assert text.count("| kaldi |") == len(rows)
    assert f"| {rows['bigram'].perplexities.dev:.2f} |" in text
    collect_results(experiment)


def test_a_model_of_a_text_file_knows_its_words_and_those_of_the_lexicon(rescoring: Experiment) -> None:
    folder = rescoring.language_model_dir("kaldi", "text")
    sentences = [["YES", "NO", "YES"], ["NO", "NO"], ["MAYBE", "YES"]]
    expected = estimate_ngram(sentences, 3, extra_words=["NO", "YES"])
    asked = [["NO", "YES"], [], ["MAYBE"]]
    found = sentence_scorer(folder)(asked)
    assert found == pytest.approx([expected.log10_prob(words).sum() * 2.302585 for words in asked], abs=1e-3)


def test_a_changed_model_redoes_what_it_rescored_and_nothing_else(rescoring: Experiment) -> None:
    models = dict(rescoring.spec.language_models)
    models["lstm.seed0"] = replace(models["lstm.seed0"], settings={**SMALL, "noise": 0.1})
    other = Experiment(replace(rescoring.spec, language_models=models), rescoring.folder)
    jobs = (*other.train_jobs(), *other.tune_jobs(), *other.rescoring_jobs(), *other.decode_jobs())
    undone = [job.name for job in jobs if not job.is_done()]
    assert undone == [
        "language model kaldi/lstm.seed0",
        *(f"tune kaldi/{system}/bigram+lstm" for system in ("gmm", "ctc")),
        *(f"decode kaldi/{system}/bigram+lstm/native" for system in ("gmm", "ctc")),
    ]
    systems = {**rescoring.spec.systems}
    systems["ctc"] = replace(systems["ctc"], tuning=TuningGrid(rescoring_scale=(0.1,)))
    wider = Experiment(replace(rescoring.spec, systems=systems), rescoring.folder)
    assert all(job.is_done() for job in wider.tune_jobs())
    assert [job.is_done() for job in wider.rescoring_jobs()] == [True, True, False, False]


class Counting:
    """Likes long sentences."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []

    def __call__(self, sentences: Sequence[Sequence[str]]) -> list[float]:
        self.asked.extend(sentences)
        return [float(len(words)) for words in sentences]


def test_without_weight_the_first_pass_stays_and_with_much_of_it_the_model_decides(rescoring: Experiment) -> None:
    from fsaasr.corpora import read_cuts
    from fsaasr.features import compute_features
    from fsaasr.models import load_graph, load_model
    from fsaasr.recipe.decoding import recognize, searched, splitter_for

    folder = rescoring.model_dir("kaldi", "gmm")
    model, graph = load_model(folder), load_graph(folder)
    assert graph is not None
    features = compute_features(list(read_cuts(rescoring.data_dir("kaldi") / "cuts_test.jsonl.gz"))[:3], model.features)
    scales, options = Scales(0.05, 0.7, 1.0), SearchOptions(acoustic_scale=0.05, lattice_beam=20.0)
    splitter, counting = splitter_for(model, graph, folder / "lang"), Counting()
    plain = {**dict.fromkeys(NAMES, 0.7), "acoustic": 1.0, "words": -1.0}
    chosen = {}
    for weight in (0.0, 1000.0):
        rescorer = Rescorer(counting, 20.0, scales, splitter, {**plain, SECOND: weight})
        chosen[weight] = recognize(model, graph, features, options, scales, choose=rescorer.choose).hypotheses
    first = recognize(model, graph, features, options, scales).hypotheses
    assert [h.text for h in chosen[0.0]] == [h.text for h in first]
    lists = [rescorer.list_of(lattice) for lattice in searched(model, graph, features, options)]
    assert [len(h.words) for h in chosen[1000.0]] == [int(found.scores[SECOND].max()) for found in lists]
    assert any(len(long.words) > len(plain.words) for long, plain in zip(chosen[1000.0], first))


def test_the_grid_keeps_what_is_no_language_models() -> None:
    grid = weight_grid(["acoustic", "words", "lm", "silence", SECOND], Scales(0.1, 0.5, 2.0), TuningGrid())
    assert grid == {
        "acoustic": [1.0],
        "words": [-2.0, 0.0],
        "lm": [0.0, 0.25, 0.5],
        "silence": [0.5],
        SECOND: [0.0, 0.25, 0.5, 0.75, 1.0],
    }
    assert "lm" not in weight_grid(["acoustic", "words", "graph", SECOND], Scales(), TuningGrid())


def test_a_system_is_rescored_by_the_model_of_its_seed(experiment: Experiment) -> None:
    systems = {"ctc": replace(experiment.spec.systems["ctc"], seeds=(1, 5))}
    spec = with_models(replace(experiment.spec, systems={**experiment.spec.systems, **systems}))
    assert language_model_for(spec, "lstm", "ctc.seed1") == "lstm.seed1"
    assert language_model_for(spec, "lstm", "ctc.seed5") == "lstm.seed0"
    assert language_model_for(spec, "lstm", "gmm") == "lstm.seed0"
    assert language_model_for(spec, "text", "gmm") == "text"


@pytest.mark.parametrize(
    ("models", "rescoring", "message"),
    [
        ({"lm": {"kind": "lstm", "lexicon": "letters"}}, [], r"language_models\.lm\.lexicon.*found letters"),
        ({"bigram": {"kind": "lstm"}}, [], "expected a name that no grammar has"),
        ({"lm": {"kind": "lstm"}}, ["lstm"], r"grammars\.bigram\.rescoring.*found lstm, expected one of lm"),
        ({"lm": {"kind": "lstm", "over": "tokens"}}, ["lm"], r"grammars\.bigram\.rescoring.*found lm"),
    ],
)
def test_what_names_no_model_is_refused(
    experiment: Experiment, models: dict[str, Any], rescoring: list[str], message: str
) -> None:
    entries = {name: config_from_dict(LanguageModelSpec, values) for name, values in models.items()}
    grammars = {"bigram": replace(experiment.spec.grammars["bigram"], rescoring=tuple(rescoring))}
    with pytest.raises(ConfigError, match=message):
        replace(experiment.spec, language_models=entries, grammars=grammars)


def test_what_a_kind_has_not_is_refused(experiment: Experiment) -> None:
    with pytest.raises(ConfigError, match="it has `order` alone"):
        LanguageModelSpec("ngram", seeds=(1,))
    wrong = LanguageModelSpec("lstm", settings={"network": {"kind": "transformer"}})
    asking = Experiment(replace(experiment.spec, language_models={"lm": wrong}), experiment.folder)
    with pytest.raises(ConfigError, match="kind is lstm, but the settings' network is a transformer"):
        asking.language_model_jobs()
    lost = replace(wrong, settings={}, text="nowhere.txt")
    asking = Experiment(replace(experiment.spec, language_models={"lm": lost}), experiment.folder)
    with pytest.raises(ConfigError, match=r"language model 'lm': no file .*nowhere\.txt"):
        asking.language_model_jobs()
