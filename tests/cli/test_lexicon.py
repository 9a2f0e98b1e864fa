"""`fsaasr lexicon` and Kaldi's weighted lexicons, on toy speech."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import numpy as np
import pytest

from fsaasr.lexicon import SilenceWeights, read_lang
from tests.cli.conftest import Toy, invoke

Fails = Callable[..., str]


def test_lang_takes_kaldis_probabilities_of_silence_by_word(tmp_path: Path, fails: Fails) -> None:
    lexicon, silprob = tmp_path / "lexiconp_silprob.txt", tmp_path / "silprob.txt"
    lexicon.write_text("NO 1.0 0.75 1.5 0.5 N\nYES 1.0 0.25 0.5 1.5 Y\n")
    silprob.write_text("<s> 0.9\n</s>_s 1.25\n</s>_n 0.5\noverall 0.5\n")
    result = invoke("lang", lexicon, tmp_path / "lang", "--silence", "SIL", "--silprob", silprob)
    assert result.exit_code == 0
    assert read_lang(tmp_path / "lang").of("NO")[0].silence == SilenceWeights(0.75, 1.5, 0.5)
    assert (tmp_path / "lang" / "silprob.txt").read_bytes() == silprob.read_bytes()
    for some in (("--silence", "SIL"), ("--silprob", silprob)):
        assert "lexiconp_silprob.txt, silprob.txt (--silprob) and the token" in fails("lang", lexicon, tmp_path, *some)


def test_lexicon_weights_are_learned_from_alignments(toy: Toy, tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "lexicon.txt").write_text("YES Y\nNO N\nNO Y\n")
    assert invoke("lang", tmp_path / "lexicon.txt", tmp_path / "lang", "--silence", "SIL").exit_code == 0
    arguments = ("lexicon", "learn-weights", toy.root / "gmm", toy.cuts("train"), tmp_path / "lang")
    result = invoke(*arguments, tmp_path / "learned")
    assert result.exit_code == 0
    assert "3 pronunciations of 2 words, 2 with probability 1" in result.output
    learned = read_lang(tmp_path / "learned")
    low, wrong = learned.of("NO")
    assert low.log_prob == 0.0
    assert wrong.log_prob < -3
    assert learned.word_dependent_silence
    assert invoke(*arguments, tmp_path / "plain", "--no-max-normalize", "--no-silence").exit_code == 0
    plain = read_lang(tmp_path / "plain")
    assert sum(np.exp(entry.log_prob) for entry in plain.of("NO")) == pytest.approx(1)
    assert not plain.word_dependent_silence
    of_ctc = ("lexicon", "learn-weights", toy.root / "ctc", toy.cuts("train"), tmp_path / "lang", tmp_path / "ctc")
    assert invoke(*of_ctc).exit_code == 0
    assert read_lang(tmp_path / "ctc").silence == read_lang(tmp_path / "lang").silence
    (tmp_path / "lexicon.txt").write_text("YES Y\n")
    assert invoke("lang", tmp_path / "lexicon.txt", tmp_path / "lang", "--silence", "SIL").exit_code == 0
    assert "words that the lexicon lacks: NO" in fails(*arguments, tmp_path / "none")
