"""`prefix_decoder`: checked against sums over all column sequences, enumerated one by one."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from fsaasr.core.errors import ConfigError, GrammarError
from fsaasr.decode import PrefixOptions, ctc_decoder, prefix_decoder
from fsaasr.grammar import Hotwords, NgramModel, estimate_ngram, write_arpa

CHARACTERS = ["<blk>", "a", "b", "|"]
PIECES = ["▁a", "b", "<blk>", "▁"]
PHONES = ["A", "B", "<blk>"]
LN10 = math.log(10)
ALL = {"beam": 10_000, "prune": 1e9, "token_prune": -1e9}
WORD_LM = estimate_ngram([line.split() for line in ("a ab", "ba a b", "b", "ab ab")], 2)


def log_probs(columns: int, frames: int, seed: int) -> npt.NDArray[np.float32]:
    logits = np.random.default_rng(seed).normal(0.0, 2.0, size=(frames, columns))
    return (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32)


def read(names: list[str], path: tuple[int, ...], phones: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words and tokens of a column sequence."""
    tokens = [names[column] for column, _ in itertools.groupby(path)]
    tokens = [token for token in tokens if token != "<blk>"]
    if phones:
        return tuple(tokens), tuple(tokens)
    return tuple("".join(tokens).replace("|", " ").replace("▁", " ").split()), tuple(tokens)


def all_words(names: list[str], matrix: npt.NDArray[np.float32], phones: bool = False) -> dict[tuple[str, ...], float]:
    """Log probability of the words of every column sequence."""
    total: dict[tuple[str, ...], float] = defaultdict(lambda: -math.inf)
    for path in itertools.product(range(len(names)), repeat=len(matrix)):
        words, _ = read(names, path, phones)
        total[words] = np.logaddexp(total[words], sum(float(matrix[t, c]) for t, c in enumerate(path)))
    return total


def of_words(model: NgramModel, words: tuple[str, ...], options: PrefixOptions) -> float:
    unknown = sum(word not in model.ids for word in words)
    score = LN10 * float(model.log10_prob(list(words)).sum()) + unknown * options.unknown_score
    return options.lm_scale * score + options.word_score * len(words)


@pytest.mark.parametrize(("names", "phones"), [(CHARACTERS, False), (PIECES, False), (PHONES, True)])
@pytest.mark.parametrize("seed", range(2))
def test_scores_are_sums_over_all_alignments(names: list[str], phones: bool, seed: int) -> None:
    matrix = log_probs(len(names), 5, seed)
    expected = all_words(names, matrix, phones)
    (found,) = prefix_decoder(names, word_tokens=phones, options=PrefixOptions(**ALL)).nbest(matrix, 10_000)
    assert {tuple(w.name for w in h.words): h.score for h in found} == pytest.approx(expected, abs=1e-4)
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


@pytest.mark.parametrize("names", [CHARACTERS, PIECES])
@pytest.mark.parametrize("weights", [{"lm_scale": 1.0, "unknown_score": -3.0}, {"lm_scale": 0.5, "word_score": 0.75}])
def test_words_are_scored_when_they_end(names: list[str], weights: dict[str, float]) -> None:
    options = PrefixOptions(**weights, **ALL)
    matrix = log_probs(len(names), 5, 7)
    expected = {words: total + of_words(WORD_LM, words, options) for words, total in all_words(names, matrix).items()}
    (found,) = prefix_decoder(names, WORD_LM, options=options).nbest(matrix, 10_000)
    assert {tuple(w.name for w in h.words): h.score for h in found} == pytest.approx(expected, abs=1e-3)
    assert all(word.unknown == (word.name not in WORD_LM.ids) for h in found for word in h.words)


def test_a_model_of_tokens_scores_each_of_them() -> None:
    model = estimate_ngram([list("a|ab"), list("ba"), list("b|a")], 3)
    options = PrefixOptions(token_lm_scale=0.5, **ALL)
    names, matrix = ["a", "b", "<blk>"], log_probs(3, 5, 3)
    (found,) = prefix_decoder(names, token_lm=model, options=options).nbest(matrix, 10_000)
    for hypothesis in found:
        letters = list(hypothesis.text)
        assert hypothesis.graph_score == pytest.approx(0.5 * LN10 * float(model.log10_prob(letters).sum()), abs=1e-3)
    assert {h.text: h.acoustic_score for h in found} == pytest.approx(
        {"".join(words): total for words, total in all_words(names, matrix).items()}, abs=1e-4
    )


