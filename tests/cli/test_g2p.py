"""`fsaasr g2p`, and the verbs that pronounce words by their letters."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from lhotse import CutSet

from fsaasr.corpora import read_cuts
from fsaasr.g2p import load_g2p
from fsaasr.lexicon import read_lang, read_lexicon
from tests.cli.conftest import Toy, invoke

Fails = Callable[..., str]

LEXICON = (
    "she SH IY\nshed SH EH D\nfish F IH SH\nbee B IY\nbed B EH D\nfeed F IY D\nbid B IH D\ndish D IH SH\nhid HH IH D\n"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("g2p")
    (folder / "lexicon.txt").write_text(LEXICON + "us Y UW EH S EH\n")
    result = invoke(
        "g2p", "train", folder / "lexicon.txt", folder / "model", "--order", 3, "--no-deletions", "--max-letters", 2
    )
    assert result.exit_code == 0, result.output
    assert "1 pronunciations were left out, as no units can say them: us" in result.output
    assert "of 9 pronunciations, NgramModel(" in result.output
    return folder / "model"


def test_options_reach_the_training(model: Path, tmp_path: Path) -> None:
    options = ("--order", 2, "--max-letters", 3, "--max-tokens", 5, "--no-deletions", "--many-to-many")
    result = invoke("g2p", "train", model.parent / "lexicon.txt", tmp_path / "other", *options)
    assert result.exit_code == 0
    assert "left out" not in result.output
    assert "of 10 pronunciations" in result.output


def test_words_are_pronounced_once_each(model: Path, tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "words.txt").write_text("fed bede\nfed shid\n")
    result = invoke("g2p", "apply", model, tmp_path / "words.txt", tmp_path / "new.txt", "--count", 2, "--skip-unknown")
    assert result.exit_code == 0
    made = read_lexicon(tmp_path / "new.txt", kind="lexiconp")
    assert made.words.names[1:] == ("bede", "fed", "shid")
    assert [entry.tokens for entry in made.of("fed")] == [e.tokens for e in load_g2p(model).pronounce("fed", 2)]
    assert 1 < len(made.of("fed")) <= 2
    printed = invoke("g2p", "apply", model, tmp_path / "words.txt", "--beam", 0).output
    assert [line.split()[0] for line in printed.splitlines()] == ["fed", "bede", "shid"]
    (tmp_path / "words.txt").write_text("b2b\n")
    assert "word 'b2b' has the letter '2'" in fails("g2p", "apply", model, tmp_path / "words.txt")
    (tmp_path / "words.txt").write_text("\n")
    assert "words.txt: no words" in fails("g2p", "apply", model, tmp_path / "words.txt")


def test_held_out_words_are_measured(model: Path, tmp_path: Path) -> None:
    fed, fish = (load_g2p(model).pronounce(word)[0].tokens for word in ("fed", "fish"))
    (tmp_path / "heldout.txt").write_text(f"fed {' '.join(fed)}\nfish {' '.join(fish)} AY\n")
    result = invoke("g2p", "test", model, tmp_path / "heldout.txt")
    tokens = len(fed) + len(fish) + 1
    assert result.output == f"words: 50.00 % of 2 wrong\ntokens: {100 / tokens:.2f} % (1 errors in {tokens})\n"


def test_a_lexicon_gets_the_words_that_it_lacks(model: Path, tmp_path: Path) -> None:
    (tmp_path / "lexicon.txt").write_text(LEXICON)
    assert invoke("lang", tmp_path / "lexicon.txt", tmp_path / "lang", "--silence", "SIL").exit_code == 0
    arguments = ("lexicon", "add", tmp_path / "lang", tmp_path / "words.txt", tmp_path / "more", "--g2p", model)
    (tmp_path / "words.txt").write_text("fed fish bede\n")
    result = invoke(*arguments)
    assert "2 words added, 11 in all" in result.output
    before, after = read_lang(tmp_path / "lang"), read_lang(tmp_path / "more")
    assert after.pronunciations[: len(before)] == before.pronunciations
    assert (after.tokens, after.silence) == (before.tokens, before.silence)
    assert after.of("fed")[0].tokens == load_g2p(model).pronounce("fed")[0].tokens


def test_words_that_the_lexicon_lacks_are_pronounced_and_aligned(toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "lexicon.txt").write_text("NO N\nYES Y\nNOO N\nYEES Y\n")
    assert invoke("g2p", "train", tmp_path / "lexicon.txt", tmp_path / "model", "--max-letters", 3).exit_code == 0
    cuts = list(read_cuts(toy.cuts("dev")))
    for cut in cuts:
        cut.supervisions[0].text = cut.supervisions[0].text.replace("NO", "NOO")
    CutSet.from_cuts(cuts).to_file(tmp_path / "cuts.jsonl.gz")
    arguments = ("align", toy.root / "gmm", tmp_path / "cuts.jsonl.gz", tmp_path / "align")
    assert invoke(*arguments).exit_code == 1
    assert invoke(*arguments, "--g2p", tmp_path / "model").exit_code == 0
    assert (tmp_path / "align" / "pronunciations.txt").read_text() == "NOO 1.0 N\n"
    assert "NOO" in (tmp_path / "align" / "words.ctm").read_text()
