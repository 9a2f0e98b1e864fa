"""A lattice's picture says what the lattice says."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice import frame_lattice
from fsaasr.lattice.draw import lattice_svg
from fsaasr.testing import random_word_lattice, word_paths
from tests.lattice.draw.reading import SVG, drawn_arcs, small_text

SEEDS = range(40)
STRANGE = ["שלום", "語学", "Donaudampfschifffahrtsgesellschaftskapitän", "<b>&\"x'", "ขอบคุณ", "العربية"]


def best_arcs(lattice):
    return max(word_paths(lattice), key=lambda path: path.acoustic + path.graph).arcs


@pytest.mark.parametrize("seed", SEEDS)
def test_every_arc_is_drawn_with_its_word_times_posterior_and_scores(seed):
    lattice = random_word_lattice(np.random.default_rng(seed))
    posteriors = lattice.arc_posteriors()
    wanted = []
    for k in range(lattice.num_arcs):
        word = lattice.words.name(int(lattice.output_label[k]))
        begin, end = (lattice.state_frame[s[k]] * 0.01 for s in (lattice.source, lattice.target))
        wanted.append(
            [
                f"\u2068{word}\u2069" if lattice.output_label[k] else "no word",
                f"{begin:.2f} – {end:.2f} s",
                f"posterior {posteriors[k]:.3f}",
                f"acoustic {lattice.acoustic_score[k]:.2f}, graph {lattice.graph_score[k]:.2f}",
            ]
        )
    svg = lattice_svg(lattice, min_posterior=0.0)
    assert sorted(arc.tooltip for arc in drawn_arcs(svg)) == sorted(wanted)
    assert f"{lattice.num_arcs} arcs." in small_text(svg)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_path_is_marked_and_straight(seed):
    lattice = random_word_lattice(np.random.default_rng(seed))
    svg = lattice_svg(lattice)
    marked = [arc for arc in drawn_arcs(svg) if "best" in arc.kinds]
    words = [arc.tooltip[0] for arc in marked if "empty" not in arc.kinds]
    scores = sum(float(arc.tooltip[3].split()[1].rstrip(",")) + float(arc.tooltip[3].split()[3]) for arc in marked)
    hypothesis = lattice.best_path()
    assert sorted(words) == sorted(f"\u2068{span.name}\u2069" for span in hypothesis.words)
    final = max(path.graph + path.acoustic for path in word_paths(lattice)) - scores
    assert any(final == value for value in lattice.final_score)
    assert len(set().union(*(arc.heights for arc in marked))) <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_probable_arcs_are_wide_and_time_goes_right(seed):
    lattice = replace(random_word_lattice(np.random.default_rng(seed)), frame_shift=0.25)
    arcs = drawn_arcs(lattice_svg(lattice, 0.25, 0.25, min_posterior=0.0))
    for kind in (True, False):
        alike = [arc for arc in arcs if ("empty" in arc.kinds) == kind]
        by_posterior = sorted((float(arc.tooltip[2].split()[1]), arc.width) for arc in alike)
        for (low, thin), (high, wide) in zip(by_posterior, by_posterior[1:]):
            assert wide >= thin or high - low < 0.01
    for arc in arcs:
        assert arc.begin < arc.end


@pytest.mark.parametrize("seed", [2, 4, 9, 33])
def test_states_stand_at_their_time(seed):
    lattice = random_word_lattice(np.random.default_rng(seed))
    places = {}
    for arc in drawn_arcs(lattice_svg(lattice, min_posterior=0.0)):
        begin, end = (float(time) for time in arc.tooltip[1].rstrip(" s").split(" – "))
        places[begin], places[end] = arc.begin, arc.end
    assert len(places) >= 4
    scale = (max(places.values()) - places[0.0]) / max(places)
    assert all(abs(x - places[0.0] - scale * time) < 0.2 for time, x in places.items())


@pytest.mark.parametrize("seed", SEEDS)
def test_arcs_without_duration_can_be_seen(seed):
    lattice = replace(random_word_lattice(np.random.default_rng(seed)), frame_shift=0.01)
    long = replace(lattice, state_frame=lattice.state_frame * 50, num_frames=lattice.num_frames * 50, columns=None)
    for arc in drawn_arcs(lattice_svg(long, min_posterior=0.0)):
        begin, end = arc.tooltip[1].rstrip(" s").split(" – ")
        assert arc.end - arc.begin >= (14 if begin == end else 0.5) - 0.11


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("least", [0.02, 0.2])
def test_what_is_drawn_hangs_together_and_what_is_not_is_counted(seed, least):
    lattice = random_word_lattice(np.random.default_rng(seed), 9, 30)
    svg = lattice_svg(lattice, 0.25, 0.25, min_posterior=least)
    arcs = drawn_arcs(svg)
    assert {arc.begin for arc in arcs} - {arc.end for arc in arcs} == {min(arc.begin for arc in arcs)}
    probable = int((lattice.arc_posteriors(0.25, 0.25) >= least).sum())
    assert len(arcs) >= probable
    if len(arcs) < lattice.num_arcs:
        assert f"{len(arcs)} of {lattice.num_arcs} arcs; the others are less probable, and left out" in small_text(svg)


def test_strange_words_are_escaped_shortened_and_kept_whole_in_tooltips():
    lattice = replace(random_word_lattice(np.random.default_rng(5), 8, 30, 6), words=SymbolTable(STRANGE))
    svg = lattice_svg(lattice, reference=" ".join(STRANGE), min_posterior=0.0)
    root = ET.fromstring(svg)
    said = {(arc.tooltip[0]).strip("\u2068\u2069") for arc in drawn_arcs(svg)}
    assert set(STRANGE) <= said
    labels = {text.text for text in root.iter(f"{SVG}text") if "word" in text.get("class", "").split()}
    assert "Donaudampfschifffah…" in labels
    assert STRANGE[2] not in labels
    assert STRANGE[3] in small_text(svg)


def test_the_picture_has_a_name_and_says_in_words_what_it_shows():
    lattice = random_word_lattice(np.random.default_rng(3), utterance="<u1>")
    root = ET.fromstring(lattice_svg(lattice, reference="w1 w2"))
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "Lattice of <u1>"
    description = root.findtext(f"{SVG}desc")
    assert lattice.best_path().text in description
    assert "Reference: \u2068w1 w2" in description


def test_an_empty_lattice_one_frame_and_half_a_minute():
    one = random_word_lattice(np.random.default_rng(5), 2, 1)
    none, none32 = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
    empty = replace(
        one,
        **dict.fromkeys(("source", "target", "output_label", "columns"), none),
        **dict.fromkeys(("acoustic_score", "graph_score"), none32),
        column_flags=None,
        state_frame=np.zeros(1, dtype=np.int32),
        final_score=np.zeros(1, dtype=np.float32),
        num_frames=0,
    )
    empty.check()
    assert "no words" in lattice_svg(empty)
    assert len(drawn_arcs(lattice_svg(one))) == 1
    short, long = (ET.fromstring(lattice_svg(replace(one, frame_shift=shift))) for shift in (0.5, 15.0))
    assert one.num_frames == 2
    assert float(long.get("width")) > 30 * 90 > float(short.get("width"))


def test_a_lattice_without_end_or_with_a_wrong_scale_is_refused():
    lattice = random_word_lattice(np.random.default_rng(3))
    endless = replace(lattice, final_score=np.full_like(lattice.final_score, -np.inf))
    with pytest.raises(LatticeError, match="lattice_svg: the lattice of 'random' has no path to a final state"):
        lattice_svg(endless)
    with pytest.raises(LatticeError, match="acoustic_scale -1"):
        lattice_svg(lattice, -1.0)


def test_a_search_that_ended_nowhere_is_told():
    lattice = replace(random_word_lattice(np.random.default_rng(3)), reached_final=False, flags=("odd",))
    assert "The search reached no final state. Flag: odd." in small_text(lattice_svg(lattice))


def test_a_frame_level_lattice_is_drawn_word_by_word():
    spelled = frame_lattice(random_word_lattice(np.random.default_rng(3)))
    assert lattice_svg(spelled) == lattice_svg(spelled.word_lattice(8.0))
