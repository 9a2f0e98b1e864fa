"""`ctc_decoder` with slots: as the decoder whose grammar has the words themselves."""

from __future__ import annotations

import numpy as np
import pynini
import pytest

from fsaasr.core.errors import ConfigError, LexiconError
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import CtcDecoder, CtcOptions, ctc_decoder
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import SlotWords, word_choice
from fsaasr.lexicon import Lexicon

COLUMNS = {"delimiter": ["<pad>", "|", "a", "b", "c", "n"], "none": ["<pad>", "a", "b", "c", "n"]}
OPTIONS = CtcOptions(lm_scale=0.5, word_score=-0.25)


def two_words(first: str, second: list[tuple[str, float]], words: SymbolTable) -> pynini.Fst:
    """`first`, then one of some words at a cost."""
    fst = pynini.Fst()
    for _ in range(3):
        fst.add_state()
    fst.set_start(0).set_final(2)
    fst.add_arc(0, pynini.Arc(words[first], words[first], 0.5, 1))
    for word, cost in second:
        fst.add_arc(1, pynini.Arc(words[word], words[word], cost, 2))
    return fst


def logits(seed: int, columns: list[str]) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 2.0, (12, len(columns))).astype(np.float32)


def slotted(columns: list[str]) -> CtcDecoder:
    return ctc_decoder(
        columns,
        ["ban"],
        grammar=lambda words: two_words("ban", [("$name", 0.25)], words),
        slots=["$name"],
        options=OPTIONS,
    )


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_the_grammar_with_the_words(columns: list[str], seed: int) -> None:
    names = [("ann", 0.25 + np.log(2)), ("nab", 0.25 + np.log(2))]
    static = ctc_decoder(
        columns, ["ban", "ann", "nab"], grammar=lambda words: two_words("ban", names, words), options=OPTIONS
    )
    decoder = slotted(columns).with_words({"$name": ["ann", "nab"]})
    found, expected = decoder(logits(seed, columns))[0], static(logits(seed, columns))[0]
    assert found.text == expected.text
    assert found.score == pytest.approx(expected.score, abs=1e-3)
    assert found.words == expected.words


def test_words_may_have_probabilities_and_be_changed() -> None:
    columns = COLUMNS["delimiter"]
    decoder = slotted(columns)
    names = Lexicon.from_text("ann a n n |\nnab n a b |\n")
    even = decoder.with_words({"$name": names})(logits(1, columns))[0]
    likely = {even.words[1].name: 0.25}
    one = decoder.with_words({"$name": SlotWords(names, word_choice(likely, names.words))})(logits(1, columns))[0]
    assert one.text == even.text
    assert one.score == pytest.approx(even.score - OPTIONS.lm_scale * np.log(2), abs=1e-3)
    assert decoder.with_words({"$name": ["cab"]})(logits(1, columns))[0].text == "ban cab"


def test_a_language_model_alone_has_slots_too() -> None:
    columns = COLUMNS["none"]
    model = estimate_ngram([["ban", "$name"], ["ban"]], 2)
    decoder = ctc_decoder(columns, lm=model, slots=["$name", "<unk>"])
    said = np.log([[0.99 if name == frame else 0.002 for name in columns] for frame in "ban<cab".replace("<", "n")])
    assert decoder(said)[0].text != "ban cab"
    assert decoder.with_words({"$name": ["cab"]})(said)[0].text == "ban cab"
    assert decoder.with_words({"<unk>": ["cab"]})(said)[0].text == "ban cab"


def test_wrong_uses_are_named() -> None:
    with pytest.raises(ConfigError, match="no slots; name them"):
        ctc_decoder(COLUMNS["none"], ["ban"]).with_words({"$name": ["ann"]})
    with pytest.raises(ConfigError, match="slots are words of a language model"):
        ctc_decoder(COLUMNS["none"], ["ban"], slots=["$name"])
    with pytest.raises(LexiconError, match="zoe"):
        slotted(COLUMNS["none"]).with_words({"$name": ["zoe"]})
