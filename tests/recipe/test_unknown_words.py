"""Speech never comes out empty, whatever the model: where no word was found, it is spelt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fsaasr.features import FeatureBatch, features_of
from fsaasr.graph import compile_token_graph, word_loop
from fsaasr.recipe.decoding import System, lexicon_for
from fsaasr.recipe.searches import searchable
from fsaasr.recipe.unknown_words import UnknownSpelling, joined_spelling
from tests.recipe.recognizer.conftest import FEATURES, LEXICON, MODELS, noise


@pytest.mark.parametrize("family", ["gmm", "hybrid", "ctc", "transducer", "attention"])
def test_speech_without_words_is_spelt(family: str) -> None:
    model = MODELS[family]()
    lexicon = lexicon_for(model, LEXICON)
    graph = compile_token_graph(
        lexicon, word_loop(lexicon.words), model.topology, tokens=model.tokens, transitions=model.transitions
    )
    matrices = tuple(features_of(noise(2.0, seed=seed), FEATURES) for seed in (1, 2, 3))
    features = FeatureBatch(("a", "b", "c"), matrices, ("",) * 3, ("",) * 3, FEATURES.frame_shift)
    system = System.fitted(model, searchable(model, graph))
    found = [lattice.best_path() for lattice in system.lattices(features)]
    assert all(one.words for one in found)
    spelling = UnknownSpelling(model, lexicon)
    assert spelling.all(found, system, features) == found
    first, second, third = spelling.all([found[0], replace(found[1], words=()), found[2]], system, features)
    assert (first, third) == (found[0], found[2])
    assert second.rule == "fallback"
    assert second.utterance == "b"
    assert second.words
    assert all(word.unknown and word.name == "".join(word.spelling) for word in second.words)
    assert all(word.name and word.start < word.end for word in second.words)


@pytest.mark.parametrize(
    ("tokens", "name"),
    [(("K", "IH", "M"), "K-IH-M"), (("k", "i", "m"), "kim"), (("▁ki", "m"), "kim"), (("IY",), "IY")],
)
def test_letters_and_pieces_are_joined_and_phones_told_apart(tokens: tuple[str, ...], name: str) -> None:
    assert joined_spelling(tokens) == name
