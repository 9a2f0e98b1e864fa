"""Silence that depends on the words: L against Kaldi's own layout of it, and whole graphs against the paper's sum."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pynini
import pytest

from fsaasr.decode import viterbi
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import CompileOptions, TranscriptCompiler, compile_graph, lexicon_fst, to_openfst, word_loop
from fsaasr.lexicon import Lexicon, OptionalSilence, SilenceWeights
from tests.graph.test_compile import complete_paths

# Probabilities and corrections are far from 1, one of them so that a word between silences gains score.
LEXICON = Lexicon.from_text(
    "a 1.0 0.25 1.5 0.75 x\na 0.25 0.5 0.5 1.25 x y\nb 0.5 0.875 2.5 0.25 y\n",
    OptionalSilence("SIL", 0.5, SilenceWeights(0.875, 1.75, 0.5)),
    kind="lexiconp_silprob",
)


def kaldi_l(lexicon):
    """L as make_lexicon_fst_silprob.py lays it out: one state after silence, one after none, arcs with costs."""
    tokens, words = lexicon.tokens, lexicon.words
    ends = lexicon.silence.sentence
    start, none, sil = range(3)
    fst = pynini.Fst()
    fst.add_states(3)
    fst.set_start(start)

    def arc(source, target, token, word, probability):
        fst.add_arc(source, pynini.Arc(token, word, -math.log(probability), target))

    quiet = tokens[lexicon.silence.token]
    arc(start, none, 0, 0, 1 - ends.after)
    arc(start, sil, quiet, 0, ends.after)
    for entry in lexicon.pronunciations:
        weights = entry.silence
        state = fst.add_state()
        for before, correction in ((none, weights.not_before), (sil, weights.before)):
            arc(before, state, tokens[entry.tokens[0]], words[entry.word], math.exp(entry.log_prob) * correction)
        for token in entry.tokens[1:]:
            following = fst.add_state()
            arc(state, following, tokens[token], 0, 1.0)
            state = following
        arc(state, none, 0, 0, 1 - weights.after)
        arc(state, sil, quiet, 0, weights.after)
    fst.set_final(sil, -math.log(ends.before))
    fst.set_final(none, -math.log(ends.not_before))
    return fst


def our_l(lexicon):
    """Our L without disambiguation symbols and roles of tokens."""
    lex = lexicon_fst(lexicon)
    label = np.where(lex.fst.input_label > lex.labels.num_labels, 0, lex.fst.input_label)
    plain = np.where(label > 0, (label - 1) % lex.labels.num_tokens + 1, 0)
    backoff = lex.fst.input_label == lex.backoff_input
    keep = replace(lex.fst, input_label=np.where(backoff, 99, plain).astype(np.int32))
    return to_openfst(keep)


def linear(labels):
    fst = pynini.accep("")
    return pynini.concat(fst, pynini.accep("".join(f"[{label}]" for label in labels))) if labels else fst


def best(fst, tokens, words):
    found = pynini.compose(
        pynini.compose(linear(tokens), fst.copy().arcsort("ilabel")).arcsort("olabel"), linear(words)
    )
    if found.num_states() == 0:
        return None
    return -float(pynini.shortestdistance(found, reverse=True)[found.start()])


def test_l_has_the_paths_and_scores_of_kaldis():
    ours, kaldis = our_l(LEXICON), kaldi_l(LEXICON)
    accepted = 0
    for n, w in itertools.product(range(6), range(4)):
        for tokens in itertools.product(range(1, 4), repeat=n):
            for words in itertools.product((1, 2), repeat=w):
                expected = best(kaldis, tokens, words)
                found = best(ours, tokens, words)
                assert found == (None if expected is None else pytest.approx(expected, abs=1e-4))
                accepted += expected is not None
    assert accepted > 50


def expected_paths(lexicon, longest):
    """Score of each (tokens, words) of at most so many tokens, by the paper's formula."""
    scores = {}
    quiet = lexicon.silence.token
    for n in range(1, longest + 1):
        for said in itertools.product(lexicon.pronunciations, repeat=n):
            for silent in itertools.product((False, True), repeat=n + 1):
                tokens = [quiet] * silent[0]
                score = sum(entry.log_prob for entry in said)
                weights = [lexicon.silence_weights(entry) for entry in (None, *said, None)]
                for entry, after in zip(said, silent[1:]):
                    tokens += [*entry.tokens, *[quiet] * after]
                for left, right, gap in zip(weights, weights[1:], silent):
                    score += math.log(left.after * right.before if gap else (1 - left.after) * right.not_before)
                if len(tokens) <= longest:
                    scores.setdefault((tuple(tokens), tuple(entry.word for entry in said)), []).append(score)
    return scores


