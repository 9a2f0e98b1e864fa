"""The oracle: which words of a lattice come closest to a reference, and how close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import EvaluationError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.symbols import SymbolTable
from fsaasr.evaluate.error_report import ErrorCounts, ErrorReport, Pair
from fsaasr.evaluate.scoring import Transcripts, align_units, word_errors
from fsaasr.lattice import ScoredPaths
from fsaasr.lattice.scoring import scaled_scores

UNKNOWN = -1
"""Stands for a reference word that is not among the lattice's words, so that it costs an edit on every path."""


@dataclass(frozen=True)
class OracleResult:
    """The path of fewest errors.

    Attributes:
      hypothesis: the path, read out.
      alignment: reference and hypothesis, pair by pair, as in an ErrorReport.
    """

    hypothesis: Hypothesis
    alignment: Tuple[Pair, ...]

    @property
    def counts(self) -> ErrorCounts:
        """Substitutions, insertions, deletions, and their sum `errors`."""
        return ErrorCounts.of(self.alignment)

    @property
    def errors(self) -> int:
        """Errors of the path: as few as any path of the lattice has."""
        return self.counts.errors


def lattice_oracle(lattice: ScoredPaths, reference: Sequence[str]) -> OracleResult:
    """The path whose words have the smallest edit distance to a reference; of equals, the one of the best score.

    Exact: edit distance composed with the whole lattice, in O(arcs * reference words).

    Args:
      lattice: of any kind.
      reference: what was said; words that the lattice's table does not know cost an edit on every path.

    Raises:
      EvaluationError: a string in place of words, or a lattice without final state.
    """
    from fsaasr.evaluate.oracle_kernels import fewest_edits

    scores, final = scaled_scores(lattice, 1.0, 1.0, 0.0)
    labels = reference_labels(lattice.words, reference)
    errors, arcs = fewest_edits(lattice.source, lattice.target, lattice.output_label, scores, final, labels)
    if errors < 0:
        raise EvaluationError(f"lattice_oracle: the lattice of {lattice.utterance!r} has no path to a final state")
    hypothesis = lattice.read_path(arcs)
    return OracleResult(hypothesis, align_units(reference, [word.name for word in hypothesis.words]))


def reference_labels(table: SymbolTable, reference: Sequence[str]) -> npt.NDArray[np.int32]:
    """int32 (W,): labels of a reference's words, UNKNOWN for those that the table lacks."""
    if isinstance(reference, str):
        raise EvaluationError(f"the reference is the string {reference[:40]!r}; expected words, use .split()")
    return np.array([table.get(word, UNKNOWN) for word in reference], dtype=np.int32)


def oracle_errors(
    lattices: Iterable[ScoredPaths], references: Transcripts, speakers: Optional[Mapping[str, str]] = None
) -> ErrorReport:
    """Errors of the best that a test set's lattices hold: a bound for whatever chooses among their paths.

    Args:
      lattices: one an utterance, in any order; taken one at a time.
      references: what was said in exactly these utterances.
      speakers: as in `word_errors`.

    Raises:
      EvaluationError: a lattice without reference, two of one utterance, or as `word_errors`.
    """
    best: Dict[str, Sequence[str]] = {}
    for lattice in lattices:
        name = lattice.utterance
        if name in best or name not in references:
            problem = "has two lattices" if name in best else f"has no reference among {len(references)}"
            raise EvaluationError(f"oracle_errors: utterance {name!r} {problem}; give one of each")
        best[name] = [word.name for word in lattice_oracle(lattice, references[name]).hypothesis.words]
    return word_errors(references, best, speakers)
