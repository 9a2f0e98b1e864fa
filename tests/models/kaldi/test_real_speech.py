"""Kaldi and this package on recorded speech: a triphone model of FSDD and one of AN4."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lhotse import CutSet

from fsaasr.corpora import prepare_an4, prepare_fsdd
from fsaasr.decode import align
from fsaasr.features import FeatureConfig, compute_features
from fsaasr.graph import TranscriptCompiler, find_topology
from fsaasr.lexicon import OptionalSilence, read_lexicon
from fsaasr.train import GmmTrainConfig, TiedGmmConfig, TreeConfig, train_gmm, train_tied_gmm
from tests.conftest import CORPORA
from tests.models.kaldi.kaldi_side import KaldiSide, kaldi_python

pytestmark = [
    pytest.mark.slow,
    pytest.mark.corpus,
    pytest.mark.skipif(kaldi_python() is None, reason="kaldi-hmm-gmm is not installed; see KALDI_PYTHON"),
]
DATA = Path(__file__).resolve().parents[3] / "data"
CONFIG = FeatureConfig(kind="mfcc", cmvn="speaker", deltas=2)
PLAIN = GmmTrainConfig(silence="silence5", iterations=8, gaussians=300, growth_end=5)
TIED = GmmTrainConfig(silence="silence5", method="viterbi", realign_every=3, iterations=6, gaussians=500, growth_end=3)
SILENCE = OptionalSilence("SIL", 0.5)


def an4(folder: Path):
    cuts = prepare_an4(CORPORA / "an4", folder)
    return every(cuts["train"], 8), every(cuts["test"], 6), read_lexicon(CORPORA / "an4/etc/an4.dic", SILENCE), CONFIG


def fsdd(folder: Path):
    cuts = prepare_fsdd(CORPORA / "fsdd", folder)
    config = replace(CONFIG, sampling_rate=8000)
    lexicon = read_lexicon(DATA / "lexicons/digits.txt", SILENCE)
    return every(cuts["train"], 10), every(cuts["test"], 10), lexicon, config


def every(cuts: CutSet, step: int) -> CutSet:
    return CutSet.from_cuts(list(cuts)[::step])


@pytest.mark.parametrize("corpus", [an4, fsdd], ids=lambda function: function.__name__)
def test_likelihoods_and_alignments_of_a_triphone_model_are_kaldis(corpus, tmp_path: Path) -> None:
    train_cuts, test_cuts, lexicon, config = corpus(tmp_path / "cuts")
    train, test = (compute_features(cuts, config) for cuts in (train_cuts, test_cuts))
    plain = train_gmm(train, lexicon, config, PLAIN).model

    def aligned(model, batch):
        compiler = TranscriptCompiler(lexicon, model.topology, model.tokens, model.transitions)
        return align([compiler.compile(text.split()) for text in batch.texts], model.scores(batch))

    columns = find_topology(plain.topology).columns(lexicon.tokens)
    trained = train_tied_gmm(
        train, aligned(plain, train), columns, lexicon, config, TiedGmmConfig(TreeConfig(leaves=200), TIED)
    )
    model = trained.model
    assert model.topology.tree.num_columns > len(columns.names)
    kaldi = KaldiSide(tmp_path / "kaldi", model)
    kaldi.likelihoods(test.matrices)
    kaldi.align(lexicon, test.texts, test.matrices)
    kaldi.run()
    scores = model.scores(test)
    likelihoods = kaldi.found_likelihoods()
    for k, (ours, theirs) in enumerate(zip(aligned(model, test), kaldi.read("aligned.json"))):
        np.testing.assert_allclose(scores.utterance(k), likelihoods[f"u{k}"], atol=1e-3)
        assert list(ours.columns) == theirs["pdfs"]
        assert [token.name for token in ours.tokens] == [
            model.tokens.name(phone) for t, phone in enumerate(theirs["phones"]) if theirs["starts"][t]
        ]
        assert ours.score == pytest.approx(theirs["total"], abs=0.1)
    assert k + 1 == len(test) > 15
