"""Minimum Bayes risk decoding: bounds and laws by enumeration, hand-worked sums, and Kaldi's own numbers."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError, SymbolError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.scores import Scores
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import decode
from fsaasr.lattice import WordLattice, check, expected_word_errors, mbr_decode, with_confidence
from fsaasr.lattice.risk.placement import placed, reference_of
from fsaasr.lattice.risk.weighted_words import weighted_words
from fsaasr.testing import edit_distance, random_fst, random_word_lattice, toy_graph, word_lattice_of, word_paths

KAPPA = 0.1
SCALES = (KAPPA, KAPPA)
KALDI = json.loads((Path(__file__).parent / "kaldi_mbr.json").read_text())


def random_lattice(seed):
    rng = np.random.default_rng(seed)
    return random_word_lattice(rng, num_states=int(rng.integers(3, 8)), num_arcs=int(rng.integers(4, 16)))


def enumerated(lattice, scales=SCALES):
    """Probability of each path's words."""
    paths = list(word_paths(lattice))
    scores = np.array([scales[0] * path.acoustic + scales[1] * path.graph for path in paths])
    return list(zip(np.exp(scores - np.logaddexp.reduce(scores)).tolist(), (path.words for path in paths)))


def labels(lattice, words):
    return tuple(lattice.words[word] for word in words)


def names(hypothesis):
    return [word.name for word in hypothesis.words]


def expected(posteriors, words):
    return sum(share * edit_distance(path, words) for share, path in posteriors)


@pytest.mark.parametrize("seed", range(200))
def test_expected_errors_bound_the_enumerated_ones_and_never_exceed_those_of_map(seed):
    lattice = random_lattice(seed)
    posteriors = enumerated(lattice)
    result = mbr_decode(lattice, *SCALES)
    assert result.expected_errors <= result.map_expected_errors
    best = lattice.best_path(*SCALES).text.split()
    for words, bound in ((names(result.hypothesis), result.expected_errors), (best, result.map_expected_errors)):
        exact = expected(posteriors, labels(lattice, words))
        assert expected_word_errors(lattice, words, *SCALES) == pytest.approx(exact, abs=1e-9)
        assert bound >= exact - 1e-9


@pytest.mark.parametrize("seed", range(100))
def test_where_each_state_has_one_history_expected_errors_are_exact(seed):
    paths = [(path.words, path.acoustic, path.graph) for path in word_paths(random_lattice(seed))]
    lattice = word_lattice_of(paths)
    check(lattice)
    result = mbr_decode(lattice, *SCALES)
    exact = expected(enumerated(lattice), labels(lattice, names(result.hypothesis)))
    assert result.expected_errors == pytest.approx(exact, abs=1e-6)


def test_expected_errors_are_near_the_least_that_any_path_of_the_lattice_has():
    """Local minima of a bound: on average within 0.05 errors of the exact minimum over the paths' words."""
    excess = []
    for seed in range(200):
        lattice = random_lattice(seed)
        posteriors = enumerated(lattice)
        least = min(expected(posteriors, words) for _, words in posteriors)
        excess.append(expected(posteriors, labels(lattice, names(mbr_decode(lattice, *SCALES).hypothesis))) - least)
    assert np.mean(excess) < 0.05


@pytest.mark.parametrize("seed", range(100))
def test_the_network_agrees_with_hypothesis_and_risk(seed):
    lattice = random_lattice(seed)
    result = mbr_decode(lattice, *SCALES)
    network, hypothesis = result.network, result.hypothesis
    assert hypothesis.rule == "MBR"
    assert list(network.best()) == names(hypothesis)
    np.testing.assert_allclose(np.bincount(network.bin_of, network.posterior, len(network)), 1.0, atol=1e-9)
    first = network.posterior[network.offsets[:-1]]
    assert (
        (first >= np.maximum.reduceat(network.posterior, network.offsets[:-1]) - 1e-9).all() if len(network) else True
    )
    # What is not in the hypothesis' entry is an error; further ones are words that have no bin.
    assert result.expected_errors >= (1.0 - first).sum() - 1e-9
    again = with_confidence(hypothesis, lattice, *SCALES)
    assert [word.confidence for word in again.words] == pytest.approx([word.confidence for word in hypothesis.words])


