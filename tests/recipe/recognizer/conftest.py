"""Model directories of all families, with random weights that make them talkative: laws need no training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
import torch

from fsaasr.core.files import PathLike
from fsaasr.features import FeatureConfig, features_of
from fsaasr.graph import compile_token_graph, word_loop
from fsaasr.lexicon import Lexicon, OptionalSilence
from fsaasr.models import AcousticModel, DiagGmm, GmmModel, save_model
from fsaasr.models.attention_model import AttentionModel, AttentionNetwork, AttentionShape
from fsaasr.models.ctc import CtcModel, CtcNetwork
from fsaasr.models.decoders.rnn import RnnDecoderConfig
from fsaasr.models.encoders.registry import encoder_config_from_dict
from fsaasr.models.hybrid import HybridModel, HybridNetwork, log_priors_of
from fsaasr.models.spliced_transform import SplicedTransform
from fsaasr.models.transducer import TransducerConfig, TransducerModel, TransducerNetwork
from fsaasr.models.transducer.config import TanhConfig
from fsaasr.recipe.searches import searchable

RATE = 8000
FEATURES = FeatureConfig(kind="mfcc", sampling_rate=RATE, num_ceps=4)
# All words have two tokens, so that no two sentences are the same tokens, and nothing is a tie.
LEXICON = Lexicon.from_text("ab A B\nba B A\naa A A\n", silence=OptionalSilence("SIL", 0.5))
UNSILENT = replace(LEXICON, silence=None)


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise whose colour changes, so that models find something to say."""
    rng = np.random.default_rng(seed)
    parts = [
        rng.normal(0, 0.1, 800).cumsum() * rng.uniform(0, 0.1) + rng.normal(0, 0.03, 800)
        for _ in range(round(seconds * 10))
    ]
    return np.clip(np.concatenate(parts), -0.9, 0.9).astype(np.float32)


def seeded(make: Callable[[], Any], seed: int) -> Any:
    """A network of random weights, none of whose columns is likelier than the others."""
    heard = features_of(noise(4.0, seed=9), FEATURES)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make().eval()
        network.normalize.measure(heard)
        for name, spread in (("output", 2.0), ("ctc", 2.0), ("from_predictor", 2.0), ("from_encoder", 8.0)):
            if getattr(network, name, None) is not None:
                torch.nn.init.normal_(getattr(network, name).weight, std=spread)
    with torch.no_grad():
        given, _ = network(torch.from_numpy(heard)[None], torch.tensor([len(heard)]))
        if isinstance(network, TransducerNetwork):
            given = network.log_probs(given, network.start()[0])
        layer = network.ctc if isinstance(network, AttentionNetwork) else network.output
        layer.bias -= given.mean(dim=(0, 1))
    return network


def gmm(features: FeatureConfig = FEATURES, splice: int = 0) -> GmmModel:
    rng = np.random.default_rng(5)
    matrix = rng.normal(0, 0.3, (3, features.dim * (2 * splice + 1))).astype(np.float32)
    transform = SplicedTransform(matrix, splice) if splice else None
    heard = features_of(noise(4.0, seed=9), features)
    heard = heard if transform is None else transform.apply(heard)
    means = heard[rng.choice(len(heard), 9, replace=False)]
    mixtures = DiagGmm(np.ones(9), means, np.full(means.shape, 60.0), np.arange(10))
    return GmmModel(mixtures, LEXICON.tokens, np.log(np.full((9, 2), 0.5)), features, "hmm3", transform)


def ctc(features: FeatureConfig = FEATURES, **encoder: Any) -> CtcModel:
    shape = encoder_config_from_dict(encoder or {"kind": "tdnn", "hidden": 12, "dilations": [1, 2], "subsampling": 3})
    network = seeded(lambda: CtcNetwork(features.dim, 2, shape), 1)
    return CtcModel(network, shape, UNSILENT.tokens, features)


def hybrid(interleaved: bool) -> HybridModel:
    shape = encoder_config_from_dict({"kind": "tdnn", "hidden": 12, "dilations": [1, 2], "subsampling": 3})
    network = seeded(lambda: HybridNetwork(4, 3, shape), 2)
    transitions, priors = np.log(np.full((3, 2), 0.5)), log_priors_of([3, 2, 1])
    return HybridModel(
        network, shape, LEXICON.tokens, transitions, FEATURES, priors, "hmm1", 0.5, interleaved=interleaved
    )


def transducer(kind: str = "lstm") -> TransducerModel:
    shape = encoder_config_from_dict({"kind": kind, "hidden": 12, "layers": 1, "subsampling": 3})
    config = TransducerConfig(joiner=TanhConfig(dim=8), topology="one-per-frame")
    network = seeded(lambda: TransducerNetwork(4, 2, shape, config), 3)
    return TransducerModel(network, shape, config, UNSILENT.tokens, FEATURES)


def attention() -> AttentionModel:
    encoder = encoder_config_from_dict({"kind": "tdnn", "hidden": 12, "dilations": [1], "subsampling": 4})
    shape = AttentionShape(encoder, RnnDecoderConfig(units=8))
    network = seeded(lambda: AttentionNetwork(4, 2, shape), 4)
    return AttentionModel(network, shape, UNSILENT.tokens, FEATURES)


MODELS: dict[str, Callable[[], AcousticModel]] = {
    "gmm": gmm,
    "gmm-lda": lambda: gmm(replace(FEATURES, deltas=1), 2),
    "hybrid": lambda: hybrid(True),
    "lf-mmi": lambda: hybrid(False),
    "ctc": ctc,
    "ctc-chunks": lambda: ctc(kind="conformer", hidden=8, layers=1, heads=2, kernel=3, chunk=4, left_chunks=1),
    "transducer": transducer,
    "attention": attention,
}
STREAMING = tuple(name for name in MODELS if name != "attention")


def save(model: AcousticModel, folder: PathLike) -> None:
    """A directory with a graph of its own: any words of the lexicon."""
    lexicon = LEXICON if "SIL" in model.tokens else UNSILENT
    graph = compile_token_graph(
        lexicon, word_loop(lexicon.words), model.topology, tokens=model.tokens, transitions=model.transitions
    )
    save_model(model, folder, lexicon, graph=searchable(model, graph))


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("families")
    for name, make in MODELS.items():
        save(make(), root / name)
    return {name: root / name for name in MODELS}
