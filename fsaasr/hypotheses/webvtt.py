"""WebVTT subtitles (`.vtt`): cues whose text says when each word begins and ends.

W3C, "WebVTT: The Web Video Text Tracks Format": a time in angle brackets within a cue's text is when what follows
is said; players show the words one after the other, or ignore it.
"""

from __future__ import annotations

import html
import re
from typing import Iterable, List

from fsaasr.core.errors import HypothesisFileError
from fsaasr.core.files import PathLike, write_text
from fsaasr.core.hypothesis import Span
from fsaasr.hypotheses.cues import (
    CLOCK,
    DEFAULT_RULES,
    Cue,
    CueRules,
    blocks,
    clock,
    from_clock,
    make_cues,
    milliseconds,
    read_times,
)
from fsaasr.hypotheses.note import Note, note_of, read_note, whole_recording
from fsaasr.hypotheses.placement import Placed, check_names, from_recording, single_channel
from fsaasr.hypotheses.recording_files import recording_of
from fsaasr.hypotheses.text_file import read_unicode

_HEADER = "WEBVTT"
_NOTE = "NOTE"
_TAG = re.compile(r"<([^>]*)>")


def write_vtt(placed: Iterable[Placed], path: PathLike, rules: CueRules = DEFAULT_RULES) -> None:
    """Writes the words of one recording's utterances as cues, with the times of the words, in milliseconds.

    A note before its cues says which utterance they are of, where it lies, and that it did not reach a final state.
    A word without duration has the times of a word beside it, and one that begins before its predecessor ends begins
    where that ends. There is no place for tokens and confidences.

    Raises:
      HypothesisError: several recordings, or names that hold white space.
    """
    utterances = single_channel(list(placed), "a WebVTT file")
    check_names(utterances, "WebVTT")
    parts = [f"{_HEADER}\n"]
    for one in utterances:
        parts.append(f"{_NOTE} {note_of(one)}\n")
        for cue in make_cues(one.spans(), rules):
            start, end = (clock(time, ".") for time in milliseconds(cue))
            parts.append(f"{start} --> {end}\n{_timed_text(cue)}\n")
    write_text(path, "\n".join(parts))


def _timed_text(cue: Cue) -> str:
    last, end = milliseconds(cue)
    text: List[str] = []

    def stamp(time: int) -> None:
        # Times within a cue must grow, and lie inside it.
        nonlocal last
        if last < time < end:
            text.append(f"<{clock(time, '.')}>")
            last = time

    for line in cue.lines:
        for word in line:
            stamp(round(1000 * word.start))
            text.append(html.escape(word.name, quote=False))
            stamp(round(1000 * word.end))
            text.append(" ")
        text[-1] = "\n"
    return "".join(text[:-1])


def read_vtt(path: PathLike) -> List[Placed]:
    """Reads subtitles.

    Cues after a note of `write_vtt` belong to its utterance, others to one hypothesis named after the file. Words
    without times of their own share those of what they stand in; styles and regions are skipped.

    Raises:
      HypothesisFileError: no WebVTT, or a cue without times, with its line.
    """
    found = blocks(read_unicode(path))
    if not found or found[0][0] != 1 or not re.fullmatch(r"WEBVTT(\s.*)?", found[0][1][0]):
        raise HypothesisFileError(path, 1, f"the file does not begin with {_HEADER!r}")
    notes: List[Note] = []
    words: List[List[Span]] = []
    for number, lines in found[1:]:
        note = read_note(" ".join(lines)[len(_NOTE) :]) if lines[0].startswith(_NOTE) else None
        if note is not None:
            notes.append(note)
            words.append([])
        elif re.match(r"(NOTE|STYLE|REGION)(\s|$)", lines[0]) is None:
            if not notes:
                notes.append(whole_recording(*recording_of(path)))
                words.append([])
            words[-1] += _cue_words(path, number, lines)
    return [_placed(note, spans) for note, spans in zip(notes, words)]


def _placed(note: Note, words: List[Span]) -> Placed:
    last = max((word.end for word in words), default=0.0) - note.placement.start
    placement = note.placement._replace(duration=note.placement.duration or max(last, 0.0))
    return from_recording(note.utterance, placement, words, reached_final=note.reached_final)


def _cue_words(path: PathLike, number: int, lines: List[str]) -> List[Span]:
    # The first line may be the cue's name.
    named = "-->" not in lines[0]
    if named and len(lines) == 1:
        raise HypothesisFileError(path, number, f"found {lines[0][:80]!r}, expected a cue's times")
    start, end = read_times(path, number + named, lines[named])
    words: List[Span] = []
    waiting: List[str] = []
    for place, piece in enumerate([*_TAG.split(" ".join(lines[1 + named :])), "END"]):
        if place % 2 == 0:
            waiting += html.unescape(piece).split()
            continue
        # A time, or the end of the cue, ends what stands before it; other tags are markup.
        stamp = re.fullmatch(CLOCK, piece)
        if stamp or piece == "END":
            time = from_clock(stamp.groups()) if stamp else end
            words += [Span(name, start, time) for name in waiting]
            start, waiting = time, []
    return words
