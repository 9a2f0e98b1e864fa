"""The laws of compilation: a graph's paths are those of lexicon, grammar and topology, and their scores add up."""

import itertools
import math

import numpy as np
import pynini
import pytest

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import (
    NON_WORD,
    TOKEN_START,
    TOPOLOGIES,
    WORD_START,
    TranscriptCompiler,
    compile_graph,
    linear_acceptor,
    word_loop,
)
from fsaasr.lexicon import Lexicon, OptionalSilence
from fsaasr.testing import TOY_LEXICON_WITH_PROBABILITIES

TEXT = "a x\na x y\nab x y\nb y 0.5\nb z\n".replace(" 0.5", "")
SILENCE = OptionalSilence("SIL", 0.25)


def complete_paths(graph, frames):
    """(columns, words, score) of every path of up to `frames` emitting arcs, each T-loop taken at most once."""
    found = []

    def walk(state, columns, words, score, empty):
        if graph.fst.final_score[state] > -np.inf:
            found.append((columns, words, score + float(graph.fst.final_score[state])))
        for arc in range(graph.fst.arc_offsets[state], graph.fst.arc_offsets[state + 1]):
            label, word = int(graph.fst.input_label[arc]), int(graph.fst.output_label[arc])
            said = (*words, graph.words.name(word)) if word else words
            after = score + float(graph.fst.score[arc])
            target = int(graph.fst.next_state[arc])
            if label == 0 and empty < 4:
                walk(target, columns, said, after, empty + 1)
            elif label and len(columns) < frames:
                walk(target, (*columns, graph.column_names[label - 1]), said, after, 0)

    walk(graph.fst.start, (), (), 0.0, 0)
    return found


def pronounced(lexicon, words):
    """(tokens, score) of each way to say the words, without silence."""
    for choice in itertools.product(*(lexicon.of(word) for word in words)):
        yield tuple(t for p in choice for t in p.tokens), sum(p.log_prob for p in choice)


@pytest.mark.parametrize("kind", ["lexicon", "lexiconp"])
def test_blank_free_paths_are_pronunciations_with_their_scores(kind):
    text = "a 1.0 x\na 0.5 x y\nab 1.0 x y\nb 0.25 y\nb 1.0 z\n" if kind == "lexiconp" else TEXT
    lexicon = Lexicon.from_text(text, kind=kind)
    graph = compile_graph(lexicon, word_loop(lexicon.words), "blank-free")
    ours = {}
    for columns, words, score in complete_paths(graph, 3):
        key = (tuple(name for name, _ in itertools.groupby(columns)), words)
        if len(key[0]) == len(columns):
            ours.setdefault(key, []).append(score)
    theirs = {}
    for n in range(4):
        for words in itertools.product(lexicon.words.names[1:], repeat=n):
            for tokens, score in pronounced(lexicon, words):
                if len(tokens) <= 3 and all(a != b for a, b in zip(tokens, tokens[1:])):
                    total = score - n * math.log(3)
                    theirs.setdefault((tokens, words), []).append(total)
    assert ours.keys() == theirs.keys()
    for key, scores in theirs.items():
        assert sorted(ours[key]) == pytest.approx(sorted(scores), abs=1e-3)


def test_language_model_scores_reach_the_paths():
    lexicon = Lexicon.from_text("a x\nb y\nc z\n")
    model = estimate_ngram([["a", "b"], ["a", "b", "c"], ["c"]], 3)
    graph = compile_graph(lexicon, model, "ctc")
    best = {}
    for _, words, score in complete_paths(graph, 3):
        best[words] = max(score, best.get(words, -math.inf))
    for words in [("a", "b", "c"), ("a", "b"), ("c",), ("b", "a"), ("c", "c")]:
        expected = model.log10_prob(words).sum() * math.log(10)
        # Epsilon backoff can only overestimate: it may leave a context that knows the word.
        assert best.get(words, -math.inf) >= expected - 1e-3 or words == ("c", "c")
    assert best["a", "b"] == pytest.approx(model.log10_prob(["a", "b"]).sum() * math.log(10), abs=1e-3)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_only_sentences_of_the_grammar_are_accepted(topology):
    lexicon = Lexicon.from_text(TEXT)
    grammar = pynini.union(*(linear_acceptor([lexicon.words[w] for w in s.split()]) for s in ("ab b", "a")))
    graph = compile_graph(lexicon, grammar, topology)
    # In silence5, three frames are enough for a token, and there are too many paths of more.
    frames = 4 * TOPOLOGIES[topology].columns_per_token if topology != "silence5" else 9
    assert {words for _, words, _ in complete_paths(graph, frames)} == {("ab", "b"), ("a",)}


def test_silence_is_optional_and_weighted():
    lexicon = Lexicon.from_text("a x\n", silence=SILENCE)
    graph = compile_graph(lexicon, linear_acceptor([1]), "blank-free")
    paths = {
        columns: score
        for columns, _, score in complete_paths(graph, 3)
        if len(set(columns)) == len(columns) or columns[1] == "x"
    }
    with_silence, without = math.log(0.25), math.log(0.75)
    assert paths["x",] == pytest.approx(2 * without, abs=1e-3)
    assert paths["SIL", "x"] == pytest.approx(with_silence + without, abs=1e-3)
    assert paths["x", "SIL"] == pytest.approx(with_silence + without, abs=1e-3)
    assert paths["SIL", "x", "SIL"] == pytest.approx(2 * with_silence, abs=1e-3)