@pytest.mark.parametrize("seed", range(100))
def test_words_have_times_in_order(seed):
    lattice = random_lattice(seed)
    result = mbr_decode(lattice, *SCALES)
    times = [time for word in result.hypothesis.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert all(0 <= time <= lattice.num_frames * lattice.frame_shift + 1e-12 for time in times)
    network = result.network
    bins = np.stack([network.bin_begin, network.bin_end], axis=1).ravel()
    assert (np.diff(bins) >= -1e-12).all()


def with_arc(lattice, source, target, label, graph):
    """The lattice with an arc more."""
    place = int(np.searchsorted(lattice.source, source, side="right"))
    change = {"source": source, "target": target, "output_label": label, "acoustic_score": 0.0, "graph_score": graph}
    new = {name: np.insert(getattr(lattice, name), place, value) for name, value in change.items()}
    return replace(lattice, columns=None, column_flags=None, **new)


@pytest.mark.parametrize("seed", range(60))
def test_an_arc_split_into_two_alike_changes_nothing(seed):
    lattice = random_lattice(seed)
    arc = seed % lattice.num_arcs
    graph = lattice.graph_score.copy()
    halves = (math.log(0.25) / KAPPA, math.log(0.75) / KAPPA)
    whole = float(graph[arc] + lattice.acoustic_score[arc])
    graph[arc] += np.float32(halves[0])
    split = with_arc(
        replace(lattice, graph_score=graph),
        int(lattice.source[arc]),
        int(lattice.target[arc]),
        int(lattice.output_label[arc]),
        whole + halves[1],
    )
    # The best path may be another, and with it where the search begins; the placement of given words stays.
    given = lattice.best_path(*SCALES)
    whole_arcs, split_arcs = (weighted_words([one], (*SCALES, 0.0), (), [1.0]) for one in (lattice, split))
    one, other = (placed(arcs, reference_of(given.words, arcs, 0.01)) for arcs in (whole_arcs, split_arcs))
    assert other.expected_errors == pytest.approx(one.expected_errors, abs=1e-5)
    for mine, theirs in zip(one[1:4], other[1:4]):
        np.testing.assert_allclose(theirs, mine, atol=1e-4)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("word_first", [True, False])
def test_an_arc_without_word_before_or_after_a_word_changes_nothing(seed, word_first):
    lattice = random_lattice(seed)
    arc = seed % lattice.num_arcs
    source, target = int(lattice.source[arc]), int(lattice.target[arc])
    # A new state just before the target, at the frame of the end that the word has.
    frame = lattice.state_frame[target if word_first else source]
    moved = {name: getattr(lattice, name) + (getattr(lattice, name) >= target) for name in ("source", "target")}
    label = int(lattice.output_label[arc])
    moved["target"][arc] = target
    output = lattice.output_label.copy()
    output[arc] = label if word_first else 0
    longer = replace(
        lattice,
        source=moved["source"].astype(np.int32),
        target=moved["target"].astype(np.int32),
        output_label=output,
        state_frame=np.insert(lattice.state_frame, target, frame),
        final_score=np.insert(lattice.final_score, target, -np.inf),
    )
    longer = with_arc(longer, target, target + 1, 0 if word_first else label, 0.0)
    check(longer)
    assert_same(mbr_decode(lattice, *SCALES), mbr_decode(longer, *SCALES))


def assert_same(one, other):
    assert other.expected_errors == pytest.approx(one.expected_errors, abs=1e-5)
    assert other.map_expected_errors == pytest.approx(one.map_expected_errors, abs=1e-5)
    assert names(other.hypothesis) == names(one.hypothesis)
    for mine, theirs in zip(one.hypothesis.words, other.hypothesis.words):
        assert theirs[1:] == pytest.approx(mine[1:], abs=1e-5)


def test_words_that_no_path_has_together():
    """a b 0.4, c b 0.3, a d 0.3: `a b` and nothing else; a stands with 0.4 + 0.3 and b with 0.4 + 0.3."""
    lattice = word_lattice_of([(w, 0.0, math.log(p)) for w, p in (((1, 2), 0.4), ((3, 2), 0.3), ((1, 4), 0.3))])
    result = mbr_decode(lattice)
    assert names(result.hypothesis) == ["w1", "w2"]
    assert [word.confidence for word in result.hypothesis.words] == pytest.approx([0.7, 0.7])
    # 0.4 * 0 + 0.3 * 1 + 0.3 * 1
    assert result.expected_errors == pytest.approx(0.6)


def test_the_best_path_is_not_the_best_guess():
    """a b 0.4, c d 0.3, c e 0.3: the best path has 0.6 * 2 = 1.2 expected errors.

    c d has 0.4 * 2 + 0.3 * 1 = 1.1, and so has c e; c b, which no path has, has 0.4 * 1 + 0.6 * 1 = 1.0.
    """
    paths = (((1, 2), 0.4), ((3, 4), 0.3), ((3, 5), 0.3))
    result = mbr_decode(word_lattice_of([(words, 0.0, math.log(share)) for words, share in paths]))
    assert names(result.hypothesis) == ["w3", "w2"]
    assert (result.map_expected_errors, result.expected_errors) == (pytest.approx(1.2), pytest.approx(1.0))
    assert [word.confidence for word in result.hypothesis.words] == pytest.approx([0.6, 0.4])
    assert [result.network.entries(b)[0].word for b in (0, 1)] == ["w3", "w2"]
    assert math.isnan(result.hypothesis.score)
    assert Hypothesis.from_dict(json.loads(json.dumps(result.hypothesis.to_dict()))) == result.hypothesis


def test_a_word_more_likely_absent_is_left_out():
    """a 0.55 in three ways, a b 0.45: b has 0.45 of its bin, no word 0.55; 0.45 * 1 expected errors."""
    paths = [((1, 2), 0.45), ((1,), 0.2), ((1,), 0.2), ((1,), 0.15)]
    lattice = word_lattice_of([(words, 0.0, math.log(share)) for words, share in paths])
    result = mbr_decode(lattice)
    assert lattice.best_path().text == "w1 w2"
    assert names(result.hypothesis) == ["w1"]
    assert result.map_expected_errors == pytest.approx(0.55)
    assert result.expected_errors == pytest.approx(0.45)
    assert [(entry.word, round(entry.posterior, 6)) for entry in result.network.entries(1)] == [
        ("<eps>", 0.55),
        ("w2", 0.45),
    ]


def test_times_are_means_over_the_paths():
    """w1 ends at frame 4 with 0.75 and at frame 8 with 0.25, so at 5 on average; the frame shift is 0.01."""
    arcs = [(0, 1, 1, 0.75), (0, 2, 1, 0.25), (1, 3, 2, 1.0), (2, 3, 2, 1.0)]
    source, target, label, share = zip(*arcs)
    lattice = replace(
        random_word_lattice(np.random.default_rng(0)),
        source=np.array(source, np.int32),
        target=np.array(target, np.int32),
        output_label=np.array(label, np.int32),
        acoustic_score=np.zeros(4, np.float32),
        graph_score=np.log(share).astype(np.float32),
        state_frame=np.array([0, 4, 8, 10], np.int32),
        final_score=np.array([-np.inf, -np.inf, -np.inf, 0], np.float32),
        num_frames=10,
        columns=None,
        column_flags=None,
    )
    check(lattice)
    first, second = mbr_decode(lattice).hypothesis.words
    assert first[:4] == ("w1", pytest.approx(0.0), pytest.approx(0.05), pytest.approx(1.0))
    assert second[:4] == ("w2", pytest.approx(0.05), pytest.approx(0.10), pytest.approx(1.0))


def of_kaldi(case):
    """The lattice of a case of `kaldi_mbr.json`."""
    end = case["frame"][-1]
    final = [-np.inf if score is None else score for score in case["final"]]
    return WordLattice(
        "an4",
        *(np.array(case[name], dtype=np.int32) for name in ("source", "target", "label")),
        *(np.array(case[name], dtype=np.float32) for name in ("acoustic", "graph")),
        np.array(case["frame"], dtype=np.int32),
        np.array(final, dtype=np.float32),
        end,
        0.01,
        SymbolTable([f"w{label}" for label in range(1, max(case["label"]) + 1)]),
        SymbolTable(["a"]),
        np.arange(2, dtype=np.int32),
    )


@pytest.mark.parametrize("case", KALDI["lattices"], ids=range(len(KALDI["lattices"])))
def test_kaldis_risk_is_that_of_kaldis_words(case):
    """See `kaldi_mbr.py`. Kaldi's risk includes a cost of 1e-5 for each word without bin."""
    lattice = of_kaldi(case)
    check(lattice)
    arcs = weighted_words([lattice], (KALDI["scale"], KALDI["scale"], 0.0), (), [1.0])
    words = [Span(f"w{label}", *times) for label, times in zip(case["kaldi"]["words"], case["kaldi"]["times"])]
    assert placed(arcs, reference_of(words, arcs, 1.0)).expected_errors == pytest.approx(
        case["kaldi"]["risk"], abs=2e-4
    )


def test_words_risk_and_most_confidences_and_times_are_kaldis():
    """Where placements cost the same, Kaldi takes any and this library the nearest in time; a few words show it."""
    mine, theirs = [], []
    for case in KALDI["lattices"]:
        found, kaldi = mbr_decode(of_kaldi(case), KALDI["scale"], KALDI["scale"]), case["kaldi"]
        assert names(found.hypothesis) == [f"w{label}" for label in kaldi["words"]]
        assert found.expected_errors == pytest.approx(kaldi["risk"], abs=2e-4)
        mine.append(np.array([word[1:4] for word in found.hypothesis.words]) * (100, 100, 1))
        theirs.append(np.column_stack([kaldi["times"], kaldi["confidences"]]))
    apart = np.abs(np.concatenate(mine) - np.concatenate(theirs))
    assert (apart[:, 2] > 1e-3).sum() <= 4
    assert (apart[:, :2] > 1e-3).any(axis=1).mean() < 0.2
    assert apart[:, :2].max() < 8


def test_of_words_alike_each_stands_where_it_is_in_time():
    """w1 w1 at frames 10 .. 20 and 20 .. 30 with 0.9; or w1 at 20 .. 30 alone, which is the second, not the first."""
    both = word_lattice_of([((0, 1, 1), 0.0, math.log(0.9)), ((0, 0, 1), 0.0, math.log(0.1))], frames_per_word=10)
    first, second = mbr_decode(both).hypothesis.words
    assert (first.confidence, second.confidence) == (pytest.approx(0.9), pytest.approx(1.0))
    assert (first.start, first.end) == (pytest.approx(0.1), pytest.approx(0.2))


def test_systems_are_averaged():
    """First system: w1 0.8, w2 0.2; second: w1 0.1, w3 0.9. With weights 1 : 1 w1 has 0.45, as has w3; w2 0.1.

    With weights 3 : 1, w1 has (3 * 0.8 + 0.1) / 4 = 0.625.
    """
    one = word_lattice_of([((1,), 0.0, math.log(0.8)), ((2,), 0.0, math.log(0.2))])
    other = word_lattice_of([((1,), 0.0, math.log(0.1)), ((3,), 0.0, math.log(0.9))])
    evenly = mbr_decode([one, other])
    assert {entry.word: round(entry.posterior, 6) for entry in evenly.network.entries(0)} == {
        "w1": 0.45,
        "w2": 0.1,
        "w3": 0.45,
    }
    result = mbr_decode([one, other], weights=(3.0, 1.0))
    assert [(word.name, round(word.confidence, 6)) for word in result.hypothesis.words] == [("w1", 0.625)]
    assert result.expected_errors == pytest.approx(0.375)


@pytest.mark.parametrize("seed", range(30))
def test_systems_with_other_tables_and_frame_shifts_are_matched_by_name_and_time(seed):
    one, other = random_lattice(seed), random_lattice(seed + 500)
    order = [3, 1, 2]
    renamed = replace(
        other,
        words=SymbolTable([f"w{label}" for label in order]),
        output_label=np.array([0, 2, 3, 1], dtype=np.int32)[other.output_label],
        state_frame=2 * other.state_frame,
        num_frames=2 * other.num_frames,
        columns=None,
        column_flags=None,
        frame_shift=other.frame_shift / 2,
    )
    assert_same(mbr_decode([one, other], *SCALES), mbr_decode([one, renamed], *SCALES))


@pytest.mark.parametrize("seed", range(30))
def test_a_system_twice_is_the_system(seed):
    lattice = random_lattice(seed)
    assert_same(mbr_decode(lattice, *SCALES), mbr_decode([lattice, lattice], *SCALES, weights=(0.3, 0.9)))


@pytest.mark.parametrize("seed", range(30))
def test_a_word_that_is_ignored_is_no_word(seed):
    lattice = random_lattice(seed)
    without = replace(lattice, output_label=np.where(lattice.output_label == 2, 0, lattice.output_label))
    ignored = mbr_decode(lattice, *SCALES, ignore=["w2"])
    assert "w2" not in names(ignored.hypothesis)
    assert ignored.expected_errors <= ignored.map_expected_errors
    words = [word for word in lattice.best_path(*SCALES).text.split() if word != "w2"]
    assert ignored.map_expected_errors >= expected(enumerated(without), labels(lattice, words)) - 1e-9
    again = with_confidence(lattice.best_path(*SCALES), lattice, *SCALES, ignore=["w2"])
    assert all((word.confidence is None) == (word.name == "w2") for word in again.words)


def test_a_lattice_without_words_says_nothing():
    result = mbr_decode(word_lattice_of([((), 0.0, 0.0)]))
    assert (result.hypothesis.words, result.expected_errors, len(result.network)) == ((), 0.0, 0)


def test_what_cannot_be_decoded_is_refused_by_name():
    lattice = random_lattice(0)
    with pytest.raises(LatticeError, match="give a weight > 0 for each"):
        mbr_decode([lattice, lattice], weights=[1.0])
    with pytest.raises(LatticeError, match="lattices of the utterances 'other' and 'random'"):
        mbr_decode([lattice, replace(lattice, utterance="other")])
    with pytest.raises(LatticeError, match="0 lattices"):
        mbr_decode([])
    with pytest.raises(SymbolError, match="'<sil>'"):
        mbr_decode(lattice, ignore=["<sil>"])
    with pytest.raises(LatticeError, match="scales are finite"):
        mbr_decode(lattice, -1.0)
    (frames,) = decode(toy_graph(random_fst(np.random.default_rng(0))), Scores.from_matrices([np.zeros((3, 3))], 0.01))
    with pytest.raises(LatticeError, match=r"is a Lattice; call its `word_lattice\(\)` first"):
        mbr_decode(frames)


def test_nothing_is_changed():
    lattice = random_lattice(1)
    before = [getattr(lattice, name).copy() for name in ("source", "output_label", "graph_score", "state_frame")]
    mbr_decode([lattice, lattice], *SCALES, ignore=["w1"])
    for old, name in zip(before, ("source", "output_label", "graph_score", "state_frame")):
        np.testing.assert_array_equal(getattr(lattice, name), old)
