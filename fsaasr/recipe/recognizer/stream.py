"""`Stream`: recognition of audio while it comes in."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Iterator, List, Optional, Protocol, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ConfigError, DecodeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.decode import EndpointRule
from fsaasr.features import FeatureBatch, FeatureStream
from fsaasr.features.extract import at_rate, one_channel
from fsaasr.recipe.recognizer.audio import Sound
from fsaasr.recipe.recognizer.transcription import Transcription, Utterance
from fsaasr.recipe.searches import feature_decoder

if TYPE_CHECKING:
    from fsaasr.recipe.recognizer.recognizer import Recognizer

CHECK: Seconds = 0.1
"""Whether the speaker has finished is asked so often, by the audio's time, so that chunks make no difference."""


@dataclass(frozen=True)
class Latency:
    """What a listener waited for.

    Attributes:
      first_partial: seconds of audio that had been heard when the partial result first held a word; goes by when it was
        asked for; None before that.
      first_word: seconds at which the first word of the final result begins, None before that or without words.
      final: seconds by the clock from the end of the audio to the result, None before that.
      work: seconds by the clock that were spent on the audio so far.
      heard: seconds of audio so far.
    """

    first_partial: Optional[Seconds] = None
    first_word: Optional[Seconds] = None
    final: Optional[Seconds] = None
    work: Seconds = 0.0
    heard: Seconds = 0.0

    @property
    def rtf(self) -> float:
        """Real-time factor: seconds of work for a second of audio."""
        return self.work / self.heard if self.heard else 0.0


class Stream:
    """Hears one audio; made by `Recognizer.stream`.

    However its samples come in pieces, what it says is, to rounding, what `Recognizer.transcribe` says of all of them,
    and the endpoints are the same. (Where `native` searches a small graph exactly, a stream searches within the beam.)
    """

    def __init__(
        self, recognizer: Recognizer, sampling_rate: int, endpoints: Sequence[EndpointRule], buffered: bool, name: str
    ) -> None:
        """See `Recognizer.stream`."""
        if buffered and endpoints:
            raise ConfigError(
                "Stream: endpoints of a buffered stream, which is searched at its end; leave one of them out"
            )
        self.name, self.sampling_rate, self.latency = name, sampling_rate, Latency()
        self._recognizer, self._rules, self._buffered = recognizer, tuple(endpoints), buffered
        self._ended: List[Utterance] = []
        self._samples = self._begin = 0  # heard so far, and before this utterance
        self._result: Optional[Transcription] = None
        self._live = self._listener()

    def _listener(self) -> _Listener:
        if self._buffered:
            return _Collecting(self._recognizer, self.sampling_rate, self._utterance_name)
        return _Searching(self._recognizer, self.sampling_rate, self._utterance_name)

    @property
    def _utterance_name(self) -> str:
        return f"{self.name} [{self._start:.2f}]" if self._begin else self.name

    @property
    def _start(self) -> Seconds:
        return self._begin / self.sampling_rate

    def accept(self, samples: npt.ArrayLike) -> Tuple[Utterance, ...]:
        """Hears the next samples, (num_samples,) or (1, num_samples) in -1 .. 1, any number of them.

        Returns:
          The utterances that have ended with them; of a stream without endpoints, none.

        Raises:
          CorpusError: several channels, or samples that are not finite.
          DecodeError: the stream has been finished.
        """
        if self._result is not None:
            raise DecodeError(f"Stream: {self.name!r} has been finished; begin another stream")
        wave = one_channel(np.asarray(samples, dtype=np.float32), self.name)
        before = len(self._ended)
        with self._clock():
            while len(wave):
                count = self._until_check() if self._rules else len(wave)
                self._live.hear(wave[:count])
                self._samples += len(wave[:count])
                wave = wave[count:]
                if self._rules and self._until_check() == self._check_samples:
                    self._end_utterance(self._live.endpoint(self._recognizer.silence, self._rules))
        self.latency = replace(self.latency, heard=self._samples / self.sampling_rate)
        return tuple(self._ended[before:])

    @property
    def _check_samples(self) -> int:
        return max(1, round(CHECK * self.sampling_rate))

    def _until_check(self) -> int:
        return self._check_samples - (self._samples - self._begin) % self._check_samples

    def _end_utterance(self, rule: Optional[str]) -> None:
        if rule is not None:
            self._ended.append(self._live.finish(self._start, self._samples / self.sampling_rate, rule))
            self._begin = self._samples
            self._live = self._listener()

    @property
    def ended(self) -> Tuple[Utterance, ...]:
        """Utterances that have ended so far."""
        return tuple(self._ended)

    @property
    def partial(self) -> Hypothesis:
        """The best path of the utterance that is being spoken, its times those of the audio."""
        with self._clock():
            found = self._live.partial().shifted(self._start)
        if found.words and self.latency.first_partial is None:
            self.latency = replace(self.latency, first_partial=self._samples / self.sampling_rate)
        return found

    @property
    def stable(self) -> Hypothesis:
        """The part of `partial` that the search will not take back, whatever follows.

        Scales of language and words other than 1 and 0, which choose among the paths that were found when the utterance
        has ended, still can.
        """
        with self._clock():
            return self._live.stable().shifted(self._start)

    def finish(self) -> Transcription:
        """What was said in all, and the end of the stream; asked again, the same.

        What is left behind the last endpoint and is shorter than a frame holds no utterance.

        Raises:
          DecodeError: no audio at all.
          CorpusError: audio shorter than one frame.
        """
        if self._result is None:
            if not self._samples:
                raise DecodeError(f"Stream: {self.name!r} has heard no audio; give it samples before it ends")
            with self._clock() as spent:
                rest = self._samples - self._begin
                if not self._ended or rest >= self._recognizer.system.model.features.frame_length * self.sampling_rate:
                    end = self._samples / self.sampling_rate
                    self._ended.append(self._live.finish(self._start, end, None))
                self._result = Transcription(
                    self.name,
                    self._samples / self.sampling_rate,
                    tuple(self._ended),
                    None if self.sampling_rate == self._recognizer.sampling_rate else self.sampling_rate,
                )
            first = next((word.start for word in self._result.words), None)
            self.latency = replace(self.latency, final=spent[0], first_word=first)
        return self._result

    @contextmanager
    def _clock(self) -> Iterator[List[Seconds]]:
        spent: List[Seconds] = []
        begin = time.perf_counter()
        yield spent
        spent.append(time.perf_counter() - begin)
        self.latency = replace(self.latency, work=self.latency.work + spent[0])


