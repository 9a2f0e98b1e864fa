"""A line that says what a format has no field for; it stands in comments of CTM and WebVTT."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

from fsaasr.hypotheses.placement import Placed, Placement, decimal

NOT_FINAL = "not-final"
"""Said of a hypothesis whose search reached no final state, so that words may be missing at its end."""

_NOTE = re.compile(rf"utterance (\S+) (\S+) (\d+) (\d+(?:\.\d+)?) (\d+(?:\.\d+)?)( {NOT_FINAL})?")


class Note(NamedTuple):
    """An utterance, where it lies, and whether its search reached a final state."""

    utterance: str
    placement: Placement
    reached_final: bool


def whole_recording(recording: str, channel: int) -> Note:
    """Of a recording that no note speaks of: its id, with `-2` for its second channel and so on; no duration."""
    name = f"{recording}-{channel + 1}" if channel else recording
    return Note(name, Placement(recording, channel, 0.0, 0.0), reached_final=True)


def note_of(placed: Placed) -> str:
    """`utterance ID RECORDING CHANNEL START DURATION`, channels from 1, and perhaps `not-final`."""
    recording, channel, start, duration = placed.placement
    end = "" if placed.hypothesis.reached_final else f" {NOT_FINAL}"
    return (
        f"utterance {placed.hypothesis.utterance} {recording} {channel + 1} {decimal(start)} {decimal(duration)}{end}"
    )


def read_note(text: str) -> Optional[Note]:
    """Inverse of `note_of`; None for any other comment."""
    found = _NOTE.fullmatch(text.strip())
    if not found:
        return None
    utterance, recording, channel, start, duration, not_final = found.groups()
    return Note(
        utterance, Placement(recording, int(channel) - 1, float(start), float(duration)), reached_final=not not_final
    )
