"""`fsaasr lattice`: every operation from file to file, in several formats; numbers equal the library's."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Callable, List, Set, Tuple

import numpy as np
import pytest

import fsaasr.recipe.lattice_archives
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.grammar import estimate_ngram, write_arpa
from fsaasr.hypotheses import read_hypotheses, read_nbest, write_transcripts
from fsaasr.lattice import DoubleCountWarning, Mixing, WordLattice, best_path, frame_lattice, mbr_decode, nbest
from fsaasr.lattice.formats import read_lattices, write_lattices
from fsaasr.recipe import Archive, rescore_lattices
from fsaasr.testing import random_word_lattice, word_paths
from tests.cli.conftest import invoke
from tests.grammar.test_kenlm_model import stand_in

COMMANDS = ("formats", "info", "copy", "prune", "nbest", "mbr", "rescore", "oracle", "draw")


@pytest.fixture(name="lattices", scope="module")
def some_lattices() -> List[WordLattice]:
    rng = np.random.default_rng(5)
    made = [random_word_lattice(rng, 7, 16, 4, utterance=f"utt{n}") for n in range(12)]
    return [lattice for lattice in made if lattice.num_frames > 0][:6]


@pytest.fixture(name="archive")
def an_archive(lattices: List[WordLattice], tmp_path: Path) -> Path:
    path = tmp_path / "lat.jsonl.gz"
    write_lattices(lattices, path)
    return path


def run(*arguments: object) -> str:
    result = invoke("lattice", *map(str, arguments))
    assert result.exit_code == 0, result.output
    return str(result.output)


def language(lattice: WordLattice) -> Set[Tuple[object, ...]]:
    return {(path.words, path.acoustic, path.graph) for path in word_paths(lattice)}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    assert f"fsaasr lattice {command}" in run(command, "--help")


def test_formats_are_listed_with_what_they_lose() -> None:
    listed = run("formats")
    assert ".ark" in listed
    assert "loses nothing" in listed


@pytest.mark.parametrize("name", ["lat.ark", "lat.ark.gz", "slf/*.slf", "lat.jsonl", "ark,t:lat.txt"])
def test_copy_there_and_back(lattices, archive: Path, tmp_path: Path, monkeypatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"{name}: 6 lattices" in run("copy", archive, name)
    lattices[0].words.write("words.txt")
    source = name.replace("ark,t:", "ark:")
    run("copy", source, "back.jsonl", "--words", "words.txt")
    for before, after in zip(lattices, read_lattices("back.jsonl")):
        assert isinstance(after, WordLattice)
        assert language(before) == language(after)
        assert after.utterance == before.utterance


def test_prune(lattices, archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.jsonl"
    run("prune", archive, out, "--beam", 1.5, "--acoustic-scale", 0.5)
    for lattice, pruned in zip(lattices, read_lattices(out)):
        assert pruned.num_arcs <= lattice.num_arcs
        assert best_path(pruned, 0.5).text == best_path(lattice, 0.5).text


def test_nbest_lists_in_a_file_and_as_tables(lattices, archive: Path, tmp_path: Path) -> None:
    run("nbest", archive, tmp_path / "nbest.jsonl", "-n", 3)
    wanted = [f"{hyp.text}" for lattice in lattices for hyp in nbest(lattice, 3)]
    assert [hyp.text for hyp in read_hypotheses(tmp_path / "nbest.jsonl")] == wanted
    run("nbest", archive, f"{tmp_path}/tables/", "-n", 3)
    tables = read_nbest(tmp_path / "tables")
    assert [hyp.text for lattice in lattices for hyp in tables[lattice.utterance]] == wanted


def test_mbr_writes_words_confidences_and_networks(lattices, archive: Path, tmp_path: Path) -> None:
    (tmp_path / "power.json").write_text('{"power": 0.5}')
    said = run("mbr", archive, tmp_path / "mbr.jsonl", "--networks", tmp_path / "networks.jsonl")
    wanted = [mbr_decode(lattice) for lattice in lattices]
    assert f"{sum(found.expected_errors for found in wanted):.2f} errors expected" in said
    assert [hyp.words for hyp in read_hypotheses(tmp_path / "mbr.jsonl")] == [f.hypothesis.words for f in wanted]
    networks = [json.loads(line) for line in (tmp_path / "networks.jsonl").read_text().splitlines()]
    assert networks == [json.loads(json.dumps(found.network.to_dict())) for found in wanted]
    run("mbr", archive, tmp_path / "calibrated.jsonl", "--calibration", tmp_path / "power.json")
    raw, calibrated = (
        [word.confidence for hyp in read_hypotheses(tmp_path / f"{name}.jsonl") for word in hyp.words]
        for name in ("mbr", "calibrated")
    )
    assert calibrated != raw
    assert np.argsort(raw, kind="stable").tolist() == np.argsort(calibrated, kind="stable").tolist()


@pytest.mark.parametrize("module", ["module", "stand-in"])
def test_kenlms_answers_rescore_as_the_arpa_does(
    archive: Path, tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if module == "module":
        pytest.importorskip("kenlm", reason="KenLM's module is not installed: pip install kenlm")
    else:
        monkeypatch.setitem(sys.modules, "kenlm", stand_in())
    text = [line.split() for line in ("w1 w2 w3", "w2 w2 w4 w1", "w3 w1", "w4 w1 w2", "w1 w4 w4")]
    write_arpa(estimate_ngram(text, 3), tmp_path / "new.arpa")
    run("rescore", archive, tmp_path / "new.arpa", tmp_path / "expected.jsonl", "--on-top")
    # The module reads ARPA as it reads its binary form.
    monkeypatch.setattr(fsaasr.recipe.lattice_archives, "is_kenlm_binary", lambda path: True)
    run("rescore", archive, tmp_path / "new.arpa", tmp_path / "found.jsonl", "--on-top")
    for expected, found in zip(*(read_lattices(tmp_path / f"{name}.jsonl") for name in ("expected", "found"))):
        assert found.best_path().text == expected.best_path().text
        assert found.total_score() == pytest.approx(expected.total_score(), abs=1e-3)


def test_rescoring_there_and_back_changes_nothing(archive: Path, tmp_path: Path) -> None:
    for name, probability in (("new", -0.9), ("old", -0.3)):
        rows = "".join(f"{probability}\tw{n}\n" for n in range(1, 5))
        text = f"\\data\\\nngram 1=6\n\n\\1-grams:\n-99\t<s>\n{probability}\t</s>\n{rows}\n\\end\\\n"
        (tmp_path / f"{name}.arpa").write_text(text)
    run("rescore", archive, tmp_path / "new.arpa", tmp_path / "new.jsonl", "--old", tmp_path / "old.arpa")
    run("rescore", tmp_path / "new.jsonl", tmp_path / "old.arpa", tmp_path / "back.jsonl")
    changed = False
    for before, new, back in zip(*(read_lattices(tmp_path / n) for n in ("lat.jsonl.gz", "new.jsonl", "back.jsonl"))):
        assert back.best_path().score == pytest.approx(before.best_path().score, abs=1e-3)
        assert back.total_score() == pytest.approx(before.total_score(), abs=1e-3)
        changed = changed or abs(new.total_score() - before.total_score()) > 0.1
    assert changed


def test_oracle_of_the_lattices_own_paths_is_without_errors(lattices, archive: Path, tmp_path: Path) -> None:
    texts = {}
    for lattice in lattices:
        *_, last = word_paths(lattice)
        texts[lattice.utterance] = [lattice.words.name(word) for word in last.words]
    write_transcripts(texts, tmp_path / "ref.txt")
    assert "oracle WER 0.00 %" in run("oracle", archive, tmp_path / "ref.txt")


def test_a_beam_bounds_the_oracle(lattices, archive: Path, tmp_path: Path) -> None:
    texts = {lattice.utterance: best_path(lattice, 0.5, 2.0, -1.0).text.split() for lattice in lattices}
    write_transcripts(texts, tmp_path / "ref.txt")
    scales = ("--acoustic-scale", 0.5, "--lm-scale", 2, "--penalty", -1)
    assert "oracle WER 0.00 %" in run("oracle", archive, tmp_path / "ref.txt", "--beam", 0, *scales)
    assert "oracle WER 0.00 %" not in run("oracle", archive, tmp_path / "ref.txt", "--beam", 0)
    assert "oracle WER 0.00 %" in run("oracle", archive, tmp_path / "ref.txt")


@pytest.mark.parametrize("lm_scale", [2.0, 0.0])
def test_a_beam_around_word_lattices_counts_the_penalty(lm_scale: float, lattices, tmp_path: Path) -> None:
    write_lattices(map(frame_lattice, lattices), tmp_path / "frames.jsonl")
    weights = (0.5, lm_scale, -3.0)
    scales = [f"--{name}={value}" for name, value in zip(("acoustic-scale", "lm-scale", "penalty"), weights)]
    run("prune", tmp_path / "frames.jsonl", tmp_path / "small.jsonl", "--beam", 2, "--determinize", *scales)
    for lattice, pruned in zip(lattices, read_lattices(tmp_path / "small.jsonl")):
        assert isinstance(pruned, WordLattice)
        best, *rest = nbest(lattice, 1000, *weights)

        def score(found: Hypothesis) -> float:
            return 0.5 * found.acoustic_score + lm_scale * found.graph_score + 3 * len(found.words)

        kept = {found.text: score(found) for found in nbest(pruned, 1000, *weights)}
        for found in (best, *rest):
            if score(found) >= score(best) - 2:
                assert kept[found.text] == pytest.approx(score(found), abs=1e-3)


def test_density_is_that_of_the_best_paths_under_the_scales(archive: Path) -> None:
    assert run("info", archive) != run("info", archive, "--penalty", -20)


def test_options_that_would_change_nothing_are_refused(archive: Path, tmp_path: Path) -> None:
    for verb in (("copy", archive), ("rescore", archive, tmp_path / "lm.arpa")):
        result = invoke("lattice", *map(str, verb), str(tmp_path / "out.jsonl"), "--penalty", "1")
        assert "No such option" in result.output


def test_info_counts(lattices, archive: Path) -> None:
    said = run("info", archive)
    assert "lattices  6" in said
    assert f"arcs      {sum(lattice.num_arcs for lattice in lattices)}," in said


def test_of_double_counts_one_warning_tells(archive: Path, tmp_path: Path) -> None:
    rows = "".join(f"-0.9\tw{n}\n" for n in range(1, 5))
    text = f"\\data\\\nngram 1=6\n\n\\1-grams:\n-99\t<s>\n-0.9\t</s>\n{rows}\n\\end\\\n"
    (tmp_path / "lm.arpa").write_text(text)
    with pytest.warns(DoubleCountWarning) as told:
        assert (
            rescore_lattices(Archive(archive), tmp_path / "o.jsonl", tmp_path / "lm.arpa", mixing=Mixing(on_top=True))
            == 6
        )
    assert len(told) == 1


def test_a_lattice_with_too_many_word_sequences_is_told_of(lattices, tmp_path: Path, monkeypatch) -> None:
    write_lattices([frame_lattice(lattices[0])], tmp_path / "frames.jsonl")
    (whole,) = Archive(tmp_path / "frames.jsonl").word_lattices()
    monkeypatch.setattr("fsaasr.lattice.words.determinize.MAX_WORD_ARCS", whole.num_arcs - 1)
    with pytest.warns(UserWarning, match="utterance 'utt.' has too many word sequences"):
        (part,) = Archive(tmp_path / "frames.jsonl").word_lattices()
    assert 0 < part.num_arcs < whole.num_arcs


def test_an_utterance_twice_is_refused(fails: Callable[..., str], lattices, tmp_path: Path) -> None:
    twice = [lattices[0], replace(lattices[1], utterance=lattices[0].utterance)]
    write_lattices(twice, tmp_path / "twice.jsonl")
    line = fails("lattice", "mbr", tmp_path / "twice.jsonl", tmp_path / "out.ctm")
    assert "has two lattices; expected one each" in line
    assert not (tmp_path / "out.ctm").exists()


def test_an_unknown_format_is_refused_before_the_work(fails: Callable[..., str], archive: Path, tmp_path: Path) -> None:
    line = fails("lattice", "copy", archive, tmp_path / "lat.docx")
    assert "no lattice format has names like" in line


def test_draw_names_words_by_a_table(lattices, archive: Path, tmp_path: Path) -> None:
    run("copy", archive, tmp_path / "lat.ark")
    lattices[0].words.write(tmp_path / "words.txt")
    name = lattices[1].utterance
    words = tmp_path / "words.txt"
    run("draw", tmp_path / "lat.ark", tmp_path / "one.svg", "--words", words, "--utterance", name)
    svg = (tmp_path / "one.svg").read_text()
    assert svg.count("<svg") == 1
    assert all(word in svg for word in lattices[1].best_path().text.split())
    run("draw", tmp_path / "lat.ark", tmp_path / "all.html", "--words", words, "--sausage")
    page = (tmp_path / "all.html").read_text()
    assert all(lattice.utterance in page for lattice in lattices)
