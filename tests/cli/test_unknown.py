"""Unknown words by verbs: `graph --unknown` and `wer --vocabulary`."""

from __future__ import annotations

from pathlib import Path

from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.graph import load_graph
from fsaasr.hypotheses import write_hypotheses
from tests.cli.conftest import invoke


def test_a_graph_may_take_unknown_words(tmp_path: Path) -> None:
    (tmp_path / "lexicon.txt").write_text("NO N OW\nYES Y EH S\n")
    invoke("lang", tmp_path / "lexicon.txt", tmp_path / "lang")
    out = tmp_path / "open.graph"
    result = invoke("graph", tmp_path / "lang", "--word-loop", "--unknown", 2, "--unknown-score", -1, out)
    assert result.exit_code == 0, result.output
    assert load_graph(out).words.names[1:] == ("NO", "YES", "<unk>")


def test_unknown_words_are_counted(tmp_path: Path) -> None:
    (tmp_path / "ref.txt").write_text("u1 no maybe\nu2 yes\n")
    (tmp_path / "lexicon.txt").write_text("no N OW\nyes Y EH S\n")
    (tmp_path / "large.txt").write_text("no N OW\nyes Y EH S\nmaybe M EY B IY\n")
    words = [
        (Span("no", 0.0, 0.1), Span("<unk>", 0.1, 0.4, None, ("M", "EY", "P", "IY"))),
        (Span("yes", 0.0, 0.2),),
    ]
    found = [Hypothesis(f"u{n}", spans, (), (), 0.0, 0.0) for n, spans in enumerate(words, 1)]
    write_hypotheses(found, tmp_path / "hyp.jsonl")
    files = (tmp_path / "ref.txt", tmp_path / "hyp.jsonl", "--vocabulary", tmp_path / "lexicon.txt")
    output = invoke("wer", *files, "--spellings", tmp_path / "large.txt").output
    assert "unknown words: 1 of 1 detected (recall 100.0 %), 0 false alarms" in output
    assert "spellings: 0 of 1 right, 1 errors in 4 tokens (25.0 %)" in output
