"""Graph scores taken apart: on decoded lattices, the rest of a path is exactly what the language model says."""

import math
from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import GraphError, LatticeError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode
from fsaasr.grammar import estimate_ngram, read_arpa
from fsaasr.graph import NON_WORD, TOKEN_START, TOPOLOGIES, compile_graph, moves
from fsaasr.lattice import GraphSplitter, check, minimized, rescore_ngram, split_graph_scores
from fsaasr.lattice.nbest import nbest_paths
from fsaasr.lexicon import Lexicon, OptionalSilence, SilenceWeights
from fsaasr.testing import random_word_lattice
from tests.grammar.toys import DATA, table
from tests.transitions import random_transitions

LEXICON = Lexicon.from_text(
    "a 1.0 x\na 0.25 x y\nab 1.0 x y\nb 0.5 y\nb 1.0 z z\nc 0.75 z\n", OptionalSilence("SIL", 0.25), kind="lexiconp"
)
SILENT_WORD = Lexicon.from_text("a 1.0 x\nb 0.5 x y\nhm 1.0 SIL\n", OptionalSilence("SIL", 0.125), kind="lexiconp")
WEIGHTED = Lexicon.from_text(
    "a 1.0 0.25 1.5 0.75 x\na 0.25 0.5 0.5 1.25 x y\nab 1.0 0.75 1.0 1.0 x y\nb 0.5 0.125 2.0 0.25 y\n"
    "b 1.0 0.5 0.5 1.5 z z\nhm 1.0 0.625 0.75 1.25 SIL\n",
    OptionalSilence("SIL", 0.5, SilenceWeights(0.875, 1.75, 0.5)),
    kind="lexiconp_silprob",
)
NO_SILENCE = Lexicon.from_text("a 0.5 x\nb 1.0 x y\nc 0.25 y\n", kind="lexiconp")

BEAM = 6.0


def sentences(rng, words):
    return [[words[i] for i in rng.integers(0, len(words), size=rng.integers(1, 5))] for _ in range(30)]


def decoded(topology, lexicon, seed, frames=9):
    """Lattices of random scores, with the model and the transitions of their graph."""
    rng = np.random.default_rng(seed)
    model = estimate_ngram(sentences(rng, lexicon.words.names[1:]), 3)
    columns = len(TOPOLOGIES[topology].columns(lexicon.tokens).names)
    transitions = None
    if TOPOLOGIES[topology].has_transitions:
        transitions = random_transitions(TOPOLOGIES[topology], lexicon.tokens, rng)
    graph = compile_graph(lexicon, model, topology, transitions=transitions)
    matrices = [rng.normal(-2, 1.5, size=(frames, columns)).astype(np.float32) for _ in range(3)]
    lattices = decode(graph, Scores.from_matrices(matrices, 0.01), SearchOptions("native", 20.0, BEAM))
    return [lattice.word_lattice(BEAM) for lattice in lattices], model, transitions


def best_paths(lattice):
    """Paths that the search cannot have lost the best alignment of: those within its lattice beam."""
    best = lattice.best_path().score
    paths = nbest_paths(lattice, 40)
    return [path for path in paths if lattice.read_path(path).score > best - BEAM + 0.01]


def best_backoff(model, words):
    """Natural log score of words where a context may be left at any time, at the cost of its back-off."""
    entries = table(model)
    score = {("<s>",): 0.0}
    for word in [*words, "</s>"]:
        for context in sorted(score, key=len, reverse=True):
            while context:
                before, context = context, context[1:]
                value = score[before] + entries.get(before, (0.0, 0.0))[1]
                score[context] = max(value, score.get(context, -math.inf))
        following = {}
        for context, value in score.items():
            if (*context, word) in entries:
                said = (*context, word)[-(model.order - 1) :]
                while said not in entries:
                    said = said[1:]
                value += entries[(*context, word)][0]
                following[said] = max(value, following.get(said, -math.inf))
        score = following
    return max(score.values()) * math.log(10)


