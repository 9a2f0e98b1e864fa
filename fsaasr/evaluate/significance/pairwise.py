"""All comparisons that one table makes, with p-values that take their number into account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import List, Mapping, Optional, Sequence, Tuple

from fsaasr.core.errors import EvaluationError
from fsaasr.evaluate.bootstrap import By
from fsaasr.evaluate.error_report import ErrorReport
from fsaasr.evaluate.significance.corrections import CORRECTIONS, Correction
from fsaasr.evaluate.significance.matched_pairs import MatchedPairs, matched_pairs
from fsaasr.evaluate.significance.paired_bootstrap import PairedBootstrap, paired_bootstrap
from fsaasr.evaluate.significance.segments import Cut


@dataclass(frozen=True)
class Comparison:
    """Two systems on one test set.

    Attributes:
      first, second: names.
      matched: the matched-pairs test.
      bootstrap: of the difference.
      p_adjusted: `p`, corrected for the number of comparisons.
    """

    first: str
    second: str
    matched: MatchedPairs
    bootstrap: PairedBootstrap
    p_adjusted: float

    @property
    def p(self) -> float:
        """Of the matched-pairs test: for the methods where there are seeds, else for the models."""
        return self.matched.p if self.matched.p_methods is None else self.matched.p_methods


def compare_systems(
    systems: Mapping[str, Sequence[ErrorReport]],
    pairs: Optional[Sequence[Tuple[str, str]]] = None,
    *,
    cut: Cut = "words",
    by: By = "utterance",
    correction: Correction = "holm",
    samples: int = 10_000,
    seed: int = 0,
) -> Tuple[Comparison, ...]:
    """Tests systems against each other.

    Args:
      systems: by name, of each one report a training, all of the same references.
      pairs: names of the systems to compare; all pairs where left out. Their number is what is corrected for.
      cut: segments of the matched-pairs test.
      by, samples, seed: of the bootstrap.
      correction: one of `CORRECTIONS`.

    Raises:
      EvaluationError: an unknown name, as `matched_pairs` and `paired_bootstrap`.
    """
    if correction not in CORRECTIONS:
        raise EvaluationError(f"compare_systems: correction {correction!r}; expected one of {', '.join(CORRECTIONS)}")
    found: List[Comparison] = []
    for first, second in combinations(systems, 2) if pairs is None else pairs:
        for name in (first, second):
            if name not in systems:
                raise EvaluationError(f"compare_systems: no system {name!r}; there are {', '.join(systems)}")
        tested = matched_pairs(systems[first], systems[second], cut)
        drawn = paired_bootstrap(systems[first], systems[second], by, samples=samples, seed=seed)
        found.append(Comparison(first, second, tested, drawn, 1.0))
    adjusted = CORRECTIONS[correction]([comparison.p for comparison in found])
    return tuple(replace(comparison, p_adjusted=p) for comparison, p in zip(found, adjusted))
