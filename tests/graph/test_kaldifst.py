"""kaldifst as referee: Kaldi's own steps on the same L and G accept the same with the same scores."""

from dataclasses import replace

import numpy as np
import pynini
import pytest

from fsaasr.grammar import estimate_ngram
from fsaasr.graph import compile_graph, from_openfst, lexicon_fst, ngram_fst, to_openfst
from fsaasr.lexicon import Lexicon
from fsaasr.testing import TOY_LEXICON

kaldifst = pytest.importorskip("kaldifst")

LEXICON = Lexicon.from_text(TOY_LEXICON)
WORDS = LEXICON.words.names[1:]


def text(seed, sentences=30):
    rng = np.random.default_rng(seed)
    return [list(rng.choice(WORDS, size=rng.integers(1, 6))) for _ in range(sentences)]


def kaldi_lg(model, folder):
    """fstcompose, fstdeterminizestar --use-log, fstminimizeencoded, then the disambiguation symbols away."""
    lex = lexicon_fst(LEXICON)
    ngram = ngram_fst(model, LEXICON.words, lex.backoff_output)
    words = ngram.fst.output_label * (ngram.fst.output_label != ngram.backoff_label)
    to_openfst(lex.fst).arcsort("olabel").write(str(folder / "L.fst"))
    to_openfst(replace(ngram.fst, output_label=words)).arcsort("ilabel").write(str(folder / "G.fst"))
    lg = kaldifst.compose(
        kaldifst.StdVectorFst.read(str(folder / "L.fst")), kaldifst.StdVectorFst.read(str(folder / "G.fst"))
    )
    kaldifst.determinize_star(lg, use_log=True)
    kaldifst.minimize_encoded(lg)
    lg.write(str(folder / "LG.fst"))
    arrays = from_openfst(pynini.Fst.read(str(folder / "LG.fst")))
    # Tokens come in three roles (within a word, first, outside); blank-free columns know no roles.
    label = np.where(arrays.input_label > lex.labels.num_labels, 0, arrays.input_label)
    plain = np.where(label > 0, (label - 1) % lex.labels.num_tokens + 1, 0)
    return to_openfst(replace(arrays, input_label=plain.astype(np.int32)))


def best_score(fst, labels, words):
    acceptor = pynini.compose(linear(labels), pynini.compose(fst, linear(words)))
    if acceptor.num_states() == 0:
        return None
    return float(pynini.shortestdistance(acceptor, reverse=True)[acceptor.start()])


def linear(labels):
    fst = pynini.Fst()
    states = [fst.add_state() for _ in range(len(labels) + 1)]
    fst.set_start(states[0])
    fst.set_final(states[-1])
    for k, label in enumerate(labels):
        fst.add_arc(k, pynini.Arc(int(label), int(label), 0, k + 1))
    return fst


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("order", [1, 2, 3])
def test_same_sentences_with_the_same_scores(seed, order, tmp_path):
    model = estimate_ngram(text(seed), order, extra_words=WORDS)
    theirs = kaldi_lg(model, tmp_path)
    ours = compile_graph(LEXICON, model, "blank-free")
    # Without self-loops, blank-free columns are the tokens themselves.
    once = ours.fst.source_state != ours.fst.next_state
    keep = once | (ours.fst.input_label == 0)
    fst = type(ours.fst).from_columns(
        ours.fst.source_state[keep],
        ours.fst.next_state[keep],
        ours.fst.input_label[keep],
        ours.fst.output_label[keep],
        ours.fst.score[keep],
        ours.fst.final_score,
        ours.fst.start,
    )
    for sentence in [*text(seed)[:5], *text(seed + 100)[:5]]:
        tokens = [LEXICON.tokens[t] for word in sentence for t in LEXICON.of(word)[0].tokens]
        words = [LEXICON.words[word] for word in sentence]
        one, other = best_score(to_openfst(fst), tokens, words), best_score(theirs, tokens, words)
        assert one is not None
        # Kaldi's determinization compares weights within 2^-10.
        assert one == pytest.approx(other, abs=2e-3 * (1 + len(words)))


def test_our_graph_is_no_larger(tmp_path):
    model = estimate_ngram(text(7, 200), 3, extra_words=WORDS)
    theirs = kaldi_lg(model, tmp_path)
    build = compile_graph(LEXICON, model, "ctc").build
    lg = next(step for step in build["steps"] if step["step"] == "remove disambiguation")
    assert lg["states"] <= theirs.num_states()
    assert lg["arcs"] <= sum(map(theirs.num_arcs, range(theirs.num_states())))
