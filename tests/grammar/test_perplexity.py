import math

import pytest

from fsaasr.core.errors import GrammarError
from fsaasr.grammar import perplexity, read_arpa
from tests.grammar.test_arpa import SRILM, read
from tests.grammar.toys import DATA

HELD_OUT = [
    ["turn", "on", "the", "kitchen", "light"],
    ["please", "open", "every", "window", "and", "close", "the", "fridge"],
    ["xylophone"],
    [],
    ["wake", "me", "in", "two", "hours", "again"],
]

# `query -v summary` of kenlm 0.3.0 on HELD_OUT: with and without OOVs.
QUERIED = {
    "commands.3.arpa": (11.100940468150442, 7.046570376528735),
    "commands.5.arpa": (10.866069853299027, 6.7893939569101995),
    "commands.3.prune012.arpa": (12.327406723427723, 8.031803638882463),
}


@pytest.mark.parametrize("name", QUERIED)
def test_report_agrees_with_kenlm(name):
    report = perplexity(read_arpa(DATA / "arpa" / name), HELD_OUT)
    assert (report.perplexity, report.perplexity_without_oov) == pytest.approx(QUERIED[name], rel=1e-5)
    assert (report.sentences, report.tokens, report.oov) == (5, 25, 2)
    assert report.oov_rate == 2 / 20
    assert report.oov_words == (("fridge", 1), ("xylophone", 1))


def test_report_is_the_sum_of_the_sentences(monkeypatch):
    monkeypatch.setattr("fsaasr.grammar.perplexity_report._BATCH", 2)
    model = read_arpa(DATA / "arpa/commands.3.arpa")
    report = perplexity(model, iter(HELD_OUT))
    assert report.log10_prob == pytest.approx(sum(model.log10_prob(words).sum() for words in HELD_OUT))
    assert report.words == 20


def test_unknown_word_without_unk_makes_the_perplexity_infinite(tmp_path):
    report = perplexity(read(tmp_path, SRILM), [["a", "zebra"], ["a", "b"]])
    assert report.perplexity == math.inf
    assert math.isfinite(report.perplexity_without_oov)
    assert report.oov_words == (("zebra", 1),)


def test_impossible_word_makes_the_perplexity_infinite(tmp_path):
    report = perplexity(read(tmp_path, SRILM.replace("-1\tc", "-inf\tc")), [["c"]])
    assert (report.oov, report.perplexity_without_oov) == (0, math.inf)


def test_text_of_empty_sentences_has_no_oov_rate():
    report = perplexity(read_arpa(DATA / "arpa/commands.3.arpa"), [[]])
    assert (report.words, report.oov_rate) == (0, 0.0)


@pytest.mark.parametrize(("sentences", "message"), [([], "no sentence"), (["a b"], "the string 'a b'")])
def test_bad_text_is_refused(sentences, message):
    with pytest.raises(GrammarError, match=message):
        perplexity(read_arpa(DATA / "arpa/tiny.3.arpa"), sentences)
