import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import GrammarError
from fsaasr.grammar import estimate_ngram, normalization_error, read_arpa, read_sentences
from tests.grammar.toys import DATA, random_text, table

COMMANDS = DATA / "texts/commands.txt"
LIMIT = (DATA / "texts/limit_words.txt").read_text().split()

# Models that lmplz made; data/arpa/README.md has the commands.
LMPLZ = {
    "commands.1.arpa": (COMMANDS, 1, {}),
    "commands.2.arpa": (COMMANDS, 2, {}),
    "commands.3.arpa": (COMMANDS, 3, {}),
    "commands.4.arpa": (COMMANDS, 4, {}),
    "commands.5.arpa": (COMMANDS, 5, {}),
    "commands.3.prune012.arpa": (COMMANDS, 3, {"prune": (0, 1, 2)}),
    "commands.3.limit.arpa": (COMMANDS, 3, {"prune": (0, 0, 1), "limit_vocabulary": LIMIT}),
    "colours.4.arpa": (DATA / "texts/colours.txt", 4, {}),
    "tiny.3.arpa": (DATA / "texts/tiny.txt", 3, {}),
}


def assert_alike(model, referee, tolerance):
    mine, other = table(model), table(referee)
    assert mine.keys() == other.keys()
    names = sorted(mine)
    assert np.allclose([mine[name] for name in names], [other[name] for name in names], rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", LMPLZ)
def test_estimate_agrees_with_lmplz(name):
    text, order, options = LMPLZ[name]
    assert_alike(estimate_ngram(read_sentences(text), order, **options), read_arpa(DATA / "arpa" / name), 1e-6)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("lmplz") is None, reason="needs KenLM's lmplz on the PATH")
@pytest.mark.parametrize("seed", range(60))
def test_estimate_agrees_with_lmplz_on_random_texts(tmp_path, seed):
    rng = np.random.default_rng(seed)
    sentences = random_text(seed, words=int(rng.integers(3, 50)), sentences=int(rng.integers(2, 120)))
    (tmp_path / "text").write_text("".join(" ".join(words) + "\n" for words in sentences))
    order = int(rng.integers(1, 6))
    prune = sorted(rng.integers(0, 3, size=order - 1).tolist())
    limit = [f"w{w}" for w in range(50) if rng.random() < 0.8]
    (tmp_path / "limit").write_text(" ".join(limit) + "\n")
    command = ["lmplz", "-o", str(order), "-S", "100M", "-T", str(tmp_path), "--discount_fallback", "--prune", "0"]
    command += [*map(str, prune), "--limit_vocab_file", str(tmp_path / "limit")]
    command += ["--text", str(tmp_path / "text"), "--arpa", str(tmp_path / "arpa")]
    subprocess.run(command, check=True, capture_output=True)
    model = estimate_ngram(sentences, order, prune=(0, *prune), limit_vocabulary=limit)
    assert_alike(model, read_arpa(tmp_path / "arpa"), 1e-6)


def test_discounts_and_fallback_are_reported():
    # The statistics that lmplz printed for commands.4.arpa; it fell back for order 3.
    report = estimate_ngram(read_sentences(COMMANDS), 4).estimation
    assert report.counted == report.kept == (63, 245, 463, 577)
    assert (report.sentences, report.tokens, report.fallback) == (240, 1278, (3,))
    assert report.discounts[0] == pytest.approx((0.617021, 1.38298, 2.1773), abs=1e-5)
    assert report.discounts[1] == pytest.approx((0.680365, 1.00861, 1.23905), abs=1e-5)
    assert report.discounts[2] == (0.5, 1.0, 1.5)
    assert report.discounts[3] == pytest.approx((0.672414, 1.29927, 0.799373), abs=1e-5)


def test_pruned_counts_are_reported():
    # `2 174/245` and `3 126/463` in what lmplz printed for commands.3.prune012.arpa.
    report = estimate_ngram(read_sentences(COMMANDS), 3, prune=(0, 1, 2)).estimation
    assert (report.kept, report.counted) == ((63, 174, 126), (63, 245, 463))


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 5),
    st.sampled_from([(), (0, 1), (0, 0, 1), (1,), (2, 3)]),
    st.booleans(),
    st.sampled_from([(), ("extra", "more", "w1")]),
)
def test_every_context_sums_to_one(seed, order, prune, limited, extra):
    limit = [f"w{w}" for w in range(0, 12, 2)] if limited else None
    sentences = random_text(seed, sentences=30)
    model = estimate_ngram(sentences, order, prune=prune[:order], limit_vocabulary=limit, extra_words=extra)
    assert normalization_error(model) < 1e-12
    assert set(extra) <= set(model.vocabulary)


