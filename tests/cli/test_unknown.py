"""Unknown words by verbs: `graph --unknown`, `decode`, `transcribe` and `wer --vocabulary`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.corpora.audio import write_wav
from fsaasr.graph import load_graph
from fsaasr.hypotheses import read_hypotheses, write_hypotheses
from tests.cli.conftest import Toy, invoke
from tests.recipe.recognizer.conftest import MODELS, RATE, noise, save


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


@pytest.mark.parametrize("family", ["ctc", "hybrid", "transducer", "attention"])
def test_decode_spells_them(family: str, toy: Toy, tmp_path: Path) -> None:
    model, cuts = tmp_path / family, toy.few_cuts(tmp_path)
    save(MODELS[family](), model)
    graph = tmp_path / "open.graph"
    open_words = ("--unknown", 2, "--unknown-score", 30)
    made = invoke("graph", model / "lang", "--word-loop", *open_words, "--model", model, graph)
    assert made.exit_code == 0, made.output
    for given in ((), ("--spell-unknown",)):
        done = invoke("decode", model, graph, cuts, tmp_path / "out", "--search-beam", 40, *given)
        assert done.exit_code == 0, done.output
        words = [word for found in read_hypotheses(tmp_path / "out" / "hyp.jsonl") for word in found.words]
        text = (tmp_path / "out" / "hyp.txt").read_text()
        assert any(word.unknown for word in words)
        for word in words:
            assert word.unknown == (word.spelling is not None)
            if word.unknown:
                assert set(word.spelling) <= {"A", "B"}
                assert word.name == ("".join(word.spelling) if given else "<unk>")
        assert ("<unk>" in text) == (not given)


def test_transcribe_spells_and_marks_them(tmp_path: Path) -> None:
    model, graph, audio = tmp_path / "ctc", tmp_path / "open.graph", tmp_path / "a.wav"
    save(MODELS["ctc"](), model)
    write_wav(audio, noise(2.0), RATE)
    open_words = ("--unknown", 2, "--unknown-score", 30)
    assert invoke("graph", model / "lang", "--word-loop", *open_words, "--model", model, graph).exit_code == 0
    heard = ("transcribe", model, audio, "--graph", graph)
    plain, spelt = (invoke(*heard, *given).stdout.splitlines() for given in ((), ("--spell-unknown",)))
    assert any(line.split()[3] == "<unk>" for line in plain)
    for one, other in zip(plain, spelt):
        if one.split()[3] != "<unk>":
            assert one == other
            continue
        path, start, end, name, confidence, mark = other.split()
        assert mark == "<unk>"
        assert set(name) <= {"A", "B"}
        assert one.split() == [path, start, end, "<unk>", confidence]
    assert invoke(*heard, "--spell-unknown", "--stream").stdout.splitlines() == spelt
    words = json.loads(invoke(*heard, "--spell-unknown", "--json").stdout)["words"]
    assert [word["name"] == "".join(word["spelling"]) for word in words if "spelling" in word]
