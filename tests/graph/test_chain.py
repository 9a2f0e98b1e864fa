"""Chains: what their description accepts is what the spelled-out topology accepts."""

from __future__ import annotations

import itertools
from typing import Iterator

import numpy as np
import pytest

from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import (
    TOPOLOGIES,
    ChainTopology,
    Graph,
    Topology,
    chain_topology,
    compile_token_graph,
    parse_topology,
    topology_fst,
    word_loop,
)
from fsaasr.lexicon import Lexicon, OptionalSilence
from tests.two_column_topologies import CTC2, HMM2

Frames = tuple[tuple[int, int], ...]
"""(score column, token whose first frame this is or 0) of each frame."""

TOKENS = SymbolTable(["a", "b"])
MINE = {"hmm2": parse_topology("hmm2", HMM2), "ctc2": parse_topology("ctc2", CTC2)}

EXPECTED = {
    "ctc": ChainTopology(1, True, True, False),
    "ctc-compact": ChainTopology(1, True, False, False),
    "ctc-modified": ChainTopology(1, True, False, False),
    "hmm1": ChainTopology(1, False, False, True),
    "hmm3": ChainTopology(3, False, False, True),
    "blank-free": ChainTopology(1, False, False, False),
    "hmm2": ChainTopology(2, False, False, True),
    "ctc2": ChainTopology(2, True, True, False),
}
NO_CHAINS = {name: TOPOLOGIES[name] for name in ("silence5", "kaldi-chain")}
ALL = {**{name: known for name, known in TOPOLOGIES.items() if name not in NO_CHAINS}, **MINE}


def described(
    chain: ChainTopology, tokens: tuple[int, ...], budget: int, transitions: np.ndarray, previous: int = 0
) -> Iterator[tuple[Frames, float]]:
    """All that a chain accepts for some tokens in up to `budget` frames, from its description alone."""
    for blanks in range(budget + 1 if chain.has_blank else 1):
        silent: Frames = ((0, 0),) * blanks
        if not tokens:
            yield silent, 0.0
            continue
        if chain.repeats_need_blank and tokens[0] == previous and not blanks:
            continue
        for durations in itertools.product(range(1, budget - blanks + 1), repeat=chain.columns):
            left = budget - blanks - sum(durations)
            if left < 0:
                continue
            first = chain.has_blank + (tokens[0] - 1) * chain.columns
            columns = [first + k for k, n in enumerate(durations) for _ in range(n)]
            frames = tuple((column, 0 if i else tokens[0]) for i, column in enumerate(columns))
            score = sum(
                (n - 1) * transitions[first + k, 0] + transitions[first + k, 1] for k, n in enumerate(durations)
            )
            for rest, more in described(chain, tokens[1:], left, transitions, tokens[0]):
                yield (*silent, *frames, *rest), score + more


def spelled(topology: Topology, budget: int, transitions: np.ndarray | None) -> set[tuple[Frames, float]]:
    """All that the spelled-out topology accepts in up to `budget` frames."""
    fst, found = topology_fst(topology, TOKENS, transitions), set()

    def walk(state: int, frames: Frames, score: float, empty: int) -> None:
        if fst.final_score[state] > -np.inf:
            found.add((frames, score + float(fst.final_score[state])))
        for arc in range(fst.arc_offsets[state], fst.arc_offsets[state + 1]):
            label, token = int(fst.input_label[arc]), int(fst.output_label[arc])
            target, after = int(fst.next_state[arc]), score + float(fst.score[arc])
            if label == 0 and empty < 2:
                walk(target, frames, after, empty + 1)
            elif label and len(frames) < budget:
                walk(target, (*frames, (label - 1, token)), after, 0)

    walk(fst.start, (), 0.0, 0)
    return found


@pytest.mark.parametrize("name", ALL)
def test_a_chain_accepts_what_its_topology_spells_out(name: str) -> None:
    topology = ALL[name]
    chain = chain_topology(topology)
    assert chain is not None
    columns = len(topology.columns(TOKENS).names)
    random = np.random.default_rng(7)
    given = random.integers(-16, 1, (columns, 2)).astype(np.float32) / 4  # multiples of 0.25 add up exactly
    transitions = given if chain.has_transitions else np.zeros_like(given)
    budget = 7 if chain.columns > 1 else 5
    sequences = (x for n in range(budget + 1) for x in itertools.product((1, 2), repeat=n))
    ours = {pair for tokens in sequences for pair in described(chain, tokens, budget, transitions)}
    assert ours == spelled(topology, budget, given if chain.has_transitions else None)


@pytest.mark.parametrize("name", ALL)
def test_facts_of_known_topologies(name: str) -> None:
    assert chain_topology(ALL[name]) == EXPECTED[name]


