"""Streams are searched as whole utterances are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fsaasr.core.errors import DecodeError, ModelError
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode.endpoint import EndpointRule
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.transducer.lattices import transducer_lattices
from fsaasr.decode.transducer.search_arcs import lattice_of, open_ends
from fsaasr.decode.transducer.streaming import TransducerDecoder
from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.graph import TokenGraph, compile_token_graph, word_loop
from fsaasr.lexicon import Lexicon
from fsaasr.models.encoders.registry import EncoderConfig, encoder_config_from_dict
from fsaasr.models.transducer import TransducerConfig, TransducerModel, TransducerNetwork
from fsaasr.models.transducer.config import LstmConfig, TanhConfig

FEATURES = FeatureConfig(kind="mfcc", sampling_rate=8000, num_ceps=4, cmvn="none")
ENCODERS = {
    "tdnn": encoder_config_from_dict({"kind": "tdnn", "hidden": 8, "dilations": [1, 2], "subsampling": 2}),
    "lstm": encoder_config_from_dict({"kind": "lstm", "hidden": 8, "layers": 1}),
}
LEXICON = Lexicon.from_text("ab A B\nba B A\nc C\n")
OPTIONS = SearchOptions(search_beam=8.0, lattice_beam=4.0)


def streaming_model(encoder: EncoderConfig, topology: str = "regular", seed: int = 31) -> TransducerModel:
    config = TransducerConfig(LstmConfig(dim=4, hidden=6), TanhConfig(dim=8), topology)  # type: ignore[arg-type]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = TransducerNetwork(4, 3, encoder, config)
        torch.nn.init.normal_(network.from_predictor.weight, std=2.0)
        torch.nn.init.normal_(network.from_encoder.weight, std=4.0)
        assert network.output is not None
        torch.nn.init.normal_(network.output.weight, std=2.0)
    return TransducerModel(network, encoder, config, LEXICON.tokens, FEATURES)


def batch(*lengths: int) -> FeatureBatch:
    rng = np.random.default_rng(1)
    matrices = tuple(rng.normal(size=(length, 4)).astype(np.float32) for length in lengths)
    ids = tuple(f"u{n}" for n in range(len(lengths)))
    return FeatureBatch(ids, matrices, ("",) * len(ids), ("",) * len(ids), 0.01)


@pytest.fixture(scope="module")
def graph() -> TokenGraph:
    return compile_token_graph(LEXICON, word_loop(LEXICON.words), "blank-free")


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)
@pytest.mark.parametrize("topology", ["regular", "one-per-frame"])
def test_pieces_change_nothing(encoder: EncoderConfig, topology: str, graph: TokenGraph) -> None:
    model, features = streaming_model(encoder, topology), batch(41)
    (expected,) = transducer_lattices(model, graph, features, OPTIONS)
    assert expected.best_path().words
    for seed, most in enumerate((1, 9)):
        decoder = TransducerDecoder(model, graph, OPTIONS, utterance="u0")
        rng, begin = np.random.default_rng(seed), 0
        while begin < 41:
            end = begin + int(rng.integers(1, most + 1))
            decoder.advance(features.matrices[0][begin:end])
            begin = end
        found = decoder.finalize()
        assert found.best_path().words == expected.best_path().words
        assert found.best_path().reached_final == expected.best_path().reached_final
        assert found.total_score() == pytest.approx(expected.total_score(), abs=1e-3)
        assert found.num_frames == expected.num_frames
        assert decoder.finalize() is found


def test_partial_results_grow_into_the_final_one(graph: TokenGraph) -> None:
    model, features = streaming_model(ENCODERS["tdnn"], "one-per-frame"), batch(41)
    decoder = TransducerDecoder(model, graph, OPTIONS)
    assert decoder.partial().words == decoder.stable().words == ()
    heard, counts = 0.0, []
    for row in features.matrices[0]:
        decoder.advance(row[None])
        heard += 0.01
        partial = decoder.partial()
        assert not partial.reached_final
        assert all(word.end <= heard + 1e-9 for word in partial.words)
        counts.append(len(partial.words))
    final = decoder.finalize().best_path()
    assert counts[0] == 0 < counts[25] < counts[-1]
    assert [word.name for word in final.words][: counts[25] - 1] == [
        word.name for word in decoder.partial().words[: counts[25] - 1]
    ]
    assert decoder.look_ahead > 0


@pytest.mark.parametrize("topology", ["regular", "one-per-frame"])
@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)
def test_partial_results_are_best_paths_and_what_is_stable_stays(
    encoder: EncoderConfig, topology: str, graph: TokenGraph
) -> None:
    model, features = streaming_model(encoder, topology), batch(60)
    decoder = TransducerDecoder(model, graph, SearchOptions(search_beam=0.05, min_active=1))
    before: tuple[int, ...] = ()
    for row in features.matrices[0]:
        decoder.advance(row[None])
        stable, partial = decoder.stable(), decoder.partial()
        assert stable.columns[: len(before)] == before
        assert partial.columns[: len(stable.columns)] == stable.columns
        # Its last word may go on.
        assert [word[:2] for word in stable.words] == [word[:2] for word in partial.words[: len(stable.words)]]
        before = stable.columns
        search = decoder._search
        if search.frames:
            ends = open_ends(search._steps, search._first_node, search._places.state)
            lattice = lattice_of(search._steps, search._arcs, ends, 0.0, False, "utt0", model.frame_shift)
            expected = lattice.best_path()
            assert (partial.words, partial.columns) == (expected.words, expected.columns)
            assert partial.acoustic_score == pytest.approx(expected.acoustic_score, abs=1e-4)
            assert partial.graph_score == pytest.approx(expected.graph_score, abs=1e-4)
    final = decoder.finalize().best_path()
    assert final.columns[: len(before)] == before
    assert len(before) > 5


def test_the_gap_to_a_complete_sentence_and_endpoints(graph: TokenGraph) -> None:
    model, features = streaming_model(ENCODERS["tdnn"]), batch(41)
    decoder = TransducerDecoder(model, graph, OPTIONS)
    assert decoder.endpoint() is None
    decoder.advance(features.matrices[0])
    search = decoder._search
    whole = search.lattice("utt0", model.frame_shift)
    gap = decoder.partial().score - whole.best_path().score
    assert whole.reached_final
    assert search.final_gap() == pytest.approx(gap, abs=1e-3)
    late = EndpointRule("late", utterance_length=0.2)
    assert decoder.endpoint(rules=[late]) == "late"
    assert decoder.endpoint(rules=[EndpointRule("later", utterance_length=2.0)]) is None
    assert decoder.endpoint(rules=[EndpointRule("complete", final_gap=gap + 0.1)]) == "complete"


def test_what_cannot_stream_says_so(graph: TokenGraph) -> None:
    blstm = encoder_config_from_dict({"kind": "blstm", "hidden": 8, "layers": 1})
    with pytest.raises(ModelError, match="needs whole utterances"):
        TransducerDecoder(streaming_model(blstm), graph)
    decoder = TransducerDecoder(streaming_model(ENCODERS["tdnn"]), graph, utterance="short")
    with pytest.raises(DecodeError, match="'short' has no frame"):
        decoder.finalize()
    with pytest.raises(ModelError, match=r"'short' has features of shape \(3, 5\)"):
        decoder.advance(np.zeros((3, 5)))
    decoder.advance(np.zeros((3, 4)))
    decoder.finalize()
    with pytest.raises(DecodeError, match="finalized"):
        decoder.advance(np.zeros((3, 4)))


def test_utterances_come_in_order_and_name_themselves(graph: TokenGraph) -> None:
    model = streaming_model(ENCODERS["lstm"])
    lattices = list(transducer_lattices(model, graph, batch(30, 12, 40), OPTIONS))
    assert [lattice.utterance for lattice in lattices] == ["u0", "u1", "u2"]
    assert lattices[0].frame_shift == pytest.approx(model.frame_shift)
    assert SymbolTable(["ab", "ba", "c"]) == lattices[0].words
