"""Unknown words are spelt, and speech without words, too: of whole audio, of its pieces, and of a stream alike."""

from __future__ import annotations

from pathlib import Path

import pynini
import pytest
import torch

from fsaasr import Recognizer
from fsaasr.core.hypothesis import UNKNOWN, Span
from fsaasr.decode import EndpointRule
from fsaasr.graph import Graph, compile_token_graph, unknown_word, word_loop
from fsaasr.models import load_lexicon, load_model
from tests.recipe.recognizer.conftest import MODELS, RATE, STREAMING, ctc, noise, save
from tests.recipe.recognizer.test_stream import assert_same, fed

WAVE = noise(2.0)
LIKELY = 30.0
"""Score of an unknown word that lets some stand beside the lexicon's."""


def hardly_a_word() -> pynini.Fst:
    """A grammar of nothing, or of the first word at a cost that keeps it from being found."""
    fst = pynini.Fst()
    nothing, word = fst.add_state(), fst.add_state()
    fst.set_start(nothing).set_final(nothing).set_final(word)
    return fst.add_arc(nothing, pynini.Arc(1, 1, 1000.0, word))


def open_graph(folder: Path) -> Graph:
    """Any words of the lexicon, and unknown ones."""
    model, lexicon = load_model(folder), load_lexicon(folder)
    spelling = unknown_word(lexicon, 2, score=LIKELY)
    return compile_token_graph(
        lexicon,
        word_loop(spelling.words(lexicon)),
        model.topology,
        tokens=model.tokens,
        transitions=model.transitions,
        unknown=spelling,
    )


def spelt(word: Span) -> bool:
    return word.unknown and word.name == "".join(word.spelling or ()) != ""


@pytest.mark.parametrize("name", MODELS)
def test_unknown_words_are_spelt(folders: dict[str, Path], name: str) -> None:
    graph = open_graph(folders[name])
    plain = Recognizer.open(folders[name], graph=graph, nbest=2).transcribe((WAVE, RATE))
    done = Recognizer.open(folders[name], graph=graph, nbest=2, spell_unknown=True).transcribe((WAVE, RATE))
    assert any(word.name == UNKNOWN for word in plain.words)
    for one, other in zip(done.words, plain.words):
        assert one[1:] == other[1:]
        assert spelt(one) if other.unknown else one.name == other.name
    best = done.utterances[0].nbest[0]
    assert [word.name for word in best.words] == [word.name for word in done.words]


@pytest.mark.parametrize("name", MODELS)
def test_speech_without_words_is_spelt(folders: dict[str, Path], name: str) -> None:
    plain = Recognizer.open(folders[name], grammar=hardly_a_word()).transcribe((WAVE, RATE))
    assert plain.words == ()
    recognizer = Recognizer.open(folders[name], grammar=hardly_a_word(), spell_unknown=True)
    done = recognizer.transcribe((WAVE, RATE), longest=1.2)
    assert len(done.utterances) == 3
    spoken = [utterance for utterance in done.utterances if utterance.hypothesis.words]
    assert len(spoken) >= 2  # of random noise, something may sound like silence
    for utterance in spoken:
        assert utterance.hypothesis.rule == "fallback"
        for word in utterance.hypothesis.words:
            assert spelt(word)
            assert utterance.start <= word.start < word.end <= utterance.end + 0.05
    assert [row["rule"] for row in done.to_dict()["utterances"]].count("fallback") == len(spoken)


@pytest.mark.parametrize("name", STREAMING)
def test_a_stream_spells_as_the_whole(folders: dict[str, Path], name: str) -> None:
    recognizer = Recognizer.open(folders[name], graph=open_graph(folders[name]), spell_unknown=True)
    stream = recognizer.stream()
    stream.accept(WAVE)
    partial = [word for word in stream.partial.words if word.unknown]
    assert partial
    assert all(map(spelt, partial))
    assert all(map(spelt, (word for word in stream.stable.words if word.unknown)))
    assert_same(stream.finish(), recognizer.transcribe((WAVE, RATE)))
    silent = Recognizer.open(folders[name], grammar=hardly_a_word(), spell_unknown=True)
    assert_same(fed(silent.stream(), WAVE, 1111), silent.transcribe((WAVE, RATE)))


def test_what_ends_at_an_endpoint_is_spelt_at_its_time(folders: dict[str, Path]) -> None:
    recognizer = Recognizer.open(folders["ctc"], grammar=hardly_a_word(), spell_unknown=True)
    stream = recognizer.stream(endpoints=[EndpointRule("often", needs_words=False, utterance_length=0.55)])
    ended = stream.accept(WAVE)
    assert len(ended) > 1
    for utterance in ended:
        alone = recognizer.transcribe((WAVE[round(utterance.start * RATE) : round(utterance.end * RATE)], RATE))
        assert alone.words
        expected = [word.shifted(utterance.start) for word in alone.words]
        for word, other in zip(utterance.hypothesis.words, expected):
            assert word.name == other.name
            assert word[1:3] == pytest.approx(other[1:3])
        assert utterance.ended_by == "often"


def test_silence_stays_empty(tmp_path: Path) -> None:
    deaf = ctc()
    with torch.no_grad():
        deaf.network.output.bias[0] += 100.0  # blank
    save(deaf, tmp_path)
    done = Recognizer.open(tmp_path, spell_unknown=True).transcribe((WAVE, RATE))
    assert done.words == ()
    assert done.hypothesis.rule == "MAP"
