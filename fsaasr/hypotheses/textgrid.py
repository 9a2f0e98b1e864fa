"""Praat's TextGrid files: one recording's utterances, words and tokens as tiers."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import zip_longest
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from fsaasr.core.errors import HypothesisFileError
from fsaasr.core.files import PathLike, write_text
from fsaasr.core.hypothesis import Span
from fsaasr.core.scores import Seconds
from fsaasr.hypotheses.note import NOT_FINAL, whole_recording
from fsaasr.hypotheses.placement import DIGITS, KINDS, Placed, Placement, check_names, from_recording, single_channel
from fsaasr.hypotheses.praat_text import Tier, tiers_from_text, tiers_to_text
from fsaasr.hypotheses.recording_files import recording_of
from fsaasr.hypotheses.text_file import read_unicode

UTTERANCES = "utterances"
"""Tier whose intervals are the utterances, named by id."""

_NAME = re.compile(r"(utterances|words|tokens|phones)( confidence)?( \d+)?( points)?")

Layer = Dict[str, List[Span]]
"""Spans of `utterances`, `words`, `tokens` that do not overlap, by kind."""


def write_textgrid(placed: Iterable[Placed], path: PathLike) -> None:
    """Writes one recording's utterances, words and tokens, in Praat's long text form.

    Intervals of a tier may neither overlap in Praat nor be empty. So spans without duration stand in point tiers
    (`words points`), and what overlaps stands in further tiers (`words 2`). The tier `utterances` tells what belongs
    to which utterance, and with `not-final` behind an id that no final state was reached. Confidences have tiers
    like those of the words. Gaps are intervals without text. Times have nine decimals.

    Raises:
      HypothesisError: several recordings, or names that hold white space.
    """
    utterances = single_channel(list(placed), "a TextGrid")
    check_names(utterances, "TextGrid")
    layers: List[List[_Piece]] = []
    for piece in (piece for one in utterances for piece in _pieces(one)):
        layer = next((layer for layer in layers if _follows(layer[-1], piece)), None)
        if layer is None:
            layers.append([piece])
        else:
            layer.append(piece)
    end = max(span.end for layer in layers for piece in layer for span in piece.all())
    tiers = [tier for number, layer in enumerate(layers, 1) for tier in _tiers(layer, number)]
    write_text(path, tiers_to_text(tiers, end))


class _Piece(NamedTuple):
    """An utterance whose words do not overlap, nor its tokens; or, where some do, such a part of it."""

    utterance: Span
    words: Sequence[Span]
    tokens: Sequence[Span]

    def all(self) -> List[Span]:
        return [self.utterance, *self.words, *self.tokens]


def _pieces(one: Placed) -> List[_Piece]:
    name = one.hypothesis.utterance if one.hypothesis.reached_final else f"{one.hypothesis.utterance} {NOT_FINAL}"
    _, _, start, duration = one.placement
    utterance = Span(name, start, round(start + duration, DIGITS))
    parts = zip_longest(_apart(one.spans("words")), _apart(one.spans("tokens")), fillvalue=())
    return [_Piece(utterance, words, tokens) for words, tokens in parts] or [_Piece(utterance, (), ())]


def _apart(spans: Sequence[Span]) -> List[List[Span]]:
    """Spans in as few rows as it takes, so that those of a row do not overlap."""
    rows: List[List[Span]] = []
    for span in sorted(spans, key=_times):
        # Two points at one time overlap too.
        row = next((row for row in rows if row[-1].end <= span.start and row[-1].start < span.end), None)
        if row is None:
            rows.append([span])
        else:
            row.append(span)
    return rows


def _times(span: Span) -> Tuple[Seconds, Seconds]:
    return span.start, span.end


def _follows(before: _Piece, piece: _Piece) -> bool:
    """Whether `piece` can stand behind `before`; at their border, a point could belong to either."""
    spans = [*before.all(), *piece.all()]
    border = min(span.start for span in piece.all())
    return max(span.end for span in before.all()) <= border and not any(_times(s) == (border, border) for s in spans)


def _tiers(layer: Sequence[_Piece], number: int) -> List[Tier]:
    rows = {UTTERANCES: [piece.utterance for piece in layer]}
    for kind in KINDS:
        rows[kind] = [span for piece in layer for span in getattr(piece, kind)]
        sure = [s._replace(name=f"{s.confidence:.6f}") for s in rows[kind] if s.confidence is not None]
        rows[f"{kind} confidence"] = sure
    tiers: List[Tier] = []
    for name, spans in rows.items():
        name = name if number == 1 else f"{name} {number}"
        intervals = tuple(span for span in spans if span.start < span.end)
        points = tuple(span for span in spans if span.start == span.end)
        if intervals or name in (UTTERANCES, *KINDS):
            tiers.append(Tier(name, intervals))
        if points:
            tiers.append(Tier(f"{name} points", points, points=True))
    return tiers


def read_textgrid(path: PathLike) -> List[Placed]:
    """Reads tiers named as `write_textgrid` names them; `phones` are tokens.

    Without a tier `utterances` all is one hypothesis, named after the file. Long and short text form, UTF-8 or UTF-16.

    Raises:
      HypothesisFileError: what is no TextGrid, or a tier of another name.
    """
    end, tiers = tiers_from_text(path, read_unicode(path))
    layers: Dict[int, Layer] = {}
    for tier in tiers:
        found = _NAME.fullmatch(tier.name)
        if not found:
            raise HypothesisFileError(path, None, f"a tier {tier.name!r}; name tiers `words`, `tokens`, `utterances`")
        kind, confidence, number, _ = found.groups()
        kind = ("tokens" if kind == "phones" else kind) + (confidence or "")
        layers.setdefault(int(number or 1), {}).setdefault(kind, []).extend(tier.spans)
    recording, channel = recording_of(path)
    whole = Span(whole_recording(recording, channel).utterance, 0.0, end)
    parts: Dict[str, _Piece] = {}
    for _, layer in sorted(layers.items()):
        _gather(path, layer, whole, parts)
    return [_placed(piece, recording, channel) for piece in parts.values()]


def _gather(path: PathLike, layer: Layer, whole: Span, parts: Dict[str, _Piece]) -> None:
    """Adds the spans of a layer to the utterances they lie in."""
    utterances = sorted(layer.get(UTTERANCES, []), key=_times) or [whole]
    starts = [utterance.start for utterance in utterances]
    for utterance in utterances:
        parts.setdefault(utterance.name, _Piece(utterance, [], []))
    for kind in KINDS:
        sure = {_times(span): span.name for span in layer.get(f"{kind} confidence", [])}
        for span in sorted(layer.get(kind, []), key=_times):
            place = max(bisect_right(starts, (span.start + span.end) / 2) - 1, 0)
            confidence = sure.get(_times(span))
            if confidence is not None:
                span = span._replace(confidence=_fraction(path, confidence))
            getattr(parts[utterances[place].name], kind).append(span)


def _fraction(path: PathLike, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise HypothesisFileError(path, None, f"confidence {text!r}, expected a number") from error


def _placed(piece: _Piece, recording: str, channel: int) -> Placed:
    name, _, note = piece.utterance.name.partition(" ")
    placement = Placement(
        recording, channel, piece.utterance.start, round(piece.utterance.end - piece.utterance.start, DIGITS)
    )
    words, tokens = (sorted(spans, key=_times) for spans in (piece.words, piece.tokens))
    return from_recording(name, placement, words, tokens, note != NOT_FINAL)
