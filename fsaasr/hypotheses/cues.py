"""Subtitles: words gathered into cues that can be read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import List, NamedTuple, Optional, Sequence, Tuple

from fsaasr.core.errors import HypothesisError, HypothesisFileError
from fsaasr.core.files import PathLike
from fsaasr.core.hypothesis import Span
from fsaasr.core.scores import Seconds

Lines = Tuple[Tuple[Span, ...], ...]


class Cue(NamedTuple):
    """What is shown at a time: lines of words, from `start` to `end` seconds of the recording."""

    start: Seconds
    end: Seconds
    lines: Lines


@dataclass(frozen=True)
class CueRules:
    """When a new cue begins.

    Attributes:
      seconds: a cue lasts at most this long, unless one word does longer.
      pause: a silence this long ends a cue.
      characters: of a line, spaces included, unless one word has more.
      lines: of a cue.
    """

    seconds: Seconds = 6.0
    pause: Seconds = 1.0
    characters: int = 42
    lines: int = 2

    def __post_init__(self) -> None:
        """Raises HypothesisError for a rule that no cue fulfils."""
        if not (self.seconds > 0 and self.pause >= 0 and self.characters > 0 and self.lines > 0):
            raise HypothesisError(f"{self}: seconds, characters and lines must be > 0, the pause >= 0")


DEFAULT_RULES = CueRules()


def make_cues(words: Sequence[Span], rules: CueRules = DEFAULT_RULES) -> List[Cue]:
    """Gathers words, in order of time, into cues; every word is in exactly one."""
    groups: List[List[Span]] = []
    for word in words:
        group = groups[-1] if groups else []
        if (
            not group
            or word.start - group[-1].end >= rules.pause
            or word.end - group[0].start > rules.seconds
            or len(_lines([*group, word], rules.characters)) > rules.lines
        ):
            groups.append([word])
        else:
            group.append(word)
    return [Cue(group[0].start, max(word.end for word in group), _lines(group, rules.characters)) for group in groups]


def _lines(words: Sequence[Span], characters: int) -> Lines:
    lines: List[List[Span]] = [[]]
    room = characters
    for word in words:
        if lines[-1] and len(word.name) > room:
            lines.append([])
            room = characters
        lines[-1].append(word)
        room -= len(word.name) + 1
    return tuple(map(tuple, lines))


def milliseconds(cue: Cue) -> Tuple[int, int]:
    """Start and end, rounded; a cue lasts at least one millisecond, as the formats demand."""
    start = round(1000 * cue.start)
    return start, max(round(1000 * cue.end), start + 1)


def clock(time: int, point: str) -> str:
    """Milliseconds as `hours:minutes:seconds`, then `point` and three digits."""
    seconds, rest = divmod(time, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"


CLOCK = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)[.,](\d{3})"
"""What `clock` wrote, hours left out perhaps."""

_TIMES = re.compile(rf"\s*{CLOCK}\s+-->\s+{CLOCK}(?:\s.*)?")


def from_clock(parts: Sequence[Optional[str]]) -> Seconds:
    """Seconds of the four groups of `CLOCK`."""
    hours, minutes, seconds, rest = (int(part or 0) for part in parts)
    return (1000 * (3600 * hours + 60 * minutes + seconds) + rest) / 1000


def read_times(path: PathLike, number: int, line: str) -> Tuple[Seconds, Seconds]:
    """Start and end of `start --> end`.

    Raises:
      HypothesisFileError: another line, or an end before the start.
    """
    found = _TIMES.fullmatch(line)
    if not found:
        raise HypothesisFileError(path, number, f"found {line[:80]!r}, expected `00:00:01.000 --> 00:00:02.500`")
    start, end = from_clock(found.groups()[:4]), from_clock(found.groups()[4:])
    if end < start:
        raise HypothesisFileError(path, number, f"a cue ends at {end} before it starts at {start}")
    return start, end


def blocks(text: str) -> List[Tuple[int, List[str]]]:
    """Runs of lines that are not blank, each with the number of its first line."""
    found: List[Tuple[int, List[str]]] = []
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            if not inside:
                found.append((number, []))
            found[-1][1].append(line)
        inside = bool(line.strip())
    return found
