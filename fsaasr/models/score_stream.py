"""Scores while features come in: row by row those of the whole utterance."""

from __future__ import annotations

from collections import deque
from typing import Any, Callable, Deque, List, Protocol, Sequence, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from fsaasr.core.errors import ModelError
from fsaasr.core.scores import FloatArray
from fsaasr.models.acoustic_model import AcousticModel
from fsaasr.models.encoder_network import EncoderNetwork
from fsaasr.models.encoders.streaming import streaming


class ScoreStream(Protocol):
    """Rows in, rows out, of one utterance; what comes out is, to rounding, what whole utterances give."""

    def advance(self, rows: FloatArray, final: bool = False) -> FloatArray:
        """Takes the next rows, (T, F) with T >= 0, and gives those (T', C) that none to come can change.

        With `final` the utterance ends here, and all the rest is given.
        """


@runtime_checkable
class StreamingModel(AcousticModel, Protocol):
    """A model whose scores of frames need not wait for an utterance's end, if its encoder need not."""

    def score_stream(self) -> ScoreStream:
        """Features (T, F) to scores (T', C) of one utterance.

        Raises:
          ModelError: an encoder that needs whole utterances, or features that are adapted to the speaker.
        """


def refuse_adaptation(model: str) -> ModelError:
    """The error of a model whose features are adapted to the speaker by a first recognition."""
    return ModelError(
        f"{model}.score_stream: features are adapted to the speaker by a first recognition of the whole utterance; "
        "train without speaker adaptation to stream, or search at the end (buffered)"
    )


class EncoderStream:
    """An encoder and what stands on it, frame by frame. Raises ModelError where the encoder needs whole utterances."""

    def __init__(self, network: EncoderNetwork, head: Callable[[Tensor], Tensor]) -> None:
        """Args:
        network: its normalization and encoder are used, in evaluation mode.
        head: the encoder's vectors (1, T', D) to (1, T', C).
        """
        self._network, self._head = network, head
        self._device = next(network.parameters()).device
        self._encoder = streaming(network.encoder)
        self._state: Any = self._encoder.start(torch.zeros(1, 0, network.encoder.input_dim, device=self._device))

    def advance(self, rows: FloatArray, final: bool = False) -> FloatArray:
        """See `ScoreStream.advance`."""
        with torch.no_grad():
            normal = self._network.normalize(torch.from_numpy(rows)[None].to(self._device))
            hidden, self._state = self._encoder.advance(normal, self._state, final)
            made: FloatArray = self._head(hidden)[0].cpu().numpy()
        return made


class Chain:
    """Streams one behind the other."""

    def __init__(self, *streams: ScoreStream) -> None:
        self._streams = streams

    def advance(self, rows: FloatArray, final: bool = False) -> FloatArray:
        """See `ScoreStream.advance`."""
        for stream in self._streams:
            rows = stream.advance(rows, final)
        return rows


class InterleavedStream:
    """Streams of features that are shifted by 0, 1, ... frames, whose rows are put in turn; see `shifted`."""

    def __init__(self, streams: Sequence[ScoreStream]) -> None:
        """Args:
        streams: one of each shift; stream k makes a row of each `len(streams)` rows.
        """
        self._streams = streams
        self._waiting: List[Deque[FloatArray]] = [deque() for _ in streams]
        # Rows that a shift leaves out, or, below 0, puts before.
        self._skipped = [shift - len(streams) // 2 for shift in range(len(streams))]
        self._heard = self._given = 0

    def advance(self, rows: FloatArray, final: bool = False) -> FloatArray:
        """See `ScoreStream.advance`."""
        for number, stream in enumerate(self._streams):
            made = stream.advance(self._moved(number, rows), final)
            self._waiting[number].extend(made)
            nothing = made[:0]
        self._heard += len(rows)
        ready: List[FloatArray] = []
        while self._given < self._heard and self._waiting[self._given % len(self._streams)]:
            ready.append(self._waiting[self._given % len(self._streams)].popleft())
            self._given += 1
        return np.stack(ready) if ready else nothing

    def _moved(self, number: int, rows: FloatArray) -> FloatArray:
        first = self._skipped[number]
        if first < 0 and not self._heard and len(rows):
            return np.concatenate([rows[:1]] * -first + [rows])
        return rows[max(0, first - self._heard) :]


def score_stream(model: AcousticModel) -> ScoreStream:
    """The model's stream of scores; raises ModelError for a model that has none."""
    if not isinstance(model, StreamingModel):
        raise ModelError(
            f"score_stream: models of family {model.family!r} have no scores of frames to stream; train one of family "
            "gmm, ctc, hybrid or transducer, or search at the end (buffered)"
        )
    return model.score_stream()
