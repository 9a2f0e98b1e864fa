"""One door to all formats, chosen by file name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from fsaasr.core.errors import HypothesisError, HypothesisFileError
from fsaasr.core.files import PathLike
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.hypotheses.ctm import read_ctm, write_ctm
from fsaasr.hypotheses.json_lines import read_jsonl, write_jsonl
from fsaasr.hypotheses.kaldi_text import read_transcripts, write_transcripts
from fsaasr.hypotheses.placement import Placed, Placement, by_channel, place, placing
from fsaasr.hypotheses.recording_files import file_stem
from fsaasr.hypotheses.srt import read_srt, write_srt
from fsaasr.hypotheses.supervisions import read_supervisions, write_supervisions
from fsaasr.hypotheses.textgrid import read_textgrid, write_textgrid
from fsaasr.hypotheses.webvtt import read_vtt, write_vtt

FORMATS = ("text", "jsonl", "ctm", "textgrid", "srt", "vtt", "supervisions")
"""Names of the formats."""

_FOLDERS = {"textgrid": ".TextGrid", "srt": ".srt", "vtt": ".vtt"}
"""Formats whose files hold one recording each, and the files' ending."""


def format_of(path: PathLike) -> str:
    """The format that a file's name stands for.

    `.txt` or `text`: Kaldi's text; `.ctm` (the tokens if the name is `tokens.ctm` or ends so, else the words);
    `.TextGrid`, `.srt`, `.vtt`; `.jsonl`, and `supervisions*.jsonl` or `.jsonl.gz` for Lhotse's.

    Raises:
      HypothesisError: another name.
    """
    name = Path(path).name.lower()
    if name.startswith("supervisions") and name.endswith((".jsonl", ".jsonl.gz")):
        return "supervisions"
    suffix = {"text": ".txt"}.get(name, Path(name).suffix)
    known = {".txt": "text", ".jsonl": "jsonl", ".ctm": "ctm", ".textgrid": "textgrid", ".srt": "srt", ".vtt": "vtt"}
    if suffix not in known:
        raise HypothesisError(
            f"{path}: no format has such a name; expected `text`, one of {', '.join(known)}, or supervisions.jsonl.gz"
        )
    return known[suffix]


def write_hypotheses(
    hypotheses: Iterable[Hypothesis], path: PathLike, placements: Optional[Mapping[str, Placement]] = None
) -> None:
    """Writes hypotheses in the format that the file's name stands for, see `format_of`.

    Args:
      hypotheses: one an utterance; for `.TextGrid`, `.srt` and `.vtt`, of one recording.
      path: file to write.
      placements: where the utterances lie; see `place`. Kaldi's text and JSON lines have no need of them.

    Raises:
      HypothesisError: an unknown ending; an utterance that is there twice or has no placement; names that the format
        cannot hold; several recordings for a file of one.

    JSON lines are written as hypotheses come, in constant memory; the other formats sort.
    """
    kind = format_of(path)
    if kind == "jsonl":
        write_jsonl((hypothesis for hypothesis, _ in placing(hypotheses, placements)), path)
        return
    placed = place(hypotheses, placements)
    if kind == "text":
        write_transcripts({h.utterance: [word.name for word in h.words] for h, _ in placed}, path)
    elif kind == "ctm":
        write_ctm(placed, path, _ctm_kind(path))
    else:
        writers = {"textgrid": write_textgrid, "srt": write_srt, "vtt": write_vtt, "supervisions": write_supervisions}
        writers[kind](placed, path)


def read_placed(path: PathLike) -> List[Placed]:
    """Reads a file in any format; without placements in it, utterances are recordings of their own.

    Words of Kaldi's text have no times: start and end are 0.

    Raises:
      HypothesisError: an unknown ending.
      HypothesisFileError: a malformed file, with the line.
    """
    kind = format_of(path)
    if kind == "text":
        return place(_from_text(name, words) for name, words in read_transcripts(path).items())
    if kind == "jsonl":
        return place(read_jsonl(path))
    if kind == "ctm":
        return read_ctm(path, _ctm_kind(path))
    readers = {"textgrid": read_textgrid, "srt": read_srt, "vtt": read_vtt, "supervisions": read_supervisions}
    return readers[kind](path)


def read_hypotheses(path: PathLike) -> List[Hypothesis]:
    """The hypotheses of `read_placed`, whose times count from their utterance's beginning."""
    return [placed.hypothesis for placed in read_placed(path)]


def read_words(path: PathLike) -> Dict[str, Tuple[str, ...]]:
    """The words of each utterance of a file in any format; a file whose name tells none is taken for Kaldi's text.

    Raises:
      HypothesisFileError: a malformed file, with the line; an utterance that is there twice.
    """
    try:
        format_of(path)
    except HypothesisError:
        return read_transcripts(path)
    found: Dict[str, Tuple[str, ...]] = {}
    for hypothesis in read_hypotheses(path):
        if hypothesis.utterance in found:
            raise HypothesisFileError(path, None, f"utterance {hypothesis.utterance!r} is there twice; drop one")
        found[hypothesis.utterance] = tuple(word.name for word in hypothesis.words)
    return found


def check_formats(formats: Iterable[str]) -> Tuple[str, ...]:
    """The formats, if `export_hypotheses` knows all of them; raises HypothesisError otherwise."""
    wanted = tuple(formats)
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        raise HypothesisError(f"unknown format {unknown[0]!r}; expected some of {', '.join(FORMATS)}")
    return wanted


def export_hypotheses(
    hypotheses: Sequence[Hypothesis],
    folder: PathLike,
    formats: Iterable[str],
    placements: Optional[Mapping[str, Placement]] = None,
    stem: str = "hyp",
) -> List[Path]:
    """Writes hypotheses of any number of recordings in several formats.

    Args:
      hypotheses: one an utterance.
      folder: receives `hyp.txt`, `hyp.jsonl`, `words.ctm` and `tokens.ctm`, `supervisions.jsonl.gz`, and folders
        `textgrid`, `srt`, `vtt` with a file for each recording and channel.
      formats: of `FORMATS`.
      placements: see `write_hypotheses`.
      stem: in place of `hyp`.

    Returns:
      The files, in the order of the formats.

    Raises:
      HypothesisError: an unknown format, or as `write_hypotheses`.
    """
    wanted = check_formats(formats)
    out = Path(folder)
    single = {
        "text": [out / f"{stem}.txt"],
        "jsonl": [out / f"{stem}.jsonl"],
        "ctm": [out / "words.ctm", out / "tokens.ctm"],
        "supervisions": [out / "supervisions.jsonl.gz"],
    }
    placed = place(hypotheses, placements)
    places = {one.hypothesis.utterance: one.placement for one in placed}
    written: List[Path] = []
    for name in wanted:
        for path in single.get(name, ()):
            write_hypotheses(hypotheses, path, places)
            written.append(path)
        if name in _FOLDERS:
            for (recording, channel), group in by_channel(placed).items():
                path = out / name / f"{file_stem(recording, channel)}{_FOLDERS[name]}"
                write_hypotheses([one.hypothesis for one in group], path, places)
                written.append(path)
    return written


def _ctm_kind(path: PathLike) -> str:
    return "tokens" if Path(path).stem.lower().endswith("tokens") else "words"


def _from_text(utterance: str, words: Sequence[str]) -> Hypothesis:
    return Hypothesis(utterance, tuple(Span(word, 0.0, 0.0) for word in words), (), (), math.nan, math.nan)
