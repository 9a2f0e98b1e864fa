"""Word lattices of what an attention decoder found: their invariants, paths, scores and times."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from fsaasr.decode.attention.lattices import attention_lattices
from fsaasr.decode.attention.options import BeamOptions
from fsaasr.decode.attention.search import Side, search_tokens
from fsaasr.decode.attention.times import attention_times, ctc_times
from fsaasr.decode.graph_constraint import GraphConstraint
from fsaasr.decode.token_lattice import APPROXIMATE_TIMES
from fsaasr.features import FeatureBatch
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import TokenGraph, compile_token_graph
from fsaasr.lexicon import Lexicon, OptionalSilence
from tests.decode.attention.toys import toy_model

WIDE = BeamOptions(beam=None, score_beam=None, nbest=500, tokens_per_frame=0.7)


def batch(*lengths: int) -> FeatureBatch:
    rng = np.random.default_rng(5)
    matrices = tuple(rng.normal(size=(length, 4)).astype(np.float32) for length in lengths)
    ids = tuple(f"utt{n}" for n in range(len(lengths)))
    return FeatureBatch(ids, matrices, ("",) * len(ids), ("",) * len(ids), 0.01)


def token_graph(lexicon: Lexicon) -> TokenGraph:
    return compile_token_graph(lexicon, estimate_ngram([["x", "y"], ["y", "y"], ["z", "x"], ["x"]], 2), "blank-free")


@pytest.mark.parametrize("silence", [False, True])
@pytest.mark.parametrize("ctc", [False, True])
def test_a_lattice_holds_what_the_search_found(ctc: bool, silence: bool) -> None:
    lexicon = Lexicon.from_text("x a b\ny c\nz a\n", OptionalSilence("s", 0.4) if silence else None)
    model = toy_model("sabc" if silence else "abc", ctc=ctc)
    graph, features = token_graph(lexicon), batch(5, 1)
    options = WIDE if ctc else BeamOptions(beam=None, score_beam=None, nbest=500, ctc_weight=0.0, tokens_per_frame=0.7)
    for n, lattice in enumerate(attention_lattices(model, graph, features, options, 0.5)):
        lattice.check()
        assert (lattice.flags == (APPROXIMATE_TIMES,)) != ctc
        assert lattice.reached_final
        assert (lattice.num_frames, lattice.frame_shift, lattice.utterance) == (
            len(features.matrices[n]),
            0.01,
            f"utt{n}",
        )
        constraint = GraphConstraint(graph)
        encoded, _ = model.encode([features.matrices[n]])
        (found,) = search_tokens(model.network, encoded, options, Side(constraint, acoustic_scale=0.5))
        best: dict[str, tuple[float, float]] = {}
        for hypothesis in found:
            text = " ".join(constraint.words(hypothesis.arcs))
            best.setdefault(text, (hypothesis.score - hypothesis.graph_score, hypothesis.graph_score))
        paths = lattice.nbest(1000)
        assert {path.text for path in paths} == set(best)
        for path in paths:
            assert (path.acoustic_score, path.graph_score) == pytest.approx(best[path.text], abs=1e-3)
        assert lattice.best_path().text == paths[0].text


def test_scores_of_words_are_those_of_their_tokens() -> None:
    lexicon, model = Lexicon.from_text("x a b\ny c\nz a\n"), toy_model()
    graph = token_graph(lexicon)
    (lattice,) = attention_lattices(model, graph, batch(5), WIDE)
    constraint = GraphConstraint(graph)
    (found,) = search_tokens(model.network, model.encode(batch(5))[0], WIDE, Side(constraint))
    by_text = {}
    for hypothesis in found:
        by_text.setdefault(" ".join(constraint.words(hypothesis.arcs)), hypothesis)
    checked = 0
    for first in np.flatnonzero(lattice.source == 0):
        arcs, state = [int(first)], int(lattice.target[first])
        while state != lattice.num_states - 1:
            arcs.append(int(np.flatnonzero(lattice.source == state)[0]))
            state = int(lattice.target[arcs[-1]])
        words = [arc for arc in arcs if lattice.output_label[arc]]
        names = lattice.words.names_of(lattice.output_label[words].tolist())
        hypothesis = by_text[" ".join(names)]
        if not names:
            continue
        sizes = [len(lexicon.of(name)[0].tokens) for name in names]
        groups = np.split(hypothesis.token_scores[:-1], np.cumsum(sizes)[:-1])
        expected = [group.sum() for group in groups]
        expected[-1] += hypothesis.token_scores[-1]
        assert lattice.acoustic_score[words].tolist() == pytest.approx(expected, abs=1e-4)
        checked += 1
    assert checked > 5


def test_words_and_tokens_lie_where_ctc_hears_them() -> None:
    lexicon, model = Lexicon.from_text("x a b\ny c\nz a\n"), toy_model()
    features = batch(9)
    (lattice,) = attention_lattices(model, token_graph(lexicon), features)
    best = max(lattice.nbest(8), key=lambda path: len(path.words))
    assert best.words
    tokens = [token.name for token in best.tokens]
    assert tokens == [name for word in best.words for name in lexicon.of(word.name)[0].tokens]
    (encoded,), _ = model.encode(features)
    assert encoded.ctc is not None
    starts, ends = ctc_times(encoded.ctc[0].numpy(), [model.tokens[name] for name in tokens])
    assert [round(token.start / 0.01) for token in best.tokens] == starts.tolist()
    assert [round(token.end / 0.01) for token in best.tokens] == ends.tolist()
    place = 0
    for word in best.words:
        size = len(lexicon.of(word.name)[0].tokens)
        assert (word.start, word.end) == (best.tokens[place].start, best.tokens[place + size - 1].end)
        place += size


def test_ctc_times_are_the_best_of_all_alignments() -> None:
    rng = np.random.default_rng(0)
    for tokens in ([1], [1, 2], [2, 2], [1, 1, 2]):
        matrix = np.log(rng.dirichlet(np.ones(3), size=5))
        best, path = -math.inf, ()
        for columns in itertools.product(range(3), repeat=5):
            if [c for c, _ in itertools.groupby(columns) if c] == tokens:
                score = sum(matrix[t, c] for t, c in enumerate(columns))
                best, path = max((best, path), (score, columns))
        runs, frame = [], 0
        for column, group in itertools.groupby(path):
            size = len(list(group))
            if column:
                runs.append((frame, frame + size))
            frame += size
        starts, ends = ctc_times(matrix, tokens)
        assert list(zip(starts.tolist(), ends.tolist())) == runs
    assert ctc_times(np.log(np.full((2, 3), 1 / 3)), [1, 1])[0].tolist() == [-1, -1]


def test_attention_times_keep_the_order_of_the_tokens() -> None:
    peaks = np.eye(6, dtype=np.float32)
    assert attention_times(peaks[[0, 2, 5]])[0].tolist() == [0, 2, 5]
    assert attention_times(peaks[[0, 2, 5]])[1].tolist() == [2, 5, 6]
    # One token that is looked for elsewhere moves no other.
    assert attention_times(peaks[[3, 1, 2]])[0].tolist() == [0, 1, 2]
    assert attention_times(0.9 * peaks[[5, 1, 4]] + 0.1 * peaks[[0, 1, 4]])[0].tolist() == [0, 1, 4]
    assert attention_times(peaks[[5, 5, 5]])[0].tolist()[-1] == 5
    starts, ends = attention_times(peaks[:, :2][[0, 0, 1, 1]])
    assert (starts <= ends).all()
    assert ends.max() <= 2
    assert attention_times(np.zeros((0, 3), dtype=np.float32))[0].tolist() == []
    rng = np.random.default_rng(0)
    for steps in range(1, 7):
        starts, ends = attention_times(rng.random((steps, 6)).astype(np.float32))
        assert (np.diff(starts) > 0).all()
        assert (starts < ends).all()
        assert 0 <= starts[0] < ends[-1] <= 6
