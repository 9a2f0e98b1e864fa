"""`listen`: an audio file as a microphone would give it, chunk by chunk, and what is understood after each."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Iterator, Optional, Sequence, Tuple

from fsaasr.core.errors import ConfigError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.decode import EndpointRule
from fsaasr.recipe.recognizer.audio import Audio, read_sound
from fsaasr.recipe.recognizer.recognizer import Recognizer
from fsaasr.recipe.recognizer.stream import Latency
from fsaasr.recipe.recognizer.transcription import Transcription, Utterance

WARM: Seconds = 0.5
"""Audio that is heard before the clock runs: what compiles at its first call is not what a listener waits for."""


@dataclass(frozen=True)
class Moment:
    """What is known after a chunk.

    Attributes:
      heard: seconds of audio so far.
      partial, stable: of the utterance that is being spoken, see `Stream`.
      ended: utterances that have ended with this chunk.
      latency: so far.
      transcription: what was said in all, with the last chunk; None before.
    """

    heard: Seconds
    partial: Hypothesis
    stable: Hypothesis
    ended: Tuple[Utterance, ...]
    latency: Latency
    transcription: Optional[Transcription] = None


def listen(
    recognizer: Recognizer,
    audio: Audio,
    *,
    chunk: Seconds = 0.2,
    realtime: bool = False,
    endpoints: Sequence[EndpointRule] = (),
    buffered: bool = False,
    resample: bool = True,
) -> Iterator[Moment]:
    """Streams one audio.

    Args:
      recognizer: hears it.
      audio: as for `Recognizer.transcribe`.
      chunk: seconds of audio that are heard at a time.
      realtime: give each chunk no sooner than it would have been spoken, by the clock.
      endpoints, buffered: as for `Recognizer.stream`.
      resample: as for `Recognizer.transcribe`.

    Yields:
      A Moment after each chunk; the last one has the transcription.

    Raises:
      ConfigError: a chunk shorter than a sample. Also as `Recognizer.stream` and `Recognizer.transcribe`.
    """
    rate = recognizer.sampling_rate
    if not chunk * rate >= 1:
        raise ConfigError(f"listen: chunk is {chunk} s; expected at least one sample of {rate} Hz")
    sound = read_sound(audio, recognizer.system.model.features, resample)
    stream = recognizer.stream(endpoints=endpoints, buffered=buffered, name=sound.name)
    warm = recognizer.stream(buffered=buffered, name=sound.name)
    warm.accept(sound.samples[: max(round(WARM * rate), recognizer.system.model.features.window_samples)])
    warm.finish()
    for piece in _chunks(sound.samples, max(1, round(chunk * rate)), rate if realtime else None):
        ended = stream.accept(piece)
        partial, stable = stream.partial, stream.stable
        over = stream.latency.heard * rate > len(sound.samples) - 0.5
        done = stream.finish() if over else None
        if done is not None and sound.rate != rate:
            done = replace(done, resampled_from=sound.rate)
        yield Moment(stream.latency.heard, partial, stable, ended, stream.latency, done)


def _chunks(samples: FloatArray, size: int, pace: Optional[int]) -> Iterator[FloatArray]:
    """Pieces of the samples, each at its time by the clock where there is a pace, in Hz."""
    begin = time.perf_counter()
    for start in range(0, len(samples), size):
        piece = samples[start : start + size]
        if pace is not None:
            time.sleep(max(0.0, begin + (start + len(piece)) / pace - time.perf_counter()))
        yield piece