def silence_of_words(hypothesis, lexicon):
    """The paper's sum over gaps: log P(s_r | v) F(s_l | w), or with n for s."""
    begins = {token.start: token.name for token in hypothesis.tokens}
    total, left, frame = 0.0, lexicon.silence.sentence, 0.0
    for word in [*hypothesis.words, None]:
        right, start = lexicon.silence.sentence, math.inf
        if word is not None:
            said = tuple(t.name for t in hypothesis.tokens if word.start <= t.start < word.end)
            right, start = next(e.silence for e in lexicon.of(word.name) if e.tokens == said), word.start
        silent = any(frame - 1e-9 <= time < start - 1e-9 for time in begins)
        total += math.log(left.after * right.before if silent else (1 - left.after) * right.not_before)
        left, frame = right, word.end if word else 0.0
    return total


def expected_parts(lattice, path, lexicon, model, transitions, topology_name):
    """Natural log probabilities of a path, from its words, tokens and columns: lm, pronunciation, silence, topology."""
    hypothesis = lattice.read_path(path)
    flags = lattice.column_flags[lattice.frames_of(path)]
    columns, starts = np.array(hypothesis.columns), flags & TOKEN_START > 0
    words = [span.name for span in hypothesis.words]
    pronunciation = 0.0
    for word in hypothesis.words:
        said = tuple(t.name for t in hypothesis.tokens if word.start <= t.start < word.end)
        pronunciation += next(entry.log_prob for entry in lexicon.of(word.name) if entry.tokens == said)
    silences, topology = int((flags & NON_WORD > 0).sum()), 0.0
    silence = 0.0
    if lexicon.word_dependent_silence:
        silence = silence_of_words(hypothesis, lexicon)
    elif lexicon.silence:
        p = lexicon.silence.probability
        silence = silences * math.log(p) + (len(words) + 1 - silences) * math.log(1 - p)
    known = moves(TOPOLOGIES[topology_name], lexicon.tokens)
    for t, column in enumerate(columns) if transitions is not None else ():
        ends = t + 1 == len(columns) or starts[t + 1]
        after = 0 if ends else known.state[columns[t + 1]]
        # A token's first frame in Kaldi's chain has a column of its own, and the transitions of the second one.
        home = column + 1 if topology_name == "kaldi-chain" and known.state[column] == 1 else column
        topology += float(transitions[home, known.target[home].tolist().index(after)])
    return best_backoff(model, words), pronunciation, silence, topology


@pytest.mark.parametrize("lexicon", [LEXICON, SILENT_WORD, WEIGHTED, NO_SILENCE])
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_along_each_path_the_parts_are_what_their_sources_say(topology, lexicon):
    lattices, model, transitions = decoded(topology, lexicon, 1)
    splitter = GraphSplitter(lexicon, lattices[0].words, lattices[0].tokens, transitions, topology)
    for lattice in lattices:
        split = splitter.split(lattice)
        check(split)
        for path in best_paths(split):
            parts = split.parts.take(path)
            lm = parts.lm.sum(dtype=np.float64) + split.final_score[split.target[path[-1]]]
            found = (lm, *(part.sum(dtype=np.float64) for part in (parts.pronunciation, parts.silence, parts.topology)))
            expected = expected_parts(split, path, lexicon, model, transitions, topology)
            assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("topology", ["ctc", "hmm1"])
def test_states_where_words_meet_are_told_apart_as_silence_by_word_needs(topology):
    more = 0
    for seed in range(2):
        lattices, _, transitions = decoded(topology, WEIGHTED, seed, frames=14)
        for lattice in map(minimized, lattices):
            split = split_graph_scores(lattice, WEIGHTED, transitions, topology)
            check(split)
            assert [path.to_dict() for path in split.nbest(50)] == [path.to_dict() for path in lattice.nbest(50)]
            assert split.total_score() == pytest.approx(lattice.total_score(), abs=1e-4)
            for path in best_paths(split):
                silence = split.parts.silence[path].sum(dtype=np.float64)
                assert silence == pytest.approx(silence_of_words(split.read_path(path), WEIGHTED), abs=1e-4)
            more += split.num_states - lattice.num_states
    assert more > 0


