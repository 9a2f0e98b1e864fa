from __future__ import annotations

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ConfigError, ModelError
from fsaasr.core.symbols import SymbolTable
from fsaasr.features import FeatureConfig
from fsaasr.models.ctc import CtcModel, CtcNetwork
from fsaasr.models.encoders.tdnn import Tdnn, TdnnConfig
from fsaasr.models.feature_norm import FeatureNorm
from fsaasr.models.matrix_batches import batches_by_length

CONFIG = FeatureConfig(kind="mfcc", sampling_rate=8000, num_ceps=4)
SHAPE = TdnnConfig(hidden=8, dilations=(1, 2), subsampling=3, dropout=0.5)


def ctc_model(shape: TdnnConfig = SHAPE) -> CtcModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = CtcNetwork(4, 2, shape)
    return CtcModel(network, shape, SymbolTable(["A", "B"]), CONFIG)


def matrices(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=(length, 4)).astype(np.float32) for length in lengths]


def test_scores_are_log_posteriors_at_the_subsampled_rate() -> None:
    scores = ctc_model().scores(matrices(9, 10), ids=["a", "b"])
    assert scores.lengths.tolist() == [3, 4]
    assert scores.frame_shift == pytest.approx(0.03)
    assert scores.ids == ("a", "b")
    assert scores.num_columns == 3
    np.testing.assert_allclose(np.exp(scores.utterance(1)).sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("subsampling", [1, 2, 3, 4])
def test_batch_equals_one_by_one_and_padding_changes_nothing(subsampling: int) -> None:
    model = ctc_model(TdnnConfig(hidden=8, dilations=(1, 3), subsampling=subsampling))
    given = matrices(1, 50, 13, 14, 15, 16)
    together = model.scores(given)
    for n, matrix in enumerate(given):
        alone = model.scores([matrix]).utterance(0)
        assert len(alone) == -(-len(matrix) // subsampling)
        np.testing.assert_allclose(together.utterance(n), alone, atol=1e-5)


def test_what_stands_in_the_padding_does_not_matter() -> None:
    network = ctc_model().network
    batch = torch.randn(2, 12, 4, generator=torch.Generator().manual_seed(0))
    other = batch.clone()
    other[1, 7:] = 1e3
    lengths = torch.tensor([12, 7])
    with torch.no_grad():
        (first, out), (second, _) = network(batch, lengths), network(other, lengths)
    torch.testing.assert_close(first[1, : out[1]], second[1, : out[1]])


def test_scoring_leaves_chance_and_input_alone() -> None:
    given = matrices(20)
    copies = [matrix.copy() for matrix in given]
    state = torch.random.get_rng_state()
    model = ctc_model()
    CtcModel.from_parts(model.description(), model.tensors()).scores(given)
    assert torch.equal(torch.random.get_rng_state(), state)
    np.testing.assert_array_equal(given[0], copies[0])


def test_dropout_is_off_in_a_model() -> None:
    model = ctc_model()
    np.testing.assert_array_equal(model.scores(matrices(30)).array, model.scores(matrices(30)).array)


def test_every_frame_within_reach_matters() -> None:
    # Context of one output frame: 3 * (1 + 1 + 2) frames on the left; a change 11 frames back must be seen.
    model = ctc_model()
    matrix = matrices(30)[0]
    changed = matrix.copy()
    changed[15 - 11, 0] += 1.0
    now, then = (model.scores([frames]).utterance(0)[5] for frames in (matrix, changed))
    assert np.abs(now - then).max() > 1e-7


def test_a_network_of_another_shape_is_refused() -> None:
    model = ctc_model()
    with pytest.raises(ModelError, match="3 columns for 4 configured features and 2 columns"):
        CtcModel(model.network, SHAPE, SymbolTable(["A"]), CONFIG)
    with pytest.raises(ModelError, match=r"expected \(T, 4\)"):
        model.scores([np.zeros((3, 5), np.float32)])
    with pytest.raises(ConfigError, match="subsampling 9"):
        TdnnConfig(subsampling=9)
    with pytest.raises(ConfigError, match="dilations"):
        TdnnConfig(dilations=())


def test_batches_hold_everything_once_within_the_budget() -> None:
    lengths = [5, 100, 7, 30, 30, 1]
    groups = list(batches_by_length(lengths, 60))
    assert sorted(n for group in groups for n in group) == list(range(6))
    assert groups[0] == [1]
    assert all(len(group) * max(lengths[n] for n in group) <= 60 for group in groups[1:])


def test_output_lengths_round_up() -> None:
    lengths = Tdnn(4, SHAPE).output_lengths(torch.tensor([1, 2, 3, 4]))
    assert lengths.tolist() == [1, 1, 1, 2]


def test_features_beyond_the_training_range_count_as_its_end() -> None:
    norm = FeatureNorm(2)
    frames = np.random.default_rng(0).normal(size=(2000, 2)).astype(np.float32) * [1.0, 0.0] + [5.0, 3.0]
    norm.measure(frames.astype(np.float32))
    inside = norm(torch.from_numpy(frames).float())
    assert inside[:, 0].mean().item() == pytest.approx(0.0, abs=0.05)
    assert inside[:, 0].std().item() == pytest.approx(1.0, abs=0.05)
    quiet, quieter = norm(torch.tensor([[-100.0, 3.0]])), norm(torch.tensor([[-1000.0, 3.0]]))
    assert torch.equal(quiet, quieter)
    assert torch.equal(quiet[0, 0], inside[:, 0].min())
    assert quiet[0, 1] == 0.0


def test_the_ends_of_an_utterance_cannot_be_told_from_standing_still() -> None:
    model = ctc_model()
    still = np.tile(matrices(1)[0], (30, 1))
    scores = model.scores([still]).utterance(0)
    np.testing.assert_allclose(scores, np.tile(scores[5], (len(scores), 1)), atol=1e-5)


def test_a_model_saved_before_encoders_had_kinds_still_loads() -> None:
    model = ctc_model()
    description = dict(model.description())
    description["encoder"] = {key: value for key, value in description["encoder"].items() if key != "kind"}
    loaded = CtcModel.from_parts(description, model.tensors())
    assert loaded.encoder == model.encoder
    np.testing.assert_array_equal(loaded.scores(matrices(30)).array, model.scores(matrices(30)).array)
