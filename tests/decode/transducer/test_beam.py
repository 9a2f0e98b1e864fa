"""Laws of the searches without a graph."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ConfigError, DecodeError
from fsaasr.decode.transducer import BeamOptions, Fusion, TokenPath, beam_search, greedy
from fsaasr.decode.transducer.contexts import Contexts
from tests.decode.transducer.toy_model import alignments, log_prob_table, log_sum, sequences, toy_frames, toy_model

CONTEXTS = [None, 1, 2]
WAYS = [
    BeamOptions(topology="regular", max_symbols=4),
    BeamOptions(topology="one-per-frame"),
    BeamOptions(order="alignment", tokens_per_frame=2.0),
]
NAMES = ["time", "one-per-frame", "alignment"]


def wider(options: BeamOptions, beam: int) -> BeamOptions:
    return replace(options, beam=beam, tokens_per_frame=20.0)


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("options", WAYS, ids=NAMES)
def test_a_beam_of_one_is_greedy_search(options: BeamOptions, context: Optional[int]) -> None:
    compared = 0
    for seed in range(12):
        model, frames = toy_model(context, tokens=4, seed=seed), toy_frames(9, seed=seed)
        most = options.max_symbols if options.order == "time" else 60
        (expected,) = greedy(model, frames[0][None], torch.tensor([9]), options.topology, most)
        if len(expected.labels) >= 60:
            continue  # a toy that never says a blank
        compared += 1
        (best,) = beam_search(model, frames, wider(options, 1))[0]
        assert (best.labels, best.frames) == (expected.labels, expected.frames)
        assert best.score == pytest.approx(expected.score, abs=1e-5)
    assert compared >= 4


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("options", WAYS, ids=NAMES)
def test_an_endless_beam_is_exact(options: BeamOptions, context: Optional[int]) -> None:
    most, per_frame = (3, 3) if options.order == "time" else (3, 100)
    for seed in range(3):
        model, (frames,) = toy_model(context, seed=seed), toy_frames(3, seed=seed)
        limited = BeamOptions(
            options.order, 10**6, options.topology, per_frame if options.order == "time" else 3, 5 / 3
        )
        found = {path.labels: path for path in beam_search(model, [frames], limited)[0]}
        for labels in sequences(2, most):
            paths = alignments(log_prob_table(model, frames, labels), labels, options.topology, per_frame)
            if not paths:
                assert labels not in found
                continue
            assert found[labels].score == pytest.approx(log_sum([score for score, _ in paths]), abs=1e-5)
            assert found[labels].frames == max(paths)[1]
        assert max(found.values(), key=lambda path: path.total) == next(iter(found.values()))


def test_in_order_of_time_and_of_alignment_wide_searches_agree() -> None:
    for seed in range(3):
        model, frames = toy_model(2, tokens=3, seed=seed), toy_frames(8, seed=seed)
        by_time = beam_search(model, frames, BeamOptions(beam=200, max_symbols=6))[0]
        by_alignment = beam_search(model, frames, BeamOptions(order="alignment", beam=200))[0]
        assert [path.labels for path in by_time[:3]] == [path.labels for path in by_alignment[:3]]
        assert by_time[0].score == pytest.approx(by_alignment[0].score, abs=0.02)


@pytest.mark.parametrize("options", WAYS, ids=NAMES)
def test_a_batch_equals_one_by_one(options: BeamOptions) -> None:
    model, frames = toy_model(None, tokens=4), toy_frames(7, 1, 12, 3)
    together = beam_search(model, frames, options)
    for n, rows in enumerate(frames):
        (alone,) = beam_search(model, [rows], options)
        assert [path.labels for path in together[n]] == [path.labels for path in alone]
        assert [path.total for path in together[n]] == pytest.approx([path.total for path in alone], abs=1e-5)


def test_greedy_search_of_a_batch_equals_one_by_one_and_obeys_its_limit() -> None:
    model, frames = toy_model(2, tokens=4, seed=3), toy_frames(9, 4)
    padded = torch.nn.utils.rnn.pad_sequence(frames, batch_first=True, padding_value=100.0)
    together = greedy(model, padded, torch.tensor([9, 4]), max_symbols=2)
    for n, rows in enumerate(frames):
        (alone,) = greedy(model, rows[None], torch.tensor([len(rows)]), max_symbols=2)
        assert together[n].labels == alone.labels
        assert max(np.bincount(alone.frames), default=0) <= 2
    assert max(np.bincount(greedy(model, padded, torch.tensor([9, 4]))[0].frames)) > 2
    with pytest.raises(ConfigError, match="max_symbols 0"):
        greedy(model, padded, torch.tensor([9, 4]), max_symbols=0)


def test_wider_beams_find_better_hypotheses() -> None:
    gains = 0
    for seed in range(10):
        model, frames = toy_model(None, tokens=5, seed=seed, sharp=1.0), toy_frames(12, seed=seed)
        narrow, wide = (beam_search(model, frames, BeamOptions(beam=beam))[0][0] for beam in (1, 30))
        assert wide.total >= narrow.total - 1e-6
        gains += wide.labels != narrow.labels
    assert gains >= 3


class Favourite:
    """A language model that likes one token and has the number of tokens as its state."""

    start, context = 0, None

    def __init__(self, token: int, columns: int) -> None:
        self.row = np.full(columns, -2.0)
        self.row[token] = -0.25
        self.states: set[int] = set()

    def scores(self, states: Any) -> np.ndarray:
        self.states.update(states)
        return np.stack([self.row - 0.5 * state for state in states])

    def advance(self, states: Any, tokens: Any) -> list[int]:
        return [state + 1 for state in states]


@pytest.mark.parametrize("options", WAYS, ids=NAMES)
def test_language_models_and_rewards_add_up(options: BeamOptions) -> None:
    model, frames = toy_model(2, tokens=3, sharp=1.0), toy_frames(6)
    lm = Favourite(2, 4)
    fusion = Fusion([(lm, 0.5), (Favourite(1, 4), -0.25)], reward=0.75)
    for path in beam_search(model, frames, options, fusion)[0]:
        expected = 0.75 * len(path.labels)
        for place, label in enumerate((*path.labels, 0)):
            expected += 0.5 * (lm.row[label] - 0.5 * place) - 0.25 * (Favourite(1, 4).row[label] - 0.5 * place)
        assert path.lm_score == pytest.approx(expected)
    plain = beam_search(model, frames, options)[0][0]
    liked = beam_search(model, frames, options, Fusion([(lm, 3.0)], reward=8.0))[0][0]
    assert liked.labels.count(2) > plain.labels.count(2)
    assert plain.lm_score == 0.0
    assert max(lm.states) > 2
    with pytest.raises(ConfigError, match="reward nan"):
        Fusion(reward=math.nan)


def test_histories_that_a_stateless_predictor_cannot_tell_apart_are_computed_once() -> None:
    model = toy_model(2, tokens=3)
    contexts = Contexts(model)
    one = contexts.extend(contexts.extend(contexts.extend([0], [1]), [2]), [3])
    two = contexts.extend(contexts.extend(contexts.extend([0], [3]), [2]), [3])
    assert one == two
    assert len(contexts) == 6
    torch.testing.assert_close(contexts.vectors(one), model.predict((1, 2, 3))[3:])
    endless = Contexts(toy_model(None, tokens=3))
    assert endless.extend(endless.extend([0], [1]), [2]) != endless.extend(endless.extend([0], [2]), [2])


def test_odd_options_are_refused() -> None:
    with pytest.raises(ConfigError, match="order 'space'"):
        BeamOptions(order="space")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="take order 'time'"):
        BeamOptions(order="alignment", topology="one-per-frame")
    with pytest.raises(ConfigError, match="beam 0"):
        BeamOptions(beam=0)
    with pytest.raises(DecodeError, match="without frames"):
        beam_search(toy_model(), toy_frames(0))
    assert TokenPath((1,), (0,), -1.0, 0.25).total == -0.75


def test_a_limit_of_tokens_holds() -> None:
    model, frames = toy_model(2, tokens=4, seed=3), toy_frames(40)
    few, more = (
        beam_search(model, frames, BeamOptions(order="alignment", beam=2, tokens_per_frame=share))[0][0]
        for share in (0.25, 2.0)
    )
    assert len(few.labels) == 10 < len(more.labels)
