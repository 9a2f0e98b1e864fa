"""Seeded fuzzing of the engines against a referee that shares no code with them.

`FSAASR_FUZZ_SEED=n` shifts the seeds; a failure names the seed, from which `fuzz_case` makes the case again.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from fsaasr import decode as decode_package
from fsaasr.core.errors import DecodeError, FsaasrError, GraphError
from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode, forward_backward, native, viterbi
from fsaasr.decode.dead_ends import fewest_frames
from fsaasr.lattice import FROM_FALLBACK, prune
from fsaasr.testing import fuzz_case, random_fst, search_trellis, toy_graph
from tests.decode.fuzzing import (
    BLOCK,
    FIRST,
    SHIFT,
    WIDE,
    as_scores,
    blocks,
    close,
    lattice_differences,
    narrow_differences,
    open_beams,
    tolerance,
    total_differences,
)


def over_seeds(first, differences_of, count=BLOCK):
    """Differences of a block of cases, each with its seed."""
    found = []
    for seed in range(first, first + count):
        case = fuzz_case(seed)
        trellis = search_trellis(case.graph.fst, case.matrix)
        try:
            differences = differences_of(case, trellis)
        except FsaasrError as error:
            differences = [str(error)]
        found += [f"seed {seed}: {text}" for text in differences]
    return found


@pytest.fixture
def pruned_search(monkeypatch):
    """Makes `native` take the pruned search, however small the graph is."""
    monkeypatch.setattr(native, "MAX_EXACT_CELLS", -1)
    monkeypatch.setattr(native, "exact_lattice", None)


def searched(engine):
    def differences(case, trellis):
        (lattice,) = decode(case.graph, as_scores(case), open_beams(engine, case.lattice_beam))
        (unpruned,) = decode(case.graph, as_scores(case), open_beams(engine, math.inf))
        return lattice_differences(case, trellis, lattice) + total_differences(case, trellis, unpruned)

    return differences


@pytest.mark.parametrize("first", blocks(6, 40))
def test_exact_search_finds_what_the_referee_finds(first):
    assert over_seeds(first, searched("native-exact")) == []


@pytest.mark.parametrize("first", blocks(6, 40))
def test_pruned_search_with_open_beams_finds_what_the_referee_finds(first, pruned_search):
    assert over_seeds(first, searched("native")) == []


def refusal(function, *arguments):
    """The error's first words, or None where there is none."""
    try:
        function(*arguments)
    except DecodeError as error:
        return str(error).partition(":")[0]
    return None


def aligned(case, trellis):
    if not trellis.reached_final:
        refusals = [refusal(function, case.graph, case.matrix) for function in (viterbi, forward_backward)]
        return [] if refusals == ["align", "forward_backward"] else [f"refusals are {refusals}"]
    best, summed = viterbi(case.graph, case.matrix), forward_backward(case.graph, case.matrix)
    frames = np.cumsum([0, *(case.graph.fst.input_label[best.arcs] > 0)]).tolist()
    differences = [] if close(case, best.score, trellis.best) else [f"best {best.score}, expected {trellis.best}"]
    if not set(zip(frames, best.arcs.tolist())) <= trellis.arcs_within(tolerance(case)) or frames[-1] != len(
        case.matrix
    ):
        differences.append(f"arcs {best.arcs} are no best path")
    if abs(summed.total - trellis.total) > 1e-6:
        differences.append(f"total {summed.total}, expected {trellis.total}")
    if not np.allclose(summed.column_occupancy.sum(axis=1), 1.0, atol=1e-5):
        differences.append("occupancies do not sum to 1")
    return differences


@pytest.mark.parametrize("first", blocks(2, 40))
def test_alignment_and_sums_are_the_referees(first):
    assert over_seeds(first, aligned) == []


def narrowly_searched(case, trellis):
    rng = np.random.default_rng(case.seed)
    max_active = int(rng.integers(1, 6))
    options = SearchOptions(
        "native",
        search_beam=float(rng.choice([0.25, 1.0, 3.0, 8.0])),
        lattice_beam=case.lattice_beam,
        max_active=max_active,
        min_active=int(rng.integers(0, max_active + 1)),
    )
    (lattice,) = decode(case.graph, as_scores(case), options)
    differences = narrow_differences(case, trellis, lattice)
    (best,) = decode_package.one_best(case.graph, as_scores(case), options)
    if not close(case, best.score, lattice.best_path().score):
        differences.append(f"one_best scores {best.score}, the lattice's best path {lattice.best_path().score}")
    return differences + evidence_differences(case, trellis, lattice)


def evidence_differences(case, trellis, lattice):
    """Where a search says that it lost nothing, or how much at most, that is so."""
    if not trellis.reached_final:
        return []
    if not lattice.reached_final:
        return ["it holds that nothing was lost"] if lattice.evidence.no_search_error else []
    gain = trellis.best - lattice.best_path().score
    if gain <= max(0.0, lattice.evidence.possible_gain) + tolerance(case):
        return []
    return [f"the best path is better by {gain}, at most {lattice.evidence.possible_gain} was expected"]


@pytest.mark.parametrize("first", blocks(6, 40))
def test_narrow_beams_give_true_paths_only(first, pruned_search):
    assert over_seeds(first, narrowly_searched) == []


