"""`TransducerDecoder`: the search of one utterance while its features come in."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np
import numpy.typing as npt
import torch

from fsaasr.core.errors import DecodeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Seconds
from fsaasr.decode.fusion import ALONE, Fusion
from fsaasr.decode.options import DEFAULTS, SearchOptions
from fsaasr.decode.transducer.asking import answer
from fsaasr.decode.transducer.contexts import Contexts
from fsaasr.decode.transducer.fused import FusedModel
from fsaasr.decode.transducer.graph_search import GraphSearch
from fsaasr.decode.transducer.graph_steps import GraphSteps
from fsaasr.decode.transducer.joint import JointModel
from fsaasr.decode.transducer.lattices import with_internal_lm
from fsaasr.graph import TokenGraph
from fsaasr.lattice.lattice import Lattice
from fsaasr.models.acoustic_model import matrices_of
from fsaasr.models.encoders.streaming import streaming
from fsaasr.models.transducer import TransducerModel


@dataclass(frozen=True)
class Latency:
    """What a listener waited for.

    Attributes:
      first_partial: seconds of audio that had been heard when the best path first held a word, None before that.
      final: seconds by the clock from the end of the audio to the result, None before that.
    """

    first_partial: Optional[Seconds] = None
    final: Optional[Seconds] = None


class TransducerDecoder:
    """Searches one utterance within a graph while its features come in.

    However the frames come in pieces, the result is that of the whole utterance at once. The encoder keeps its state
    and hears no frame twice.

    Attributes:
      latency: what was measured so far; `first_partial` goes by the calls of `partial`.
    """

    def __init__(
        self,
        model: TransducerModel,
        graph: TokenGraph,
        options: SearchOptions = DEFAULTS,
        *,
        utterance: str = "utt0",
        fusion: Fusion = ALONE,
    ) -> None:
        """Args:
          model: with an encoder that streams.
          graph, options: as `search_on_graph`. fusion: as `transducer_lattices`.
          utterance: its id.

        Raises:
          ModelError: an encoder that needs whole utterances.
          GraphError: as `search_on_graph`.
        """
        self.utterance, self.latency = utterance, Latency()
        self._model, self._encoder = model, streaming(model.network.encoder)
        self._state: Any = self._encoder.start(torch.zeros(1, 0, model.features.dim))
        joined = with_internal_lm(model, fusion)
        fused = FusedModel(model.network, joined, options.acoustic_scale) if joined else None
        self._joint: JointModel = model.network if fused is None else fused
        self._contexts = Contexts(self._joint)
        self._search = GraphSearch(self._contexts, GraphSteps(graph), options, model.config.topology, fused)
        self._heard = 0
        self._lattice: Optional[Lattice] = None

    @property
    def look_ahead(self) -> Seconds:
        """Seconds that must be heard beyond a vector's own frames before it is searched."""
        return self._encoder.look_ahead * self._model.features.frame_shift

    def advance(self, features: npt.ArrayLike) -> None:
        """Takes the next frames, (T, F) with T >= 1, extracted as the model wants them.

        Raises:
          ModelError: another dimension, or no frame.
          DecodeError: the utterance has been finalized.
        """
        if self._lattice is not None:
            raise DecodeError(
                f"TransducerDecoder: utterance {self.utterance!r} has been finalized; make another decoder"
            )
        (matrix,), _ = matrices_of([features], [self.utterance], self._model.features.dim, "TransducerDecoder.advance")
        self._heard += len(matrix)
        self._encode(matrix, final=False)

    def _encode(self, matrix: npt.NDArray[np.float32], final: bool) -> None:
        network = self._model.network
        with torch.no_grad():
            normal = network.normalize(torch.from_numpy(matrix)[None])
            hidden, self._state = self._encoder.advance(normal, self._state, final)
            encoded = network.from_encoder(hidden)[0]
        if len(encoded):
            answer(self._joint, self._contexts, [encoded], [self._search.advance(len(encoded))])

    def partial(self) -> Hypothesis:
        """The best path so far, whether or not it may end here; without words where no frame has been searched."""
        if not self._search.frames:
            return Hypothesis(self.utterance, (), (), (), 0.0, 0.0, reached_final=False)
        best = self._search.best(self.utterance, self._model.frame_shift)
        if best.words and self.latency.first_partial is None:
            self.latency = replace(self.latency, first_partial=self._heard * self._model.features.frame_shift)
        return best

    def finalize(self) -> Lattice:
        """The lattice of the whole utterance, and the end of the stream; asked again, the same.

        Raises:
          DecodeError: there was no frame.
        """
        if self._lattice is None:
            begin = time.perf_counter()
            self._encode(np.zeros((0, self._model.features.dim), dtype=np.float32), final=True)
            self._lattice = self._search.lattice(self.utterance, self._model.frame_shift)
            self.latency = replace(self.latency, final=time.perf_counter() - begin)
        return self._lattice
