"""Systems that say tokens go through recipes like any other, with lexicon and grammar and without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import ConfigError, GraphError, ModelError
from fsaasr.core.files import read_json
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import SearchOptions
from fsaasr.decode.attention.options import BeamOptions
from fsaasr.graph import TokenGraph, load_graph, token_loop
from fsaasr.models import load_model
from fsaasr.recipe import (
    Experiment,
    Recognizer,
    collect_results,
    make_graph,
    read_recipe,
    report_data,
)
from fsaasr.recipe.pieces import joined
from fsaasr.recipe.searches import searchable
from tests.recipe.conftest import write_recipe


def test_rows_appear_like_any_other(tokens: Experiment) -> None:
    rows = {(row.system, row.graph, row.engine): row for row in collect_results(tokens).rows}
    assert list(rows) == [
        ("attention", "repeat", "native"),
        ("attention", "free", "native"),
        ("phones", "repeat", "native"),
        ("transducer", "repeat", "native"),
        ("transducer", "free", "native"),
    ]
    for row in rows.values():
        assert row.words > 0
        assert row.wer >= 0
    record = read_json(tokens.decode_dir(tokens.runs[0]) / "decode.json")
    assert record["options"]["attention"]["beam"] == 3
    assert record["options"]["attention"]["nbest"] == 8


@pytest.mark.parametrize("row", [0, 3])
def test_within_the_grammar_there_are_two_or_three_words_of_the_lexicon(tokens: Experiment, row: int) -> None:
    lines = (tokens.decode_dir(tokens.runs[row]) / "hyp.txt").read_text().splitlines()
    said = [line.split()[1:] for line in lines]
    assert {len(words) for words in said} <= {2, 3}
    assert {word for words in said for word in words} <= {"NO", "YES"}


@pytest.mark.parametrize("system", ["attention", "transducer"])
def test_a_models_own_graph_is_the_one_of_its_first_grammar(tokens: Experiment, corpus: Path, system: str) -> None:
    folder = tokens.model_dir("kaldi", system)
    assert isinstance(load_graph(folder / "graph.fsa"), TokenGraph)
    wav = sorted(corpus.rglob("*.wav"))[0]
    recognizer = Recognizer.open(folder)
    assert recognizer.source == "graph.fsa"
    assert len(recognizer.transcribe(wav).words) in (2, 3)
    free = Recognizer.open(folder, graph=tokens.graph_path("kaldi", system, "free"), nbest=2).transcribe(wav)
    assert {word.confidence for word in free.words} <= {None}
    assert all("▁" not in hypothesis.text for hypothesis in free.utterances[0].nbest)


def test_the_report_shows_where_the_decoder_looks(tokens: Experiment) -> None:
    collect_results(tokens)
    view = report_data(tokens).utterance
    assert view is not None
    assert view.posteriors == ()
    (shown,) = view.attention
    spelled = "".join(shown.tokens).replace("▁", " ").split()
    assert spelled == view.text.split()
    assert shown.weights.shape[0] == len(shown.tokens)
    np.testing.assert_allclose(shown.weights.sum(axis=1), 1.0, atol=1e-5)
    assert 0 <= shown.monotonicity <= 1
    assert 0 < shown.entropy <= np.log(shown.weights.shape[1]) + 1e-5


def test_search_options_are_part_of_the_keys_of_tuning_and_not_of_training(tokens: Experiment) -> None:
    systems = dict(tokens.spec.systems)
    systems["attention"] = replace(systems["attention"], search={"attention": {"beam": 4}})
    other = Experiment(replace(tokens.spec, systems=systems), tokens.folder)
    assert other.train_jobs()[0].is_done()
    assert not other.tune_jobs()[0].is_done()
    assert other.search("attention")["attention"]["beam"] == 4
    systems["attention"] = replace(systems["attention"], search={"attention": {"bean": 4}})
    with pytest.raises(ConfigError, match=r"search of attention: key 'attention\.bean'"):
        Experiment(replace(tokens.spec, systems=systems), tokens.folder).search("attention")


def test_the_report_shows_where_they_look_and_how_their_paths_go(tokens: Experiment) -> None:
    collect_results(tokens)
    spec = replace(tokens.spec, showcase=("phones", "attention", "transducer"))
    view = report_data(Experiment(spec, tokens.folder)).utterance
    assert view is not None
    assert view.posteriors == ()
    (grid,), (attention,) = view.grids, view.attention
    assert grid.tokens == attention.tokens
    assert grid.title == "transducer"
    # Each frame's blank is said once; each token is, too.
    assert grid.occupancy.sum() == pytest.approx(len(grid.occupancy) + len(grid.tokens), abs=1e-3)
    assert grid.occupancy.shape[1] == 1 + len(grid.tokens) == 1 + len(grid.frames)
    assert list(grid.frames) == sorted(grid.frames)


def test_graphs_that_do_not_fit_are_refused(tokens: Experiment, tmp_path: Path) -> None:
    model = load_model(tokens.model_dir("kaldi", "attention"))
    with pytest.raises(ModelError, match="is a TokenGraph, found a DecodingGraph"):
        searchable(model, token_loop(model.tokens).expand())
    with pytest.raises(GraphError, match="no token begins with '▁'"):
        make_graph(tokens.lang_dir("phones"), "none", tmp_path / "none.graph")


def test_pieces_become_words_where_a_mark_begins_one() -> None:
    names = ["e", "▁s", "ix", "▁", "▁▁", "▁o"]
    pieces = tuple(Span(name, float(place), place + 1.0) for place, name in enumerate(names))
    words = joined(Hypothesis("utt", pieces, pieces, (), 0.0, 0.0)).words
    assert words == (Span("e", 0, 1), Span("six", 1, 3), Span("▁", 4, 5), Span("o", 5, 6))


def test_a_token_loop_takes_any_tokens() -> None:
    graph = token_loop(SymbolTable(["▁a", "b"]), "ctc")
    graph.check()
    assert graph.words == graph.tokens
    assert graph.expand().num_columns == 3


def test_options_of_attention_are_in_no_key_of_other_systems(tmp_path: Path) -> None:
    experiment = Experiment(read_recipe(write_recipe(tmp_path)), tmp_path / "exp")
    other = Experiment(replace(experiment.spec, search=SearchOptions(attention=BeamOptions(beam=2))), experiment.folder)
    assert [job.key for job in other.tune_jobs()] == [job.key for job in experiment.tune_jobs()]
    assert other.search("ctc")["attention"]["beam"] == 2
