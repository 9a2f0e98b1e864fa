"""Connected words: isolated recordings of one speaker strung together, with their true word times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence, Tuple

import numpy as np

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.core.scores import Seconds
from fsaasr.corpora.audio import Samples


@dataclass(frozen=True)
class StringOptions:
    """How isolated words become strings.

    Attributes:
      min_words, max_words: length of a string; drawn uniformly.
      gap: shortest and longest pause in seconds, before, between and after the words; drawn uniformly.
      gap_level: dB relative to full scale of the Gaussian noise in the pauses; None is digital silence.
    """

    __pydantic_config__ = STRICT

    min_words: int = 1
    max_words: int = 7
    gap: Tuple[float, float] = (0.05, 0.2)
    gap_level: Optional[float] = -60.0

    def __post_init__(self) -> None:
        if not 1 <= self.min_words <= self.max_words:
            raise ConfigError(f"StringOptions: words {self.min_words} to {self.max_words}; expected 1 <= min <= max")
        if not 0 <= self.gap[0] <= self.gap[1]:
            raise ConfigError(f"StringOptions: gap is {self.gap}; expected seconds, 0 <= shortest <= longest")
        if self.gap_level is not None and not -200 <= self.gap_level <= 0:
            raise ConfigError(
                f"StringOptions: gap_level is {self.gap_level}; expected -200 to 0 dB of full scale, or None"
            )


def draw_strings(
    num_recordings: int, num_strings: int, options: StringOptions, rng: np.random.Generator
) -> List[Tuple[int, ...]]:
    """Draws which recordings make up each string.

    Recordings are dealt like cards: each is used once before any is used again, so that all are used
    equally often, give or take one.

    Args:
      num_recordings: size of the pool, >= 1.
      num_strings: how many strings to draw.
      options: lengths of the strings.
      rng: source of all randomness.

    Returns:
      Per string, indices into the pool.

    Raises:
      CorpusError: the pool is empty.
    """
    if num_recordings < 1:
        raise CorpusError("draw_strings: no recordings to draw from; the split holds none of this speaker")
    cards = _deal(num_recordings, rng)
    lengths = rng.integers(options.min_words, options.max_words, size=num_strings, endpoint=True)
    return [tuple(next(cards) for _ in range(length)) for length in lengths]


def _deal(size: int, rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from map(int, rng.permutation(size))


def append_words(
    words: Sequence[Samples], sampling_rate: int, options: StringOptions, rng: np.random.Generator
) -> Tuple[Samples, List[Tuple[Seconds, Seconds]]]:
    """Appends recordings with a pause before, between and after them.

    Args:
      words: recordings, float32 (num_samples,) in -1 .. 1.
      sampling_rate: Hz.
      options: range and level of the pauses.
      rng: source of all randomness.

    Returns:
      The samples, float32, and (start, duration) in seconds of each word in them.
    """
    amplitude = 0.0 if options.gap_level is None else 10.0 ** (options.gap_level / 20.0)
    pieces: List[Samples] = []
    times: List[Tuple[Seconds, Seconds]] = []
    position = 0
    for word in [*words, None]:
        pause = round(rng.uniform(*options.gap) * sampling_rate)
        pieces.append((amplitude * rng.standard_normal(pause)).astype(np.float32))
        position += pause
        if word is not None:
            pieces.append(word)
            times.append((position / sampling_rate, len(word) / sampling_rate))
            position += len(word)
    return np.concatenate(pieces), times