@pytest.mark.parametrize("chain", dict.fromkeys(EXPECTED.values()), ids=str)
def test_a_chain_declares_itself(chain: ChainTopology) -> None:
    assert chain_topology(parse_topology("declared", chain.declaration())) == chain


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a column may be skipped", HMM2 + "o y.t t.2:t\n"),
        ("the second column does not loop", HMM2.replace("y.t y.t t.2   stay\n", "").replace("leave", "")),
        ("the end scores as a stay", HMM2.replace("y.t o   <eps> leave", "y.t o <eps> stay")),
        ("no blank after the last token", CTC2.replace("y.t o   <blk>\n", "")),
        ("must end in blank", CTC2.replace("final o y.t", "final o")),
        ("repeats as others, but no end in a token", CTC2.replace("y.t x.u u.1:u", "y.t x.t t.1:t")),
        ("the token is known late", HMM2.replace("t.1:t", "t.1").replace("x.t y.t t.2   leave", "x.t y.t t.2:t leave")),
        ("only staying has a probability", HMM2.replace("leave", "")),
        ("blanks inside tokens", CTC2 + "x.t x.t <blk>\n"),
    ],
)
def test_others_are_no_chains(what: str, text: str) -> None:
    assert chain_topology(parse_topology(what, text)) is None, what


def test_several_ways_on_and_tokens_of_other_states_are_no_chains() -> None:
    assert [chain_topology(topology) for topology in NO_CHAINS.values()] == [None, None]
    assert chain_topology(TOPOLOGIES["hmm3"].with_tokens(TOPOLOGIES["hmm1"], ["a"])) is None


def test_it_does_not_matter_how_a_chain_is_declared() -> None:
    roundabout = HMM2.replace("o   x.t t.1:t", "o z <eps>\nz x.t t.1:t") + "y.t z <eps> leave\n"
    assert chain_topology(parse_topology("roundabout", roundabout)) == EXPECTED["hmm2"]


def paths(graph: Graph, budget: int) -> dict[tuple[tuple[tuple[int, int], ...], tuple[int, ...]], float]:
    """Best score of every (input labels with their flags, words) of up to `budget` inputs."""
    fst, found = graph.fst, {}

    def walk(state: int, inputs: tuple[tuple[int, int], ...], words: tuple[int, ...], score: float, empty: int) -> None:
        if fst.final_score[state] > -np.inf:
            total = score + float(fst.final_score[state])
            found[inputs, words] = max(total, found.get((inputs, words), -np.inf))
        for arc in range(fst.arc_offsets[state], fst.arc_offsets[state + 1]):
            label, word = int(fst.input_label[arc]), int(fst.output_label[arc])
            said, after = (*words, word) if word else words, score + float(fst.score[arc])
            if label == 0 and empty < 4:
                walk(int(fst.next_state[arc]), inputs, said, after, empty + 1)
            elif label and len(inputs) < budget:
                walk(int(fst.next_state[arc]), (*inputs, (label, int(graph.arc_flags[arc]))), said, after, 0)

    walk(fst.start, (), (), 0.0, 0)
    return found


@pytest.mark.parametrize("name", ALL)
def test_stepping_through_the_chain_gives_the_paths_of_the_expanded_graph(name: str) -> None:
    topology = ALL[name]
    lexicon = Lexicon.from_text("ab a b\na a\naa a a\nA a\n", silence=OptionalSilence("b"))
    columns = len(topology.columns(lexicon.tokens).names)
    transitions = np.random.default_rng(3).integers(-8, 1, (columns, 2)).astype(np.float32) / 4
    weighted = transitions if topology.has_transitions else None
    grammar = estimate_ngram([["a", "ab"], ["aa", "A"], ["A"]], 2)
    graph = compile_token_graph(lexicon, grammar, topology, transitions=weighted)
    chain = graph.chain
    assert chain is not None
    budget = 6 if chain.columns > 1 else 4
    ours: dict[tuple[tuple[tuple[int, int], ...], tuple[int, ...]], float] = {}
    for (inputs, words), score in paths(graph, budget).items():
        tokens = tuple(token for token, _ in inputs)
        for frames, more in described(chain, tokens, budget, transitions if chain.has_transitions else 0 * transitions):
            flags = iter([flag for _, flag in inputs])
            key = tuple((column + 1, next(flags) if token else 0) for column, token in frames), words
            ours[key] = max(score + more, ours.get(key, -np.inf))
    theirs = paths(graph.expand(), budget)
    assert ours.keys() == theirs.keys()
    assert [ours[key] for key in theirs] == pytest.approx(list(theirs.values()), abs=1e-4)


def test_a_token_graph_knows_its_chain() -> None:
    lexicon = Lexicon.from_text("ab a b\n")
    assert compile_token_graph(lexicon, word_loop(lexicon.words), MINE["hmm2"]).chain == EXPECTED["hmm2"]
