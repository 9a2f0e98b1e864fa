import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import GrammarError, GrammarFileError
from fsaasr.grammar import NgramModel, NgramOrder, read_arpa, write_arpa
from tests.grammar.toys import DATA, random_model, table

SRILM = r"""
\data\
ngram 1=5
ngram 2=4
ngram 3=2

\1-grams:
-0.69897	</s>
-99	<s>	-0.30103
-0.52288	a	-0.2
-0.39794	b	-0.1
-1	c

\2-grams:
-0.5	<s> a	-0.25
-0.6	a b	-0.4
-0.7	b </s>
-0.8	b a	-0.15

\3-grams:
-0.1	a b c
-0.2	<s> a b

\end\
"""


def read(tmp_path, content, name="toy.arpa"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_arpa(path)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_written_model_reads_back_exactly(tmp_path_factory, seed, order):
    model = random_model(seed, order)
    path = tmp_path_factory.mktemp("arpa") / "toy.arpa"
    write_arpa(model, path)
    again = read_arpa(path)
    assert again.vocabulary == model.vocabulary
    for mine, other in zip(again.orders, model.orders):
        assert np.array_equal(mine.ngrams, other.ngrams)
        assert np.array_equal(mine.log10_prob, other.log10_prob)
        assert np.array_equal(mine.log10_backoff, other.log10_backoff)


def reversed_lines(section):
    ngrams, blank, rest = section.partition("\n\n")
    return "\n".join(reversed(ngrams.split("\n"))) + blank + rest


def test_order_of_lines_only_renumbers_the_words(tmp_path):
    head, *sections = SRILM.split("-grams:\n")
    model = read(tmp_path, SRILM)
    other = read(tmp_path, "-grams:\n".join([head, *map(reversed_lines, sections)]))
    assert table(other) == table(model)
    assert other.vocabulary == tuple(reversed(model.vocabulary))


def test_srilm_file_keeps_its_numbers(tmp_path):
    entries = table(read(tmp_path, SRILM))
    assert entries[("<s>",)] == (-99.0, -0.30103)
    assert entries[("c",)] == (-1.0, 0.0)
    assert entries[("b", "a")] == (-0.8, -0.15)
    assert entries[("a", "b", "c")] == (-0.1, 0.0)
    assert len(entries) == 11


def test_missing_suffix_is_allowed_and_shown(tmp_path):
    model = read(tmp_path, SRILM)
    rows = dict(zip((model.text(3, row) for row in range(2)), model.suffix_rows(3).tolist()))
    assert rows["a b c"] == -1
    assert model.text(2, rows["<s> a b"]) == "a b"


@pytest.mark.parametrize(
    "content",
    [
        SRILM.replace("\n", "\r\n"),
        SRILM.replace("\t", " "),
        "made by hand\nngram of words\n" + SRILM,
        SRILM.replace("\n-0.7", "\n\n-0.7"),
        SRILM.replace("ngram 1=5", "ngram  1 = 5"),
        SRILM.replace("a b c\n", "a b c\t0\n"),
        SRILM + "\nfurther remarks\n",
        "\ufeff" + SRILM.lstrip(),
    ],
    ids=["crlf", "spaces", "preamble", "blank line", "header spaces", "zero back-off", "epilogue", "byte order mark"],
)
def test_variants_read_alike(tmp_path, content):
    assert read(tmp_path, content).content_hash == read(tmp_path, SRILM).content_hash


def test_gzipped_file_reads_alike_whatever_its_name(tmp_path):
    packed = gzip.compress(SRILM.encode())
    plain = read(tmp_path, SRILM)
    assert read(tmp_path, packed, "toy.arpa.gz").content_hash == plain.content_hash
    assert read(tmp_path, packed, "toy").content_hash == plain.content_hash


def test_gz_suffix_makes_a_gzipped_file(tmp_path):
    model = random_model(1)
    write_arpa(model, tmp_path / "toy.arpa.gz")
    assert (tmp_path / "toy.arpa.gz").read_bytes()[:2] == b"\x1f\x8b"
    assert read_arpa(tmp_path / "toy.arpa.gz").content_hash == model.content_hash


@pytest.mark.parametrize(("name", "unknown"), [("<unk>", 2), ("<UNK>", 2), ("c", None)])
def test_unknown_word_has_either_name_or_none(tmp_path, name, unknown):
    content = "\\data\\\nngram 1=3\n\\1-grams:\n-1 </s>\n-99 <s>\n-0.5 NAME\n\\end\\\n".replace("NAME", name)
    assert read(tmp_path, content).unknown_id == unknown


def test_model_without_sentence_start_reads(tmp_path):
    model = read(tmp_path, "\\data\\\nngram 1=1\n\\1-grams:\n0 a\n\\end\\\n")
    assert (model.bos_id, model.eos_id) == (None, None)


def test_empty_highest_order_reads(tmp_path):
    content = "\\data\\\nngram 1=1\nngram 2=0\n\n\\1-grams:\n-1 a -0.1\n\n\\2-grams:\n\n\\end\\\n"
    model = read(tmp_path, content)
    assert [len(order) for order in model.orders] == [1, 0]
    assert model.log10_prob(["a", "a"], bos=False, eos=False).tolist() == [-1.0, -1.1]


def test_minus_infinity_is_kept(tmp_path):
    model = read(tmp_path, SRILM.replace("-0.7\tb </s>", "-inf\tb </s>"))
    assert table(model)["b", "</s>"] == (-np.inf, 0.0)
    write_arpa(model, tmp_path / "again.arpa")
    assert read_arpa(tmp_path / "again.arpa").content_hash == model.content_hash


def test_lmplz_file_has_the_counts_it_announces():
    # `ngram N=` lines of the file that lmplz wrote.
    assert [len(order) for order in read_arpa(DATA / "arpa/commands.4.arpa").orders] == [63, 245, 463, 577]


FAULTS = {
    "no data": ("hello\n", None, "no \\data\\ line"),
    "no counts": ("\\data\\\n\\1-grams:\n", 2, "expected `ngram 1=COUNT`"),
    "bad count": (SRILM.replace("ngram 2=4", "ngram 2=four"), 4, "expected `ngram 2=COUNT`"),
    "order skipped": (SRILM.replace("ngram 2=4", "ngram 4=4"), 4, "expected `ngram 2=COUNT`"),
    "no unigrams": ("\\data\\\nngram 1=0\n\\1-grams:\n\\end\\\n", None, "at least one 1-gram"),
    "too few": (SRILM.replace("-0.8\tb a\t-0.15\n", ""), 19, "after 3 2-grams, expected 4"),
    "too many": (SRILM.replace("ngram 2=4", "ngram 2=3"), 18, "after the 3 2-grams"),
    "too few at end": (SRILM.replace("ngram 3=2", "ngram 3=7"), 24, "after 2 3-grams, expected 7"),
    "cut short": (SRILM[: SRILM.index("-0.7\t")], 16, "the end of the file after 2 2-grams"),
    "no end": (SRILM.replace("\\end\\\n", ""), 23, "expected the next section or \\end\\"),
    "section missing": (SRILM.replace("\\2-grams:", "\\3-grams:"), 14, "expected \\2-grams:"),
    "too few fields": (SRILM.replace("-0.7\tb </s>", "-0.7\tb"), 17, "expected log10 probability, 2 words"),
    "too many fields": (SRILM.replace("-0.7\tb </s>", "-0.7\tb </s> a 0"), 17, "expected log10 probability, 2 words"),
    "no number": (SRILM.replace("-0.7\tb", "x\tb"), 17, "found log10 probability 'x'"),
    "nan": (SRILM.replace("-0.7\tb", "nan\tb"), 17, "found log10 probability 'nan'"),
    "positive": (SRILM.replace("-0.7\tb", "0.7\tb"), 17, "expected a number of at most 0"),
    "back-off no number": (SRILM.replace("-0.4\n", "y\n"), 16, "found back-off 'y'"),
    "back-off infinite": (SRILM.replace("-0.4\n", "-inf\n"), 16, "expected a finite number"),
    "back-off at highest": (SRILM.replace("a b c\n", "a b c -1\n"), 21, "expected none for a 3-gram"),
    "unknown word": (SRILM.replace("b </s>", "b zebra"), 17, "'zebra', which is no 1-gram"),
    "word twice": (SRILM.replace("-1\tc", "-1\ta"), 12, "1-gram 'a' a second time"),
    "n-gram twice": (SRILM.replace("-0.8\tb a", "-0.8\ta b"), 18, "2-gram 'a b' a second time"),
    "no context": (SRILM.replace("\ta b c", "\tb b c"), 21, "whose context 'b b' is no 2-gram"),
    "not utf-8": (SRILM.encode().replace(b"-1\tc", b"-1\tc\xff"), 12, "expected UTF-8"),
    "damaged gzip": (gzip.compress(SRILM.encode())[:-20], None, "damaged gzip file"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_malformed_file_is_refused_with_its_line(tmp_path, fault):
    content, line, message = FAULTS[fault]
    with pytest.raises(GrammarFileError) as error:
        read(tmp_path, content)
    assert message in str(error.value)
    assert str(tmp_path / "toy.arpa") in str(error.value)
    if line:
        assert error.value.line == line


def test_fault_beyond_the_first_chunk_has_its_line(tmp_path):
    lines = [f"-5\tw{i}" for i in range(10000)]
    lines[9000] = "-5"
    content = "\n".join(["\\data\\", "ngram 1=10000", "\\1-grams:", *lines, "\\end\\", ""])
    with pytest.raises(GrammarFileError) as error:
        read(tmp_path, content)
    assert error.value.line == 9004


def test_written_file_is_as_others_write_it(tmp_path):
    unigrams = NgramOrder(np.array([[0], [1]]), np.array([-0.1, -99.0]), np.array([0.0, -0.25]))
    bigrams = NgramOrder(np.array([[1, 0]]), np.array([-1e-7]), np.zeros(1))
    write_arpa(NgramModel(("</s>", "<s>"), (unigrams, bigrams)), tmp_path / "toy.arpa")
    expected = "\\data\\\nngram 1=2\nngram 2=1\n\n\\1-grams:\n-0.1\t</s>\n-99.0\t<s>\t-0.25\n"
    assert (tmp_path / "toy.arpa").read_text() == expected + "\n\\2-grams:\n-1e-07\t<s> </s>\n\n\\end\\\n"


def test_word_that_cannot_be_read_back_is_not_written(tmp_path):
    order = NgramOrder(np.zeros((1, 1), dtype=np.int32), np.zeros(1), np.zeros(1))
    with pytest.raises(GrammarError, match="white space"):
        write_arpa(NgramModel(("a b",), (order,)), tmp_path / "toy.arpa")
    assert not (tmp_path / "toy.arpa").exists()
