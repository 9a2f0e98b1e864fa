"""Which utterances k2 searches together."""

from __future__ import annotations

from typing import Iterator, List

import numpy as np
import numpy.typing as npt


def batches_of_similar_length(lengths: npt.NDArray[np.int64], most: int) -> Iterator[List[int]]:
    """Places of all N utterances in groups, longest first.

    Args:
      lengths: int64 (N,), frames of each.
      most: frames of a group's longest utterance times utterances of the group, at most; an utterance of more
        is a group by itself.
    """
    batch: List[int] = []
    for n in np.argsort(-lengths, kind="stable").tolist():
        # The first of a batch is its longest.
        if batch and (len(batch) + 1) * int(lengths[batch[0]]) > most:
            yield batch
            batch = []
        batch.append(n)
    if batch:
        yield batch
