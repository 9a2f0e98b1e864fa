"""What can be recognized: files, samples, Lhotse's cuts and recordings; and where audio that is long is cut."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Sequence, Tuple, Union

import numpy as np

from fsaasr.core.errors import CorpusError
from fsaasr.core.files import PathLike
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.corpora.audio import open_recording, read_samples
from fsaasr.features import FeatureConfig, load_samples
from fsaasr.features.extract import at_rate, cut_speaker

Audio = Union[PathLike, Tuple[Any, int], Any]
"""A file; samples (num_samples,) in -1 .. 1 with their rate in Hz; or a Lhotse cut or recording. One channel each."""

HOP: Seconds = 0.05
"""Loudness is measured so often."""
QUIET: Seconds = 0.2
"""Time over which it is measured."""


@dataclass(frozen=True, eq=False)
class Sound:
    """One channel of audio at the model's rate.

    Attributes:
      name: the file, or the id of the cut or recording.
      samples: float32 (num_samples,).
      rate: Hz that it came with.
      speaker: of a cut, "" where unknown.
    """

    name: str
    samples: FloatArray
    rate: int
    speaker: str = ""


def is_several(audio: Any) -> bool:
    """Whether it is many audios: a list, or any collection but a pair of samples and rate."""
    return not (isinstance(audio, (str, Path, tuple)) or hasattr(audio, "sampling_rate"))


def read_sound(audio: Audio, config: FeatureConfig, resample: bool) -> Sound:
    """Reads one audio, at the rate that a model wants.

    Raises:
      CorpusError: another rate without `resample`, several channels, or audio that is missing, unreadable or nothing of
        what `Audio` may be.
    """
    if isinstance(audio, (str, Path)):
        rate = int(open_recording(audio, str(audio)).sampling_rate)
        return Sound(str(audio), at_rate(read_samples(audio), rate, config, resample, str(audio)), rate)
    if isinstance(audio, tuple) and len(audio) == 2 and isinstance(audio[1], (int, np.integer)):
        samples, rate = audio[0], int(audio[1])
        return Sound("audio", at_rate(samples, rate, config, resample, "audio"), rate)
    if hasattr(audio, "load_audio") and hasattr(audio, "sampling_rate"):
        cut = audio.to_cut() if hasattr(audio, "to_cut") else audio
        samples = load_samples(cut, config, resample)
        return Sound(audio.id, samples, int(audio.sampling_rate), cut_speaker(cut))
    raise CorpusError(
        f"Recognizer: audio is {type(audio).__name__}; expected a path, (samples, rate), a Lhotse cut or recording, or "
        "a list of these"
    )


def unique_names(names: Sequence[str]) -> List[str]:
    """The names, with ` (2)` and so on behind those that came before."""
    count: dict[str, int] = {}
    unique = []
    for name in names:
        count[name] = count.get(name, 0) + 1
        unique.append(name if count[name] == 1 else f"{name} ({count[name]})")
    return unique


def quiet_cuts(samples: FloatArray, rate: int, longest: Seconds) -> List[Tuple[int, int]]:
    """Cuts audio where it is quietest, into pieces of at most `longest` seconds, all but the last of at least half.

    Args:
      samples: float32 (num_samples,).
      rate: Hz.
      longest: seconds, 1 or more.

    Returns:
      First sample and end of each piece; together they are all samples.
    """
    most = int(longest * rate)
    if len(samples) <= most:
        return [(0, len(samples))]
    hop, width = round(HOP * rate), round(QUIET / HOP)
    blocks = len(samples) // hop
    energy = np.square(samples[: blocks * hop].reshape(blocks, hop), dtype=np.float64).mean(axis=1)
    loudness = np.convolve(energy, np.ones(width), mode="same")
    pieces, start = [], 0
    while len(samples) - start > most:
        first, last = -(-(start + most // 2) // hop), (start + most) // hop
        middle = (first + int(np.argmin(loudness[first:last]))) * hop
        pieces.append((start, middle))
        start = middle
    return [*pieces, (start, len(samples))]
