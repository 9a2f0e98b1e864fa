"""Lanes: nothing lies on anything else, whatever the lattice."""

from itertools import combinations

import numpy as np
import pytest

from fsaasr.lattice.draw.lanes import GAP, Measures, assign_lanes
from fsaasr.lattice.scoring import scaled_scores
from fsaasr.testing import random_word_lattice, word_paths


def arranged(seed, label=30.0):
    rng = np.random.default_rng(seed)
    lattice = random_word_lattice(rng, 10, 30)
    scaled = scaled_scores(lattice, 1.0, 1.0, 0.0)
    best = max(word_paths(lattice), key=lambda path: path.acoustic + path.graph).arcs
    x = 40.0 * lattice.state_frame + np.arange(lattice.num_states)
    measures = Measures(x, np.where(lattice.output_label > 0, label, 0.0))
    order = np.argsort(-lattice.arc_posteriors(), kind="stable").tolist()
    return lattice, list(best), measures, assign_lanes(lattice, scaled, list(best), order, measures)


@pytest.mark.parametrize("seed", range(60))
def test_lines_and_labels_keep_apart(seed):
    _, best, measures, drawn = arranged(seed)
    assert all(drawn.lane[arc] == 0 for arc in best)
    for stretches in drawn.taken.values():
        assert all(a[1] + GAP <= b[0] or b[1] + GAP <= a[0] for a, b in combinations(stretches, 2))
    boxes = {}
    for label in drawn.labels:
        half = measures.label_width[label.arc] / 2
        boxes.setdefault((drawn.lane[label.arc], label.row), []).append((label.x - half, label.x + half))
    for row in boxes.values():
        assert all(a[1] <= b[0] or b[1] <= a[0] for a, b in combinations(row, 2))


@pytest.mark.parametrize("seed", range(60))
def test_every_line_leaves_a_drawn_state_and_arrives_at_one_or_ends(seed):
    lattice, _, measures, drawn = arranged(seed)
    for arc, lane in drawn.lane.items():
        source, target = int(lattice.source[arc]), int(lattice.target[arc])
        assert {source, target} <= set(drawn.state_lane)
        reaches = drawn.taken[lane]
        assert any(a <= measures.x[source] and measures.x[target] <= b for a, b in reaches)
    arrived = {0, *(int(lattice.target[arc]) for arc in drawn.lane)}
    left = {int(lattice.source[arc]) for arc in drawn.lane}
    assert left <= arrived
    assert all(state in left or lattice.final_score[state] > -np.inf for state in drawn.state_lane)


def test_a_word_too_wide_for_its_place_goes_below_the_line_or_away():
    few = [len(arranged(seed, 400.0)[3].labels) for seed in range(20)]
    many = [len(arranged(seed, 10.0)[3].labels) for seed in range(20)]
    assert sum(few) < sum(many)
