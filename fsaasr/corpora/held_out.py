"""Which training speakers become dev, where a corpus publishes no dev part."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Sequence, Tuple

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


def dev_from_train(cuts: Iterable[Any], count: int, function: str) -> Dict[str, List[Any]]:
    """Cuts divided into train and dev by `held_out_speakers`.

    Raises:
      CorpusError: as `held_out_speakers`, or a cut has no speaker.
    """
    listed = list(cuts)
    unknown = [cut.id for cut in listed if not cut.supervisions[0].speaker]
    if unknown:
        raise CorpusError(
            f"{function}: cut {unknown[0]!r} has no speaker ({len(unknown)} of {len(listed)} cuts), and dev is taken "
            "from train by speakers; name the speakers, or a dev part"
        )
    names = held_out_speakers([cut.supervisions[0].speaker for cut in listed], count, function)
    return {
        "train": [cut for cut in listed if cut.supervisions[0].speaker not in names],
        "dev": [cut for cut in listed if cut.supervisions[0].speaker in names],
    }
