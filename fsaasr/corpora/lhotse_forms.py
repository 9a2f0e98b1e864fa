"""Lhotse's own forms of data, read one cut at a time: manifests of cuts, Shar, recordings with supervisions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Optional, Type

from fsaasr.core.errors import CorpusError, CorpusFileError

_MANIFEST = re.compile(r".+\.jsonl(\.gz)?")
_MEND = "; restore the file, or make it again"
_SLACK = 1e-3


class Form(NamedTuple):
    """Files that are read together; a name stands for one of these, or for several, as Shar has them.

    Attributes:
      manifest: of cuts or, where there are `recordings`, of supervisions.
      archive: Shar's audio of these cuts.
      recordings: manifest of the recordings that the supervisions are of.
    """

    manifest: Path
    archive: Optional[Path] = None
    recordings: Optional[Path] = None


@dataclass(frozen=True)
class Item:
    """What a line of a manifest holds."""

    path: Path
    line: int
    value: Any

    def wrong(self, problem: str) -> CorpusFileError:
        """An error that points at this line."""
        return CorpusFileError(self.path, self.line, f"{type(self.value).__name__} {self.value.id!r} {problem}")


def find_forms(folder: Path, name: str) -> List[Form]:
    """The files that a name stands for.

    Args:
      folder: what relative names are relative to.
      name: a manifest of cuts; a manifest of recordings or supervisions, which has its other half beside it, named
        alike; a Shar folder, or one with a manifest of recordings and its half; or what comes after `cuts_` or
        `recordings_` in the names of manifests: `dev` finds `yesno_recordings_dev.jsonl.gz`.

    Raises:
      CorpusError: nothing has this name, or more than one thing, or half of it is missing.
    """
    path = folder / name
    if path.is_dir():
        shards = _shards(path)
        return shards if shards else [_of_manifest(_only(path, "*recordings*.jsonl*"))]
    if not path.is_file():
        part = escape(path.name)
        path = _only(path.parent, f"*cuts_{part}.jsonl*", f"*recordings_{part}.jsonl*")
    return [_of_manifest(path)]


def read_form(form: Form) -> Iterator[Item]:
    """Cuts of one channel with one supervision each, in the order of the manifest.

    Cuts with several supervisions are trimmed to each of them by Lhotse, and named after it, times of words with them;
    so is what comes of recordings and supervisions. Recordings that no supervision is of give no cut.

    Raises:
      CorpusFileError: as `read_untrimmed`; a cut that is mixed, or has no supervision, no recording, or one supervision
        over several channels; a supervision beyond the ends of its cut.
    """
    for item in read_untrimmed(form):
        yield from _one_each(item) if form.recordings is None else _trimmed(item)


def read_untrimmed(form: Form) -> Iterator[Item]:
    """Cuts as they are, whatever they are; of recordings and supervisions, a whole recording for each supervision.

    Raises:
      CorpusFileError: a line or an archive that is damaged, or a supervision without recording.
    """
    from lhotse.cut import Cut

    if form.recordings is not None:
        return _transcribed(form.recordings, form.manifest)
    return _items(form.manifest, Cut) if form.archive is None else _with_audio(form.manifest, form.archive)


def _shards(folder: Path) -> List[Form]:
    files = sorted(folder.iterdir())
    manifests = [file for file in files if re.fullmatch(r"cuts(\..+)?\.jsonl(\.gz)?", file.name)]
    archives = [file for file in files if file.name.startswith("recording.")]
    if archives and len(archives) != len(manifests):
        raise CorpusError(
            f"{folder}: {len(manifests)} manifests cuts.* and {len(archives)} archives recording.*, expected as many; "
            "restore those that are missing"
        )
    if not archives:
        return [Form(manifest) for manifest in manifests]
    return [Form(*shard) for shard in zip(manifests, archives)]


def _only(folder: Path, *patterns: str) -> Path:
    found = sorted(file for pattern in patterns for file in folder.glob(pattern))
    if len(found) != 1:
        names = ", ".join(file.name for file in found or sorted(folder.glob("*"))[:20]) or "nothing"
        raise CorpusError(
            f"prepare_lhotse: {folder}: found {names}; expected one file {' or '.join(patterns)}; give a file's name "
            "or a Shar folder's"
        )
    return found[0]


def _of_manifest(path: Path) -> Form:
    if not _MANIFEST.fullmatch(path.name):
        raise CorpusError(f"{path}: expected .jsonl or .jsonl.gz; `lhotse copy` turns other manifests into these")
    recordings = path.with_name(path.name.replace("supervisions", "recordings"))
    if "recordings" not in recordings.name:
        return Form(path)
    supervisions = path.with_name(recordings.name.replace("recordings", "supervisions"))
    for half in (recordings, supervisions):
        if not half.is_file():
            raise CorpusError(f"{half}: no such manifest; recordings and supervisions are read together, restore it")
    return Form(supervisions, recordings=recordings)


def _items(path: Path, kind: Type[Any]) -> Iterator[Item]:
    from lhotse.lazy import LazyManifestIterator

    line = 1
    try:
        for value in LazyManifestIterator(path):
            if not isinstance(value, kind):
                raise TypeError(f"found a {type(value).__name__}")
            yield Item(path, line, value)
            line += 1
    except Exception as error:  # whatever Lhotse raises: an archive cut short, no JSON, a field too few
        raise CorpusFileError(path, line, f"expected a {kind.__name__}, cannot read one ({error!r})" + _MEND) from error


def _with_audio(manifest: Path, archive: Path) -> Iterator[Item]:
    from lhotse import CutSet
    from lhotse.cut import Cut

    count = sum(1 for _ in _items(manifest, Cut))  # so that what is broken below is the archive
    number = 0
    try:
        for number, cut in enumerate(CutSet.from_shar({"cuts": [manifest], "recording": [archive]}), 1):
            yield Item(manifest, number, cut)
    except Exception as error:  # an archive cut short, other names than those of the cuts, ...
        problem = f"recording {number + 1} of {count} cannot be read ({error!r})"
        raise CorpusFileError(archive, None, problem + _MEND) from error
    if number != count:
        # Lhotse stops where the shorter of the two ends.
        raise CorpusFileError(
            archive, None, f"holds {number} recordings for the {count} cuts of {manifest.name}" + _MEND
        )


def _transcribed(recordings: Path, supervisions: Path) -> Iterator[Item]:
    """The whole recording of each supervision, with it alone."""
    from lhotse import Recording, SupervisionSegment

    known = {item.value.id: item.value for item in _items(recordings, Recording)}
    for item in _items(supervisions, SupervisionSegment):
        if item.value.recording_id not in known:
            raise item.wrong(
                f"is of recording {item.value.recording_id!r}, which {recordings} lacks; add it or drop this"
            )
        cut = known[item.value.recording_id].to_cut()
        cut.supervisions = [item.value]
        yield replace(item, value=cut)


def _one_each(item: Item) -> Iterator[Item]:
    from lhotse import MonoCut
    from lhotse.cut import MixedCut, PaddingCut

    cut = item.value
    if isinstance(cut, (MixedCut, PaddingCut)):
        raise item.wrong("is no piece of one recording; save it as one: `cut.save_audio(path)`")
    if not cut.has_recording:
        raise item.wrong("has no recording; attach one: features are made of audio, those of the cut are left out")
    if not cut.supervisions:
        raise item.wrong("has no supervision; add one or drop the cut")
    if isinstance(cut, MonoCut) and len(cut.supervisions) == 1:
        yield item
    else:
        yield from _trimmed(item)


def _trimmed(item: Item) -> Iterator[Item]:
    cut = item.value
    for segment in cut.supervisions:
        if not -_SLACK < segment.start < segment.end < cut.duration + _SLACK:
            raise item.wrong(
                f"lasts {cut.duration} s, but supervision {segment.id!r} is from {segment.start} to {segment.end} s; "
                "correct the times, e.g. with `lhotse fix`"
            )
    for segment, part in zip(cut.supervisions, cut.trim_to_supervisions(keep_overlapping=False)):
        if len(part.supervisions) != 1 or not isinstance(part.channel, int):
            raise item.wrong(f"cannot be trimmed to {part.id!r} alone, on one channel; choose one: `cut.to_mono()`")
        # Lhotse leaves the times of words where they were.
        part.supervisions[0].alignment = segment.alignment and {
            kind: [word.with_offset(-segment.start) for word in words] for kind, words in segment.alignment.items()
        }
        yield replace(item, value=part)