@pytest.mark.parametrize("minimize", [True, False])
def test_paths_of_a_graph_score_what_the_paper_says(minimize):
    graph = compile_graph(LEXICON, word_loop(LEXICON.words), "blank-free", options=CompileOptions(minimize=minimize))
    found = {}
    for columns, words, score in complete_paths(graph, 4):
        found.setdefault((columns, words), []).append(score + len(words) * math.log(2))
    compared = 0
    for (tokens, words), scores in expected_paths(LEXICON, 4).items():
        if all(a != b for a, b in zip(tokens, tokens[1:])):
            assert max(found[tokens, words]) == pytest.approx(max(scores), abs=1e-3)
            compared += 1
    assert compared > 30


def test_equal_weights_give_the_scores_of_one_probability():
    plain = Lexicon(
        tuple(replace(entry, silence=None) for entry in LEXICON.pronunciations), OptionalSilence("SIL", 0.25)
    )
    equal = SilenceWeights(0.25, before=1.0, not_before=1.0)
    learned = Lexicon(
        tuple(replace(entry, silence=equal) for entry in plain.pronunciations), OptionalSilence("SIL", 0.25, equal)
    )
    assert learned.word_dependent_silence
    assert not plain.word_dependent_silence
    model = estimate_ngram([["a", "b"], ["a", "b", "a"], ["b"]], 2)
    for grammar in (word_loop(plain.words), model):
        one, other = (
            {path[:2]: path[2] for path in sorted(complete_paths(compile_graph(lexicon, grammar, "hmm1"), 4))}
            for lexicon in (plain, learned)
        )
        assert one.keys() == other.keys()
        assert list(one.values()) == pytest.approx(list(other.values()), abs=1e-3)


@pytest.mark.parametrize("topology", ["ctc", "hmm3"])
def test_transcripts_have_the_scores_of_the_whole_graph(topology):
    """What training and alignment see is what decoding sees."""
    rng = np.random.default_rng(0)
    compiler = TranscriptCompiler(LEXICON, topology)
    for words in (["a"], ["b", "a"], ["a", "a", "b"]):
        text = pynini.accep("".join(f"[{LEXICON.words[word]}]" for word in words))
        whole, own = compile_graph(LEXICON, text, topology), compiler.compile(words)
        matrix = rng.normal(-2, 1, size=(25, whole.num_columns)).astype(np.float32)
        assert viterbi(own, matrix).score == pytest.approx(viterbi(whole, matrix).score, abs=1e-3)


def test_without_a_silence_token_the_weights_of_silence_do_not_count():
    silent_free = replace(LEXICON, silence=None)
    plain = Lexicon(tuple(replace(entry, silence=None) for entry in LEXICON.pronunciations))
    graphs = [compile_graph(lexicon, word_loop(lexicon.words), "ctc") for lexicon in (silent_free, plain)]
    assert graphs[0].hash == graphs[1].hash
    unweighted = Lexicon(tuple(replace(entry, log_prob=0.0) for entry in plain.pronunciations))
    assert compile_graph(unweighted, word_loop(plain.words), "ctc").hash != graphs[0].hash
