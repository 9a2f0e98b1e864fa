"""Score matrices with their references, as one `.npz` file that numpy alone reads and that holds no pickle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Tuple

import numpy as np


@dataclass(frozen=True, eq=False)
class ScoreSet:
    """What the decoders are given, and what was said.

    Attributes:
      columns: names of the C score columns, blank first.
      frame_shift: seconds.
      ids: utterances.
      matrices: float32 (T, C) log scores of each.
      references: the words of each, with spaces between them.
    """

    columns: Tuple[str, ...]
    frame_shift: float
    ids: Tuple[str, ...]
    matrices: List[Any]
    references: Tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Audio time."""
        return self.frame_shift * sum(len(matrix) for matrix in self.matrices)


def write_scores(path: Path, scores: ScoreSet) -> None:
    """Writes `columns`, `frame_shift`, `ids`, `references`, `lengths`, and `log_probs` (all frames, C)."""
    np.savez(
        path,
        columns=np.array(scores.columns),
        frame_shift=np.float64(scores.frame_shift),
        ids=np.array(scores.ids),
        references=np.array(scores.references),
        lengths=np.array([len(matrix) for matrix in scores.matrices]),
        log_probs=np.concatenate(scores.matrices).astype(np.float32),
    )


def read_scores(path: Path) -> ScoreSet:
    """Reads what `write_scores` wrote, or any file with these arrays."""
    with np.load(path, allow_pickle=False) as file:
        ends = np.cumsum(file["lengths"])
        log_probs = np.ascontiguousarray(file["log_probs"], dtype=np.float32)
        return ScoreSet(
            tuple(file["columns"].tolist()),
            float(file["frame_shift"]),
            tuple(file["ids"].tolist()),
            [log_probs[end - length : end] for end, length in zip(ends, file["lengths"])],
            tuple(file["references"].tolist()),
        )