@pytest.mark.parametrize("engine", ["native-exact", "native"])
def test_long_sums_lose_no_arc_of_the_best_path(engine, request):
    # Sums in float32, here or there, would set the best path apart from itself.
    if engine == "native":
        request.getfixturevalue("pruned_search")
    rng = np.random.default_rng(0)
    graph = toy_graph(random_fst(rng, num_states=20, num_arcs=120, num_columns=5), 5)
    matrix = rng.normal(-20.0, 7.0, size=(800, 5)).astype(np.float32)
    (lattice,) = decode(graph, Scores.from_matrices([matrix], SHIFT), open_beams(engine, 0.0))
    lattice.check()
    assert lattice.reached_final
    assert lattice.best_path().score == pytest.approx(search_trellis(graph.fst, matrix).best, abs=1e-2)


def test_a_frame_without_any_finite_score_ends_every_search_alike(pruned_search):
    # Again and again: what the kernels read beyond their arrays would differ.
    found = []
    for seed in range(FIRST, FIRST + BLOCK):
        case = fuzz_case(seed)
        case.matrix[len(case.matrix) // 2] = -math.inf
        (lattice,) = decode(case.graph, as_scores(case), open_beams("native", case.lattice_beam))
        trellis = search_trellis(case.graph.fst, case.matrix)
        found += [f"seed {seed}: {text}" for text in lattice_differences(case, trellis, lattice)]
    assert found == []


def searched_beyond_resolution(engine):
    def differences(case, trellis):
        # Sums of some 1e9 know no differences below 1e-7: which arcs are within the beam is open, but not whether
        # they hang together.
        jitter = 1 + 1e-3 * np.random.default_rng(case.seed).random(case.matrix.shape)
        matrix = (np.where(np.isneginf(case.matrix), -1e9, case.matrix) * jitter).astype(np.float32)
        options = replace(open_beams(engine, case.lattice_beam), search_beam=math.inf)
        (lattice,) = decode(case.graph, Scores.from_matrices([matrix], SHIFT), options)
        lattice.check()
        prune(lattice, case.lattice_beam / 2).check()
        best, expected = lattice.best_path().score, search_trellis(case.graph.fst, matrix).best
        return [] if abs(best - expected) <= 1e-6 * max(1, abs(expected)) else [f"best {best}, expected {expected}"]

    return differences


@pytest.mark.parametrize("first", blocks(4, 8))
def test_lattices_hang_together_whatever_rounding_does(first, pruned_search):
    assert over_seeds(first, searched_beyond_resolution("native")) == []


@pytest.mark.parametrize("first", blocks(4, 8))
def test_exact_lattices_do_so_too(first):
    assert over_seeds(first, searched_beyond_resolution("native-exact")) == []


def same_lattice(one, other):
    names = ("source", "target", "graph_arc", "state_frame", "acoustic_score", "graph_score", "final_score")
    alike = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    return alike and (one.reached_final, one.flags) == (other.reached_final, other.flags)


def searched_in_chunks(case, trellis):
    rng = np.random.default_rng(case.seed)
    beam = float(rng.choice([1.0, 4.0, WIDE]))
    options = replace(open_beams("native", case.lattice_beam), search_beam=beam)
    (offline,) = decode(case.graph, as_scores(case), options)
    decoder = decode_package.Decoder(case.graph, options, frame_shift=SHIFT, utterance=f"seed{case.seed}")
    cuts = sorted({int(cut) for cut in rng.integers(0, len(case.matrix), size=rng.integers(0, 5)) if cut})
    for begin, end in zip([0, *cuts], [*cuts, len(case.matrix)]):
        decoder.advance(case.matrix[begin:end])
        if rng.random() < 0.3:
            decoder.partial()
    lattice = decoder.finalize()
    differences = [] if same_lattice(lattice, offline) else [f"chunks {cuts} give another lattice"]
    return differences if lattice.best_path() == offline.best_path() else [*differences, "another best path"]


@pytest.mark.skipif(not hasattr(decode_package, "Decoder"), reason="there is no streaming decoder yet")
@pytest.mark.parametrize("first", blocks(6, 40))
def test_chunks_change_nothing(first, pruned_search):
    assert over_seeds(first, searched_in_chunks) == []


def searched_by_k2(engine):
    def differences(case, trellis):
        try:
            (lattice,) = decode(case.graph, as_scores(case), open_beams(engine, case.lattice_beam))
        except GraphError:
            # Where no final state can be reached, there is nothing that could be converted.
            if fewest_frames(case.graph.fst) is None:
                return []
            raise
        told = (FROM_FALLBACK in lattice.flags) == (not trellis.reached_final)
        return lattice_differences(case, trellis, lattice) + ([] if told else [f"flags are {lattice.flags}"])

    return differences


@pytest.mark.k2
@pytest.mark.parametrize("engine", ["k2", "k2-exact"])
def test_k2_finds_what_the_referee_finds(engine):
    pytest.importorskip("k2")
    assert over_seeds(FIRST, searched_by_k2(engine), 60) == []


@pytest.mark.k2
@pytest.mark.parametrize("engine", ["k2", "k2-exact"])
@pytest.mark.parametrize("first", blocks(0, 8))
def test_k2_does_so_for_many_seeds(first, engine):
    pytest.importorskip("k2")
    assert over_seeds(first, searched_by_k2(engine)) == []
