from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ModelError
from fsaasr.features import FeatureConfig
from fsaasr.graph import TOPOLOGIES, Topology
from fsaasr.graph.context_tree import ContextTree, Leaf, Split
from fsaasr.lexicon import Lexicon
from fsaasr.models import load_model, save_model
from fsaasr.models.encoders.registry import ENCODERS, EncoderConfig
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.models.hybrid import HybridModel, HybridNetwork, interleave, log_priors_of, shifted

CONFIG = FeatureConfig(kind="mfcc", sampling_rate=8000, num_ceps=4)
SHAPE = TdnnConfig(hidden=8, dilations=(1, 2), subsampling=3, dropout=0.5)
LEXICON = Lexicon.from_text("yes A\nno B\n")


def tied() -> Topology:
    split = Split("left", ("B",), Leaf(), Leaf())
    return TOPOLOGIES["hmm1"].tied(ContextTree(("A", "B"), ((split,), (Leaf(),))))


def hybrid_model(
    topology: str | Topology = "hmm1", shape: EncoderConfig = SHAPE, interleaved: bool = False
) -> HybridModel:
    columns = {"hmm1": 2, "hmm3": 6}[topology] if isinstance(topology, str) else 3
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = HybridNetwork(4, columns, shape)
    priors = log_priors_of(np.arange(1, columns + 1))
    transitions = np.log(np.full((columns, 2), 0.5))
    return HybridModel(
        network, shape, LEXICON.tokens, transitions, CONFIG, priors, topology, prior_scale=0.5, interleaved=interleaved
    )


def matrices(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=(length, 4)).astype(np.float32) for length in lengths]


def test_scores_are_log_posteriors_less_scaled_log_priors() -> None:
    model = hybrid_model()
    scores = model.scores(matrices(9, 10), ids=["a", "b"])
    assert (scores.kind, scores.ids, scores.lengths.tolist()) == ("hmm", ("a", "b"), [3, 4])
    assert scores.frame_shift == pytest.approx(0.03)
    np.testing.assert_allclose(np.exp(scores.utterance(1) + 0.5 * model.log_priors).sum(axis=1), 1.0, atol=1e-5)
    posteriors = model.with_prior_scale(0.0).scores(matrices(9, 10)).utterance(1)
    np.testing.assert_allclose(np.exp(posteriors).sum(axis=1), 1.0, atol=1e-5)
    assert not np.allclose(posteriors, scores.utterance(1))


@pytest.mark.parametrize("subsampling", [1, 2, 3, 4])
@pytest.mark.parametrize("interleaved", [False, True])
def test_batch_equals_one_by_one(subsampling: int, interleaved: bool) -> None:
    model = hybrid_model(shape=replace(SHAPE, subsampling=subsampling), interleaved=interleaved)
    given = matrices(1, 50, 2, 13, 14, 15)
    together = model.scores(given)
    for n, matrix in enumerate(given):
        alone = model.scores([matrix]).utterance(0)
        assert len(alone) == (len(matrix) if interleaved else -(-len(matrix) // subsampling))
        np.testing.assert_allclose(together.utterance(n), alone, atol=1e-5)


@pytest.mark.parametrize("kind", sorted(set(ENCODERS) - {"waveform"}))  # which takes samples
def test_any_encoder_gives_scores_of_every_frame(kind: str, tmp_path: Path) -> None:
    shape = replace(ENCODERS[kind][0](), hidden=16)
    model = hybrid_model("hmm3", shape, interleaved=True)
    save_model(model, tmp_path, LEXICON)
    scores = load_model(tmp_path).scores(matrices(31, 20))
    assert scores.lengths.tolist() == [31, 20]
    assert scores.frame_shift == CONFIG.frame_shift
    np.testing.assert_allclose(scores.utterance(1), model.scores(matrices(31, 20)[1:]).utterance(0), atol=1e-4)


def test_interleaved_scores_are_those_of_shifted_features() -> None:
    # Of three shifts, the one by 1 leaves the features as they are: subsampled scores stand for frames 1, 4, 7, ...
    matrix = matrices(30)[0]
    every, third = (hybrid_model(interleaved=on).scores([matrix]).utterance(0) for on in (True, False))
    np.testing.assert_allclose(every[1::3], third, atol=1e-5)
    # A delay of the features by one frame delays the scores by one frame, away from the ends.
    delayed = hybrid_model(interleaved=True).scores([np.concatenate([matrix[:1], matrix])]).utterance(0)
    np.testing.assert_allclose(delayed[13:19], every[12:18], atol=1e-5)
    assert hybrid_model(interleaved=True).frame_shift == 0.01


def test_shifts_take_turns() -> None:
    frames = np.arange(8, dtype=np.float32)[:, None]
    assert [shifted(frames, shift, 3)[:2, 0].tolist() for shift in range(3)] == [[0, 0], [0, 1], [1, 2]]
    # An encoder that gives the middle one of each three frames gives every frame once.
    rows = [shifted(frames, shift, 3)[1::3] for shift in range(3)]
    rows = [np.concatenate([row, row[:0]]) for row in rows]
    np.testing.assert_array_equal(interleave(rows, 8), frames)
    assert shifted(frames[:1], 3, 4).tolist() == [[0.0]]


@pytest.mark.parametrize("topology", ["hmm3", "tied"])
@pytest.mark.parametrize("interleaved", [False, True])
def test_a_directory_gives_the_model_back(tmp_path: Path, topology: str, interleaved: bool) -> None:
    model = hybrid_model(tied() if topology == "tied" else topology, interleaved=interleaved)
    save_model(model, tmp_path, LEXICON)
    loaded = load_model(tmp_path)
    assert isinstance(loaded, HybridModel)
    assert (loaded.prior_scale, loaded.interleaved, loaded.encoder) == (0.5, interleaved, SHAPE)
    assert loaded.topology == model.topology
    np.testing.assert_array_equal(loaded.transitions, model.transitions)
    np.testing.assert_array_equal(loaded.scores(matrices(20)).array, model.scores(matrices(20)).array)


def test_priors_are_relative_frequencies_with_a_floor() -> None:
    np.testing.assert_allclose(np.exp(log_priors_of([6, 3, 0])), [0.6, 0.3, 0.1], rtol=1e-6)
    np.testing.assert_allclose(np.exp(log_priors_of([1, 0], least=0.25)), [0.8, 0.2], rtol=1e-6)


def test_parts_that_do_not_fit_are_refused() -> None:
    model = hybrid_model()
    with pytest.raises(ModelError, match="have 6 columns"):
        replace(model, topology="hmm3")
    with pytest.raises(ModelError, match=r"HybridModel: topology 'ctc' has no HMM states; expected one of hmm1, hmm3"):
        replace(model, topology="ctc")
    with pytest.raises(ModelError, match=r"log priors \(3,\); expected \(2,\)"):
        replace(model, log_priors=np.zeros(3))
    with pytest.raises(ModelError, match="all finite"):
        replace(model, log_priors=np.array([-np.inf, 0.0]))
    with pytest.raises(ModelError, match="prior_scale -1"):
        model.with_prior_scale(-1)
    with pytest.raises(ModelError, match="4 features, but 5 are configured"):
        replace(model, features=replace(CONFIG, num_ceps=5))
