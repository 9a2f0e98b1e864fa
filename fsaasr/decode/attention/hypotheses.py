"""Hypotheses of a beam: tokens, their scores part by part, and what each part must remember."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import FloatArray
from fsaasr.decode.graph_constraint import GraphStates

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Beginning:
    """A hypothesis that has not ended.

    Attributes:
      tokens: 1 .. V.
      model: log score of decoder and CTC with their shares, of a fusion, and of bonuses, without the graph's.
      score: `model` and the graph's.
      attention: log probability by the decoder alone.
      looked: float32 (T,), sum of all weights so far.
      before, weights: the hypothesis without its last token, and where the decoder looked for that, float32 (T,).
      graph: states of the graph; None without one.
      lm: state of the fusion.
    """

    tokens: Tuple[int, ...]
    model: float
    score: float
    attention: float
    looked: FloatArray
    before: Optional[Beginning] = None
    weights: FloatArray = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    graph: Optional[GraphStates] = None
    lm: Any = None

    def history(self) -> List[Beginning]:
        """The hypotheses of 1, 2, ... tokens that it grew from, itself last."""
        found, here = [], self
        while here.before is not None:
            found.append(here)
            here = here.before
        return found[::-1]


@dataclass(frozen=True, eq=False)
class TokenHypothesis:
    """A finished hypothesis.

    Attributes:
      tokens: 1 .. V, U of them.
      score: what hypotheses compare by, length normalization included; larger is better.
      graph_score: the graph's share of it; 0 without a graph.
      attention_score: log probability of tokens and end by the decoder alone.
      weights: float32 (U, T): where the decoder looked for each token.
      token_scores: float64 (U + 1,): what each token, and the end, added to the score; the graph's share left out.
      arcs: int32 (L,) of the graph; None without one.
      ended: False where the search stopped before the hypothesis ended.
    """

    tokens: Tuple[int, ...]
    score: float
    graph_score: float
    attention_score: float
    weights: FloatArray
    token_scores: Float64
    arcs: Optional[npt.NDArray[np.int32]] = None
    ended: bool = True
