"""Cuts, their validation, and prepared directories that resume after a kill."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence

import numpy as np

from fsaasr.core.config import config_to_dict
from fsaasr.core.errors import CorpusError
from fsaasr.core.files import PathLike, atomic_path, content_hash, hash_of_all, read_json, write_json

if TYPE_CHECKING:
    from lhotse import CutSet, MonoCut, Recording

MARKER = "prepared.json"
"""Written last; holds what the directory was prepared from and with."""

_VERSION = "1"
_SLACK = 1e-3
_AUDIO_FOLDER = re.compile(r"audio-[0-9a-f]{12}")

Build = Callable[[Path], Mapping[str, Iterable[Any]]]


def make_cut(
    recording: Recording,
    text: str,
    speaker: str,
    *,
    language: Optional[str] = None,
    gender: Optional[str] = None,
    alignment: Optional[Dict[str, Any]] = None,
) -> MonoCut:
    """A cut over a whole one-channel recording with one supervision; all three share the recording's id."""
    from lhotse import MonoCut, SupervisionSegment

    supervision = SupervisionSegment(
        id=recording.id,
        recording_id=recording.id,
        start=0.0,
        duration=recording.duration,
        channel=recording.channel_ids[0],
        text=text,
        speaker=speaker,
        language=language,
        gender=gender,
        alignment=alignment,
    )
    return MonoCut(
        id=recording.id,
        start=0.0,
        duration=recording.duration,
        channel=recording.channel_ids[0],
        recording=recording,
        supervisions=[supervision],
    )


def check_cuts(cuts: Iterable[Any], source: str) -> None:
    """Validates cuts, by Lhotse's rules and a recognizer's needs; see `checked`."""
    for _ in checked(cuts, source):
        pass


def checked(cuts: Iterable[Any], source: str) -> Iterator[Any]:
    """The cuts, each validated before the next is asked for.

    Args:
      cuts: Lhotse cuts.
      source: what they came from, for messages.

    Raises:
      CorpusError: no cut at all, a repeated id, a cut without supervision, an empty text, or what
        `lhotse.validate` refuses (times out of range, negative durations, ...), with the cut named.
    """
    from lhotse.qa import validate

    seen = set()
    for cut in cuts:
        if cut.id in seen:
            raise CorpusError(f"{source}: cut id {cut.id!r} occurs twice; make ids unique")
        seen.add(cut.id)
        if not cut.supervisions:
            raise CorpusError(f"{source}: cut {cut.id!r} has no supervision; add one or drop the cut")
        for supervision in cut.supervisions:
            if not (supervision.text or "").strip():
                raise CorpusError(f"{source}: cut {cut.id!r} has an empty text; transcribe it or drop the cut")
        recording = getattr(cut, "recording", None)
        if recording is not None and cut.end > recording.duration + _SLACK:
            raise CorpusError(
                f"{source}: cut {cut.id!r} ends at {cut.end} s, its recording's duration is {recording.duration}; "
                "correct the times"
            )
        try:
            validate(cut)
        except AssertionError as error:
            raise CorpusError(f"{source}: cut {cut.id!r}: {error}") from error
        yield cut
    if not seen:
        raise CorpusError(f"{source}: no cuts; a split may not be empty")


