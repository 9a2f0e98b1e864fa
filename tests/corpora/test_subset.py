"""Parts of training data: balanced by speaker, within each other, the same every time."""

from __future__ import annotations

from pathlib import Path

import pytest
from lhotse import MonoCut, SupervisionSegment

from fsaasr.core.errors import CorpusError
from fsaasr.corpora.subset import speaker_balanced


def cuts(**speakers: int) -> list[MonoCut]:
    """So many cuts of ten seconds of each speaker."""
    return [
        MonoCut(f"{name}{n}", 0.0, 10.0, 0, [SupervisionSegment(f"{name}{n}", "r", 0.0, 10.0, speaker=name)])
        for name, count in speakers.items()
        for n in range(count)
    ]


def counts(chosen: list[MonoCut]) -> dict[str, int]:
    names = [cut.supervisions[0].speaker for cut in chosen]
    return {name: names.count(name) for name in sorted(set(names))}


def test_speakers_have_equal_shares_while_they_have_speech() -> None:
    listed = cuts(ann=20, bob=3, cem=20)
    assert counts(speaker_balanced(listed, 90.0)) == {"ann": 3, "bob": 3, "cem": 3}
    assert counts(speaker_balanced(listed, 230.0)) == {"ann": 10, "bob": 3, "cem": 10}
    assert len(speaker_balanced(listed, 430.0)) == 43


def test_a_part_is_within_every_larger_one_and_keeps_the_order() -> None:
    listed = cuts(ann=12, bob=5, cem=9)
    parts = [[cut.id for cut in speaker_balanced(listed, seconds)] for seconds in (30.0, 95.0, 200.0)]
    assert [len(part) for part in parts] == [3, 10, 20]
    assert set(parts[0]) < set(parts[1]) < set(parts[2])
    order = [cut.id for cut in listed]
    assert parts[2] == [name for name in order if name in parts[2]]
    again = [cut.id for cut in speaker_balanced(list(reversed(listed)), 95.0)]
    assert set(again) == set(parts[1])


@pytest.mark.parametrize("seconds", [0.0, -1.0, 100.0])
def test_nothing_and_more_than_there_is_are_refused(seconds: float, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="ask for more than nothing and not for more than there is"):
        speaker_balanced(cuts(ann=3), seconds)
