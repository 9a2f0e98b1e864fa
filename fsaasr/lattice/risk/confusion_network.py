"""`ConfusionNetwork`: where which words stand, with what probability and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import EPSILON, SymbolTable

Float64 = npt.NDArray[np.float64]


class Entry(NamedTuple):
    """A word of a bin, `<eps>` for none, with its posterior and the frames of its mean begin and end."""

    word: str
    posterior: float
    begin: float
    end: float


@dataclass(frozen=True, eq=False)
class ConfusionNetwork:
    """A row of bins, each with words of which one is said, or none; a bin's posteriors sum to 1.

    The first entry of each bin is the one that the hypothesis has there; the others follow by falling posterior.
    Bins in which nothing can be said are left out.

    Attributes:
      utterance: utterance id.
      words: table of the labels; 0 is no word.
      frame_shift: seconds.
      offsets: int64 (B + 1,): bin b has the entries `offsets[b]` to `offsets[b + 1]`.
      label: int32 (E,). posterior: float64 (E,), in 0 .. 1.
      begin, end: float64 (E,): mean frames at which the word begins and ends, where it stands in this bin.
      bin_begin, bin_end: float64 (B,): mean frames over the bin's words; bins neither overlap nor go back.
    """

    utterance: str
    words: SymbolTable
    frame_shift: Seconds
    offsets: npt.NDArray[np.int64]
    label: npt.NDArray[np.int32]
    posterior: Float64
    begin: Float64
    end: Float64
    bin_begin: Float64
    bin_end: Float64

    def __len__(self) -> int:
        """B."""
        return len(self.offsets) - 1

    @property
    def bin_of(self) -> npt.NDArray[np.int64]:
        """int64 (E,): the bin of each entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def entries(self, bin_number: int) -> List[Entry]:
        """The entries of a bin, that of the hypothesis first."""
        part = slice(self.offsets[bin_number], self.offsets[bin_number + 1])
        names = self.words.names_of(self.label[part].tolist())
        times = (array[part].tolist() for array in (self.posterior, self.begin, self.end))
        return [Entry(*entry) for entry in zip(names, *times)]

    def best(self) -> Tuple[str, ...]:
        """The words of the hypothesis: the first of each bin, where it is a word."""
        first = self.label[self.offsets[:-1]]
        return tuple(self.words.names_of(first[first > 0].tolist()))

    def pruned(self, min_posterior: float) -> ConfusionNetwork:
        """Without the entries below a posterior (0 .. 1), the first of each bin kept; the rest again sums to 1.

        Raises:
          LatticeError: a bound outside 0 .. 1.
        """
        if not 0 <= min_posterior <= 1:
            raise LatticeError(f"ConfusionNetwork.pruned: min_posterior is {min_posterior}, expected 0 .. 1")
        keep = self.posterior >= min_posterior
        keep[self.offsets[:-1]] = True
        bins = self.bin_of
        said = np.bincount(bins, keep & (self.label > 0), len(self)) > 0
        keep &= said[bins]
        total = np.bincount(bins[keep], self.posterior[keep], len(self))
        return replace(
            self,
            offsets=np.concatenate([[0], np.cumsum(np.bincount(bins[keep], minlength=len(self))[said])]),
            label=self.label[keep],
            posterior=self.posterior[keep] / total[bins[keep]],
            begin=self.begin[keep],
            end=self.end[keep],
            bin_begin=self.bin_begin[said],
            bin_end=self.bin_end[said],
        )

    def to_dict(self) -> Dict[str, Any]:
        """As JSON-ready values; words by name."""
        bins = [
            {"begin": begin, "end": end, "entries": [list(entry) for entry in self.entries(number)]}
            for number, (begin, end) in enumerate(zip(self.bin_begin.tolist(), self.bin_end.tolist()))
        ]
        return {"utterance": self.utterance, "frame_shift": self.frame_shift, "bins": bins}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ConfusionNetwork:
        """Inverse of `to_dict`; the table has the words that occur, so labels may differ."""
        bins = value["bins"]
        entries = [Entry(*entry) for one in bins for entry in one["entries"]]
        words = SymbolTable(dict.fromkeys([EPSILON, *(entry.word for entry in entries)]))
        return cls(
            value["utterance"],
            words,
            value["frame_shift"],
            np.cumsum([0, *(len(one["entries"]) for one in bins)]),
            np.array([words[entry.word] for entry in entries], dtype=np.int32),
            *(np.array([entry[i] for entry in entries], dtype=np.float64) for i in (1, 2, 3)),
            *(np.array([one[key] for one in bins], dtype=np.float64) for key in ("begin", "end")),
        )
