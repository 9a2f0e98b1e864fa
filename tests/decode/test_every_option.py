"""Each option of the searches of models that say tokens changes what is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fsaasr.core.errors import DecodeError
from fsaasr.decode import SearchOptions
from fsaasr.decode.attention.lattices import attention_lattices
from fsaasr.decode.attention.options import BeamOptions
from fsaasr.decode.attention.search import search_tokens
from fsaasr.decode.transducer import BeamOptions as TransducerBeamOptions
from fsaasr.decode.transducer import beam_search, search_on_graph
from fsaasr.features import FeatureBatch
from fsaasr.graph import FstArrays, compile_token_graph, word_loop
from fsaasr.lexicon import Lexicon
from fsaasr.testing import random_fst
from tests.decode.attention.toys import encoded_utterances
from tests.decode.attention.toys import toy_model as attention_model
from tests.decode.transducer.test_graph_search import token_graph
from tests.decode.transducer.toy_model import toy_frames, toy_model
from tests.every_option import Options, every


def attention(options: BeamOptions) -> Any:
    model = attention_model()
    (found,) = search_tokens(model.network, encoded_utterances(model, 6), options)
    return [(hypothesis.tokens, round(hypothesis.score, 4)) for hypothesis in found]


def transducer(options: TransducerBeamOptions) -> Any:
    """Of the search asked for, and of that by alignment length, whose limit is its own."""
    model, frames = toy_model(2, tokens=3, seed=3), toy_frames(12)
    by_alignment = replace(options, order="alignment", topology="regular")
    return [
        [(path.labels, round(path.score, 4)) for path in beam_search(model, frames, each)[0]]
        for each in (options, by_alignment)
    ]


def on_graphs(options: SearchOptions) -> Any:
    """Lattices of a transducer, within a graph and one that it cannot get through, and of an attention decoder."""
    fst = random_fst(np.random.default_rng(3), num_states=8, num_arcs=40, num_columns=2)
    dead_end = FstArrays.from_arcs([(0, 1, 1, 1, 0.0), (1, 2, 2, 2, 0.0)], [(2, 0.0)])
    model, found = toy_model(None, tokens=2, seed=1, sharp=0.5), []
    for arrays, frames in ((fst, toy_frames(7)), (dead_end, toy_frames(1))):
        try:
            found += search_on_graph(model, token_graph(arrays), frames, ["u"], 0.04, options)
        except DecodeError as error:
            return str(error)
    decoder = attention_model()
    lexicon = Lexicon.from_text("x a b\ny c\nz a\n")
    graph = compile_token_graph(lexicon, word_loop(lexicon.words), decoder.topology)
    rows = np.random.default_rng(5).normal(size=(6, 4)).astype(np.float32)
    features = FeatureBatch(("u",), (rows,), ("",), ("",), 0.01)
    lattices = [*found, *attention_lattices(decoder, graph, features, options.attention, options.acoustic_scale)]
    active = [lattice.evidence.active.tolist() for lattice in found if lattice.evidence is not None]
    return active, [(lattice.num_arcs, round(lattice.total_score(), 4)) for lattice in lattices]


CASES = {
    "attention": Options(
        BeamOptions(coverage=0.5),
        {
            "beam": 1,
            "score_beam": 0.05,
            "nbest": 2,
            "ctc_weight": 0.0,
            "length_bonus": 2.0,
            "length_norm": 2.0,
            "coverage": 3.0,
            "coverage_from": 0.05,
            "end_factor": 0.3,
            "tokens_per_frame": 0.4,
        },
        attention,
    ),
    "transducer": Options(
        TransducerBeamOptions(beam=4),
        {"order": "alignment", "beam": 1, "topology": "one-per-frame", "max_symbols": 1, "tokens_per_frame": 0.2},
        transducer,
    ),
    "graphs": Options(
        SearchOptions(search_beam=8.0, lattice_beam=2.0, min_active=2),
        {
            "search_beam": 1.0,
            "lattice_beam": 0.5,
            "max_active": 3,
            "min_active": 30,
            "acoustic_scale": 0.5,
            "allow_partial": False,
            "max_contexts": 2,
            "attention": BeamOptions(ctc_weight=0.9),
        },
        on_graphs,
    ),
}


@pytest.mark.parametrize(("search", "option"), every(CASES))
def test_every_option_changes_what_is_found(search: str, option: str) -> None:
    assert CASES[search].matters(option)


@pytest.mark.parametrize("search", CASES)
def test_no_option_is_forgotten(search: str) -> None:
    # Those of searches by frame, whose engines must agree.
    by_frame = {"engine", "blank_threshold"} if search == "graphs" else set()
    assert CASES[search].forgotten() == by_frame