def write_cuts(cuts: Iterable[Any], path: PathLike) -> None:
    """Writes a `.jsonl.gz` manifest atomically, cut by cut; the same cuts give the same bytes."""
    # No name and no time in the header: the bytes depend on the cuts alone.
    with atomic_path(path) as temporary, temporary.open("wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as stream:
        for cut in cuts:
            stream.write(json.dumps(cut.to_dict(), ensure_ascii=False).encode() + b"\n")


def read_cuts(path: PathLike) -> CutSet:
    """Reads a cut manifest whole.

    Raises:
      CorpusError: no such file, or its content is not a cut manifest.
    """
    from lhotse import CutSet

    if not Path(path).is_file():
        raise CorpusError(f"{path}: no such manifest; run `fsaasr prepare` first")
    try:
        return CutSet.from_jsonl(path)
    except (ValueError, KeyError, TypeError, OSError, EOFError) as error:
        raise CorpusError(f"{path}: not a cut manifest ({error}); delete it and prepare again") from error


def manifest_path(out_dir: PathLike, split: str) -> Path:
    """Where a prepared directory keeps the cuts of `split`."""
    return Path(out_dir) / f"cuts_{split}.jsonl.gz"


def prepared(out_dir: PathLike, corpus: str, options: Any, inputs: Sequence[Path], build: Build) -> Dict[str, CutSet]:
    """Builds a prepared directory, or reads it where it is whole and up to date.

    The directory is up to date if its marker, written last, holds the hash of the corpus' name, the
    options and the path, size and time of every input file, and all it lists is still there. The marker
    also has the hash of what was prepared (`content_key`), which copying or touching the corpus does not change.

    Args:
      out_dir: directory for manifests, the marker, and audio where the corpus makes some.
      corpus: name of the corpus.
      options: its option dataclass.
      inputs: files that the result depends on.
      build: takes a folder for audio that it may write and returns split -> cuts, which are asked for once.

    Raises:
      CorpusError: as `build` and `check_cuts`.
    """
    out_dir = Path(out_dir)
    values = config_to_dict(options)
    key = content_hash(_VERSION, corpus, json.dumps(values, sort_keys=True), *map(_fingerprint, inputs))
    done = _read_done(out_dir, key)
    if done is not None:
        return done
    (out_dir / MARKER).unlink(missing_ok=True)
    audio_dir = out_dir / f"audio-{key[:12]}"
    written = []
    for split, cuts in build(audio_dir).items():
        write_cuts(checked(cuts, f"{corpus}, split {split!r}"), manifest_path(out_dir, split))
        written.append(split)
    _drop_old_audio(out_dir, audio_dir.name)
    splits = {split: read_cuts(manifest_path(out_dir, split)) for split in written}
    sizes = {split: len(cuts) for split, cuts in splits.items()}
    content = content_key(splits)
    write_json(out_dir / MARKER, {"corpus": corpus, "options": values, "hash": key, "content": content, "cuts": sizes})
    return splits


def content_key(splits: Mapping[str, Iterable[Any]]) -> str:
    """SHA-256 (hex) over the cuts and the bytes of their audio, wherever the files are and however old."""
    heard: Dict[str, str] = {}
    return hash_of_all(
        part for split in sorted(splits) for part in chain([split], (_cut_content(cut, heard) for cut in splits[split]))
    )


def _cut_content(cut: Any, heard: Dict[str, str]) -> str:
    recording = cut.recording.to_dict()
    for source in recording["sources"]:
        path = source["source"]
        if source["type"] == "file" and Path(path).is_file():
            if path not in heard:  # many cuts may be of one recording
                # Mapped, not read: recordings may last hours.
                heard[path] = content_hash(np.memmap(path, np.uint8, "r").data)
            source["source"] = heard[path]
    return json.dumps({**cut.to_dict(), "recording": recording}, sort_keys=True, default=str)


def _fingerprint(path: Path) -> str:
    stat = path.stat()
    return f"{path.absolute()} {stat.st_size} {stat.st_mtime_ns}"


def _read_done(out_dir: Path, key: str) -> Optional[Dict[str, CutSet]]:
    try:
        marker = read_json(out_dir / MARKER)
        if marker["hash"] != key or not marker["content"]:
            return None
        splits = {split: read_cuts(manifest_path(out_dir, split)) for split in marker["cuts"]}
    except (OSError, ValueError, KeyError, TypeError, CorpusError):
        return None
    whole = all(len(cuts) == marker["cuts"][split] for split, cuts in splits.items())
    return splits if whole and all(map(_audio_present, splits.values())) else None


def _audio_present(cuts: CutSet) -> bool:
    sources: List[Any] = [source for cut in cuts for source in cut.recording.sources]
    return all(source.type != "file" or Path(source.source).is_file() for source in sources)


def _drop_old_audio(out_dir: Path, keep: str) -> None:
    for folder in out_dir.iterdir():
        if folder.name != keep and _AUDIO_FOLDER.fullmatch(folder.name):
            shutil.rmtree(folder)
