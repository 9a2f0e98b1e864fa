"""`WordArcs`: where a graph says each word, so that what a few words add is known without a look at all arcs."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.decode.search_records import NO_SLOTS, SLACK_STEP, SearchGraph

Float32 = npt.NDArray[np.float32]
_MOST = 255
"""Greatest value of `Said.slack`."""


class WordArcs:
    """The arcs that say words, and the epsilons, of a graph as the kernels have it."""

    def __init__(self, tables: SearchGraph) -> None:
        self._tables = tables
        begins = tables.states["begin"].astype(np.int64)
        saying = np.flatnonzero(tables.output > 0)
        self._arc = saying[np.argsort(tables.output[saying], kind="stable")]
        self._word = tables.output[self._arc]
        self._state = np.searchsorted(begins, self._arc, side="right") - 1
        self._epsilon = np.flatnonzero(tables.label == 0)
        self._source = np.searchsorted(begins, self._epsilon, side="right") - 1
        self._epsilon_word, self._epsilon_target = tables.output[self._epsilon], tables.target[self._epsilon]

    def slack(self, most: Float32, opens: npt.NDArray[np.bool_]) -> Tuple[npt.NDArray[np.uint8], float, float, bool]:
        """`Said.slack`.

        Args:
          most: float32 (L,): what each output label adds at most.
          opens: bool (L,): whether it adds anything to, or changes, a history that is 0.

        Returns:
          It; the greatest scores of an arc with what its word adds, of those that consume a frame and of epsilons; and
          whether all of it fits.
        """
        tables = self._tables
        places = np.flatnonzero((opens | (most > 0))[self._word])
        arc, state = self._arc[places], self._state[places]
        added = most[self._word[places]]
        consumes = tables.label[arc] > 0
        steps = np.where(consumes, np.ceil(np.maximum(added, 0) / SLACK_STEP), 0).astype(np.int64) + 1
        slack = np.zeros(len(tables.states) - 1, np.uint8)
        np.maximum.at(slack, state, np.minimum(steps, _MOST).astype(np.uint8))
        both = (tables.score[arc] + added).astype(np.float64)
        greatest = both.max(initial=tables.greatest, where=consumes)
        best_epsilon = both.max(initial=tables.best_epsilon, where=~consumes)
        return slack, float(greatest), float(best_epsilon), bool(steps.max(initial=0) <= _MOST)

    def reach(self, most: Float32, slack: npt.NDArray[np.uint8]) -> Float32:
        """`Said.reach`."""
        tables = self._tables
        if tables.slots_begin < NO_SLOTS:  # arcs lead out of slots to wherever these stand: one bound for all states
            return np.full(len(slack), max(float(most.max()), 0.0) * (1 + tables.highest), np.float32)
        found: Float32 = np.maximum(slack.astype(np.float32) - 1, 0) * np.float32(SLACK_STEP)
        added = np.where(self._epsilon_word > 0, np.maximum(most, 0)[self._epsilon_word], np.float32(0))
        for _ in range(tables.highest):
            onward = added + found[self._epsilon_target]
            some = onward > found[self._source]
            if not some.any():
                break
            np.maximum.at(found, self._source[some], onward[some])
        return found
