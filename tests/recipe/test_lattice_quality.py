"""Figures of lattices, of systems that find words and of those that find none."""

from __future__ import annotations

import numpy as np
import pytest

from fsaasr import Lexicon, Scores, compile_graph
from fsaasr.decode import decode
from fsaasr.graph import word_loop
from fsaasr.lattice import WordLattice
from fsaasr.recipe.lattice_quality import fit_calibration, measure_quality
from fsaasr.recipe.results import LatticeRow, lattices_markdown
from fsaasr.recipe.scales import UNSCALED

LEXICON = Lexicon.from_text("ab A B\nba B A\n")


def heard(*frames: str) -> WordLattice:
    """Lattice of any words, none among them, over scores that are sure of these columns."""
    fst = word_loop(LEXICON.words)
    graph = compile_graph(LEXICON, fst.set_final(fst.start()), "ctc")
    likely = np.array([[0.0 if name == frame else -9.0 for name in graph.column_names] for frame in frames])
    (lattice,) = decode(graph, Scores.from_matrices([likely.astype(np.float32)], 0.04))
    return lattice.word_lattice(6.0)


def test_a_system_that_finds_no_word_has_figures_too() -> None:
    said = {"utt0": ["ab"]}
    lattices = [heard("<blk>", "<blk>")]
    assert fit_calibration(lattices, said, UNSCALED) is None
    quality, (found,) = measure_quality(lattices, said, UNSCALED, None)
    assert found.words == ()
    assert (quality.words, quality.map_errors, quality.mbr_errors) == (1, 1, 1)
    assert quality.ece is quality.ece_calibrated is quality.cross_entropy is None
    assert quality.bins == ()
    assert lattices_markdown([LatticeRow("kaldi", "ctc", "loop", quality)])[-1].endswith("| - | - | 0 |")


def test_words_are_judged_by_their_confidences() -> None:
    quality, (found,) = measure_quality([heard("A", "B", "<blk>")], {"utt0": ["ab"]}, UNSCALED, None)
    assert [word.name for word in found.words] == ["ab"]
    assert quality.map_errors == quality.mbr_errors == 0
    assert quality.ece == quality.ece_calibrated == pytest.approx(1 - found.words[0].confidence)
    assert sum(words for *_, words in quality.bins) == 1
