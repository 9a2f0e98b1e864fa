"""A sausage says what its bins say."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.lattice import mbr_decode
from fsaasr.lattice.draw import Bin, confusion_network_svg, sausage_svg, write_pictures
from fsaasr.testing import random_word_lattice
from tests.lattice.draw.reading import SVG, small_text

BINS = [
    Bin(0, 20, [("", 0.98), ("oh", 0.02)]),
    Bin(20, 50, [("one", 0.93), ("nine", 0.05), ("", 0.02)]),
    Bin(50, 50, [("<a>", 0.5), ("שלום", 0.495), ("the", 0.005)]),
    Bin(50, 200, [(f"w{n}", 0.1) for n in range(10)]),
]


def rects(svg, kind):
    return [rect for rect in ET.fromstring(svg).iter(f"{SVG}rect") if kind in rect.get("class").split()]


def test_words_stand_in_order_with_dashes_and_bars():
    svg = sausage_svg(BINS[:3], 0.01, "u1")
    texts = [(text.get("class"), text.text) for text in ET.fromstring(svg).iter(f"{SVG}text")]
    words = [word for kind, word in texts if kind.startswith("word")]
    assert words == ["–", "oh", "one", "nine", "–", "<a>", "שלום"]
    assert [word for kind, word in texts if kind == "word best"] == ["–", "one", "<a>"]
    bars, frames = rects(svg, "bar"), rects(svg, "bin")
    assert float(bars[2].get("width")) / float(frames[1].get("width")) == pytest.approx(0.93, abs=1e-3)
    titles = [title.text for title in ET.fromstring(svg).iter(f"{SVG}title")]
    assert "\u2068one\u2069\n0.20 – 0.50 s\nposterior 0.930" in titles


def test_what_is_left_out_is_counted():
    assert "4 bins; 3 less probable words left out" in small_text(sausage_svg(BINS, 0.01))
    assert "4 bins; 2 less probable words left out" in small_text(sausage_svg(BINS, 0.01, min_posterior=0.0))
    assert "left out" not in small_text(sausage_svg(BINS[:2], 0.01))


@pytest.mark.parametrize("seed", range(20))
def test_bins_never_lie_on_each_other_and_stay_in_the_picture(seed):
    rng = np.random.default_rng(seed)
    edges = np.sort(rng.integers(0, 300, size=13)).tolist()
    bins = [Bin(a, b, [("word" * int(rng.integers(1, 5)), 0.7), ("", 0.3)]) for a, b in zip(edges, edges[1:])]
    svg = sausage_svg(bins, 0.01)
    boxes = [(float(r.get("x")), float(r.get("width"))) for r in rects(svg, "bin")]
    assert all(x + width <= after + 0.01 for (x, width), (after, _) in zip(boxes, boxes[1:]))
    assert boxes[0][0] >= 0
    assert sum(boxes[-1]) <= float(ET.fromstring(svg).get("width"))


def test_bins_left_without_word_are_left_out_and_counted():
    svg = sausage_svg([*BINS[:2], Bin(50, 60, [("", 0.995), ("uh", 0.005)])], 0.01, "u1")
    assert len(rects(svg, "bin")) == 2
    assert "u1: 2 of 3 bins; 1 less probable word left out." in small_text(svg)


@pytest.mark.parametrize("seed", range(20))
def test_networks_are_drawn_with_their_words(seed):
    lattice = random_word_lattice(np.random.default_rng(seed))
    network = mbr_decode(lattice, 0.25, 0.25).network
    svg = confusion_network_svg(network, min_posterior=0.0)
    said = [text.text for text in ET.fromstring(svg).iter(f"{SVG}text") if "word" in text.get("class").split()]
    wanted = [entry.word for number in range(len(network)) for entry in network.entries(number)]
    assert said == ["–" if word == "<eps>" else word for word in wanted]
    best = " ".join(network.best()) or "no words"
    assert f"Best words: \u2068{best}\u2069" in ET.fromstring(svg).findtext(f"{SVG}desc")


def test_nothing_at_all_is_a_picture_too():
    assert "0 bins." in small_text(sausage_svg([], 0.01, "u1"))
    assert "no words" in ET.fromstring(sausage_svg([], 0.01, "u1")).findtext(f"{SVG}desc")


def test_files(tmp_path):
    picture = sausage_svg(BINS, 0.01, "u1")
    write_pictures([picture], tmp_path / "a.svg", "u1")
    assert ET.parse(tmp_path / "a.svg").getroot().tag == f"{SVG}svg"
    write_pictures([picture, picture], tmp_path / "a.html", "<u1>")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "<title>&lt;u1&gt;</title>" in page
    for pictures, name in (([picture], "a.png"), ([picture, picture], "b.svg")):
        with pytest.raises(LatticeError, match=r"one goes into an \.svg file"):
            write_pictures(pictures, tmp_path / name, "u1")
