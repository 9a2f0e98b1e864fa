"""`ctc_decoder`: checked against an enumeration of all column sequences, which knows nothing of graphs."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Optional

import numpy as np
import numpy.typing as npt
import pytest

from fsaasr import CtcOptions, ctc_decoder, estimate_ngram, write_arpa
from fsaasr.core.errors import ConfigError, LexiconError, ScoresError
from fsaasr.decode import SearchOptions
from fsaasr.graph import linear_acceptor
from fsaasr.lexicon import Lexicon

COLUMNS = ["|", "a", "<unk>", "<blk>", "b"]
WORDS = ["a", "ab", "b", "ba"]
EXACT = SearchOptions(engine="native-exact", lattice_beam=40.0)


def random_logits(seed: int, frames: int = 5) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return (rng.integers(-8, 9, size=(frames, len(COLUMNS))) * 0.25).astype(np.float32)


def log_softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    values = logits.astype(np.float64)
    result: npt.NDArray[np.float64] = values - np.log(np.exp(values).sum(axis=1, keepdims=True))
    return result


def said(path: tuple[int, ...]) -> tuple[str, ...]:
    """Words of a column sequence: repeats merged, blanks dropped, cut at delimiters."""
    merged = [column for column, _ in itertools.groupby(path)]
    text = "".join(COLUMNS[column] for column in merged if COLUMNS[column] != "<blk>")
    return tuple(text.replace("|", " ").split())


def best_words(logits: npt.NDArray[np.float32], extra: dict[tuple[str, ...], float], per_word: float) -> float:
    """Greatest score of all column sequences without `<unk>` whose words are in `extra` (or in WORDS)."""
    log_probs, best = log_softmax(logits), -math.inf
    for path in itertools.product((0, 1, 3, 4), repeat=len(logits)):
        words = said(path)
        if not words or any(word not in WORDS for word in words) or (extra and words not in extra):
            continue
        total = sum(log_probs[t, column] for t, column in enumerate(path))
        best = max(best, total + extra.get(words, 0.0) + per_word * len(words))
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("word_score", [0.0, -0.75])
def test_with_a_word_list_it_is_the_best_of_all_paths(seed: int, word_score: float) -> None:
    decoder = ctc_decoder(COLUMNS, WORDS, options=CtcOptions(word_score=word_score, search=EXACT))
    logits = random_logits(seed)
    (found,) = decoder(logits)
    assert found.score == pytest.approx(best_words(logits, {}, word_score), abs=1e-3)
    # The path itself: its words are those of its columns, and its score is as it says.
    order = decoder.table.columns
    path = tuple(order[column] for column in found.columns)
    assert said(path) == tuple(word.name for word in found.words)
    own = sum(log_softmax(logits)[t, column] for t, column in enumerate(path))
    assert found.score == pytest.approx(own + word_score * len(found.words), abs=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_with_a_language_model_it_is_the_best_of_all_paths(seed: int) -> None:
    model = estimate_ngram([["a", "ab"], ["ba"], ["a", "b"], ["b"]], 2)
    options = CtcOptions(lm_scale=0.5, word_score=0.25, search=EXACT)
    logits = random_logits(seed)
    (found,) = ctc_decoder(COLUMNS, WORDS, model, options=options)(logits)
    sentences = [words for n in range(1, 4) for words in itertools.product(WORDS, repeat=n)]
    lm = {words: 0.5 * math.log(10) * float(model.log10_prob(words).sum()) for words in sentences}
    # Once for the whole utterance, whether a delimiter begins it: half a chance.
    expected = best_words(logits, lm, 0.25) + 0.5 * math.log(0.5)
    # Back-off by epsilon may take the greater of two ways where an n-gram is listed.
    assert expected - 2e-3 <= found.score <= expected + 0.2


def test_the_language_models_words_are_spelt(tmp_path: Path) -> None:
    write_arpa(estimate_ngram([["ab", "ba"], ["xy"]], 2), tmp_path / "lm.arpa")
    decoder = ctc_decoder(COLUMNS, lm=tmp_path / "lm.arpa")
    assert decoder.left_out == {"xy": "x"}
    assert decoder.graph.words.names[1:] == ("ab", "ba")
    assert {word.name for word in decoder(random_logits(3, 9))[0].words} <= {"ab", "ba"}


@pytest.mark.parametrize("seed", range(4))
def test_without_words_it_is_the_best_column_of_each_frame(seed: int) -> None:
    logits = random_logits(seed, 12)
    logits += np.arange(5, dtype=np.float32) / 64  # no two equal
    logits[:, 2] = -9.0  # nothing is spelt with `<unk>`
    (found,) = ctc_decoder(COLUMNS)(logits)
    best = tuple(logits.argmax(axis=1).tolist())
    assert found.text == " ".join(said(best))


def test_pieces_are_joined_to_words() -> None:
    names = ["<blk>", "▁he", "llo", "▁", "▁you"]
    logits = np.full((7, 5), -4.0)
    for frame, name in enumerate(["▁he", "<blk>", "llo", "llo", "▁you", "▁", "<blk>"]):
        logits[frame, names.index(name)] = 4.0
    (found,) = ctc_decoder(names, options=CtcOptions(frame_shift=0.1))(logits)
    assert [(word.name, round(word.start, 2), round(word.end, 2)) for word in found.words] == [
        ("hello", 0.0, 0.4),
        ("you", 0.4, 0.5),
    ]


def spelled(columns: str) -> npt.NDArray[np.float64]:
    names = {"_": "<blk>"}
    logits = np.full((len(columns), len(COLUMNS)), -4.0)
    for frame, character in enumerate(columns):
        logits[frame, COLUMNS.index(names.get(character, character))] = 4.0
    return logits


@pytest.mark.parametrize("columns", ["ab|ba", "|ab|_|ba|", "_ab||ba_|"])
def test_delimiters_may_be_many_between_words_and_none_at_the_ends(columns: str) -> None:
    decoder = ctc_decoder(COLUMNS, ["ab", "ba"], options=CtcOptions(frame_shift=0.1))
    (found,) = decoder(spelled(columns))
    assert found.text == "ab ba"
    assert found.reached_final
    assert len(found.columns) == len(columns)
    starts = [columns.index("ab"), columns.rindex("ba")]
    assert [word.start for word in found.words] == pytest.approx([0.1 * n for n in starts])
    assert [word.end for word in found.words] == pytest.approx([0.1 * (n + 2) for n in starts])


def test_words_do_not_run_into_one_another() -> None:
    (found,) = ctc_decoder(COLUMNS, ["a", "b"])(spelled("ab"))
    assert found.text in ("a", "b")  # `a b` would need a delimiter
    assert ctc_decoder(COLUMNS, ["a", "b"], delimiter="")(spelled("ab"))[0].text == "a b"


def test_logits_and_log_posteriors_are_the_same_and_batches_too() -> None:
    decoder = ctc_decoder(COLUMNS, WORDS)
    batch = np.stack([random_logits(seed, 8) for seed in range(3)])
    expected = [decoder(matrix)[0] for matrix in batch]
    posteriors = np.stack([log_softmax(matrix) for matrix in batch])
    for outputs in (batch, posteriors, list(batch), batch.tolist()):
        found = decoder(outputs)
        assert [hypothesis.text for hypothesis in found] == [hypothesis.text for hypothesis in expected]
        np.testing.assert_allclose([h.score for h in found], [h.score for h in expected], atol=1e-3)
    shorter = decoder(batch, [8, 5, 8], ids=["x", "y", "z"])
    assert [hypothesis.utterance for hypothesis in shorter] == ["x", "y", "z"]
    assert shorter[1].score == pytest.approx(decoder(batch[1, :5])[0].score)


def test_tensors_are_taken() -> None:
    import torch

    decoder = ctc_decoder(COLUMNS, WORDS)
    matrix = random_logits(0, 8)
    tensor = torch.from_numpy(matrix).requires_grad_()
    assert decoder(tensor.unsqueeze(0), torch.tensor([8]))[0].text == decoder(matrix)[0].text


def test_nbest_and_lattices_agree_with_the_best() -> None:
    decoder = ctc_decoder(COLUMNS, WORDS, options=CtcOptions(search=EXACT))
    logits = random_logits(2, 7)
    (listed,) = decoder.nbest(logits, 4)
    assert listed[0].text == decoder(logits)[0].text
    assert len({hypothesis.text for hypothesis in listed}) == 4
    assert [h.score for h in listed] == sorted((h.score for h in listed), reverse=True)
    (lattice,) = decoder.lattices(logits)
    assert lattice.best_path().score == pytest.approx(listed[0].score, abs=1e-3)


@pytest.mark.parametrize("grammar", [None, ["ba", "ab"]])
def test_a_grammar_is_never_left(grammar: Optional[list[str]]) -> None:
    lexicon = Lexicon.from_text("ab a b\nba b a\n")
    fst = linear_acceptor([lexicon.words[word] for word in grammar]) if grammar else None
    decoder = ctc_decoder(COLUMNS, lexicon, grammar=fst)
    texts = {decoder(random_logits(seed, 10))[0].text for seed in range(5)}
    assert (texts == {"ba ab"}) == bool(grammar)


def test_spellings_of_words_may_be_given() -> None:
    decoder = ctc_decoder(COLUMNS, {"Abba": ["a", "b", "b", "a"], "B": ["b"]})
    assert decoder(spelled("ab_ba|b"))[0].text == "Abba B"


@pytest.mark.parametrize("columns", ["ab|b_ba|", "_ab|b_ba"])
def test_words_of_no_lexicon_come_out_spelt(columns: str) -> None:
    decoder = ctc_decoder(COLUMNS, ["ab", "ba"], unknown=-1.0, options=CtcOptions(frame_shift=0.1))
    (found,) = decoder(spelled(columns))
    assert [(word.name, word.spelling) for word in found.words] == [("ab", None), ("bba", ("b", "b", "a"))]
    assert found.words[1].end == pytest.approx(0.1 * (columns.index("ba") + 2))
    (listed,) = decoder.nbest(spelled(columns), 2)
    assert listed[0].text == found.text
    # With a language model, whose `<unk>` it is.
    model = estimate_ngram([["ab", "ba"], ["ba"]], 2)
    assert ctc_decoder(COLUMNS, lm=model, unknown=3.0)(spelled(columns))[0].text == "ab bba"


def test_speech_is_not_empty_and_silence_is() -> None:
    # Words cost so much that nothing at all is better.
    costly = CtcOptions(word_score=-1000.0)
    decoder = ctc_decoder(COLUMNS, ["ab", "ba"], unknown=0.0, options=costly)
    assert ctc_decoder(COLUMNS, ["ab", "ba"], options=costly)(spelled("_a_"))[0].text == ""
    (found,) = decoder(spelled("_a_"))
    assert (found.text, found.rule, found.words[0].unknown) == ("a", "fallback", True)
    assert decoder(spelled("___"))[0].text == ""


@pytest.mark.parametrize(
    ("outputs", "lengths", "message"),
    [
        (np.zeros(5), None, "expected (T, C), (N, T, C)"),
        (np.zeros((5, 4)), None, "transpose them"),
        (np.zeros((2, 4, 5)), [4, 5], "length 5, expected whole frames, 1 to 4"),
        (np.zeros((2, 4, 5)), [4, 0], "after subsampling"),
        (np.full((4, 5), 0.2), None, "has probabilities; give their logarithms"),
        (np.zeros((0, 5)), None, "drop empty utterances"),
        ([np.zeros((3, 5)), np.zeros((3, 4))], None, "utterance 1 has outputs of shape (3, 4)"),
    ],
)
def test_outputs_of_other_kinds_are_refused(
    outputs: npt.NDArray[np.float64], lengths: Optional[list[int]], message: str
) -> None:
    with pytest.raises(ScoresError) as caught:
        ctc_decoder(COLUMNS)(outputs, lengths)
    assert message in str(caught.value)


def test_blank_may_be_anywhere_and_precision_low() -> None:
    import torch

    matrix = random_logits(1, 8)
    order = [3, 0, 4, 2, 1]
    expected = ctc_decoder(COLUMNS, WORDS)(matrix)[0]
    for blank in (0, "<blk>", -5):
        turned = ctc_decoder([COLUMNS[c] for c in order], WORDS, blank=blank)(matrix[:, order])[0]
        assert (turned.text, turned.score) == (expected.text, pytest.approx(expected.score, abs=1e-4))
    for kind in (torch.float64, torch.bfloat16):  # multiples of 0.25 are exact in all of them
        assert ctc_decoder(COLUMNS, WORDS)(torch.from_numpy(matrix).to(kind))[0].text == expected.text


def test_what_does_not_fit_is_refused() -> None:
    decoder = ctc_decoder(COLUMNS, WORDS)
    with pytest.raises(ScoresError, match=r"shape \(4, 3\), expected \(T, 5\)"):
        decoder(np.zeros((4, 3)))
    with pytest.raises(ScoresError, match="NaN"):
        decoder(np.full((4, 5), np.nan))
    with pytest.raises(ScoresError, match="2 lengths for 1 utterances"):
        decoder(np.zeros((4, 5)), [4, 4])
    with pytest.raises(LexiconError, match="cannot be spelt"):
        ctc_decoder(COLUMNS, ["zebra", "a"])
    assert ctc_decoder(COLUMNS, ["zebra", "a"], skip_unspellable=True).left_out == {"zebra": "z"}
    with pytest.raises(ConfigError, match="grammar stands in place of lm"):
        ctc_decoder(COLUMNS, grammar=linear_acceptor([1]))
    with pytest.raises(ConfigError, match="unknown words stand beside"):
        ctc_decoder(COLUMNS, unknown=0.0)
    with pytest.raises(ConfigError, match="lm_scale -1"):
        CtcOptions(lm_scale=-1)