def test_times_are_those_of_the_best_alignment() -> None:
    said = ["|", "a", "a", "<blk>", "b", "|", "<blk>", "b", "a", "|"]
    logits = np.array([[6.0 * (name == frame) for name in CHARACTERS] for frame in said])
    (found,) = prefix_decoder(CHARACTERS, options=PrefixOptions(frame_shift=0.1))(logits)
    assert found.text == "ab ba"
    assert [(round(w.start, 3), round(w.end, 3)) for w in found.words] == [(0.1, 0.5), (0.7, 0.9)]
    assert [CHARACTERS[column] for column in found.columns] == said
    assert not any(word.unknown for word in found.words)
    # The same words and times as by graph, which takes the best alignment for all of them.
    (other,) = ctc_decoder(CHARACTERS)(logits)
    assert [w.name for w in other.words] == [w.name for w in found.words]


def test_models_may_be_files_and_blank_may_be_anywhere(tmp_path: Path) -> None:
    write_arpa(WORD_LM, tmp_path / "words.arpa")
    matrix = log_probs(4, 6, 1)
    order = [3, 0, 2, 1]
    one = prefix_decoder(CHARACTERS, tmp_path / "words.arpa")
    other = prefix_decoder([CHARACTERS[c] for c in order], WORD_LM, blank=1)
    first, second = one.nbest(matrix, 5)[0], other.nbest(matrix[:, order], 5)[0]
    assert [h.text for h in first] == [h.text for h in second]
    assert [h.score for h in first] == pytest.approx([h.score for h in second], abs=1e-4)


def test_narrow_beams_find_no_more_than_wide_ones() -> None:
    matrix = log_probs(4, 12, 2)
    scores = [
        prefix_decoder(CHARACTERS, WORD_LM, options=PrefixOptions(beam=beam, prune=1e9))(matrix)[0].score
        for beam in (1, 4, 64)
    ]
    assert scores[0] <= scores[1] + 1e-6
    assert scores[1] <= scores[2] + 1e-6


def test_silence_has_no_words_and_batches_are_one_by_one() -> None:
    silent = np.log(np.full((3, 4), 0.01)) + np.array([5.0, 0.0, 0.0, 0.0])
    batch = np.stack([log_probs(4, 8, seed) for seed in range(2)])
    decoder = prefix_decoder(CHARACTERS)
    assert decoder(silent)[0].words == ()
    together = decoder(batch, [8, 5], ids=["x", "y"])
    assert [h.utterance for h in together] == ["x", "y"]
    assert together[1].score == pytest.approx(decoder(batch[1, :5])[0].score)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1 prefix"):
        PrefixOptions(beam=0)
    with pytest.raises(ConfigError, match="2 ids for 1 utterances"):
        prefix_decoder(CHARACTERS)(log_probs(4, 3, 0), ids=["a", "b"])
    with pytest.raises(GrammarError, match="lacks"):
        prefix_decoder(CHARACTERS, token_lm=_without_unknown())


def _without_unknown() -> NgramModel:
    from fsaasr.grammar import NgramOrder

    unigrams = NgramOrder(np.arange(3)[:, None], np.log10([1e-9, 0.5, 0.5]), np.zeros(3))
    return NgramModel(("<s>", "</s>", "a"), (unigrams,))


@pytest.mark.parametrize(("names", "phrases"), [(CHARACTERS, {"ab": 2.0, "b a": 1.5}), (PHONES, {"B A": 3.0})])
def test_hotwords_add_their_weights(names: list[str], phrases: dict[str, float]) -> None:
    matrix, phones = log_probs(len(names), 5, 3), names is PHONES
    decoder = prefix_decoder(names, word_tokens=phones, options=PrefixOptions(**ALL))
    (plain,) = decoder.nbest(matrix, 10_000)
    (biased,) = decoder.nbest(matrix, 10_000, hotwords=Hotwords(list(phrases.items())))
    scores = {found.text: found.score for found in plain}
    assert {found.text for found in biased} == set(scores)
    for found in biased:
        words = found.text.split()
        pairs = [*words, *map(" ".join, zip(words, words[1:]))]
        assert found.score == pytest.approx(
            scores[found.text] + sum(phrases.get(said, 0.0) for said in pairs), abs=1e-5
        )


def test_hotwords_that_it_cannot_take_are_refused() -> None:
    matrix, hotwords = log_probs(4, 5, 3), Hotwords([("a", 1.0)])
    with pytest.raises(ConfigError, match="search with ctc_decoder"):
        prefix_decoder(PIECES)(matrix, hotwords=hotwords)
    with pytest.raises(GrammarError, match="'c'"):
        prefix_decoder(CHARACTERS)(matrix, hotwords=Hotwords([("c", 1.0)]))
