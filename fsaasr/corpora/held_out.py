"""Which training speakers become dev, where a corpus publishes no dev part."""

from __future__ import annotations

from typing import Sequence, Tuple

from fsaasr.core.errors import CorpusError


def held_out_speakers(names: Sequence[str], count: int, function: str) -> Tuple[str, ...]:
    """Of the sorted names, cut into so many equal runs, the middle one of each run.

    So they are spread over the names as all are, over women and men where names tell them apart.

    Args:
      names: speakers of the training part; repeats do not matter.
      count: how many are taken.
      function: who asks, for messages.

    Raises:
      CorpusError: no speaker would be left to train on.
    """
    speakers = sorted(set(names))
    if len(speakers) <= count:
        raise CorpusError(
            f"{function}: {len(speakers)} training speakers, {count} of them for dev; expected more: take the whole "
            "corpus or set dev_speakers lower"
        )
    return tuple(speakers[(2 * run + 1) * len(speakers) // (2 * count)] for run in range(count))
