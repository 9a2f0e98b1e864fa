"""Speech never comes out empty; silence does."""

from __future__ import annotations

import numpy as np
import pytest

from fsaasr.core.errors import DecodeError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, fill_empty, one_best, spelling_fallback
from fsaasr.graph import DecodingGraph, compile_graph, unknown_word, word_loop
from fsaasr.lexicon import Lexicon, OptionalSilence

LEXICON = Lexicon.from_text("one W AH N\ntwo T UW\n", silence=OptionalSilence("SIL", 0.5))


def scores_of(topology: str, said: dict[str, str]) -> tuple[DecodingGraph, Scores]:
    graph = compile_graph(LEXICON, word_loop(LEXICON.words), topology)
    names = graph.column_names
    matrices = [
        np.log([[0.94 if name == frame else 0.02 for name in names] for frame in frames.split()])
        for frames in said.values()
    ]
    return graph, Scores.from_matrices(matrices, 0.1, ids=list(said))


@pytest.mark.parametrize("topology", ["ctc", "hmm1"])
def test_speech_is_spelt_and_silence_stays_empty(topology: str) -> None:
    blank = "<blk>" if topology == "ctc" else "SIL"
    said = {"speech": "T W AH", "nothing": f"{blank} {blank} {blank}", "word": "W AH N"}
    graph, scores = scores_of(topology, said)
    fallback = spelling_fallback(LEXICON, unknown_word(LEXICON, 2), topology)
    found = one_best(graph, scores)
    # As after a search that died, or with a language model that prefers silence.
    empty = [type(h)(h.utterance, (), (), h.columns, h.acoustic_score, h.graph_score) for h in found[:2]]
    speech, nothing, word = fill_empty([*empty, found[2]], scores, fallback, SearchOptions())
    assert [token for w in speech.words for token in w.spelling] == ["T", "W", "AH"]
    assert speech.rule == "fallback"
    assert speech.words[0].start == 0.0
    assert nothing == empty[1]
    assert word == found[2]
    assert word.text == "one"


def test_other_utterances_are_refused() -> None:
    _graph, scores = scores_of("ctc", {"a": "W AH N"})
    with pytest.raises(DecodeError, match="0 hypotheses for 1 utterances"):
        fill_empty([], scores, spelling_fallback(LEXICON, unknown_word(LEXICON, 1)))
