"""NIST's CTM: `recording channel start duration word [confidence]`, sorted; `;;` begins a comment."""

from __future__ import annotations

import math
from typing import Dict, Iterable, List, NamedTuple, Tuple

from fsaasr.core.errors import HypothesisFileError
from fsaasr.core.files import PathLike, write_text
from fsaasr.core.hypothesis import Span
from fsaasr.hypotheses.note import Note, note_of, read_note, whole_recording
from fsaasr.hypotheses.placement import Placed, Placement, by_channel, check_names, from_recording
from fsaasr.hypotheses.text_file import read_unicode

_COMMENT = ";;"


def write_ctm(placed: Iterable[Placed], path: PathLike, kind: str = "words") -> None:
    """Writes words or tokens, sorted by recording, channel and start; times are in the recording.

    Starts and ends are rounded to milliseconds each, so that neighbours stay neighbours. What the lines themselves
    do not tell stands in a comment before them: utterances that are not whole recordings, hypotheses without
    words, and those that reached no final state.

    Args:
      placed: hypotheses. path: file to write.
      kind: `words` or `tokens`.

    Raises:
      HypothesisError: names that hold white space.
    """
    lines: List[str] = []
    for utterances in by_channel(placed).values():
        check_names(utterances, "CTM")
        for one in utterances:
            if len(utterances) > 1 or not _tells_itself(one, kind):
                lines.append(f"{_COMMENT} {note_of(one)}\n")
            lines += [_line(one.placement, span) for span in one.spans(kind)]
    write_text(path, "".join(lines))


def _tells_itself(one: Placed, kind: str) -> bool:
    whole = one.placement[:3] == (one.hypothesis.utterance, 0, 0.0)
    return whole and one.hypothesis.reached_final and bool(getattr(one.hypothesis, kind))


def _line(placement: Placement, span: Span) -> str:
    start, end = round(1000 * span.start), round(1000 * span.end)
    confidence = "" if span.confidence is None else f" {span.confidence:.6f}"
    times = f"{start / 1000:.3f} {(end - start) / 1000:.3f}"
    return f"{placement.recording} {placement.channel + 1} {times} {span.name}{confidence}\n"


class _Utterance(NamedTuple):
    note: Note
    said: bool
    spans: List[Span]


def read_ctm(path: PathLike, kind: str = "words") -> List[Placed]:
    """Reads a CTM file.

    Lines after a comment of `write_ctm` belong to its utterance; others are of one hypothesis for each recording and
    channel, which has the recording's id (with `-2` for its second channel, and so on) and ends with its last span.

    Raises:
      HypothesisFileError: a line that is not of the form, with its number; alternatives are not supported.
    """
    read: List[_Utterance] = []
    current: Dict[Tuple[str, int], _Utterance] = {}
    for number, line in enumerate(read_unicode(path).split("\n"), 1):
        fields = line.split()
        if line.lstrip().startswith(_COMMENT):
            note = read_note(line.strip()[len(_COMMENT) :])
            if note is not None:
                read.append(_Utterance(note, True, []))
                current[note.placement[:2]] = read[-1]
        elif fields:
            channel, span = _row(path, number, fields)
            if channel not in current:
                read.append(_Utterance(whole_recording(*channel), False, []))
                current[channel] = read[-1]
            current[channel].spans.append(span)
    return [_placed(utterance, kind) for utterance in read]


def _placed(utterance: _Utterance, kind: str) -> Placed:
    note, said, spans = utterance
    placement = note.placement if said else note.placement._replace(duration=max(span.end for span in spans))
    words, tokens = (spans, []) if kind == "words" else ([], spans)
    return from_recording(note.utterance, placement, words, tokens, note.reached_final)


def _row(path: PathLike, number: int, fields: List[str]) -> Tuple[Tuple[str, int], Span]:
    if len(fields) not in (5, 6):
        raise HypothesisFileError(
            path, number, f"{len(fields)} fields, expected `recording channel start duration word [confidence]`"
        )
    recording, channel, start, duration, name, *confidence = fields
    begin = _number(path, number, start)
    end = begin + _number(path, number, duration)
    sure = _number(path, number, confidence[0]) if confidence else None
    return (recording, _channel(path, number, channel)), Span(name, begin, end, sure)


def _channel(path: PathLike, number: int, text: str) -> int:
    if text in ("A", "B"):
        return "AB".index(text)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise HypothesisFileError(path, number, f"channel {text!r}, expected 1, 2, ... or A or B")
    return int(text) - 1


def _number(path: PathLike, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise HypothesisFileError(path, number, f"found {text!r}, expected a number >= 0")
    return value
