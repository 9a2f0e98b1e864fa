"""Scores of a stream are those of the whole utterance, whatever the family."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fsaasr.core.errors import ModelError
from fsaasr.features import FeatureConfig
from fsaasr.lexicon import Lexicon
from fsaasr.models import AcousticModel, DiagGmm, GmmModel
from fsaasr.models.ctc import CtcModel, CtcNetwork
from fsaasr.models.encoders.registry import encoder_config_from_dict
from fsaasr.models.gmm_front import GmmFront
from fsaasr.models.hybrid import HybridModel, HybridNetwork, log_priors_of
from fsaasr.models.score_stream import StreamingModel, score_stream
from fsaasr.models.speaker_adaptation import Adaptation, AdaptationConfig
from fsaasr.models.spliced_transform import SplicedTransform

FEATURES = FeatureConfig(kind="mfcc", sampling_rate=8000, num_ceps=4)
LEXICON = Lexicon.from_text("yes A\nno B\n")
TRANSITIONS = np.log(np.full((2, 2), 0.5))


def encoder(kind: str = "tdnn", subsampling: int = 3) -> object:
    shape = {"dilations": [1, 2]} if kind == "tdnn" else {"layers": 1}
    return encoder_config_from_dict({"kind": kind, "hidden": 8, "subsampling": subsampling, **shape})


def gmm(splice: int = 0) -> GmmModel:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(3, 4 * (2 * splice + 1))).astype(np.float32)
    mixtures = DiagGmm(
        np.ones(2), rng.normal(size=(2, 3 if splice else 4)), np.ones((2, 3 if splice else 4)), [0, 1, 2]
    )
    transform = SplicedTransform(matrix, splice) if splice else None
    return GmmModel(mixtures, LEXICON.tokens, TRANSITIONS, FEATURES, "hmm1", transform)


def ctc(kind: str = "tdnn", subsampling: int = 3) -> CtcModel:
    shape = encoder(kind, subsampling)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = CtcNetwork(4, 2, shape)  # type: ignore[arg-type]
    return CtcModel(network, shape, LEXICON.tokens, FEATURES)  # type: ignore[arg-type]


def hybrid(subsampling: int = 3, interleaved: bool = False, front: GmmModel | None = None) -> HybridModel:
    shape = encoder("tdnn", subsampling)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        network = HybridNetwork(4 if front is None else 3, 2, shape)  # type: ignore[arg-type]
    return HybridModel(
        network,
        shape,  # type: ignore[arg-type]
        LEXICON.tokens,
        TRANSITIONS,
        FEATURES,
        log_priors_of([1, 3]),
        "hmm1",
        0.5,
        interleaved,
        None if front is None else GmmFront(front),
    )


MODELS: dict[str, AcousticModel] = {
    "gmm": gmm(),
    "gmm-lda": gmm(3),
    "ctc-tdnn": ctc(),
    "ctc-lstm": ctc("lstm", 2),
    "hybrid": hybrid(),
    "hybrid-lda": hybrid(front=gmm(2)),
    **{f"interleaved-{n}": hybrid(n, interleaved=True) for n in (1, 2, 3, 4)},
    "interleaved-lda": hybrid(4, interleaved=True, front=gmm(1)),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("frames", [1, 2, 3, 5, 43])
def test_pieces_change_nothing(model: AcousticModel, frames: int) -> None:
    rows = np.random.default_rng(1).normal(size=(frames, 4)).astype(np.float32)
    whole = model.scores([rows]).utterance(0)
    for size in (1, 4, 50):
        stream = score_stream(model)
        pieces = [stream.advance(rows[start : start + size]) for start in range(0, frames, size)]
        found = np.concatenate([*pieces, stream.advance(rows[:0], final=True)])
        assert found.shape == whole.shape
        np.testing.assert_allclose(found, whole, atol=5e-5)
        if frames == 43 and size == 1:
            assert sum(map(len, pieces)) > len(whole) / 2


def test_what_needs_whole_utterances_says_so() -> None:
    with pytest.raises(ModelError, match="class Blstm needs whole utterances"):
        score_stream(ctc("blstm"))
    adaptation = Adaptation(gmm().gmm, AdaptationConfig())
    adapted = replace(gmm(), adaptation=adaptation)
    with pytest.raises(ModelError, match="adapted to the speaker by a first recognition"):
        score_stream(adapted)
    front = replace(gmm(2), adaptation=Adaptation(gmm(2).gmm, AdaptationConfig()))
    with pytest.raises(ModelError, match="adapted to the speaker"):
        score_stream(hybrid(front=front))
    assert isinstance(gmm(), StreamingModel)
