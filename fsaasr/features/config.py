"""`FeatureConfig`: what a model hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.scores import Seconds


@dataclass(frozen=True)
class FeatureConfig:
    """Acoustic features, Kaldi's definitions throughout; nothing in them is random.

    There is no dither: it would make features differ from run to run. Samples are scaled to 16-bit
    range first, as in Kaldi, so that values and the energy floor are Kaldi's too.

    Attributes:
      kind: `mfcc`, `fbank` (log mel energies), or `waveform`: the samples themselves, a frame shift a row, for networks
        that learn their own features; neither normalised nor with derivatives.
      sampling_rate: Hz of the audio; other audio is refused unless resampling is asked for.
      num_filters: mel filters; None means 23 for MFCC and 80 for fbank (40 below 16 kHz).
      num_ceps: cepstra a frame, C0 included; at most num_filters; MFCC only.
      frame_shift: seconds between two frames.
      frame_length: seconds a frame.
      low_freq: Hz where the lowest filter starts.
      high_freq: Hz where the highest filter ends; 0 or less counts from the Nyquist frequency.
      cmvn: mean normalisation: `none`, per `utterance`, or per `speaker` over all the cuts given.
      cmvn_variance: normalise to unit variance as well; needs cmvn.
      deltas: append derivatives up to this order, after normalisation, as Kaldi's recipes do.
    """

    __pydantic_config__ = STRICT

    kind: Literal["mfcc", "fbank", "waveform"] = "mfcc"
    sampling_rate: int = 16000
    num_filters: Optional[int] = None
    num_ceps: int = 13
    frame_shift: Seconds = 0.01
    frame_length: Seconds = 0.025
    low_freq: float = 20.0
    high_freq: float = -400.0
    cmvn: Literal["none", "utterance", "speaker"] = "none"
    cmvn_variance: bool = False
    deltas: Literal[0, 1, 2] = 0

    def __post_init__(self) -> None:
        if self.kind not in ("mfcc", "fbank", "waveform") or self.cmvn not in ("none", "utterance", "speaker"):
            self._refuse(
                f"kind {self.kind!r} with cmvn {self.cmvn!r}", "mfcc|fbank|waveform and none|utterance|speaker"
            )
        if self.kind == "waveform" and (self.cmvn != "none" or self.deltas):
            self._refuse(f"kind waveform with cmvn {self.cmvn!r}, deltas {self.deltas}", "cmvn none and deltas 0")
        if self.deltas not in (0, 1, 2):
            self._refuse(f"deltas {self.deltas}", "0, 1 or 2")
        if not (0 < self.frame_shift <= self.frame_length and self.shift_samples >= 1):
            self._refuse(f"frame_shift {self.frame_shift}, frame_length {self.frame_length}", "0 < shift <= length")
        nyquist = self.sampling_rate / 2
        high = self.high_freq if self.high_freq > 0 else nyquist + self.high_freq
        if not 0 <= self.low_freq < high <= nyquist:
            self._refuse(f"filters from {self.low_freq} to {high} Hz", f"0 <= low < high <= {nyquist} Hz")
        if self.filters < 4:
            self._refuse(f"num_filters {self.num_filters}", "4 or more")
        if self.kind == "mfcc" and not 1 <= self.num_ceps <= self.filters:
            self._refuse(f"num_ceps {self.num_ceps}", f"1 to {self.filters}, the number of filters")
        if self.cmvn_variance and self.cmvn == "none":
            self._refuse("cmvn_variance with cmvn none", "cmvn utterance or speaker")

    def _refuse(self, found: str, expected: str) -> None:
        raise ConfigError(f"FeatureConfig: found {found}; expected {expected}")

    @property
    def filters(self) -> int:
        """Number of mel filters, the default resolved."""
        if self.num_filters is not None:
            return self.num_filters
        if self.kind == "mfcc":
            return 23
        return 80 if self.sampling_rate >= 16000 else 40

    @property
    def static_dim(self) -> int:
        """Features a frame before derivatives are appended."""
        return {"mfcc": self.num_ceps, "fbank": self.filters, "waveform": self.shift_samples}[self.kind]

    @property
    def dim(self) -> int:
        """F, features a frame."""
        return self.static_dim * (1 + self.deltas)

    @property
    def shift_samples(self) -> int:
        """Samples between two frames."""
        return int(self.frame_shift * self.sampling_rate + 1e-6)

    @property
    def window_samples(self) -> int:
        """Samples a frame; the shortest utterance that has features."""
        return int(self.frame_length * self.sampling_rate + 1e-6)

    def num_frames(self, num_samples: int) -> int:
        """T for an utterance of `num_samples`: one frame a shift, rounded to the nearest."""
        return (num_samples + self.shift_samples // 2) // self.shift_samples
