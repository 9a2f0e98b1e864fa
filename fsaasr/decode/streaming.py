"""`Decoder`: the search of one utterance while its scores come in; many at once through `advance_all`."""

from __future__ import annotations

import math
from typing import Any, Optional, Sequence

import numpy as np

from fsaasr.core.errors import ConfigError, DecodeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.decode.batch import over_utterances
from fsaasr.decode.blank_frames import only_blank_rows
from fsaasr.decode.endpoint import ENDPOINT_RULES, EndpointRule, find_endpoint
from fsaasr.decode.expanded import expanded
from fsaasr.decode.first_call import announced
from fsaasr.decode.on_the_fly import OnTheFlyLm, added_scores
from fsaasr.decode.options import DEFAULTS, SearchOptions
from fsaasr.decode.search import Search
from fsaasr.decode.search_graph import steps_by_itself
from fsaasr.decode.search_tables import check_columns, frozen_matrix
from fsaasr.grammar.hotwords import Hotwords
from fsaasr.graph import Graph
from fsaasr.lattice.lattice import Lattice


class Decoder:
    """Searches one utterance while its scores come in.

    However the frames come in pieces, the result is bit for bit that of one piece; engine `native` gives what
    the pruned search of `decode` gives. Memory grows with what the lattice beam keeps: about as fast as a lattice.

    Args:
      graph: what may be said.
      options: how wide to search; engine `auto` or `native`.
      frame_shift: seconds a frame.
      utterance: its id.
      lm, hotwords: as `decode`, hotwords of this utterance. A path so far has its share of a phrase that it has begun.

    Raises:
      ConfigError: an exact engine, which needs all frames at once, or a frame shift that is not positive.
      GraphError, GrammarError: as `decode`.
    """

    def __init__(
        self,
        graph: Graph,
        options: SearchOptions = DEFAULTS,
        *,
        frame_shift: Seconds,
        utterance: str = "utt0",
        lm: Optional[OnTheFlyLm] = None,
        hotwords: Optional[Hotwords] = None,
    ) -> None:
        if options.engine not in ("auto", "native"):
            raise ConfigError(f"Decoder: engine is {options.engine!r}, expected 'auto' or 'native' (K2Decoder is k2's)")
        if not 0 < frame_shift < math.inf:
            raise ConfigError(f"Decoder: frame_shift is {frame_shift}; expected seconds > 0")
        self.utterance, self.frame_shift, self.options = utterance, frame_shift, options
        self._graph = graph if steps_by_itself(graph) else expanded(graph)
        self._search = Search(self._graph, options, added=added_scores(self._graph, lm, hotwords))
        self._lattice: Optional[Lattice] = None

    @property
    def frames(self) -> int:
        """Frames so far."""
        return self._search.frames

    def advance(self, scores: Any) -> None:
        """Takes the next frames.

        Args:
          scores: (T, C) log scores, T >= 1; numpy, or torch on any device.

        Raises:
          ScoresError: another number of columns, no frame, NaN or +inf.
          DecodeError: the utterance has been finalized.
        """
        matrix = self._checked(scores)
        with announced():
            self._search.advance(matrix)

    def partial(self) -> Hypothesis:
        """The best path so far, whether or not it may end here; without words where there is no frame yet."""
        return self._search.best(self.utterance, self.frame_shift)

    def stable(self) -> Hypothesis:
        """The part of `partial` that no further frame can change: what all paths that are alive have in common."""
        return self._search.stable(self.utterance, self.frame_shift)

    def endpoint(self, silence: Sequence[str] = (), rules: Sequence[EndpointRule] = ENDPOINT_RULES) -> Optional[str]:
        """Name of the rule by which the speaker has finished, None if none says so; see `find_endpoint`."""
        length = self.frames * self.frame_shift
        return find_endpoint(self.partial(), length, self._search.final_gap(), silence, rules)

    def finalize(self) -> Lattice:
        """The lattice of the whole utterance, and the end of the stream; asked again, the same.

        Raises:
          DecodeError: there was no frame.
        """
        if self._lattice is None:
            if not self.frames:
                raise DecodeError(f"Decoder: utterance {self.utterance!r} has no frame; drop empty utterances")
            self._lattice = self._search.lattice(self.utterance, self.frame_shift)
        return self._lattice

    def _checked(self, scores: Any) -> FloatArray:
        if self._lattice is not None:
            raise DecodeError(f"Decoder: utterance {self.utterance!r} has been finalized; make another decoder")
        array = scores.detach().float().cpu().numpy() if hasattr(scores, "detach") else scores
        matrix = frozen_matrix(array, self.utterance)
        check_columns(self._graph, matrix.shape[1])
        if self.options.blank_threshold is not None:
            matrix = only_blank_rows(self._graph, matrix, self.options.blank_threshold)
        if self.options.acoustic_scale != 1.0:
            matrix = matrix * np.float32(self.options.acoustic_scale)
        return frozen_matrix(matrix, self.utterance)


def advance_all(decoders: Sequence[Any], matrices: Sequence[Any], threads: int = 1) -> None:
    """Advances many streams, each by its own frames; those of k2 in as few calls of k2 as can be.

    Args:
      decoders: Decoders and K2Decoders, each once. matrices: (T, C) scores for each.
      threads: threads for the Decoders; the result does not depend on it.

    Raises:
      DecodeError: not as many matrices as decoders, or a decoder that has been finalized.
      ConfigError: threads below 1. ScoresError: as `Decoder.advance`.
    """
    if len(decoders) != len(matrices) or len({id(decoder) for decoder in decoders}) != len(decoders):
        raise DecodeError(f"advance_all: {len(decoders)} decoders and {len(matrices)} matrices; give each decoder once")
    pairs = list(zip(decoders, matrices))
    native = [(decoder, matrix) for decoder, matrix in pairs if isinstance(decoder, Decoder)]
    others = [(decoder, matrix) for decoder, matrix in pairs if not isinstance(decoder, Decoder)]
    if others:
        from fsaasr.decode.k2_stream import advance_k2

        advance_k2(*zip(*others))
    over_utterances(lambda n: native[n][0].advance(native[n][1]), len(native), threads)
