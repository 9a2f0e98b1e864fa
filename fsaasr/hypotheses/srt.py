"""SubRip subtitles (`.srt`): numbered cues, with nothing but times and text."""

from __future__ import annotations

from typing import Iterable, List

from fsaasr.core.errors import HypothesisFileError
from fsaasr.core.files import PathLike, write_text
from fsaasr.core.hypothesis import Span
from fsaasr.hypotheses.cues import DEFAULT_RULES, CueRules, blocks, clock, make_cues, milliseconds, read_times
from fsaasr.hypotheses.note import whole_recording
from fsaasr.hypotheses.placement import Placed, check_names, from_recording, single_channel
from fsaasr.hypotheses.recording_files import recording_of
from fsaasr.hypotheses.text_file import read_unicode


def write_srt(placed: Iterable[Placed], path: PathLike, rules: CueRules = DEFAULT_RULES) -> None:
    """Writes the words of one recording's utterances as cues.

    The format has no place for ids, times of words within a cue, tokens and confidences.

    Raises:
      HypothesisError: several recordings, or names that hold white space.
    """
    utterances = single_channel(list(placed), "an SRT file")
    check_names(utterances, "SRT")
    cues = [cue for one in utterances for cue in make_cues(one.spans(), rules)]
    text = []
    for number, cue in enumerate(cues, 1):
        start, end = (clock(time, ",") for time in milliseconds(cue))
        lines = "\n".join(" ".join(word.name for word in line) for line in cue.lines)
        text.append(f"{number}\n{start} --> {end}\n{lines}\n")
    write_text(path, "\n".join(text))


def read_srt(path: PathLike) -> List[Placed]:
    """Reads subtitles as one hypothesis, named after the file; each word has the times of its cue.

    Raises:
      HypothesisFileError: a cue without number or times, with its line.
    """
    words: List[Span] = []
    for first, lines in blocks(read_unicode(path)):
        if not lines[0].strip().isdigit() or len(lines) < 2:
            raise HypothesisFileError(path, first, f"found {lines[0][:80]!r}, expected a cue's number and its times")
        start, end = read_times(path, first + 1, lines[1])
        words += [Span(name, start, end) for name in " ".join(lines[2:]).split()]
    name, placement, _ = whole_recording(*recording_of(path))
    return [from_recording(name, placement._replace(duration=max((word.end for word in words), default=0.0)), words)]
