"""Graphs of tied columns: against the definition, and against Kaldi's context transducer on the same tree."""

import itertools

import numpy as np
import pynini
import pytest

from fsaasr.core.scores import Scores
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import SearchOptions, align, decode
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import (
    TOPOLOGIES,
    FstArrays,
    TokenGraph,
    TranscriptCompiler,
    compile_graph,
    compile_token_graph,
    from_openfst,
    load_graph,
    to_openfst,
    topology_fst,
    word_loop,
)
from fsaasr.lexicon import Lexicon, OptionalSilence
from fsaasr.testing import TOY_LEXICON, random_context_tree

TOKENS = SymbolTable("abc")
LEXICON = Lexicon.from_text(TOY_LEXICON, OptionalSilence("SIL", 0.25))


def tied(tokens, seed, states=3):
    tree = random_context_tree(tokens.names[1:], states, np.random.default_rng(seed))
    return TOPOLOGIES[f"hmm{states}"].tied(tree)


def transitions_of(topology, seed=0):
    stay = np.random.default_rng(seed).uniform(0.2, 0.8, topology.tree.num_columns)
    return np.log(np.stack([stay, 1 - stay], axis=1)).astype(np.float32)


def columns_of(topology, labels):
    """Columns of a sequence of tokens, one frame each, by the definition: each state between its two neighbours."""
    padded = [0, *labels, 0]
    table = topology.tree.table
    return [int(c) for before, token, after in zip(padded, padded[1:], padded[2:]) for c in table[before, token, after]]


def best(fst, columns, outputs):
    """Best score of a pair of label sequences; None where the transducer does not have it."""
    composed = pynini.compose(acceptor([c + 1 for c in columns]), pynini.compose(to_openfst(fst), acceptor(outputs)))
    if composed.num_states() == 0:
        return None
    return -float(pynini.shortestdistance(composed, reverse=True)[composed.start()])


def acceptor(labels):
    fst = pynini.Fst()
    states = [fst.add_state() for _ in range(len(labels) + 1)]
    fst.set_start(states[0])
    fst.set_final(states[-1])
    for k, label in enumerate(labels):
        fst.add_arc(k, pynini.Arc(int(label), int(label), 0, k + 1))
    return fst


def random_pair(fst, rng, length=60):
    """(columns, outputs) of a random walk that happens to end in a final state."""
    while True:
        state, columns, outputs = fst.start, [], []
        for _ in range(length):
            if fst.final_score[state] > -np.inf and rng.random() < 0.3:
                return columns, outputs
            first, last = fst.arc_offsets[state : state + 2]
            if first == last:
                break
            arc = int(rng.integers(first, last))
            columns += [int(fst.input_label[arc]) - 1] * int(fst.input_label[arc] > 0)
            outputs += [int(fst.output_label[arc])] * int(fst.output_label[arc] > 0)
            state = int(fst.next_state[arc])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("states", [1, 3])
