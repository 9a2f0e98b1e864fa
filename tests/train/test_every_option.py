"""Each option of how end-to-end systems and language models are trained changes what comes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fsaasr.core import SymbolTable
from fsaasr.grammar.neural import LstmLmConfig, TransformerLmConfig
from fsaasr.models.decoders.rnn import RnnDecoderConfig
from fsaasr.models.encoders.tdnn import TdnnConfig
from fsaasr.models.transducer import TransducerConfig
from fsaasr.models.transducer.config import AdditiveConfig, LstmConfig, StatelessConfig, TanhConfig
from fsaasr.train.attention import train_attention
from fsaasr.train.attention_config import AttentionTrainConfig
from fsaasr.train.augment import AugmentConfig
from fsaasr.train.ctc import train_ctc
from fsaasr.train.ctc_config import CtcTrainConfig
from fsaasr.train.fit import fit
from fsaasr.train.fit_config import FitConfig
from fsaasr.train.neural_lm import NeuralLmTrainConfig, train_neural_lm
from fsaasr.train.training_features import draw_features
from fsaasr.train.transducer import train_transducer
from fsaasr.train.transducer_config import TransducerTrainConfig
from fsaasr.train.transducer_pruned import PruningConfig
from tests.every_option import Options, every
from tests.train.test_fit import Regression, network, weights
from tests.train.test_training_features import batch_at_speeds
from tests.train.toy_speech import CONFIG, toy_batch, toy_lexicon

ENCODER = TdnnConfig(hidden=8, dilations=(1,), subsampling=2, dropout=0.1)
FIT = FitConfig(epochs=1, learning_rate=0.02)
# Masks of a toy utterance of few frames and four features.
MASKED = AugmentConfig(time_width=4, time_share=0.3, feature_width=2, tempo=0.05)
STILL = AugmentConfig(time_masks=0, feature_masks=0, tempo=0.0)


def trained(train: Any, config: Any, **given: Any) -> Any:
    """History and weights of a training on a few toy utterances."""
    result = train(toy_batch(6), toy_lexicon(), CONFIG, config, **given)
    return result.history, digest(result.model.tensors())


def digest(tensors: dict[str, np.ndarray]) -> list[tuple[str, float]]:
    """Short, and another one where a weight is: weights are random."""
    return [(name, float(np.float64(array).sum())) for name, array in sorted(tensors.items())]


def ctc(config: CtcTrainConfig) -> Any:
    return trained(train_ctc, config)


def attention(config: AttentionTrainConfig) -> Any:
    return trained(train_attention, config, dev=toy_batch(8, seed=1))


def transducer(config: TransducerTrainConfig) -> Any:
    return trained(train_transducer, config)


def fitted(config: FitConfig) -> Any:
    """Of a regression; encoders alone know of precision."""
    regression = network()
    history = fit(regression, Regression(dev_errors=(3.0, 2.0, 2.5, 1.5, 1.6, 1.7)), config)
    encoder = CtcTrainConfig(ENCODER, replace(FIT, precision=config.precision), STILL)
    return history, weights(regression).tolist(), ctc(encoder)


def augmented(config: AugmentConfig) -> Any:
    """Several draws of an utterance of one feature, and of ten features."""
    draws: list[Any] = []
    speeds = batch_at_speeds()
    wide = replace(speeds, matrices=(np.random.default_rng(0).normal(size=(40, 10)).astype(np.float32),), at_speed={})
    for seed in range(8):
        rng = np.random.default_rng(seed)
        if set(config.speeds) == {1.0}:
            draws.append(draw_features(wide, 0, config, rng).matrix.tolist())
        draws.append(draw_features(speeds, 0, config, rng).matrix.tolist())
    return draws


SENTENCES = [list(text) for text in ("abca", "aab", "bc", "ccab", "babbab", "acab", "cb", "abc")]


def language_model(config: NeuralLmTrainConfig) -> Any:
    result = train_neural_lm(SENTENCES, SymbolTable(["a", "b", "c"]), config)
    return result.history, digest({n: t.numpy() for n, t in result.lm.network.state_dict().items()})


def of_network(config: Any) -> Any:
    return language_model(NeuralLmTrainConfig(config, FIT, batch_words=12))


SMALL = TransducerConfig(StatelessConfig(dim=8), TanhConfig(dim=8))
SINGLE = replace(SMALL, topology="one-per-frame")
TRANSDUCER = TransducerTrainConfig(ENCODER, SMALL, FIT, MASKED, batch_duration=1.0)


def of_transducer(config: TransducerConfig) -> Any:
    return transducer(replace(TRANSDUCER, transducer=config))


def of_predictor(config: Any) -> Any:
    return of_transducer(replace(SMALL, predictor=config))


SHARED: dict[str, Any] = {
    "encoder": replace(ENCODER, hidden=9),
    "fit": replace(FIT, seed=1),
    "augment": STILL,
    "batch_duration": 0.7,
}
CASES = {
    "FitConfig": Options(
        FitConfig(epochs=6, learning_rate=0.05, seed=3),
        {
            "epochs": 5,
            "learning_rate": 0.01,
            "warmup": 0.5,
            "weight_decay": 0.5,
            "clip_norm": 0.1,
            "batches_per_step": 2,
            "precision": "bfloat16",
            "average": 2,
            "patience": 1,
            "seed": 4,
        },
        fitted,
    ),
    "AugmentConfig": Options(
        AugmentConfig(time_width=8, time_share=0.15, feature_width=3),
        {
            "time_masks": 1,
            "time_width": 2,
            "time_share": 0.05,
            "feature_masks": 1,
            "feature_width": 6,
            "time_warp": 5,
            "tempo": 0.3,
            "speeds": (0.8, 1.25),
        },
        augmented,
    ),
    "CtcTrainConfig": Options(
        CtcTrainConfig(ENCODER, FIT, MASKED, batch_duration=1.0), {**SHARED, "pronunciations": "all"}, ctc
    ),
    "AttentionTrainConfig": Options(
        AttentionTrainConfig(ENCODER, RnnDecoderConfig(units=8, embedding=4), replace(FIT, epochs=2), MASKED, 1.0),
        {
            **SHARED,
            "decoder": RnnDecoderConfig(units=9, embedding=4),
            "ctc_weight": 0.6,
            "label_smoothing": 0.3,
            "sampling": 0.8,
            "pronunciations": "heard",
            "dev_search": "joint",
        },
        attention,
    ),
    "TransducerTrainConfig": Options(
        TRANSDUCER,
        {
            **SHARED,
            "transducer": replace(SMALL, topology="one-per-frame"),
            "ctc_scale": 0.0,
            "pruning": PruningConfig(),
            "pronunciations": "heard",
        },
        transducer,
    ),
    "PruningConfig": Options(
        PruningConfig(band=3),
        {"band": 2, "simple_scale": 0.1, "lm_only": 0.5, "am_only": 0.2},
        lambda config: transducer(replace(TRANSDUCER, pruning=config)),
    ),
    "TransducerConfig": Options(
        SMALL,
        {"predictor": LstmConfig(dim=8, hidden=8), "joiner": AdditiveConfig(), "topology": "one-per-frame"},
        of_transducer,
    ),
    "StatelessConfig": Options(StatelessConfig(dim=8), {"context": 1, "dim": 9, "dropout": 0.5}, of_predictor),
    "LstmConfig": Options(
        LstmConfig(dim=8, hidden=8), {"dim": 9, "hidden": 9, "layers": 2, "dropout": 0.5}, of_predictor
    ),
    "TanhConfig": Options(TanhConfig(dim=8), {"dim": 9}, lambda config: of_transducer(replace(SMALL, joiner=config))),
    "NeuralLmTrainConfig": Options(
        NeuralLmTrainConfig(LstmLmConfig(dim=8), FIT, batch_words=12),
        {"network": LstmLmConfig(dim=9), "fit": replace(FIT, seed=1), "batch_words": 30, "noise": 0.5},
        language_model,
    ),
    "LstmLmConfig": Options(LstmLmConfig(dim=8), {"dim": 9, "layers": 2, "dropout": 0.0}, of_network),
    "TransformerLmConfig": Options(
        TransformerLmConfig(dim=8, heads=2, layers=1, feed_forward=8),
        {"dim": 12, "heads": 4, "layers": 2, "feed_forward": 9, "dropout": 0.0},
        of_network,
    ),
}


@pytest.mark.parametrize(("config", "option"), every(CASES))
def test_every_option_changes_the_outcome(config: str, option: str) -> None:
    if "pruning" in option or config == "PruningConfig":
        pytest.importorskip("k2")
    assert CASES[config].matters(option)


@pytest.mark.parametrize("config", CASES)
def test_no_option_is_forgotten(config: str) -> None:
    assert CASES[config].forgotten() == set()