@pytest.mark.parametrize("topology", ["ctc", "hmm3"])
def test_rescoring_puts_the_models_own_scores_in_place_of_the_graphs(topology):
    lattices, model, transitions = decoded(topology, LEXICON, 2)
    for lattice in lattices:
        split = split_graph_scores(lattice, LEXICON, transitions, topology)
        rescored, removed = rescore_ngram(split, model), rescore_ngram(lattice, model, model)
        assert removed.total_score() == pytest.approx(lattice.total_score(), abs=1e-3)
        scores = {hypothesis.text: hypothesis for hypothesis in rescored.nbest(1000)}
        for path in best_paths(split):
            before = split.read_path(path)
            words = before.text.split()
            given_away = best_backoff(model, words) - model.log10_prob(words).sum() * math.log(10)
            assert given_away >= -1e-3
            assert scores[before.text].score == pytest.approx(before.score - given_away, abs=1e-3)
            assert scores[before.text].columns == before.columns


def test_on_a_real_model_the_parts_left_are_its_probabilities():
    model = read_arpa(DATA / "arpa/commands.3.arpa")
    words = [word for word in model.vocabulary if word not in ("<s>", "</s>", "<unk>")]
    lexicon = Lexicon.from_text("".join(f"{word} {' '.join(word)}\n" for word in words), OptionalSilence("SIL", 0.3))
    graph = compile_graph(lexicon, model, "ctc")
    rng = np.random.default_rng(0)
    said = ["SIL", *"turn", *"on", "SIL", *"the", *"light", "SIL", *"please"]
    columns = [graph.tokens[token] for token in said for _ in range(2)]
    matrix = rng.normal(-4, 1, size=(len(columns), graph.num_columns)).astype(np.float32)
    matrix[np.arange(len(columns)), columns] += 2.5
    (lattice,) = decode(graph, Scores.from_matrices([matrix], 0.01), SearchOptions("native", 20.0, 8.0))
    split = split_graph_scores(lattice.word_lattice(8.0), lexicon)
    assert split.best_path().text == "turn on the light please"
    equal = []
    for path in best_paths(split):
        lm = split.parts.lm[path].sum(dtype=np.float64) + split.final_score[split.target[path[-1]]]
        expected = model.log10_prob(split.read_path(path).text.split()).sum() * math.log(10)
        assert lm >= expected - 1e-3
        equal.append(lm <= expected + 1e-3)
    assert equal[0]
    assert np.mean(equal) > 0.5


def test_unfinished_words_are_split_as_far_as_they_went():
    lattices, _, transitions = decoded("hmm3", LEXICON, 4, frames=2)
    splits = [split_graph_scores(lattice, LEXICON, transitions, "hmm3") for lattice in lattices]
    assert not any(split.reached_final for split in splits)
    for split in splits:
        check(split)
        assert (split.output_label > 0).any()


def test_what_is_missing_or_other_is_named():
    lattice = decoded("ctc", LEXICON, 3)[0][0]
    with pytest.raises(LatticeError, match="the columns of its frames, or their flags, are not known"):
        split_graph_scores(replace(lattice, column_flags=None), LEXICON)
    with pytest.raises(GraphError, match="'ctc' has no transition probabilities"):
        split_graph_scores(lattice, LEXICON, np.zeros((3, 2), dtype=np.float32))
    twelve = np.zeros((12, 2), dtype=np.float32)
    with pytest.raises(LatticeError, match="transitions of 12 columns"):
        split_graph_scores(lattice, LEXICON, twelve, "hmm3")
    with pytest.raises(LatticeError, match=r"arc \d+ has '.*' with the tokens '.*', which are none of its pronunc"):
        split_graph_scores(lattice, Lexicon.from_text("a z\nb x\n"))
    other = random_word_lattice(np.random.default_rng(0))
    with pytest.raises(LatticeError, match="utterance 'random': its words or tokens are other ones"):
        GraphSplitter(LEXICON, lattice.words, lattice.tokens).split(other)