class _Listener(Protocol):
    """How one utterance of a stream is heard."""

    def hear(self, samples: FloatArray) -> None: ...

    def partial(self) -> Hypothesis: ...

    def stable(self) -> Hypothesis: ...

    def endpoint(self, silence: Sequence[str], rules: Sequence[EndpointRule]) -> Optional[str]: ...

    def finish(self, start: Seconds, end: Seconds, ended_by: Optional[str]) -> Utterance: ...


class _Searching:
    """An utterance that is searched while it is heard."""

    def __init__(self, recognizer: Recognizer, sampling_rate: int, name: str) -> None:
        system = recognizer.system
        self._recognizer, self._name = recognizer, name
        self._rows: List[FloatArray] = []  # kept where what has no word is spelt at the end
        self._features = FeatureStream(system.model.features, sampling_rate=sampling_rate, utterance=name)
        self._decoder = feature_decoder(
            system.model, system.graph, system.options, system.fusion, utterance=name, words=system.words
        )

    def hear(self, samples: FloatArray, final: bool = False) -> None:
        rows = self._features.advance(samples, final)
        if len(rows):
            self._decoder.advance(rows)
            if self._recognizer.spelling is not None:
                self._rows.append(rows)

    def partial(self) -> Hypothesis:
        return self._recognizer.named(self._decoder.partial())

    def stable(self) -> Hypothesis:
        return self._recognizer.named(self._decoder.stable())

    def endpoint(self, silence: Sequence[str], rules: Sequence[EndpointRule]) -> Optional[str]:
        return self._decoder.endpoint(silence, rules)

    def finish(self, start: Seconds, end: Seconds, ended_by: Optional[str]) -> Utterance:
        self.hear(np.zeros(0, np.float32), final=True)
        recognizer = self._recognizer
        found = recognizer.utterance(self._decoder.finalize(), start, end, (), ended_by)
        if recognizer.spelling is None or found.hypothesis.words:
            return found
        shift, rows = recognizer.system.model.features.frame_shift, (np.concatenate(self._rows),)
        features = FeatureBatch((self._name,), rows, ("",), ("",), shift)
        return recognizer.spelt([found], recognizer.system, features)[0]


class _Collecting:
    """An utterance that is searched when it has ended."""

    def __init__(self, recognizer: Recognizer, sampling_rate: int, name: str) -> None:
        self._recognizer, self._rate, self._name = recognizer, sampling_rate, name
        self._heard: List[FloatArray] = []

    def hear(self, samples: FloatArray) -> None:
        self._heard.append(samples)

    def partial(self) -> Hypothesis:
        return Hypothesis(self._name, (), (), (), 0.0, 0.0, reached_final=False)

    def stable(self) -> Hypothesis:
        return self.partial()

    def endpoint(self, silence: Sequence[str], rules: Sequence[EndpointRule]) -> Optional[str]:
        return None

    def finish(self, start: Seconds, end: Seconds, ended_by: Optional[str]) -> Utterance:
        config = self._recognizer.system.model.features
        samples = at_rate(np.concatenate(self._heard), self._rate, config, True, self._name)
        (done,) = self._recognizer.sounds([Sound(self._name, samples, self._rate)])
        return done.utterances[0]
