"""Lattices of a file as pictures."""

from dataclasses import replace

import numpy as np
import pytest

from fsaasr.core.errors import LatticeError
from fsaasr.lattice import frame_lattice
from fsaasr.lattice.draw import Look, draw_lattices
from fsaasr.testing import random_word_lattice

LATTICES = [random_word_lattice(np.random.default_rng(seed), utterance=f"u{seed}") for seed in range(4)]


def test_all_or_some_are_drawn_in_their_order(tmp_path):
    path = tmp_path / "a.html"
    assert draw_lattices(LATTICES, path) == ("u0", "u1", "u2", "u3")
    assert path.read_text(encoding="utf-8").count("<svg") == 4
    assert draw_lattices(LATTICES, path, ["u2", "u1"], references={"u1": "w3 w3"}) == ("u1", "u2")
    page = path.read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert page.index("Lattice of u1") < page.index("w3 w3") < page.index("Lattice of u2")


def test_nothing_more_is_read_once_all_are_found(tmp_path):
    def reading():
        yield LATTICES[0]
        yield LATTICES[1]
        raise AssertionError("read too far")

    assert draw_lattices(reading(), tmp_path / "a.svg", ["u1"]) == ("u1",)


def test_looks():
    sausage = Look(0.5, 0.5, sausage=True)
    assert "Confusion network of u1" in sausage.picture(LATTICES[1])
    assert "Confusion network of u3" in sausage.picture(frame_lattice(LATTICES[3]))
    few, many = (Look(0.1, 0.1, min_posterior=least).picture(LATTICES[3]) for least in (0.5, 0.0))
    assert len(few) < len(many)


def test_what_cannot_be_drawn_is_refused(tmp_path):
    with pytest.raises(LatticeError, match=r"a\.svg has room for one picture"):
        draw_lattices(LATTICES, tmp_path / "a.svg")
    with pytest.raises(LatticeError, match="no lattice of 'u9'"):
        draw_lattices(LATTICES, tmp_path / "a.html", ["u9"])
    with pytest.raises(LatticeError, match="no lattice to draw"):
        draw_lattices([], tmp_path / "a.html")
    with pytest.raises(LatticeError, match="no path to a final state"):
        draw_lattices([replace(LATTICES[0], final_score=LATTICES[0].final_score - np.inf)], tmp_path / "a.svg")
    with pytest.raises(LatticeError, match=r"min_posterior is 2, expected 0 \.\. 1"):
        draw_lattices(LATTICES, tmp_path / "a.html", look=Look(min_posterior=2))
    assert list(tmp_path.iterdir()) == []
