"""`Placement`: a lattice's words set beside a reference, each path where it costs the fewest edits on average."""

from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.hypothesis import Span
from fsaasr.core.scores import Seconds
from fsaasr.lattice.risk.confusion_network import ConfusionNetwork
from fsaasr.lattice.risk.weighted_words import WeightedWords
from fsaasr.lattice.risk.word_times import separated
from fsaasr.lattice.scored_paths import ScoredPaths

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]

ROUNDING = 1e-12
"""Posteriors that differ by less are equal, and those below are none."""


class Reference(NamedTuple):
    """Words as numbers in `WeightedWords.labels`, int32 (W,), -1 where the lattice lacks one, and their frames (W,)."""

    words: Int32
    begin: Float64
    end: Float64

    def with_room(self) -> Tuple[Int32, Float64]:
        """The 2 W + 1 places, with room (0) before and after each word, and the middle of each."""
        wanted = np.zeros(2 * len(self.words) + 1, dtype=np.int32)
        wanted[1::2] = self.words
        middle = np.zeros(len(wanted))
        if len(self.words):
            middle[1::2] = (self.begin + self.end) / 2
            middle[2:-1:2] = (self.end[:-1] + self.begin[1:]) / 2
            middle[0], middle[-1] = self.begin[0], self.end[-1]
        return wanted, middle


def reference_of(words: Sequence[Span], arcs: WeightedWords, frame_shift: Seconds) -> Reference:
    """The words of a hypothesis as a reference; `frame_shift` is that of the frames of `arcs`."""
    begin, end = (np.array([word[i] for word in words], dtype=np.float64) / frame_shift for i in (1, 2))
    return Reference(arcs.numbers_of([word.name for word in words]), begin, end)


class Placement(NamedTuple):
    """What `placed` found.

    Attributes:
      wanted: int32 (Q,): the word of each place, 0 for room.
      posterior: float64 (Q, V): of each word in each place, 0 for none; they sum to 1.
      begin, end: float64 (Q, V): frames, times the posterior.
      expected_errors: of the reference's words.
    """

    wanted: Int32
    posterior: Float64
    begin: Float64
    end: Float64
    expected_errors: float

    def favourites(self) -> Reference:
        """The most probable word of each place, places without word left out; of equals that of the reference."""
        places = np.arange(len(self.wanted))
        chosen = np.argmax(self.posterior, axis=1).astype(np.int32)
        stays = self.posterior[places, self.wanted] >= self.posterior[places, chosen] - ROUNDING
        chosen[stays] = self.wanted[stays]
        said = (places[chosen > 0], chosen[chosen > 0])
        share = self.posterior[said]
        return Reference(said[1], self.begin[said] / share, self.end[said] / share)


def placed(arcs: WeightedWords, reference: Reference) -> Placement:
    """Sets the lattice's words beside a reference, after figures 4 and 5 of Xu et al. (2011).

    The expected errors are those of the placement itself, which is one way of aligning all paths, and so an upper bound
    of the expected edit distance. Of ways that cost the same, words stand where they are nearest in time.
    """
    from fsaasr.lattice.risk.mbr_kernels import TIE, edit_costs, place_words

    wanted, middle = reference.with_room()
    scale = TIE / max(1.0, float(arcs.time[-1]))
    columns = (*arcs[:4], scale * (arcs.time[arcs.source] + arcs.time[arcs.target]) / 2)
    costs = edit_costs(columns, (wanted, scale * middle), len(arcs.time))
    found, unplaced = place_words(columns, (wanted, scale * middle), costs, arcs.time, len(arcs.labels))
    right = np.where(wanted >= 0, found[0, np.arange(len(wanted)), wanted], 0.0)
    return Placement(wanted, found[0], found[1], found[2], float((1.0 - right).sum()) + unplaced)


def network(arcs: WeightedWords, placement: Placement, lattice: ScoredPaths) -> ConfusionNetwork:
    """The placement as a confusion network, its reference as the hypothesis; `lattice` gives id and frame shift."""
    posterior = placement.posterior
    is_chosen = np.zeros(posterior.shape, dtype=bool)
    is_chosen[np.arange(len(posterior)), placement.wanted] = True
    is_entry = (posterior > ROUNDING) | is_chosen
    is_entry &= is_entry[:, 1:].any(axis=1)[:, None]
    place, word = np.nonzero(is_entry)
    order = np.lexsort((word, -posterior[place, word], ~is_chosen[place, word], place))
    place, word = place[order], word[order]
    bins = np.flatnonzero(is_entry.any(axis=1))
    share = posterior[place, word]
    bin_times = [_mean_over_words(times, posterior)[bins] for times in (placement.begin, placement.end)]
    begin, end = (
        np.where(
            share > ROUNDING, times[place, word] / np.maximum(share, ROUNDING), of_bin[np.searchsorted(bins, place)]
        )
        for times, of_bin in zip((placement.begin, placement.end), bin_times)
    )
    bin_begin, bin_end = separated(bin_times[0], bin_times[1], 1.0 - posterior[bins, 0])
    return ConfusionNetwork(
        lattice.utterance,
        arcs.words,
        lattice.frame_shift,
        np.concatenate([np.searchsorted(place, bins), [len(place)]]).astype(np.int64),
        arcs.labels[word],
        np.minimum(share, 1.0),
        begin,
        end,
        bin_begin,
        bin_end,
    )


def _mean_over_words(times: Float64, posterior: Float64) -> Float64:
    """Mean frame of each place over its words, or over all where no word is; `times` are times posterior (Q, V)."""
    said = posterior[:, 1:].sum(axis=1)
    mean: Float64 = np.where(said > 0, times[:, 1:].sum(axis=1), times.sum(axis=1)) / np.where(said > 0, said, 1.0)
    return mean