def test_flags_mark_the_first_frames():
    lexicon = Lexicon.from_text("ab x y\n", silence=SILENCE)
    graph = compile_graph(lexicon, linear_acceptor([1]), "hmm1")
    flags = {}
    for arc, flag in enumerate(graph.arc_flags):
        label = int(graph.fst.input_label[arc])
        if label:
            flags.setdefault(graph.column_names[label - 1], set()).add(int(flag))
    assert flags == {
        "x": {TOKEN_START | WORD_START, 0},
        "y": {TOKEN_START, 0},
        "SIL": {TOKEN_START | NON_WORD, 0},
    }


def test_minimization_keeps_the_paths():
    from fsaasr.graph import CompileOptions

    lexicon = Lexicon.from_text(TOY_LEXICON_WITH_PROBABILITIES, kind="lexiconp")
    grammar = word_loop(lexicon.words)
    small = compile_graph(lexicon, grammar, "blank-free")
    large = compile_graph(lexicon, grammar, "blank-free", options=CompileOptions(minimize=False))
    assert small.fst.num_states <= large.fst.num_states
    one, other = (sorted(complete_paths(graph, 3)) for graph in (small, large))
    assert [path[:2] for path in one] == [path[:2] for path in other]
    assert [path[2] for path in one] == pytest.approx([path[2] for path in other], abs=1e-3)


def test_report_names_each_step():
    lexicon = Lexicon.from_text(TEXT)
    model = estimate_ngram([["a", "zoo"]], 2)
    build = compile_graph(lexicon, model, "ctc").build
    assert [step["step"] for step in build["steps"]] == [
        "L",
        "G",
        "L o G",
        "determinize",
        "minimize",
        "remove disambiguation",
        "T o LG (ctc)",
    ]
    assert all(step["states"] > 0 and step["arcs"] > 0 and step["peak_mb"] > 0 for step in build["steps"])
    assert build["missing_words"] == ["zoo"]


def test_words_not_in_the_lexicon_are_named():
    with pytest.raises(GraphError, match=r"'u7' has words that the lexicon lacks: q, zoo"):
        TranscriptCompiler(Lexicon.from_text(TEXT), "ctc").compile(["a", "zoo", "q"], "u7")


def test_empty_transcript():
    with pytest.raises(GraphError, match="no words"):
        TranscriptCompiler(Lexicon.from_text(TEXT), "ctc").compile([])


def test_transcript_accepts_every_pronunciation_and_nothing_else():
    lexicon = Lexicon.from_text(TEXT)
    graph = TranscriptCompiler(lexicon, "blank-free").compile(["b", "ab"])
    paths = {
        tuple(name for name, _ in itertools.groupby(columns)): words for columns, words, _ in complete_paths(graph, 3)
    }
    assert paths == {("y", "x", "y"): ("b", "ab"), ("z", "x", "y"): ("b", "ab")}


def test_equal_transcripts_share_a_graph():
    compiler = TranscriptCompiler(Lexicon.from_text(TEXT), "ctc")
    assert compiler.compile(["a", "b"]) is compiler.compile(["a", "b"])


def test_model_tokens_fix_the_columns():
    lexicon = Lexicon.from_text("a x\n")
    tokens = SymbolTable(["q", "x", "y"])
    graph = compile_graph(lexicon, word_loop(lexicon.words), "ctc", tokens=tokens)
    assert graph.column_names == ("<blk>", "q", "x", "y")
    assert set(graph.fst.input_label.tolist()) - {0} == {1, 3}


def test_tokens_that_the_model_lacks_are_named_with_their_words():
    with pytest.raises(GraphError, match=r"lacks the tokens y z; 'y' is used by a, ab, b"):
        compile_graph(Lexicon.from_text(TEXT), linear_acceptor([1]), "ctc", tokens=SymbolTable(["x"]))


@pytest.mark.parametrize(
    ("grammar", "message"),
    [
        (pynini.Fst(), "accepts nothing"),
        (linear_acceptor([9]), "label 9"),
        (pynini.cross(linear_acceptor([1]), linear_acceptor([2])), "transducer"),
        (
            pynini.closure(pynini.closure(linear_acceptor([1]))).concat(pynini.closure(pynini.accep(""))),
            "loops without",
        ),
        (pynini.arcmap(linear_acceptor([1]), map_type="to_log"), "arc type"),
    ],
)
def test_grammars_that_cannot_be_used(grammar, message):
    lexicon = Lexicon.from_text(TEXT)
    with pytest.raises(GraphError, match=message):
        compile_graph(lexicon, grammar, "ctc")


def test_no_sentence_in_common():
    lexicon = Lexicon.from_text("a x\n")
    dead = pynini.Fst()
    dead.add_state()
    dead.set_start(0)
    with pytest.raises(GraphError, match="accepts nothing"):
        compile_graph(lexicon, dead, "ctc")
