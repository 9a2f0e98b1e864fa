"""A whole toy experiment: what it writes, and that nothing is done twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fsaasr.core import ConfigError
from fsaasr.hypotheses import read_jsonl, read_transcripts
from fsaasr.lexicon import WeightConfig, read_lang
from fsaasr.models import load_graph, load_lexicon
from fsaasr.recipe import (
    STAGES,
    Experiment,
    TuningGrid,
    collect_results,
    read_recipe,
    read_results,
    read_scales,
    report_experiment,
    results_markdown,
    results_table,
    run_stage,
    write_published,
)


def test_every_combination_has_a_row(experiment: Experiment) -> None:
    rows = read_results(experiment.folder / "results.json").rows
    assert [(row.split, row.system, row.graph, row.engine) for row in rows] == [
        ("kaldi", system, grammar, "native") for system in ("gmm", "ctc") for grammar in ("loop", "bigram")
    ]


def test_tones_are_recognized_by_both_families(experiment: Experiment) -> None:
    rates = {row.system: row.wer for row in read_results(experiment.folder / "results.json").rows}
    assert max(rates.values()) < 0.1


def test_rows_hold_what_the_files_say(experiment: Experiment) -> None:
    for row in read_results(experiment.folder / "results.json").rows:
        folder = experiment.folder / "decode" / row.split / row.system / row.graph / row.engine
        reference = read_transcripts(folder / "ref.txt")
        assert row.words == sum(map(len, reference.values()))
        assert row.wer == pytest.approx(row.errors / row.words, abs=1e-6)
        assert row.errors == row.substitutions + row.insertions + row.deletions
        assert row.ci_low <= row.wer <= row.ci_high
        assert row.rtf > 0
        scales = read_scales(experiment.scales_path(row.split, row.system, row.graph))
        assert row.scales["acoustic_scale"] == scales.acoustic_scale


def test_hypotheses_have_words_with_times_in_order(experiment: Experiment) -> None:
    folder = experiment.folder / "decode" / "kaldi" / "gmm" / "loop" / "native"
    texts = read_transcripts(folder / "hyp.txt")
    for hypothesis in read_jsonl(folder / "hyp.jsonl"):
        assert texts[hypothesis.utterance] == tuple(word.name for word in hypothesis.words)
        times = [time for word in hypothesis.words for time in (word.start, word.end)]
        assert times == sorted(times)


def test_the_first_grammar_is_the_models_own(experiment: Experiment) -> None:
    for system in ("gmm", "ctc"):
        folder = experiment.model_dir("kaldi", system)
        graph = load_graph(folder)
        assert graph is not None
        assert json.loads((folder / "scales.json").read_text())["scales"]


@pytest.mark.parametrize("stage", STAGES)
def test_nothing_is_done_twice(experiment: Experiment, corpus: Path, stage: str) -> None:
    said: list[str] = []
    assert run_stage(experiment, stage, corpus_dir=corpus, say=said.append) == 0
    assert said
    assert all(line.endswith("done before") for line in said)


def test_a_changed_grid_touches_only_what_follows_it(experiment: Experiment) -> None:
    systems = dict(experiment.spec.systems)
    systems["ctc"] = replace(systems["ctc"], tuning=TuningGrid(acoustic_scale=(0.7,)))
    changed = Experiment(replace(experiment.spec, systems=systems), experiment.folder)
    assert all(job.is_done() for job in changed.graph_jobs())
    assert [job.name for job in changed.tune_jobs() if not job.is_done()] == [
        "tune kaldi/ctc/loop",
        "tune kaldi/ctc/bigram",
    ]
    assert sum(not job.is_done() for job in changed.decode_jobs()) == 2


def test_a_changed_setting_makes_later_stages_ask_for_training(experiment: Experiment) -> None:
    systems = dict(experiment.spec.systems)
    systems["gmm"] = replace(systems["gmm"], settings={"training": {"gaussians": 11}})
    changed = Experiment(replace(experiment.spec, systems=systems), experiment.folder)
    with pytest.raises(ConfigError, match=r"train kaldi/gmm.*run stage 'train'"):
        run_stage(changed, "graph")
    with pytest.raises(ConfigError, match="run stage 'decode'"):
        collect_results(changed)


def test_a_killed_decoding_is_redone_and_gives_the_same(experiment: Experiment) -> None:
    folder = experiment.folder / "decode" / "kaldi" / "ctc" / "loop" / "native"
    before = (folder / "hyp.txt").read_bytes()
    (folder / "done.json").unlink()
    (folder / "hyp.txt").write_text("cut off")
    assert run_stage(experiment, "decode", workers=1) == 1
    assert (folder / "hyp.txt").read_bytes() == before


def test_a_lost_output_is_noticed(experiment: Experiment) -> None:
    path = experiment.graph_path("kaldi", "ctc", "bigram")
    content = path.read_bytes()
    path.unlink()
    assert [job.name for job in experiment.graph_jobs() if not job.is_done()] == ["graph kaldi/ctc/bigram"]
    path.write_bytes(content)
    assert all(job.is_done() for job in experiment.graph_jobs())


def test_published_results_are_those_of_the_run(experiment: Experiment, tmp_path: Path) -> None:
    results = read_results(experiment.folder / "results.json")
    write_published(results, tmp_path)
    assert read_results(tmp_path / "RESULTS.json") == results
    text = (tmp_path / "RESULTS.md").read_text()
    assert text == results_markdown(results)
    before, lattices = text.split("## Word lattices")
    before, perplexities = before.split("## Perplexities")
    overview, rates = before.split("## Every decoding")
    assert overview.count("| kaldi |") == len({row.system for row in results.rows}) == 2
    assert rates.count("| kaldi |") == len(results.rows) == results_table(results).count("kaldi  ")
    assert perplexities.count("| kaldi |") == len(results.perplexities) == 1
    assert lattices.count("| kaldi |") == len(results.lattices) > 0


def test_the_report_shows_utterance_graph_and_rates(experiment: Experiment, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    report_experiment(experiment, path, "run.sh")
    page = path.read_text(encoding="utf-8")
    assert page.count("data:image/svg+xml;base64,") == 8
    assert "<svg" in page
    assert "gmm: configuration" in page
    assert "gmm: what its states hold" in page
    figures = sorted(path.name for path in (experiment.folder / "figures").iterdir())
    assert figures == ["occupancy-1.png", "rates.png", "training.png", "utterance.png"]
    for outside in ("http://", "https://"):
        assert outside not in page.replace("http://www.w3.org/", "")


def test_engines_without_package_are_left_out_and_said(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Experiment(replace(experiment.spec, engines=("native", "k2")), experiment.folder)
    monkeypatch.setattr(Experiment, "missing_engines", {"k2": "k2 is absent"})
    assert {run.engine for run in asking.runs} == {"native"}
    assert "engine 'k2' was left out: k2 is absent" in results_table(collect_results(asking))


def test_a_recipe_that_contradicts_itself_is_refused(experiment: Experiment, tmp_path: Path) -> None:
    (tmp_path / "over.yaml").write_text("systems: {gmm: {lexicon: pieces}}\n")
    recipe = Path(experiment.spec.base) / "recipe.yaml"
    with pytest.raises(ConfigError, match=r"systems\.gmm\.lexicon.*found pieces, expected one of phones"):
        read_recipe(recipe, [tmp_path / "over.yaml"])


def test_systems_that_start_from_others_are_trained_after_them(experiment: Experiment) -> None:
    systems = dict(experiment.spec.systems)
    systems["tied"] = replace(systems["gmm"], family="tied-gmm", start="gmm")
    spec = replace(experiment.spec, systems=systems)
    asking = Experiment(spec, experiment.folder)
    assert [[job.name for job in wave] for wave in asking.train_waves()] == [
        ["train kaldi/gmm", "train kaldi/ctc"],
        ["train kaldi/tied"],
    ]
    # What the start is trained with is part of what the result depends on.
    changed = {**systems, "gmm": replace(systems["gmm"], settings={"training": {"gaussians": 11}})}
    other = Experiment(replace(spec, systems=changed), experiment.folder)
    assert asking.train_waves()[1][0].key != other.train_waves()[1][0].key
    with pytest.raises(ConfigError, match=r"systems\.tied\.start.*found gmm, expected one of those before it"):
        replace(spec, systems={"tied": systems["tied"], **systems})


def test_keys_hold_what_is_not_left_at_its_default(experiment: Experiment) -> None:
    def key(system: str, **training: object) -> str:
        changed = replace(experiment.spec.systems[system], settings={"training": training})
        spec = replace(experiment.spec, systems={system: changed}, showcase=())
        return Experiment(spec, experiment.folder).train_jobs()[0].key

    assert key("ctc", pronunciations="first") == key("ctc")
    assert len({key("ctc"), key("ctc", pronunciations="all"), key("ctc", encoder={"hidden": 16}), key("gmm")}) == 4


def test_a_tied_system_is_trained_from_the_alignments_of_another(experiment: Experiment) -> None:
    systems = {name: system for name, system in experiment.spec.systems.items() if name == "gmm"}
    systems["tied"] = replace(systems["gmm"], family="tied-gmm", start="gmm", settings={"tree": {"min_frames": 20.0}})
    spec = replace(experiment.spec, systems=systems, showcase=(), drawing=())
    tied = Experiment(spec, experiment.folder)
    for stage in ("train", "graph", "tune", "decode"):
        run_stage(tied, stage, workers=1)
    rates = {row.system: row.wer for row in collect_results(tied).rows}
    assert rates["tied"] < 0.1
    collect_results(experiment)


def learning(experiment: Experiment) -> Experiment:
    """The experiment with a lexicon that its GMM teaches, and a second system of each family on that."""
    spec = experiment.spec
    lexicons = {**spec.lexicons, "learned": replace(spec.lexicons["phones"], learned_from="gmm")}
    systems = {**spec.systems, **{f"{name}-2": replace(spec.systems[name], lexicon="learned") for name in spec.systems}}
    grammars = {"loop": spec.grammars["loop"]}
    return Experiment(
        replace(spec, lexicons=lexicons, systems=systems, grammars=grammars, showcase=(), drawing=()), experiment.folder
    )


def test_a_lexicon_is_learned_between_its_teacher_and_its_users(experiment: Experiment) -> None:
    asking = learning(experiment)
    waves = asking.train_waves()
    assert [[job.name for job in wave] for wave in waves] == [
        ["train kaldi/gmm", "train kaldi/ctc"],
        ["learn kaldi/learned"],
        ["train kaldi/gmm-2", "train kaldi/ctc-2"],
    ]
    assert all(job.is_done() for job in waves[0])
    weights = WeightConfig(correction_smoothing=5.0)
    lexicons = {**asking.spec.lexicons, "learned": replace(asking.spec.lexicons["learned"], weights=weights)}
    other = Experiment(replace(asking.spec, lexicons=lexicons), asking.folder).train_waves()
    same = [[one.key == another.key for one, another in zip(*wave)] for wave in zip(waves, other)]
    assert same == [[True, True], [False], [False, False]]
    with pytest.raises(ConfigError, match=r"systems\.gmm\.lexicon.*found gmm, expected one of those before it"):
        replace(asking.spec, systems={"gmm": replace(asking.spec.systems["gmm"], lexicon="learned")})
    lexicons["learned"] = replace(lexicons["learned"], learned_from="teacher")
    with pytest.raises(ConfigError, match=r"lexicons\.learned\.learned_from.*found teacher, expected one of gmm, ctc"):
        replace(asking.spec, lexicons=lexicons, systems=experiment.spec.systems)


def test_systems_of_each_family_train_and_decode_with_learned_weights(experiment: Experiment) -> None:
    asking = learning(experiment)
    for stage in ("lang", "train", "graph", "tune", "decode"):
        run_stage(asking, stage, workers=1)
    learned = read_lang(asking.learned_lang_dir("kaldi", "learned"))
    assert learned.word_dependent_silence
    silence = learned.silence
    assert silence is not None
    # Recordings begin with noise and have some behind each word.
    assert silence.probability > 0.8
    lexicons = {name: load_lexicon(asking.model_dir("kaldi", name)) for name in asking.spec.systems}
    assert lexicons["gmm-2"] == learned
    assert lexicons["ctc-2"].silence is None
    assert [entry.log_prob for entry in lexicons["ctc-2"].pronunciations] == [
        e.log_prob for e in learned.pronunciations
    ]
    for name in ("gmm", "ctc"):
        graphs = [load_graph(asking.model_dir("kaldi", system)) for system in (name, f"{name}-2")]
        # Each word has one pronunciation, so that only silence can make a difference.
        assert (graphs[0].hash == graphs[1].hash) == (name == "ctc")
    rates = {row.system: row.wer for row in collect_results(asking).rows}
    assert max(rates.values()) < 0.1
    collect_results(experiment)


def test_an_override_with_null_drops_an_entry(experiment: Experiment, tmp_path: Path) -> None:
    (tmp_path / "over.yaml").write_text("systems: {ctc: null}\nshowcase: []\n")
    spec = read_recipe(Path(experiment.spec.base) / "recipe.yaml", [tmp_path / "over.yaml"])
    assert list(spec.systems) == ["gmm"]


def test_a_corpus_is_the_same_however_its_folder_is_spelled(
    experiment: Experiment, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(corpus)
    monkeypatch.chdir(corpus.parent)
    for spelling in (corpus, Path(corpus.name), corpus / ".." / corpus.name, tmp_path / "link", str(corpus) + "/"):
        assert all(job.is_done() for job in experiment.prepare_jobs(spelling)), spelling


@pytest.mark.parametrize("storage", ["disk", "on-the-fly"])
def test_networks_train_alike_on_features_that_are_not_in_memory(
    experiment: Experiment, corpus: Path, tmp_path: Path, storage: Any
) -> None:
    spec = experiment.spec
    data = {"kaldi": replace(spec.data["kaldi"], features=storage)}
    systems = {"ctc": spec.systems["ctc"]}
    copy = Experiment(replace(spec, data=data, systems=systems, showcase=(), drawing=()), tmp_path / "exp")
    for stage in ("prepare", "lang", "train"):
        run_stage(copy, stage, corpus_dir=corpus, workers=1)
    files = [one.model_dir("kaldi", "ctc") / "model.safetensors" for one in (experiment, copy)]
    assert files[0].read_bytes() == files[1].read_bytes()
    # What is extracted as it is needed is not kept.
    assert (len(list(copy.features_dir.glob("*.safetensors"))) == 3) == (storage == "disk")
    assert copy.train_jobs()[0].key == experiment.train_jobs()[1].key
