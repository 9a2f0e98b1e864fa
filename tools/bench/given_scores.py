"""A real model's scores from a file, checked and put in the graph's order of columns."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import numpy as np

from fsaasr.core.errors import ScoresError
from tools.bench.scores_file import ScoreSet, read_scores

REMEDY = "write it with tools.bench.scores_file.write_scores"


def given_scores(path: Path, columns: Tuple[str, ...], count: int) -> ScoreSet:
    """The first `count` utterances of a file, with the graph's columns.

    Raises:
      ScoresError: no such file, arrays that it lacks or that do not fit together, or a column missing.
    """
    try:
        scores = read_scores(path)
    except (OSError, ValueError, KeyError) as error:
        raise ScoresError(f"bench: cannot read scores from {path} ({error}); {REMEDY}") from error
    shapes = {matrix.shape[1:] for matrix in scores.matrices}
    if len({len(scores.ids), len(scores.matrices), len(scores.references)}) > 1 or shapes != {(len(scores.columns),)}:
        raise ScoresError(
            f"bench: {path} has {len(scores.ids)} ids, {len(scores.matrices)} lengths, {len(scores.references)} "
            f"references and {len(scores.columns)} columns of {sorted(shapes)}; expected as many of each; {REMEDY}"
        )
    return _arrange(
        ScoreSet(
            scores.columns, scores.frame_shift, scores.ids[:count], scores.matrices[:count], scores.references[:count]
        ),
        columns,
    )


def _arrange(scores: ScoreSet, columns: Tuple[str, ...]) -> ScoreSet:
    missing = [name for name in columns if name not in scores.columns]
    if missing:
        raise ScoresError(
            f"bench: the scores lack {len(missing)} of the graph's columns, e.g. {', '.join(missing[:5])}; they have "
            f"{', '.join(scores.columns[:5])}, ...; give LEXICON= with the model's tokens"
        )
    order = [scores.columns.index(name) for name in columns]
    matrices = [np.ascontiguousarray(matrix[:, order]) for matrix in scores.matrices]
    return ScoreSet(columns, scores.frame_shift, scores.ids, matrices, scores.references)
