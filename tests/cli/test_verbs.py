"""Each verb on toy speech: what it writes and prints, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable

import pytest
import torch
from lhotse import CutSet

from fsaasr.corpora import read_cuts
from fsaasr.evaluate import word_errors
from fsaasr.grammar import read_arpa
from fsaasr.graph import DecodingGraph, FstArrays, TokenGraph, load_graph, to_openfst
from fsaasr.hypotheses import read_placed, read_transcripts
from fsaasr.lattice import WordLattice
from fsaasr.lattice.formats import read_lattices
from fsaasr.lexicon import read_lang
from fsaasr.recipe import read_scales
from tests.cli.conftest import Toy, invoke

Fails = Callable[..., str]


def test_prepare_writes_manifests_and_counts_them(toy: Toy) -> None:
    for split, count in (("train", 15), ("dev", 5), ("test", 20)):
        assert len(read_cuts(toy.cuts(split))) == count
        assert f"{toy.cuts(split)}: {count} cuts" in toy.printed["prepare"]


def test_prepare_refuses(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    assert "no corpus 'wsj'" in fails("prepare", "wsj", toy.root, tmp_path)
    assert "not a directory" in fails("prepare", "yesno", tmp_path / "none", tmp_path / "out")
    assert "key 'speed'" in fails("prepare", "yesno", toy.root / "corpus", tmp_path, "-o", "speed=1")
    assert "expected KEY=VALUE" in fails("prepare", "yesno", toy.root / "corpus", tmp_path, "-o", "speed")


def test_lang_keeps_the_lexicon(toy: Toy, tmp_path: Path) -> None:
    lexicon = read_lang(toy.root / "lang")
    assert lexicon.tokens.names[1:] == ("SIL", "N", "Y")
    assert "2 pronunciations of 2 words in 3 tokens" in toy.printed["lang"]
    result = invoke("lang", toy.root / "lexicon.txt", tmp_path / "lang", "--units", "characters")
    assert result.exit_code == 0
    assert read_lang(tmp_path / "lang").of("NO")[0].tokens == ("N", "O")


def test_lang_names_file_and_line(tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "lexicon.txt").write_text("YES Y\nNO\n")
    assert "lexicon.txt:2:" in fails("lang", tmp_path / "lexicon.txt", tmp_path / "lang")


def test_lm_writes_an_arpa_file(toy: Toy) -> None:
    model = read_arpa(toy.root / "2.arpa")
    assert model.order == 2
    assert {"YES", "NO"} <= set(model.vocabulary)
    assert "too little text" in toy.printed["lm"]


def test_lm_takes_kaldi_text(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    lines = [f"utt{n} {line}" for n, line in enumerate((toy.root / "text.txt").read_text().splitlines())]
    (tmp_path / "text").write_text("\n".join(lines) + "\n")
    arguments = ("--order", 2, "--lang", toy.root / "lang")
    assert invoke("lm", tmp_path / "text", tmp_path / "2.arpa", "--ids", *arguments).exit_code == 0
    assert (tmp_path / "2.arpa").read_bytes() == (toy.root / "2.arpa").read_bytes()
    assert "order" in fails("lm", tmp_path / "text", tmp_path / "9.arpa", "--order", 9)


def test_graph_prints_its_steps(toy: Toy) -> None:
    graph = DecodingGraph.load(toy.root / "gmm.graph")
    assert graph.topology == "hmm1"
    printed = toy.printed["graph"].splitlines()
    assert printed[0].split() == ["step", "states", "arcs", "seconds", "peak", "MB"]
    assert printed[-1].endswith(f"{graph.fst.num_states} states, {graph.fst.num_arcs} arcs")


@pytest.mark.parametrize("grammar", [["2.arpa"], ["--word-loop"], ["--max-words", "3"]])
def test_graph_takes_each_grammar(toy: Toy, tmp_path: Path, grammar: list[str]) -> None:
    arpa = [toy.root / name for name in grammar if name.endswith(".arpa")]
    options = [] if arpa else grammar
    result = invoke("graph", toy.root / "lang", *arpa, tmp_path / "x.graph", "--topology", "ctc-compact", *options)
    assert result.exit_code == 0, result.output
    assert DecodingGraph.load(tmp_path / "x.graph").topology == "ctc-compact"


def test_a_graph_without_its_topology_spelled_out_serves_every_verb(toy: Toy, tmp_path: Path) -> None:
    small, model = tmp_path / "small.graph", toy.root / "gmm"
    result = invoke("graph", toy.root / "lang", small, "--word-loop", "--model", model, "--no-expand")
    assert result.exit_code == 0, result.output
    graph = load_graph(small)
    assert isinstance(graph, TokenGraph)
    assert graph.expand().hash == load_graph(toy.root / "gmm.graph").hash
    assert "T o LG" not in result.output
    assert result.output.splitlines()[-1].endswith(f"{graph.fst.num_states} states, {graph.fst.num_arcs} arcs")
    assert invoke("decode", model, small, toy.cuts("test"), tmp_path / "out").exit_code == 0
    for name in ("hyp.txt", "hyp.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (toy.root / "decode" / name).read_bytes()
    grid = ("--acoustic-scales", "0.3", "--penalties", "0")
    for name, made in (("small", small), ("large", toy.root / "gmm.graph")):
        assert invoke("tune", model, made, toy.cuts("dev"), tmp_path / f"{name}.json", *grid).exit_code == 0
    assert read_scales(tmp_path / "small.json") == read_scales(tmp_path / "large.json")
    assert invoke("draw", small, tmp_path / "small.svg").exit_code == 0
    assert ">SIL" in (tmp_path / "small.svg").read_text()


def test_decode_refuses_a_foreign_token_graph(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    small = tmp_path / "small.graph"
    assert invoke("graph", toy.root / "lang", small, "--word-loop", "--no-expand").exit_code == 0
    assert "a 'ctc' graph" in fails("decode", toy.root / "gmm", small, toy.cuts("test"), tmp_path)


def test_graph_wants_one_grammar_and_a_known_topology(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    assert invoke("graph", toy.root / "lang", tmp_path / "x.graph").exit_code == 2
    both = ("graph", toy.root / "lang", toy.root / "2.arpa", tmp_path / "x.graph", "--word-loop")
    assert "exactly one grammar" in invoke(*both).output
    assert "hmm9" in fails("graph", toy.root / "lang", tmp_path / "x.graph", "--word-loop", "--topology", "hmm9")


def test_graph_says_which_words_it_left_out(toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("YES NO MAYBE\nNO YES\n")
    assert invoke("lm", tmp_path / "text.txt", tmp_path / "x.arpa", "--order", 1).exit_code == 0
    result = invoke("graph", toy.root / "lang", tmp_path / "x.arpa", tmp_path / "x.graph")
    assert "left out: word 'MAYBE'" in result.output


@pytest.mark.parametrize("family", ["gmm", "ctc"])
def test_train_leaves_a_model_directory_without_checkpoints(toy: Toy, family: str) -> None:
    folder = toy.root / family
    assert {path.name for path in folder.iterdir()} == {"curves.csv", "lang", "model.json", "model.safetensors"}
    assert f"{family}, " in toy.printed[family]
    assert json.loads((folder / "model.json").read_text())["training"]["setup"]["features"]["num_filters"] == 12


def test_train_refuses_unknown_keys_and_words(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "gmm.yaml").write_text("training: {gausians: 3}\n")
    common = (toy.cuts("train"), toy.root / "lang")
    assert "gausians" in fails("train", "gmm", *common, tmp_path / "gmm.yaml", tmp_path / "model")
    (tmp_path / "lexicon.txt").write_text("NO N\n")
    assert invoke("lang", tmp_path / "lexicon.txt", tmp_path / "lang", "--silence", "SIL").exit_code == 0
    arguments = ("train", "gmm", toy.cuts("train"), tmp_path / "lang", toy.root / "gmm.yaml", tmp_path / "model")
    assert "YES" in fails(*arguments)


def test_tune_freezes_scales_that_decode_uses(toy: Toy, tmp_path: Path) -> None:
    model, graph = toy.root / "gmm", toy.root / "gmm.graph"
    grid = ("--acoustic-scales", "0.3,0.6", "--penalties", "0,1")
    result = invoke("tune", model, graph, toy.cuts("dev"), tmp_path / "scales.json", *grid)
    assert result.exit_code == 0, result.output
    scales = read_scales(tmp_path / "scales.json")
    assert scales.acoustic_scale in (0.3, 0.6)
    assert str(scales) in result.output
    arguments = ("--scales", tmp_path / "scales.json")
    assert invoke("decode", model, graph, toy.cuts("test"), tmp_path / "out", *arguments).exit_code == 0
    record = json.loads((tmp_path / "out" / "decode.json").read_text())
    assert record["scales"]["acoustic_scale"] == record["options"]["acoustic_scale"] == scales.acoustic_scale


def test_tune_refuses_what_is_no_number(toy: Toy, tmp_path: Path) -> None:
    arguments = (toy.root / "gmm", toy.root / "gmm.graph", toy.cuts("dev"), tmp_path / "s.json", "--penalties", "a")
    result = invoke("tune", *arguments)
    assert result.exit_code == 2
    assert "found 'a', expected numbers" in result.output


def test_decode_writes_texts_of_the_same_utterances(toy: Toy) -> None:
    folder = toy.root / "decode"
    assert read_transcripts(folder / "hyp.txt").keys() == read_transcripts(folder / "ref.txt").keys()
    assert "20 utterances, real-time factor" in toy.printed["decode"]
    assert list((toy.root / "cache").glob("*.safetensors"))


def test_decode_refuses_a_foreign_graph_and_engine(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    arguments = (toy.root / "gmm.graph", toy.cuts("test"), tmp_path)
    assert "does not fit" in fails("decode", toy.root / "ctc", *arguments)
    assert "engine is 'k9'" in fails("decode", toy.root / "gmm", *arguments, "--engine", "k9")


def test_align_writes_ctm_whose_words_are_the_transcripts(toy: Toy, tmp_path: Path) -> None:
    result = invoke("align", toy.root / "gmm", toy.cuts("dev"), tmp_path)
    assert result.exit_code == 0
    assert "5 utterances, 30 words" in result.output
    words: dict[str, list[str]] = {}
    for line in (tmp_path / "words.ctm").read_text().splitlines():
        name, channel, start, duration, word, confidence = line.split()
        assert channel == "1"
        assert 0 <= float(confidence) <= 1
        assert float(start) >= 0
        assert float(duration) > 0
        words.setdefault(name, []).append(word)
    cuts = {cut.id: cut.supervisions[0].text.split() for cut in read_cuts(toy.cuts("dev"))}
    assert words == cuts
    tokens = (tmp_path / "tokens.ctm").read_text()
    assert " SIL " in tokens


def test_align_names_all_words_that_the_lexicon_lacks_or_leaves_their_cuts_out(
    toy: Toy, tmp_path: Path, fails: Fails
) -> None:
    cuts = list(read_cuts(toy.cuts("dev")))
    cuts[0].supervisions[0].text += " MAYBE"
    cuts[2].supervisions[0].text = "PERHAPS MAYBE NO"
    cuts[3].supervisions[0].text = ""
    manifest, out = tmp_path / "cuts.jsonl.gz", tmp_path / "out"
    CutSet.from_cuts(cuts).to_file(manifest)
    error = fails("align", toy.root / "gmm", manifest, out)
    assert f"3 of 5 cuts cannot be aligned: 2 words that the lexicon lacks: MAYBE ({cuts[0].id}, {cuts[2].id})" in error
    assert f"PERHAPS ({cuts[2].id}); 1 cuts without words: {cuts[3].id}" in error
    assert not out.exists()
    result = invoke("align", toy.root / "gmm", manifest, out, "--skip-oov")
    assert "2 utterances, " in result.output
    assert "3 utterances left out" in result.output
    lines = (out / "left_out.txt").read_text().splitlines()
    assert lines == [f"{cuts[0].id} MAYBE", f"{cuts[2].id} MAYBE PERHAPS", cuts[3].id]
    CutSet.from_cuts([cuts[0]]).to_file(manifest)
    assert "no cut is left" in fails("align", toy.root / "gmm", manifest, out, "--skip-oov")


def test_long_cuts_are_aligned_like_short_ones_and_cut_into_segments(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke("align", toy.root / "gmm", toy.cuts("dev"), tmp_path / "short")
    monkeypatch.setattr("fsaasr.recipe.alignment.is_long", lambda graph, frames: True)
    for module in ("segments", "alignment"):
        monkeypatch.setattr(f"fsaasr.recipe.{module}.LONG", 0.5)
    assert "5 utterances, 30 words" in invoke("align", toy.root / "gmm", toy.cuts("dev"), tmp_path / "long").output
    short, long = ((tmp_path / name / "words.ctm").read_text() for name in ("short", "long"))
    assert long == short
    segments = read_placed(tmp_path / "long" / "supervisions_segments.jsonl.gz")
    cuts = list(read_cuts(toy.cuts("dev")))
    assert [segment.placement.recording for segment in segments] == [cut.recording_id for cut in cuts]
    assert [segment.hypothesis.text for segment in segments] == [cut.supervisions[0].text for cut in cuts]
    assert {segment.hypothesis.utterance for segment in segments} == {f"{cut.id}-0001" for cut in cuts}


def test_alignments_are_compared(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    for scale in ("1", "0.1"):
        invoke("align", toy.root / "gmm", toy.cuts("dev"), tmp_path / scale, "--confidence-scale", scale)
    result = invoke("align-compare", tmp_path / "1" / "align.jsonl", tmp_path / "0.1" / "words.ctm")
    assert result.exit_code == 0
    _, starts, _, tokens, last = result.output.splitlines()
    assert starts.split()[2:4] == ["30", "0.0"]
    assert tokens.split()[2] == "0"
    assert last.startswith("words that differ: 0")
    report = json.loads(invoke("align-compare", *[tmp_path / "1" / "align.jsonl"] * 2, "--json").output)
    assert report["word_ends"]["within"] == [1.0, 1.0, 1.0]
    assert "no times" in fails("align-compare", tmp_path / "1" / "align.jsonl", toy.root / "decode" / "ref.txt")


def test_formats_are_chosen_by_name(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    result = invoke("align", toy.root / "gmm", toy.cuts("dev"), tmp_path, "--formats", "textgrid,srt,vtt,supervisions")
    assert result.exit_code == 0
    written = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"textgrid", "srt", "vtt", "supervisions.jsonl.gz"}
    cuts = {cut.id: cut for cut in read_cuts(toy.cuts("dev"))}
    for path in (tmp_path / "textgrid").iterdir():
        ((hypothesis, placement),) = read_placed(path)
        assert hypothesis.text == cuts[path.stem].supervisions[0].text
        assert placement.duration == cuts[path.stem].duration
    assert "unknown format 'doc'" in fails("align", toy.root / "gmm", toy.cuts("dev"), tmp_path, "--formats", "doc")


def test_wer_prints_rate_interval_and_speakers(toy: Toy) -> None:
    folder = toy.root / "decode"
    arguments = (folder / "ref.txt", folder / "hyp.txt", "--utt2spk", folder / "utt2spk")
    lines = invoke("wer", *arguments).output.splitlines()
    assert lines[0].split()[:2] == ["speaker", "words"]
    assert lines[1].split()[0] == "global"
    report = word_errors(read_transcripts(folder / "ref.txt"), read_transcripts(folder / "hyp.txt"))
    assert lines[-1].startswith(f"WER {100 * report.wer:.2f} %, 95 % interval ")
    assert lines[-1].endswith(f"; {report.errors} errors in 120 words")


def test_wer_counts_by_hand(tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "ref").write_text("u1 a b c\nu2 d\n")
    (tmp_path / "hyp").write_text("u1 a x c c\nu2\n")
    result = invoke("wer", tmp_path / "ref", tmp_path / "hyp", "--details")
    # One substitution, one insertion, one deletion in four words.
    assert "WER 75.00 %" in result.output
    assert "3 errors in 4 words" in result.output
    assert "REF a b" in result.output
    assert "CER" in invoke("wer", tmp_path / "ref", tmp_path / "hyp", "--characters").output
    (tmp_path / "hyp.ctm").write_text("u1 1 0.0 0.1 a\nu1 1 0.1 0.1 x\nu1 1 0.2 0.1 c\nu2 1 0.0 0.1 d\n")
    assert "1 errors in 4 words" in invoke("wer", tmp_path / "ref", tmp_path / "hyp.ctm").output
    against = invoke("wer", tmp_path / "ref", tmp_path / "hyp", "--against", tmp_path / "hyp.ctm").output
    assert "difference +50.00 %" in against
    # Two utterances, each one error worse: both orders of two coins, so p is 1/2.
    assert "matched pairs: 2 segments, 2 differ, z inf, p 0.5000" in against
    (tmp_path / "hyp").write_text("u1 a\n")
    assert "'u2'" in fails("wer", tmp_path / "ref", tmp_path / "hyp")


def test_draw_writes_svg(toy: Toy, tmp_path: Path) -> None:
    assert invoke("draw", toy.root / "gmm.graph", tmp_path / "a.svg").exit_code == 0
    assert "<svg" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_decode_keeps_score_parts_apart_where_it_knows_the_lexicon(toy: Toy, tmp_path: Path) -> None:
    made = (toy.root / "gmm", toy.root / "gmm.graph", toy.cuts("test"), tmp_path / "out", "--lattice-beam", 4)
    assert invoke("decode", *made, "--lattices", tmp_path / "plain.jsonl").exit_code == 0
    lang = ("--lang", toy.root / "gmm" / "lang")
    assert invoke("decode", *made, "--lattices", tmp_path / "split.jsonl", *lang).exit_code == 0
    for plain, split in zip(*(read_lattices(tmp_path / f"{name}.jsonl") for name in ("plain", "split"))):
        assert isinstance(plain, WordLattice)
        assert isinstance(split, WordLattice)
        assert plain.parts is None
        assert split.parts is not None
        split.check()
        assert split.parts.silence.any()
        assert split.total_score() == plain.total_score()


def test_import_makes_graphs_of_kaldis_and_icefalls_files(tmp_path: Path, fails: Fails) -> None:
    fst = FstArrays.from_arcs([(0, 1, 2, 1, -0.5), (1, 1, 2, 0, 0.0), (1, 0, 1, 0, -0.25)], [(1, 0.0)])
    to_openfst(fst).write(str(tmp_path / "TLG.fst"))
    (tmp_path / "words.txt").write_text("<eps> 0\nhello 1\n")
    (tmp_path / "tokens.txt").write_text("<blk> 0\nh 1\n")
    symbols = ("--words", tmp_path / "words.txt", "--tokens", tmp_path / "tokens.txt")
    assert invoke("import", tmp_path / "TLG.fst", tmp_path / "tlg.graph", *symbols).exit_code == 0
    graph = load_graph(tmp_path / "tlg.graph")
    assert graph.fst.to_bytes() == fst.to_bytes()
    assert graph.words.name(1) == "hello"
    arcs = [[0, 1, 1, 0], [1, 1, 1, 0], [1, 2, -1, 0]]  # score 0 as bits
    tensors = {"arcs": torch.tensor(arcs, dtype=torch.int32), "aux_labels": torch.tensor([1, 0, -1], dtype=torch.int32)}
    torch.save(tensors, tmp_path / "HLG.pt")
    assert invoke("import", tmp_path / "HLG.pt", tmp_path / "hlg.graph", *symbols).exit_code == 0
    assert load_graph(tmp_path / "hlg.graph").fst.num_arcs == 2
    assert invoke("import", tmp_path / "HLG.pt", tmp_path / "lg.graph", *symbols, "--topology", "ctc").exit_code == 0
    assert isinstance(load_graph(tmp_path / "lg.graph"), TokenGraph)
    assert invoke("import", tmp_path / "HLG.pt", tmp_path / "x.graph", *symbols[:2]).exit_code == 2
    assert invoke("import", tmp_path / "TLG.fst", tmp_path / "x.graph", *symbols, "--topology", "ctc").exit_code == 2
    (tmp_path / "words.txt").write_text("<eps> 0\n")
    assert "TLG.fst" in fails("import", tmp_path / "TLG.fst", tmp_path / "x.graph", *symbols)


def test_draw_shows_what_a_model_holds(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    assert invoke("draw", toy.root / "gmm", tmp_path / "a.png").exit_code == 0
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert invoke("draw", toy.root / "gmm", tmp_path / "a.svg").exit_code == 0
    assert "not tied" in fails("draw", toy.root / "gmm", tmp_path / "b.svg", "--tree", "Y.1")
    assert "expected an .svg, a .png or a .txt file" in fails("draw", toy.root / "gmm", tmp_path / "a.pdf")


def test_lattice_draw_draws_lattices(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    lattices = tmp_path / "lat.jsonl"
    made = (toy.root / "gmm", toy.root / "gmm.graph", toy.cuts("test"), tmp_path / "out")
    assert invoke("decode", *made, "--lattices", lattices, "--lattice-beam", 2).exit_code == 0
    utterances = [line.split()[0] for line in (tmp_path / "out" / "ref.txt").read_text().splitlines()]
    said = ("--references", tmp_path / "out" / "ref.txt")
    assert invoke("lattice", "draw", lattices, tmp_path / "all.html", *said).exit_code == 0
    page = (tmp_path / "all.html").read_text(encoding="utf-8")
    assert page.count("<svg") == page.count("Reference: ") // 2 == len(utterances)
    wanted = ("--sausage", "--utterance", utterances[1])
    assert invoke("draw", lattices, tmp_path / "one.svg", *wanted).exit_code == 0
    assert f"<title>Confusion network of {utterances[1]}</title>" in (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert "room for one picture" in fails("lattice", "draw", lattices, tmp_path / "b.svg")
    assert "no lattice of 'x' among" in fails("lattice", "draw", lattices, tmp_path / "b.svg", "--utterance", "x")
