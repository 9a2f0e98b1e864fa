"""Recognition in two passes: transforms of speakers come from what was recognized, never from transcripts."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from fsaasr.evaluate import word_errors
from fsaasr.features import FeatureBatch
from fsaasr.graph import TOPOLOGIES, DecodingGraph, compile_graph, word_loop
from fsaasr.models import GmmModel
from fsaasr.models.speaker_adaptation import AdaptationConfig
from fsaasr.recipe.alignment import align_features
from fsaasr.recipe.decoding import DEFAULT_SEARCH, NOT_ADAPTED, Decoded, adapted_to_speech, recognize
from fsaasr.recipe.tuning import TuningGrid, tune
from fsaasr.train import GmmTrainConfig, TiedGmmConfig, TreeConfig, train_gmm, train_tied_gmm
from tests.train.toy_speech import CONFIG, speakers_batch, toy_lexicon

LEXICON = toy_lexicon()
ADAPTATION = AdaptationConfig(full_frames=60, diagonal_frames=40, offset_frames=20, acoustic_scale=0.5)
SPEECH = speakers_batch(40, speakers=4, seed=11)


class Trained(NamedTuple):
    """A model without adaptation, one of adapted features, and the latter's graph."""

    plain: GmmModel
    adapted: GmmModel
    graph: DecodingGraph

    def with_options(self, **changes: object) -> GmmModel:
        adaptation = self.adapted.adaptation
        return replace(self.adapted, adaptation=replace(adaptation, config=replace(ADAPTATION, **changes)))


@pytest.fixture(scope="module")
def trained() -> Trained:
    batch = speakers_batch(100, speakers=8)
    plain = train_gmm(batch, LEXICON, CONFIG, GmmTrainConfig(iterations=8, gaussians=18, growth_end=0)).model
    columns = TOPOLOGIES["hmm3"].columns(LEXICON.tokens)
    training = GmmTrainConfig(method="viterbi", realign_every=2, iterations=8, gaussians=30, growth_end=2)
    config = TiedGmmConfig(TreeConfig(leaves=20, min_frames=10.0), training, speaker_adaptation=ADAPTATION)
    alignments = align_features(plain, LEXICON, batch)
    adapted = train_tied_gmm(batch, alignments, columns, LEXICON, CONFIG, config, start=plain).model
    loop = word_loop(LEXICON.words)
    graph = compile_graph(LEXICON, loop, adapted.topology, tokens=adapted.tokens, transitions=adapted.transitions)
    return Trained(plain, adapted, graph)


def errors(batch: FeatureBatch, decoded: Decoded) -> int:
    references = {name: text.split() for name, text in zip(batch.ids, batch.texts)}
    return word_errors(references, {h.utterance: h.text.split() for h in decoded.hypotheses}).errors


def test_two_passes_make_fewer_errors_than_the_first(trained: Trained) -> None:
    unadapted = replace(trained.adapted, gmm=trained.adapted.adaptation.unadapted, adaptation=None)
    once = errors(SPEECH, recognize(unadapted, trained.graph, SPEECH))
    twice = errors(SPEECH, recognize(trained.adapted, trained.graph, SPEECH))
    assert twice < 0.7 * once


def test_transcripts_are_not_looked_at(trained: Trained) -> None:
    silent = replace(SPEECH, texts=("",) * len(SPEECH))
    told, untold = (recognize(trained.adapted, trained.graph, batch).hypotheses for batch in (SPEECH, silent))
    assert told == untold


def test_other_speakers_do_not_matter(trained: Trained) -> None:
    own = [name for name, speaker in zip(SPEECH.ids, SPEECH.speakers) if speaker == "11-2"]
    part = SPEECH.select(own)
    alone = recognize(trained.adapted, trained.graph, part).hypotheses
    among = recognize(trained.adapted, trained.graph, SPEECH).hypotheses
    assert [h.text for h in alone] == [h.text for h in among if h.utterance in own]


def test_without_speakers_each_utterance_is_one_and_too_short_ones_are_counted(trained: Trained) -> None:
    unknown = replace(SPEECH, speakers=("",) * len(SPEECH))
    adapted = adapted_to_speech(trained.adapted, trained.graph, unknown)
    assert adapted.transforms.speakers == tuple(sorted(SPEECH.ids))
    assert len(set(adapted.transforms.kinds)) > 1
    decoded = recognize(trained.adapted, trained.graph, unknown)
    np.testing.assert_array_equal(decoded.transforms.matrices, adapted.transforms.matrices)
    assert decoded.flags.get(NOT_ADAPTED, 0) == adapted.transforms.kinds.count("identity") > 0
    assert NOT_ADAPTED not in recognize(trained.adapted, trained.graph, SPEECH).flags
    # An utterance alone is decoded as it is among others.
    alone = recognize(trained.adapted, trained.graph, unknown.select(unknown.ids[3:4]))
    assert alone.hypotheses[0].text == decoded.hypotheses[3].text


def test_too_little_speech_leaves_the_first_pass_as_it_is(trained: Trained) -> None:
    never = trained.with_options(full_frames=1e6, diagonal_frames=1e6, offset_frames=1e6)
    decoded = recognize(never, trained.graph, SPEECH)
    assert decoded.flags[NOT_ADAPTED] == len(SPEECH)
    unadapted = replace(trained.adapted, gmm=trained.adapted.adaptation.unadapted, adaptation=None)
    assert decoded.hypotheses == recognize(unadapted, trained.graph, SPEECH).hypotheses


@pytest.mark.parametrize("change", [{"recognitions": 2}, {"acoustic_scale": 0.01}, {"word_insertion_penalty": 20.0}])
def test_options_of_the_first_pass_change_the_transforms(trained: Trained, change: dict[str, float]) -> None:
    usual, other = (
        adapted_to_speech(model, trained.graph, SPEECH) for model in (trained.adapted, trained.with_options(**change))
    )
    assert (usual.transforms.matrices != other.transforms.matrices).any()


def test_tuning_adapts_and_adapted_models_are_not_adapted_again(trained: Trained) -> None:
    tuned = tune(trained.adapted, trained.graph, SPEECH, TuningGrid())
    assert tuned.errors == errors(SPEECH, recognize(trained.adapted, trained.graph, SPEECH))
    adapted = adapted_to_speech(trained.adapted, trained.graph, SPEECH, DEFAULT_SEARCH)
    assert adapted_to_speech(adapted, trained.graph, SPEECH) is adapted


def test_alignments_adapt_by_the_transcript_and_plain_models_stay_as_they_are(trained: Trained) -> None:
    confident = align_features(trained.adapted, LEXICON, SPEECH, confidence_scale=1.0)
    plain = align_features(trained.plain, LEXICON, SPEECH, confidence_scale=1.0)
    assert [h.text for h in confident] == [h.text for h in plain] == list(SPEECH.texts)
    assert sum(h.acoustic_score for h in confident) > sum(h.acoustic_score for h in plain)
    assert adapted_to_speech(trained.plain, trained.graph, SPEECH) is trained.plain
