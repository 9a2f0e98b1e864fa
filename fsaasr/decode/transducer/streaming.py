"""`TransducerDecoder`: the search of one utterance while its features come in."""

from __future__ import annotations

from typing import Optional, Sequence

import numpy as np
import numpy.typing as npt
import torch

from fsaasr.core.errors import DecodeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.decode.endpoint import ENDPOINT_RULES, EndpointRule, find_endpoint
from fsaasr.decode.fusion import ALONE, Fusion
from fsaasr.decode.on_the_fly import OnTheFlyLm, added_scores
from fsaasr.decode.options import DEFAULTS, SearchOptions
from fsaasr.decode.said_words import SaidWords
from fsaasr.decode.transducer.asking import answer
from fsaasr.decode.transducer.contexts import Contexts
from fsaasr.decode.transducer.fused import FusedModel
from fsaasr.decode.transducer.graph_search import GraphSearch
from fsaasr.decode.transducer.graph_steps import GraphSteps
from fsaasr.decode.transducer.joint import JointModel
from fsaasr.decode.transducer.lattices import with_internal_lm
from fsaasr.grammar import Hotwords
from fsaasr.graph import TokenGraph
from fsaasr.lattice.lattice import Lattice
from fsaasr.models.acoustic_model import matrices_of
from fsaasr.models.encoders.streaming import streaming
from fsaasr.models.score_stream import EncoderStream
from fsaasr.models.transducer import TransducerModel


class TransducerDecoder:
    """Searches one utterance within a graph while its features come in.

    However the frames come in pieces, the result is that of the whole utterance at once. The encoder keeps its state
    and hears no frame twice. It is a `fsaasr.decode.feature_decoder.FeatureDecoder`.
    """

    def __init__(
        self,
        model: TransducerModel,
        graph: TokenGraph,
        options: SearchOptions = DEFAULTS,
        *,
        utterance: str = "utt0",
        fusion: Fusion = ALONE,
        lm: Optional[OnTheFlyLm] = None,
        hotwords: Optional[Hotwords] = None,
    ) -> None:
        """Args:
          model: with an encoder that streams.
          graph, options: as `search_on_graph`. fusion: as `transducer_lattices`.
          utterance: its id.
          lm, hotwords: as for `Decoder`.

        Raises:
          ModelError: an encoder that needs whole utterances.
          GraphError: as `search_on_graph`.
        """
        self.utterance, self._model = utterance, model
        self._encoder = EncoderStream(model.network, model.network.from_encoder)
        joined = with_internal_lm(model, fusion)
        fused = FusedModel(model.network, joined, options.acoustic_scale) if joined else None
        self._joint: JointModel = model.network if fused is None else fused
        self._contexts = Contexts(self._joint)
        steps, said = GraphSteps(graph), SaidWords.of(added_scores(graph, lm, hotwords))
        self._search = GraphSearch(self._contexts, steps, options, model.config.topology, fused, said)
        self._lattice: Optional[Lattice] = None

    @property
    def look_ahead(self) -> Seconds:
        """Seconds that must be heard beyond a vector's own frames before it is searched."""
        return streaming(self._model.network.encoder).look_ahead * self._model.features.frame_shift

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
        self._encode(matrix, final=False)

    def _encode(self, matrix: FloatArray, final: bool) -> None:
        encoded = torch.from_numpy(self._encoder.advance(matrix, final))
        if len(encoded):
            answer(self._joint, self._contexts, [encoded], [self._search.advance(len(encoded))])

    def partial(self) -> Hypothesis:
        """The best path so far, whether or not it may end here; without words where no frame has been searched."""
        return self._search.best(self.utterance, self._model.frame_shift)

    def stable(self) -> Hypothesis:
        """The part of `partial` that no further frame can change: what all paths that are alive have in common."""
        return self._search.stable(self.utterance, self._model.frame_shift)

    def endpoint(self, silence: Sequence[str] = (), rules: Sequence[EndpointRule] = ENDPOINT_RULES) -> Optional[str]:
        """Name of the rule by which the speaker has finished, None if none says so; see `find_endpoint`."""
        length = self._search.frames * self._model.frame_shift
        return find_endpoint(self.partial(), length, self._search.final_gap(), silence, rules)

    def finalize(self) -> Lattice:
        """The lattice of the whole utterance, and the end of the stream; asked again, the same.

        Raises:
          DecodeError: there was no frame.
        """
        if self._lattice is None:
            self._encode(np.zeros((0, self._model.features.dim), dtype=np.float32), final=True)
            self._lattice = self._search.lattice(self.utterance, self._model.frame_shift)
        return self._lattice