def test_any_fallback_discounts_keep_the_sum():
    model = estimate_ngram([["a", "b"], ["a"]], 3, discount_fallback=(1.0, 0.0, 3.0))
    assert model.estimation.fallback == (1, 2, 3)
    assert normalization_error(model) < 1e-12


def test_unseen_words_share_the_probability_of_unk():
    model = estimate_ngram(random_text(1), 2, extra_words=["rare", "w1"])
    scores = {word: model.log10_prob([word], eos=False)[0] for word in ("rare", "zebra", "w1")}
    assert scores["rare"] == scores["zebra"] < scores["w1"]


def test_closed_vocabulary_holds_just_the_words_given():
    words = ["w1", "w3", "absent"]
    model = estimate_ngram(random_text(2), 3, limit_vocabulary=words, extra_words=words)
    assert set(model.vocabulary) == {"<unk>", "<s>", "</s>", *words}


def test_worked_example_of_one_unigram():
    # Counts: a 2, b 1, </s> 2 sentence ends; D2 = 1 and D1 = 0.5 by the fallback. Freed mass (1 + 0.5 + 1) / 5
    # spread over a, b, </s>, <unk>: p(a) = (2 - 1) / 5 + 0.5 / 4.
    model = estimate_ngram([["a", "b"], ["a"]], 1)
    probabilities = {name[0]: 10**prob for name, (prob, _) in table(model).items()}
    assert probabilities == pytest.approx({"<unk>": 0.125, "<s>": 1, "</s>": 0.325, "a": 0.325, "b": 0.225})


def test_sentences_are_read_once_and_left_alone():
    sentences = random_text(3)
    copy = [list(words) for words in sentences]
    assert estimate_ngram(iter(sentences), 3).content_hash == estimate_ngram(sentences, 3).content_hash
    assert sentences == copy


def test_estimates_are_repeatable():
    assert estimate_ngram(random_text(4), 4).content_hash == estimate_ngram(random_text(4), 4).content_hash


def test_longer_text_than_one_piece_counts_the_same(monkeypatch):
    whole = estimate_ngram(random_text(5), 3)
    monkeypatch.setattr("fsaasr.grammar.ngram_counts._PIECE", 7)
    assert estimate_ngram(random_text(5), 3).content_hash == whole.content_hash


def test_text_of_empty_sentences_still_ends_them():
    # p(</s>) = 0.5 + 0.5 / 2 over </s> and <unk>; p(</s> | <s>) = (2 - 1) / 2 + p(</s>) / 2.
    model = estimate_ngram([[], []], 2)
    assert 10 ** model.log10_prob([])[0] == pytest.approx(0.875)
    assert model.vocabulary == ("<unk>", "<s>", "</s>")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 0}, "order is 0, expected 1 to 8"),
        ({"order": 9}, "order is 9"),
        ({"prune": (1, 0)}, "never decrease"),
        ({"prune": (-1,)}, "never decrease"),
        ({"prune": (0, 0, 0, 0)}, "at most 3"),
        ({"sentences": []}, "no sentence"),
        ({"sentences": ["the cat"]}, "sentence 1 is the string 'the cat'"),
        ({"sentences": [["a"], ["b", "<s>"]]}, "sentence 2: found <s> among the words"),
        ({"sentences": [["a b"]]}, "sentence 1: found the word 'a b'"),
        ({"sentences": [[""]]}, "found the word ''"),
        ({"extra_words": ["a b"]}, "extra word 'a b'"),
        ({"discount_fallback": (0.5, 3.0, 1.5)}, "Dj in 0 .. j"),
        ({"discount_fallback": None}, "too few 1-grams to estimate the discounts"),
    ],
)
def test_bad_input_is_refused(options, message):
    given_options = {"sentences": [["a", "b"]], "order": 3, **options}
    with pytest.raises(GrammarError, match=message):
        estimate_ngram(given_options.pop("sentences"), given_options.pop("order"), **given_options)
