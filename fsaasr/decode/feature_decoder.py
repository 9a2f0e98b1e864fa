"""`FeatureDecoder`: the search of one utterance while its features come in, whatever the model."""

from __future__ import annotations

from typing import Optional, Protocol, Sequence

import numpy as np
import numpy.typing as npt

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray
from fsaasr.decode.endpoint import ENDPOINT_RULES, EndpointRule
from fsaasr.decode.on_the_fly import OnTheFlyLm
from fsaasr.decode.options import DEFAULTS, SearchOptions
from fsaasr.decode.streaming import Decoder
from fsaasr.grammar import Hotwords
from fsaasr.graph import Graph
from fsaasr.lattice.lattice import Lattice
from fsaasr.models import AcousticModel
from fsaasr.models.acoustic_model import matrices_of
from fsaasr.models.score_stream import score_stream


class FeatureDecoder(Protocol):
    """Features in, the best path so far at any time, a lattice at the end; however they come in pieces, the same."""

    def advance(self, features: npt.ArrayLike) -> None:
        """Takes the next frames, (T, F) with T >= 1, extracted as the model wants them."""

    def partial(self) -> Hypothesis:
        """The best path so far, whether or not it may end here."""

    def stable(self) -> Hypothesis:
        """The part of `partial` that no further frame can change."""

    def endpoint(self, silence: Sequence[str] = (), rules: Sequence[EndpointRule] = ENDPOINT_RULES) -> Optional[str]:
        """Name of the rule by which the speaker has finished, None if none says so; see `find_endpoint`."""

    def finalize(self) -> Lattice:
        """The lattice of the whole utterance, and the end of the stream; asked again, the same."""


class FrameDecoder:
    """The `FeatureDecoder` of models whose scores are those of frames."""

    def __init__(
        self,
        model: AcousticModel,
        graph: Graph,
        options: SearchOptions = DEFAULTS,
        *,
        utterance: str = "utt0",
        lm: Optional[OnTheFlyLm] = None,
        hotwords: Optional[Hotwords] = None,
    ) -> None:
        """Args:
          model: with an encoder that streams.
          graph: over the model's columns.
          options: as for `Decoder`.
          utterance: its id.
          lm, hotwords: of this utterance, as for `Decoder`.

        Raises:
          ModelError: a model that needs whole utterances.
          ConfigError, GraphError, GrammarError: as `Decoder`.
        """
        self._scores = score_stream(model)
        self._decoder = Decoder(
            graph, options, frame_shift=model.frame_shift, utterance=utterance, lm=lm, hotwords=hotwords
        )
        self._dimension, self._over = model.features.dim, False

    def advance(self, features: npt.ArrayLike) -> None:
        """See `FeatureDecoder.advance`.

        Raises:
          ModelError: another dimension, or no frame.
          DecodeError: the utterance has been finalized.
        """
        names = [self._decoder.utterance]
        (matrix,), _ = matrices_of([features], names, self._dimension, "FrameDecoder.advance")
        self._search(matrix, final=False)

    def _search(self, features: FloatArray, final: bool) -> None:
        rows = self._scores.advance(features, final)
        if len(rows):
            self._decoder.advance(rows)

    def partial(self) -> Hypothesis:
        """See `FeatureDecoder.partial`."""
        return self._decoder.partial()

    def stable(self) -> Hypothesis:
        """See `FeatureDecoder.stable`."""
        return self._decoder.stable()

    def endpoint(self, silence: Sequence[str] = (), rules: Sequence[EndpointRule] = ENDPOINT_RULES) -> Optional[str]:
        """See `FeatureDecoder.endpoint`."""
        return self._decoder.endpoint(silence, rules)

    def finalize(self) -> Lattice:
        """See `FeatureDecoder.finalize`. Raises DecodeError where there was no frame."""
        if not self._over:
            self._search(np.zeros((0, self._dimension), np.float32), final=True)
            self._over = True
        return self._decoder.finalize()
