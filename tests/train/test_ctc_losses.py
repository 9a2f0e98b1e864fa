from __future__ import annotations

import numpy as np
import pytest
import torch

from fsaasr.core.errors import LexiconError
from fsaasr.features import FeatureBatch
from fsaasr.graph import TranscriptCompiler
from fsaasr.lexicon import Lexicon
from fsaasr.testing import best_and_total, enumerate_paths
from fsaasr.train.ctc_losses import LOSSES, AllPronunciations, FirstPronunciations, first_labels, frames_needed
from fsaasr.train.ctc_task import greedy_errors

ONE_EACH = Lexicon.from_text("no N OW\nso S OW\no OW\n")
SEVERAL = Lexicon.from_text("a 1.0 A\na 0.5 A B\nb 1.0 B\nb 0.25 A\n", kind="lexiconp")


def batch_of(*texts: str, frames: int = 6) -> FeatureBatch:
    count = len(texts)
    matrices = tuple(np.zeros((frames + n, 2), np.float32) for n in range(count))
    return FeatureBatch(tuple(f"u{n}" for n in range(count)), matrices, ("",) * count, texts, 0.01)


def random_log_probs(batch: FeatureBatch, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = torch.tensor([len(matrix) for matrix in batch.matrices])
    noise = torch.randn(len(batch), int(lengths.max()), columns, generator=torch.Generator().manual_seed(0))
    return noise.log_softmax(dim=2).requires_grad_(), lengths


def test_both_losses_and_gradients_agree_where_words_have_one_pronunciation() -> None:
    batch = batch_of("no", "so no", "o o", frames=7)
    results = []
    for kind in LOSSES.values():
        log_probs, lengths = random_log_probs(batch, len(ONE_EACH.tokens))
        loss = kind(batch, ONE_EACH, 1)(log_probs.log_softmax(dim=2), lengths, [0, 1, 2])
        loss.backward()
        assert log_probs.grad is not None
        results.append((loss.item(), log_probs.grad.numpy()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-5)


def test_all_pronunciations_equal_the_sum_over_enumerated_paths() -> None:
    batch = batch_of("a", "a b", frames=4)
    log_probs, lengths = random_log_probs(batch, len(SEVERAL.tokens))
    compiler = TranscriptCompiler(SEVERAL, "ctc")
    expected = 0.0
    for n, text in enumerate(batch.texts):
        matrix = log_probs[n, : lengths[n]].detach().numpy()
        expected -= best_and_total(enumerate_paths(compiler.compile(text.split()).fst, matrix)).total
    loss = AllPronunciations(batch, SEVERAL, 1)(log_probs, lengths, [0, 1])
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_all_pronunciations_lose_no_more_than_the_first() -> None:
    lexicon = Lexicon.from_text("a A\na A B\nb B\n")
    batch = batch_of("a", "b a")
    log_probs, lengths = random_log_probs(batch, len(lexicon.tokens))
    first, both = (kind(batch, lexicon, 1)(log_probs, lengths, [0, 1]).item() for kind in LOSSES.values())
    assert both < first - 0.1


def test_the_gradient_equals_finite_differences() -> None:
    batch = batch_of("a b", frames=3)
    log_probs, lengths = random_log_probs(batch, len(SEVERAL.tokens))
    loss = AllPronunciations(batch, SEVERAL, 1)
    (2 * loss(log_probs, lengths, [0])).backward()
    assert log_probs.grad is not None
    step = 1e-2
    with torch.no_grad():
        for place in [(0, 0, 0), (0, 1, 1), (0, 2, 2)]:
            up, down = log_probs.clone(), log_probs.clone()
            up[place] += step
            down[place] -= step
            slope = 2 * (loss(up, lengths, [0]) - loss(down, lengths, [0])) / (2 * step)
            assert log_probs.grad[place].item() == pytest.approx(slope.item(), abs=2e-3)


@pytest.mark.parametrize("kind", LOSSES.values(), ids=LOSSES.keys())
def test_padding_and_company_change_nothing(kind: type[FirstPronunciations]) -> None:
    batch = batch_of("a", "b a", frames=5)
    log_probs, lengths = random_log_probs(batch, len(SEVERAL.tokens))
    loss = kind(batch, SEVERAL, 1)
    together = loss(log_probs, lengths, [0, 1]).item()
    alone = sum(loss(log_probs[n : n + 1, : lengths[n]], lengths[n : n + 1], [n]).item() for n in (0, 1))
    assert together == pytest.approx(alone, rel=1e-6)


def test_labels_and_the_frames_that_they_need() -> None:
    lexicon = Lexicon.from_text("aa 0.5 A\naa 1.0 A A\nb 1.0 B\n", kind="lexiconp")
    assert first_labels(["b", "aa", "aa"], lexicon) == [2, 1, 1, 1, 1]
    assert frames_needed([2, 1, 1, 1, 1]) == 8
    with pytest.raises(LexiconError, match="'c'"):
        first_labels(["c"], lexicon)


def test_greedy_errors_merge_repeats_and_drop_blanks() -> None:
    path = torch.tensor([[1, 1, 0, 1, 2, 2], [0, 2, 0, 0, 1, 1]])
    log_probs = torch.nn.functional.one_hot(path, 3).float()
    lengths = torch.tensor([6, 4])
    assert greedy_errors(log_probs, lengths, [[1, 1, 2], [2]]) == 0
    # One substituted, one missing.
    assert greedy_errors(log_probs, lengths, [[1, 2, 2], [2, 1]]) == 2
