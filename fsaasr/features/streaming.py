"""Features while the audio comes in: row by row those of the whole recording."""

from __future__ import annotations

import math
from functools import partial
from typing import Callable, List, Optional

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.corpora.audio import resample, resampling_reach
from fsaasr.features.config import FeatureConfig
from fsaasr.features.extract import extract_one, one_channel, static_config
from fsaasr.features.transforms import DELTA_WINDOW, add_deltas

Function = Callable[[FloatArray], FloatArray]


class Piecewise:
    """A function of rows (samples, frames), applied while they come in; pieces change nothing.

    The function makes `given` rows of each `taken` ones, a block, and looks a little further to both sides. At the ends
    of what it gets it does what it does at the ends of a recording; so it gets more than a block, and what it made near
    ends that are none is dropped.
    """

    def __init__(
        self, function: Function, nothing: FloatArray, before: int, after: int, taken: int = 1, given: int = 1
    ) -> None:
        """Args:
        function: (N, ...) to (M, ...), M at least `given` for each whole block that has `after` more rows behind it.
        nothing: what it makes of no rows.
        before: blocks that it looks back. after: rows behind a block that it looks at.
        taken, given: rows of a block, and rows that are made of it.
        """
        self._function, self._nothing = function, nothing
        self._before, self._after, self._taken, self._given = before, after, taken, given
        self._buffer: Optional[FloatArray] = None
        self._first = 0  # block with which the buffer begins
        self._done = 0  # blocks given

    def advance(self, rows: FloatArray, final: bool = False) -> FloatArray:
        """Takes the next rows, and gives what no row to come can change; with `final`, all the rest."""
        buffer = rows if self._buffer is None else np.concatenate([self._buffer, rows])
        self._buffer = buffer
        ready = self._first + max(0, len(buffer) - self._after) // self._taken
        if not len(buffer) or (ready <= self._done and not final):
            return self._nothing
        made = self._function(buffer)[(self._done - self._first) * self._given :]
        if final:
            return made
        made = made[: (ready - self._done) * self._given]
        first = max(0, ready - self._before)
        self._buffer = buffer[(first - self._first) * self._taken :].copy()
        self._first, self._done = first, ready
        return made


class FeatureStream:
    """Extracts features of one utterance while its samples come in.

    The rows are, to rounding, those of `features_of` for all samples at once, however these come in pieces.
    """

    def __init__(self, config: FeatureConfig, *, sampling_rate: Optional[int] = None, utterance: str = "audio") -> None:
        """Args:
          config: kind and derivatives.
          sampling_rate: Hz of the samples, which are brought to the configuration's; None means that.
          utterance: name for messages.

        Raises:
          ConfigError: normalisation by a mean that is known at the end only.
        """
        if config.cmvn != "none":
            raise ConfigError(
                f"FeatureStream: {utterance!r}: cmvn {config.cmvn!r} subtracts a mean that is known only when the "
                "speech has ended; train the model with cmvn: none to stream, or search at the end (buffered)"
            )
        self._utterance = utterance
        self._steps: List[Piecewise] = []
        if sampling_rate not in (None, config.sampling_rate):
            self._steps.append(_resampling(int(sampling_rate or 0), config.sampling_rate))
        self._steps.append(_framing(config, utterance))
        if config.deltas:
            reach, nothing = DELTA_WINDOW * config.deltas, np.zeros((0, config.dim), np.float32)
            self._steps.append(Piecewise(partial(add_deltas, order=config.deltas), nothing, reach, reach))

    def advance(self, samples: npt.ArrayLike, final: bool = False) -> FloatArray:
        """Takes the next samples, and gives the rows that none to come can change.

        Args:
          samples: (num_samples,) or (1, num_samples) in -1 .. 1; may be none.
          final: the utterance ends here; all rows are given.

        Returns:
          float32 (T, F), T >= 0.

        Raises:
          CorpusError: more than one channel, samples that are not finite, or an utterance shorter than a frame.
        """
        rows = one_channel(np.asarray(samples, dtype=np.float32), self._utterance)
        for step in self._steps:
            rows = step.advance(rows, final)
        return rows


def look_ahead(config: FeatureConfig) -> Seconds:
    """Seconds that must be heard beyond a frame's own shift before `FeatureStream` gives it; without resampling."""
    return _behind(config) / config.sampling_rate + DELTA_WINDOW * config.deltas * config.frame_shift


def _behind(config: FeatureConfig) -> int:
    # Half of it would do, but extraction wants a whole frame.
    return config.window_samples - config.shift_samples


def _framing(config: FeatureConfig, utterance: str) -> Piecewise:
    extract = partial(extract_one, config=static_config(config), utterance=utterance)
    nothing, shift = np.zeros((0, config.static_dim), np.float32), config.shift_samples
    before = max(1, math.ceil(_behind(config) / 2 / shift))
    return Piecewise(extract, nothing, before, _behind(config), taken=shift)


def _resampling(rate: int, target: int) -> Piecewise:
    common = math.gcd(rate, target)
    taken, reach = rate // common, resampling_reach(rate, target)
    to_target = partial(resample, rate=rate, target=target)
    return Piecewise(
        to_target, np.zeros(0, np.float32), math.ceil(reach / taken), reach, taken=taken, given=target // common
    )
