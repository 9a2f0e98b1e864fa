"""`NbestList`: hypotheses of one utterance with named scores, and their rescoring with any model of sentences."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.lattice.nbest import nbest_paths
from fsaasr.lattice.word_lattice import GraphParts, WordLattice

Float64 = npt.NDArray[np.float64]
Words = Tuple[str, ...]

WORDS = "words"
"""Name of the number of words as a score; a negative weight of it is a word insertion penalty."""


@dataclass(frozen=True, eq=False)
class NbestList:
    """Hypotheses of one utterance, each with the same named scores.

    Attributes:
      utterance: utterance id.
      hypotheses: n of them, best first under the scores that made the list; at least one.
      scores: float64 (n,) each, larger is better: `acoustic`, `graph` (or the parts of `GraphParts`), `words`, and
        what was added.
    """

    utterance: str
    hypotheses: Tuple[Hypothesis, ...]
    scores: Mapping[str, Float64]

    def __post_init__(self) -> None:
        others = sorted({hypothesis.utterance for hypothesis in self.hypotheses} - {self.utterance})
        if not self.hypotheses or others:
            raise LatticeError(
                f"NbestList: utterance {self.utterance!r}: {len(self.hypotheses)} hypotheses, some of {others}; "
                "expected one or more, all of the same utterance"
            )
        for name, values in self.scores.items():
            if values.shape != (len(self.hypotheses),) or np.isnan(values).any() or np.isposinf(values).any():
                raise LatticeError(
                    f"NbestList: utterance {self.utterance!r}: score {name!r} is {values[:5]} ... of shape "
                    f"{values.shape}; expected ({len(self.hypotheses)},), numbers or -inf"
                )

    @classmethod
    def of(cls, hypotheses: Sequence[Hypothesis]) -> NbestList:
        """The list of some hypotheses, with the scores `acoustic`, `graph` and `words`."""
        scores = {
            "acoustic": np.array([hypothesis.acoustic_score for hypothesis in hypotheses]),
            "graph": np.array([hypothesis.graph_score for hypothesis in hypotheses]),
            WORDS: np.array([float(len(hypothesis.words)) for hypothesis in hypotheses]),
        }
        return cls(hypotheses[0].utterance if hypotheses else "", tuple(hypotheses), scores)

    @classmethod
    def from_lattice(
        cls,
        lattice: WordLattice,
        n: int,
        acoustic_scale: float = 1.0,
        lm_scale: float = 1.0,
        word_insertion_penalty: float = 0.0,
    ) -> NbestList:
        """The `nbest` of a lattice; where the parts of its graph scores are known, they stand in place of `graph`."""
        paths = nbest_paths(lattice, n, acoustic_scale, lm_scale, word_insertion_penalty)
        whole = cls.of([lattice.read_path(path) for path in paths])
        if lattice.parts is None:
            return whole
        scores = {name: values for name, values in whole.scores.items() if name != "graph"}
        for part in fields(GraphParts):
            values = getattr(lattice.parts, part.name)
            scores[part.name] = np.array([values[path].sum(dtype=np.float64) for path in paths])
        # What final scores hold is the LM's.
        ends = [lattice.target[path[-1]] if len(path) else 0 for path in paths]
        scores["lm"] = scores["lm"] + lattice.final_score[ends]
        return replace(whole, scores=scores)

    def with_score(self, name: str, values: npt.ArrayLike) -> NbestList:
        """The list with one more score (n,), or another one in place of that of the same name."""
        return replace(self, scores={**self.scores, name: np.asarray(values, dtype=np.float64)})

    def weighted(self, weights: Mapping[str, float]) -> Float64:
        """float64 (n,): sum of the scores times their weights; a score without weight does not count.

        Raises:
          LatticeError: a weight of a score that the list lacks.
        """
        unknown = sorted(set(weights) - set(self.scores))
        if unknown:
            raise LatticeError(
                f"NbestList: utterance {self.utterance!r} has no scores {', '.join(unknown)}; there are "
                f"{', '.join(self.scores)}"
            )
        total = np.zeros(len(self.hypotheses))
        for name, weight in weights.items():
            # A weight of 0 makes nothing impossible.
            total += weight * self.scores[name] if weight else 0.0
        return total

    def ranked(self, weights: Mapping[str, float]) -> List[Hypothesis]:
        """The hypotheses, best first under the weights; of equals, the first in the list comes first."""
        return [self.hypotheses[i] for i in np.argsort(-self.weighted(weights), kind="stable").tolist()]


def rescore_nbest(
    lists: Sequence[NbestList],
    score_words: Callable[[Sequence[Sequence[str]]], Sequence[float]],
    name: str = "second_lm",
    batch_size: Optional[int] = None,
) -> List[NbestList]:
    """Adds the score of a model of whole sentences to n-best lists, each distinct sentence asked once.

    Args:
      lists: of any utterances.
      score_words: natural log probability of each of some sentences (word sequences).
      name: of the new score.
      batch_size: sentences a call at most; None for all in one.

    Returns:
      The lists with the score added; `ranked` and `fsaasr.recipe.tune_weights` put it to use.

    Raises:
      LatticeError: as many scores as sentences are expected, none of them NaN or +inf.
    """
    said = [[tuple(word.name for word in hypothesis.words) for hypothesis in lst.hypotheses] for lst in lists]
    distinct = list(dict.fromkeys(words for sentences in said for words in sentences))
    size = len(distinct) if batch_size is None else batch_size
    found: Dict[Words, float] = {}
    for start in range(0, len(distinct), max(size, 1)):
        batch = distinct[start : start + size]
        scores = score_words(batch)
        if len(scores) != len(batch):
            raise LatticeError(f"rescore_nbest: {len(scores)} scores for {len(batch)} sentences; expected one each")
        found.update(zip(batch, map(float, scores)))
    return [lst.with_score(name, [found[words] for words in sentences]) for lst, sentences in zip(lists, said)]
