"""Phrases add their weights wherever they stand; how they are written, said and shown are three things."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsaasr.core.errors import FileFormatError, GrammarError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import HotwordTokenLm
from fsaasr.grammar import FailureAutomaton, Hotwords, TokenHotwords, UnknownHotwordWarning, read_arpa
from fsaasr.grammar.hotword_forms import written_forms
from fsaasr.grammar.phrase_automaton import phrase_automaton
from fsaasr.grammar.token_hotwords import pronounced
from fsaasr.lexicon import Lexicon
from tests.grammar.toys import DATA

LETTERS = SymbolTable("abc")
SENTENCES = st.lists(st.sampled_from("abc"), max_size=9)
PHRASES = st.lists(
    st.tuples(st.text("abc", min_size=1, max_size=4), st.integers(-8, 40).map(lambda n: n / 4)), min_size=1, max_size=6
)


def walk(automaton, words):
    """Score of each word and of the end."""
    state, scores = automaton.start, []
    for word in words:
        (state,), (score,) = automaton.advance([state], [word])
        scores.append(score)
    return [*scores, automaton.final([state])[0]]


def count(text, phrases):
    return sum(
        weight * sum(text.startswith(phrase, at) for at in range(len(text))) for phrase, weight in phrases if phrase
    )


@settings(deadline=None)
@given(PHRASES, SENTENCES)
def test_a_sentence_scores_the_occurrences_of_phrases_exactly(phrases, said):
    automaton = Hotwords([(" ".join(phrase), weight) for phrase, weight in phrases]).automaton(LETTERS)
    assert sum(walk(automaton, said)) == count("".join(said), phrases)


@settings(deadline=None)
@given(PHRASES, SENTENCES)
def test_beginnings_have_their_share_and_bounds_hold(phrases, said):
    automaton = phrase_automaton([([LETTERS[c] for c in phrase], weight) for phrase, weight in phrases], LETTERS.names)
    scores, most, least = walk(automaton, said)[:-1], automaton.greatest(), automaton.least()
    for word, score in zip(said, scores):
        assert least[LETTERS[word]] <= score <= most[LETTERS[word]]


def test_shares_grow_and_are_given_back():
    automaton = Hotwords([("a b c c", 4.0), ("b a", 1.0)]).automaton(LETTERS)
    assert walk(automaton, ["a", "b", "c", "c"]) == [1.0, 1.0, 1.0, 1.0, 0.0]
    # `a b` is also the beginning of `b a`: what is given back is the rest.
    assert walk(automaton, ["a", "b", "a"]) == [1.0, 1.0, 0.0, -1.0]
    assert walk(automaton, ["a", "b", "b"]) == [1.0, 1.0, -1.5, -0.5]


def test_held_back_phrases_promise_nothing():
    assert walk(Hotwords([("a b", -2.0)]).automaton(LETTERS), ["a", "b"]) == [0.0, -2.0, 0.0]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a b", "b", "ab", "c a"]), st.just(2.0)), min_size=1), SENTENCES)
def test_words_of_letters_count_between_delimiters(entries, said):
    tokens = SymbolTable("abc|")
    text = "".join(said).replace("c", "|")  # `c` cannot be said here, so that boundaries are frequent
    automaton = TokenHotwords(Hotwords(entries), lambda word: [tuple(word)], "|").automaton(tokens)
    words = " ".join(text.replace("|", " ").split())
    expected = sum(f" {words} ".count(f" {phrase} ") for phrase, _ in entries)
    overlaps = {"b": " b b ", "a b": None, "ab": " ab ab "}  # str.count does not see what shares a space
    if not any(shared and shared in f" {words} " for shared in overlaps.values()):
        assert sum(walk(automaton, text)) == 2.0 * expected


@pytest.mark.parametrize(
    ("said", "score"),
    [("▁cat", 3.0), ("▁cat s", 0.0), ("▁cat ▁cat", 6.0), ("s ▁cat ▁s", 3.0), ("▁ c a t", 0.0), ("s", 0.0)],
)
def test_words_of_pieces_end_where_the_next_begins(said, score):
    tokens = SymbolTable(["▁cat", "s", "▁s", "▁", "c", "a", "t"])
    lm = HotwordTokenLm(TokenHotwords(Hotwords([("cat", 3.0)]), lambda word: [("▁" + word,)]), tokens)
    state, total = lm.start, 0.0
    for piece in said.split():
        total += lm.scores([state])[0, tokens[piece]]
        (state,) = lm.advance([state], [tokens[piece]])
    assert total + lm.scores([state])[0, 0] == score


def test_pronunciations_are_ways_to_spell():
    lexicon = Lexicon.from_text("a A\na EY\nb B\n")
    automaton = TokenHotwords(Hotwords([("a b", 2.0)]), pronounced(lexicon)).automaton(lexicon.tokens)
    assert [sum(walk(automaton, said.split())) for said in ("A B", "EY B", "B A", "EY EY B")] == [2.0, 2.0, 0.0, 2.0]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("iPhone", "i phone"),
        ("iPhone15", "i phone fifteen"),
        ("PARIS", "paris"),
        ("paris", "PARIS"),
        ("IBM", "i b m"),
        ("42", "forty two"),
        ("007", "zero zero seven"),
        ("café", "café"),
    ],
)
def test_what_is_written_is_found_by_case_parts_digits_and_letters(written, words):
    assert tuple(words.split()) in written_forms(written)


def test_unknown_words_are_named_with_the_remedy():
    entries = [("phone", 1.0), ("gryffindor tower", 5.0), ("i fone", 5.0, "iFone")]
    words = SymbolTable(["i", "phone", "tower"])
    with pytest.raises(
        GrammarError, match=r"2 of 3 .*'gryffindor tower' \('gryffindor'\), 'iFone' \('fone'\).*lexicon"
    ):
        Hotwords(entries).automaton(words)
    with pytest.warns(UnknownHotwordWarning, match="2 of 3"):
        automaton = Hotwords(entries, skip_unknown=True).automaton(words)
    assert walk(automaton, ["i", "phone"]) == [0.0, 1.0, 0.0]


def spoken(text):
    return Hypothesis("u", tuple(Span(word, n, n + 1.0) for n, word in enumerate(text.split())), (), (), 0.0, 0.0)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("my i phone rings", "my iPhone rings"),
        ("I PHONE", "iPhone"),
        ("new york city", "New York City"),
        ("new york", "New York"),
        ("phone i", "phone i"),
        ("flight forty two", "flight 42"),
        ("", ""),
    ],
)
def test_display_forms_take_the_place_of_what_was_said(said, shown):
    hotwords = Hotwords([("i phone", 5.0, "iPhone"), ("New York", 3.0), ("New York City", 3.0), ("42", 1.0)])
    found = hotwords.displayed(spoken(said))
    assert found.text == shown
    if found.words:
        assert (found.words[0].start, found.words[-1].end) == (0.0, float(len(said.split())))


def test_files_have_a_phrase_a_line(tmp_path):
    path = tmp_path / "hotwords.txt"
    path.write_text("# names\nnew york\t4\n\ni phone\t5.5\tiPhone\n", encoding="utf-8")
    assert Hotwords.read(path).entries == (("new york", 4.0, None), ("i phone", 5.5, "iPhone"))
    for line in ("new york 4", "new york\tmuch", "a\t1\tb\tc", "\t1", "a\tinf"):
        path.write_text(f"b\t1\n{line}\n", encoding="utf-8")
        with pytest.raises(FileFormatError, match="2"):
            Hotwords.read(path)
    path.write_text("# none\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="no phrases"):
        Hotwords.read(path)


def test_automata_of_models_have_files(tmp_path):
    model = read_arpa(DATA / "arpa/commands.3.arpa")
    automaton = FailureAutomaton.of_ngrams(model)
    automaton.save(tmp_path / "model.lm")
    loaded = FailureAutomaton.load(tmp_path / "model.lm")
    words = [word for word in model.vocabulary if not word.startswith("<")][:4]
    assert walk(loaded, words) == walk(automaton, words)
    assert walk(loaded, words) == pytest.approx((np.log(10) * model.log10_prob(words)).tolist(), abs=1e-5)
    (tmp_path / "other").write_bytes(b"nothing")
    with pytest.raises(FileFormatError, match="cannot be read"):
        FailureAutomaton.load(tmp_path / "other")