def test_each_token_sequence_has_the_columns_of_its_contexts_and_no_others(seed, states):
    topology = tied(TOKENS, seed, states)
    transitions = transitions_of(topology)
    fst = topology_fst(topology, TOKENS, transitions)
    said = {}
    for length in range(4):
        for labels in itertools.product((1, 2, 3), repeat=length):
            columns = columns_of(topology, labels)
            # Each state is visited once: all that is paid is to leave it.
            assert best(fst, columns, labels) == pytest.approx(sum(transitions[c, 1] for c in columns), abs=1e-4)
            said.setdefault(tuple(columns), set()).add(labels)
            slower = [c for c in columns for _ in range(2)]
            paid = sum(transitions[c].sum() for c in columns)
            assert best(fst, slower, labels) >= paid - 1e-4
    # Columns of one sequence do not spell another one.
    for columns, owners in said.items():
        others = itertools.product((1, 2, 3), repeat=len(columns) // states)
        assert {labels for labels in others if best(fst, columns, labels) is not None} == owners


def test_without_questions_it_is_the_topology_itself():
    """A tree of leaves alone changes no path: the same columns, tokens and scores."""
    tree = random_context_tree("abc", 3, np.random.default_rng(0), depth=0)
    plain = to_openfst(topology_fst(TOPOLOGIES["hmm3"], TOKENS)).rmepsilon()
    single = to_openfst(topology_fst(TOPOLOGIES["hmm3"].tied(tree), TOKENS)).rmepsilon()
    mapper = pynini.EncodeMapper("standard", encode_labels=True)
    assert pynini.equivalent(
        pynini.determinize(plain.encode(mapper).copy()), pynini.determinize(single.encode(mapper).copy())
    )


def test_tokens_and_words_begin_at_their_own_frames():
    topology = tied(LEXICON.tokens, 3)
    graph = TranscriptCompiler(LEXICON, topology).compile(["the", "cat"])
    silence, *phones = [LEXICON.tokens[name] for name in ("SIL", "DH", "AH", "K", "AE", "T")]
    columns = columns_of(topology, [silence, *phones[:2], silence, *phones[2:]])
    frames = np.repeat(columns, 2)
    matrix = np.full((len(frames), graph.num_columns), -10.0, dtype=np.float32)
    matrix[np.arange(len(frames)), frames] = 0.0
    hypothesis = align([graph], Scores.from_matrices([matrix], 1.0))[0]
    assert hypothesis.columns == tuple(frames.tolist())
    spans = [(span.name, span.start, span.end) for span in hypothesis.tokens]
    names = ["SIL", "DH", "AH", "SIL", "K", "AE", "T"]
    assert spans == [(name, 6 * n, 6 * n + 6) for n, name in enumerate(names)]
    assert [(span.name, span.start, span.end) for span in hypothesis.words] == [("the", 6, 18), ("cat", 24, 42)]


def test_the_search_finds_the_words_of_tied_columns():
    topology = tied(LEXICON.tokens, 5)
    graph = compile_graph(LEXICON, word_loop(LEXICON.words), topology)
    labels = [LEXICON.tokens[name] for name in ("S", "AE", "T", "T", "UW", "DH", "IY")]
    frames = np.repeat(columns_of(topology, labels), 3)
    matrix = np.full((len(frames), graph.num_columns), -10.0, dtype=np.float32)
    matrix[np.arange(len(frames)), frames] = 0.0
    for engine in ("native", "native-exact"):
        lattice = decode(graph, Scores.from_matrices([matrix], 0.01), SearchOptions(engine=engine))[0]
        said = [word.name for word in lattice.best_path().words]
        assert said in (["sat", "two", "the"], ["sat", "to", "the"])


def test_a_token_graph_keeps_its_tree_in_its_file(tmp_path):
    topology = tied(LEXICON.tokens, 1)
    tokens = compile_token_graph(LEXICON, word_loop(LEXICON.words), topology, transitions=transitions_of(topology))
    assert tokens.chain is None
    tokens.save(tmp_path / "graph")
    loaded = load_graph(tmp_path / "graph")
    assert isinstance(loaded, TokenGraph)
    assert (loaded.topology, loaded.hash) == (topology, tokens.hash)
    assert loaded.expand().hash == tokens.expand().hash


def kaldi_graph(tokens, folder):
    """Kaldi's C o LG, each window of tokens spelled as the chain of its columns, with loops."""
    kaldifst = pytest.importorskip("kaldifst")
    to_openfst(tokens.fst).arcsort("ilabel").write(str(folder / "LG.fst"))
    lg = kaldifst.StdVectorFst.read(str(folder / "LG.fst"))
    clg, windows = kaldifst.compose_context([], 3, 1, lg)
    clg.write(str(folder / "CLG.fst"))
    fst = from_openfst(pynini.Fst.read(str(folder / "CLG.fst")))
    arcs, free = [], fst.num_states
    for arc, source in enumerate(fst.source_state.tolist()):
        window = windows[int(fst.input_label[arc])]
        target, output, score = int(fst.next_state[arc]), int(fst.output_label[arc]), float(fst.score[arc])
        for column in tokens.topology.tree.table[tuple(window)].tolist() if len(window) == 3 else ():
            stay, leave = tokens.transitions[column].tolist()
            arcs += [(source, free, column + 1, output, score), (free, free, column + 1, 0, stay)]
            source, output, score = free, 0, leave
            free += 1
        arcs.append((source, target, 0, output, score))
    finals = [(state, float(score)) for state, score in enumerate(fst.final_score) if score > -np.inf]
    return FstArrays.from_arcs(arcs, finals, fst.start)


@pytest.mark.parametrize("seed", range(3))
def test_same_columns_words_and_scores_as_kaldis_context_transducer(seed, tmp_path):
    rng = np.random.default_rng(seed)
    words = LEXICON.words.names[1:]
    text = [list(rng.choice(words, size=rng.integers(1, 6))) for _ in range(30)]
    topology = tied(LEXICON.tokens, seed)
    tokens = compile_token_graph(
        LEXICON, estimate_ngram(text, 2, extra_words=words), topology, transitions=transitions_of(topology)
    )
    ours, theirs = tokens.expand().fst, kaldi_graph(tokens, tmp_path)
    for fst in (ours, theirs):
        for _ in range(20):
            columns, outputs = random_pair(fst, rng)
            expected = best(theirs, columns, outputs)
            assert expected is not None
            assert best(ours, columns, outputs) == pytest.approx(expected, abs=1e-3)
