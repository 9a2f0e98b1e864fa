"""Feature matrices that are not held in memory: made, or read, when one asks for them."""

from __future__ import annotations

from collections.abc import Sequence as SequenceABC
from functools import partial
from typing import Any, Callable, List, Sequence, Tuple, overload

from fsaasr.core.scores import FloatArray
from fsaasr.features.config import FeatureConfig
from fsaasr.features.extract import extract_one, load_samples
from fsaasr.features.transforms import add_deltas, group_statistics, normalise


class OnDemand(SequenceABC):  # type: ignore[type-arg]
    """N matrices float32 (T_n, F), each another array every time; what `FeatureBatch.matrices` may be.

    Attributes:
      lengths: T_n of each, known without reading it.
    """

    def __init__(self, lengths: Sequence[int], read: Callable[[int], FloatArray]) -> None:
        """Args:
        lengths: rows of each matrix. read: gives one of them.
        """
        self.lengths: Tuple[int, ...] = tuple(lengths)
        self._read = read

    def __len__(self) -> int:
        return len(self.lengths)

    @overload
    def __getitem__(self, place: int) -> FloatArray: ...

    @overload
    def __getitem__(self, place: slice) -> List[FloatArray]: ...

    def __getitem__(self, place: Any) -> Any:
        """One matrix, or a list of some, which is in memory then."""
        if isinstance(place, slice):
            return [self._read(n) for n in range(len(self))[place]]
        return self._read(range(len(self))[place])


def extracted_on_the_fly(cuts: Sequence[Any], config: FeatureConfig, resample: bool) -> OnDemand:
    """Extracts from audio; errors of a cut come when it is asked for."""
    rate = config.sampling_rate
    samples = [round(cut.num_samples * rate / cut.sampling_rate) for cut in cuts]
    return OnDemand(list(map(config.num_frames, samples)), partial(_extracted, cuts, config, resample))


def _extracted(cuts: Sequence[Any], config: FeatureConfig, resample: bool, place: int) -> FloatArray:
    cut = cuts[place]
    return extract_one(load_samples(cut, config, resample), config, cut.id)


def finished_on_demand(source: OnDemand, speakers: Sequence[str], config: FeatureConfig) -> OnDemand:
    """The same, normalised and with derivatives; statistics of speakers take one pass over all, now."""
    if config.cmvn == "none" and not config.deltas:
        return source
    statistics = group_statistics(source, speakers, config.cmvn_variance) if config.cmvn == "speaker" else {}

    def read(place: int) -> FloatArray:
        matrix = source[place]
        if config.cmvn == "speaker":
            matrix = statistics[speakers[place]].apply(matrix)
        elif config.cmvn == "utterance":
            (matrix,) = normalise([matrix], [""], config.cmvn_variance)
        return add_deltas(matrix, config.deltas) if config.deltas else matrix

    return OnDemand(source.lengths, read)
