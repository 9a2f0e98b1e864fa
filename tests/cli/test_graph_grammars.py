"""`fsaasr graph --grammar`."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import numpy as np

from fsaasr.core import Scores
from fsaasr.decode import one_best
from fsaasr.graph import load_graph
from tests.cli.conftest import invoke

Fails = Callable[..., str]


def test_a_graph_of_a_written_grammar_says_nothing_else(tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "lexicon.txt").write_text("on A N\noff A F\nno N A\n")
    (tmp_path / "g.jsgf").write_text("#JSGF V1.0;\ngrammar g;\npublic <g> = on [off] | no no;\n")
    assert invoke("lang", tmp_path / "lexicon.txt", tmp_path / "lang").exit_code == 0
    arguments = ("graph", tmp_path / "lang", tmp_path / "g.graph", "--grammar")
    result = invoke(*arguments, tmp_path / "g.jsgf")
    assert result.exit_code == 0, result.output
    graph = load_graph(tmp_path / "g.graph")
    rng = np.random.default_rng(0)
    noise = [rng.normal(size=(14, 4)) * 3 for _ in range(20)]
    texts = {h.text for h in one_best(graph, Scores.from_matrices(noise, 0.04)) if h.reached_final}
    assert texts == {"on", "on off", "no no"}
    (tmp_path / "g.jsgf").write_text("#JSGF V1.0;\ngrammar g;\npublic <g> = on up;\n")
    assert "g.jsgf:3: column 17: the word table lacks 1 words: 'up'" in fails(*arguments, tmp_path / "g.jsgf")
    assert "exactly one grammar" in invoke(*arguments, tmp_path / "g.jsgf", "--word-loop").output
