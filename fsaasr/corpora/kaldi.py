"""Kaldi data directories in: `wav.scp`, `text`, `utt2spk`, and `segments`, `spk2gender` where they exist."""

from __future__ import annotations

import io
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

from fsaasr.core.config import STRICT
from fsaasr.core.errors import CorpusError
from fsaasr.core.files import PathLike
from fsaasr.core.scores import Seconds
from fsaasr.corpora.audio import open_recording
from fsaasr.corpora.kaldi_tables import Entry, Segment, Table, parse_segment, read_table, same_keys
from fsaasr.corpora.manifests import check_cuts, prepared

if TYPE_CHECKING:
    from lhotse import CutSet

_TABLES = ("wav.scp", "segments", "text", "utt2spk", "spk2gender")
_GENDERS = {"m": "male", "f": "female"}


@dataclass(frozen=True)
class KaldiOptions:
    """How to read data directories.

    Attributes:
      audio_root: what relative paths in `wav.scp` are relative to; empty means the current directory,
        as for Kaldi.
      allow_commands: run `command |` lines of `wav.scp` in a shell. They can do anything that you can:
        allow them only in directories that you trust.
      max_overshoot: seconds by which a segment may exceed its recording and be cut at its end, as
        Kaldi's extract-segments does; beyond it is an error.
    """

    __pydantic_config__ = STRICT

    audio_root: str = ""
    allow_commands: bool = False
    max_overshoot: Seconds = 0.5


def prepare_kaldi(corpus_dir: PathLike, out_dir: PathLike, options: KaldiOptions = KaldiOptions()) -> Dict[str, CutSet]:
    """Prepares a Kaldi data directory, or a directory of several.

    Args:
      corpus_dir: a directory with `wav.scp`, or one whose subdirectories have it (`data/` of a recipe).
      out_dir: receives `cuts_<name>.jsonl.gz`.
      options: see `KaldiOptions`.

    Returns:
      Name of each data directory -> its cuts.

    Raises:
      CorpusError: no data directory, or what `read_kaldi_dir` refuses.
    """
    folders = _data_folders(Path(corpus_dir))
    tables = [folder / name for folder in folders for name in _TABLES if (folder / name).is_file()]

    def build(audio_dir: Path) -> Mapping[str, Sequence[Any]]:
        return {folder.name: list(read_kaldi_dir(folder, options)) for folder in folders}

    audio = [path for folder in folders for path in audio_files(folder, options)]
    return prepared(out_dir, "kaldi", options, [*tables, *audio], build)


def audio_files(data_dir: PathLike, options: KaldiOptions = KaldiOptions()) -> List[Path]:
    """The files that `wav.scp` names, of those that are there; what else it names, `read_kaldi_dir` tells.

    Raises:
      CorpusFileError: `wav.scp` is missing or malformed.
    """
    entries = read_table(Path(data_dir) / "wav.scp").values()
    paths = (Path(options.audio_root) / entry.value for entry in entries if not entry.value.endswith("|"))
    return [path for path in paths if path.is_file()]


def _data_folders(corpus_dir: Path) -> List[Path]:
    if (corpus_dir / "wav.scp").is_file():
        return [corpus_dir.resolve()]
    folders = sorted(path.parent for path in corpus_dir.glob("*/wav.scp"))
    if not folders:
        raise CorpusError(
            f"prepare_kaldi: neither {corpus_dir} nor a directory in it has wav.scp; give a data directory"
        )
    return folders


def read_kaldi_dir(data_dir: PathLike, options: KaldiOptions = KaldiOptions()) -> CutSet:
    """Reads one Kaldi data directory.

    Args:
      data_dir: directory with `wav.scp`, `text`, `utt2spk`, and perhaps `segments` and `spk2gender`.
      options: see `KaldiOptions`.

    Returns:
      One cut an utterance, in the order of `utt2spk`.

    Raises:
      CorpusFileError: a table is missing, malformed, unsorted or has a repeated key; an utterance stands in
        one table and not in another; audio is missing; a command without `allow_commands`; with file and line.
    """
    from lhotse import CutSet

    folder = Path(data_dir)
    text = read_table(folder / "text")
    speakers = read_table(folder / "utt2spk")
    same_keys(text, speakers, folder / "utt2spk")
    scp = read_table(folder / "wav.scp")
    segments = _segments(folder, scp, text)
    recordings = {name: _recording(name, scp[name], options) for name in _used(segments)}
    genders = _genders(folder, speakers)
    cuts = []
    for utterance, entry in text.items():
        where, segment = segments[utterance]
        speaker = speakers[utterance].value
        cut = _cut(utterance, where, segment, recordings[segment.recording], options.max_overshoot)
        cuts.append(_supervise(cut, entry.value, speaker, genders.get(speaker)))
    check_cuts(cuts, str(folder))
    return CutSet.from_cuts(cuts)


def _segments(folder: Path, scp: Table, text: Table) -> Dict[str, Any]:
    """Utterance -> (the line that says so, segment)."""
    if not (folder / "segments").is_file():
        same_keys(text, scp, folder / "wav.scp")
        return {name: (entry, Segment(name, 0.0, None)) for name, entry in scp.items()}
    table = read_table(folder / "segments")
    same_keys(text, table, folder / "segments")
    segments = {name: (entry, parse_segment(name, entry)) for name, entry in table.items()}
    for entry, segment in segments.values():
        if segment.recording not in scp:
            raise entry.wrong(f"recording {segment.recording!r} is not in {folder / 'wav.scp'}; add it there")
    return segments


def _used(segments: Mapping[str, Any]) -> List[str]:
    return sorted({segment.recording for _, segment in segments.values()})


def _recording(name: str, entry: Entry, options: KaldiOptions) -> Any:
    value = entry.value
    if value.endswith("|"):
        if not options.allow_commands:
            raise entry.wrong(
                f"{name!r} is a command ({value}); convert it to a WAV file, or set allow_commands to run it"
            )
        return _from_command(name, value[:-1].strip(), entry)
    try:
        return open_recording(Path(options.audio_root) / value, name)
    except CorpusError as error:
        hint = "; relative paths count from audio_root" if not Path(value).is_absolute() else ""
        offset = "; Kaldi archives (file:offset) are not read" if value.rpartition(":")[2].isdigit() else ""
        raise entry.wrong(f"{error}{hint}{offset}") from error


def _from_command(name: str, command: str, entry: Entry) -> Any:
    import soundfile
    from lhotse import AudioSource, Recording

    done = subprocess.run(command, shell=True, capture_output=True, check=False)
    try:
        if done.returncode:
            raise RuntimeError(f"exit status {done.returncode}, {done.stderr.decode(errors='replace').strip()[-200:]}")
        info = soundfile.info(io.BytesIO(done.stdout))
    except RuntimeError as error:
        raise entry.wrong(f"{name!r}: `{command}` gave no audio ({error}); run it by hand") from error
    if not info.frames:
        raise entry.wrong(f"{name!r}: `{command}` gave audio without samples; drop it")
    channels = list(range(info.channels))
    return Recording(
        id=name,
        sources=[AudioSource(type="command", channels=channels, source=command)],
        sampling_rate=info.samplerate,
        num_samples=info.frames,
        duration=info.frames / info.samplerate,
        channel_ids=channels,
    )


def _genders(folder: Path, speakers: Table) -> Dict[str, str]:
    if not (folder / "spk2gender").is_file():
        return {}
    table = read_table(folder / "spk2gender")
    known = {entry.value for entry in speakers.values()}
    for speaker, entry in table.items():
        if entry.value not in _GENDERS:
            raise entry.wrong(f"gender of {speaker!r} is {entry.value!r}, expected m or f")
        if speaker not in known:
            raise entry.wrong(f"speaker {speaker!r} is not in {folder / 'utt2spk'}; drop the line")
    return {speaker: _GENDERS[entry.value] for speaker, entry in table.items()}


def _cut(utterance: str, where: Entry, segment: Segment, recording: Any, max_overshoot: Seconds) -> Any:
    from lhotse import MonoCut

    if recording.num_channels != 1:
        raise where.wrong(f"{recording.id!r} has {recording.num_channels} channels, expected 1; split it first")
    end = recording.duration if segment.end is None else segment.end
    if end > recording.duration + max_overshoot or segment.start >= recording.duration:
        raise where.wrong(
            f"{utterance!r} lasts from {segment.start} to {end} s, but {recording.id!r} has only "
            f"{recording.duration:.3f} s; correct the times"
        )
    duration = round(min(end, recording.duration) - segment.start, 8)
    return MonoCut(utterance, segment.start, duration, recording.channel_ids[0], recording=recording)


def _supervise(cut: Any, text: str, speaker: str, gender: Optional[str]) -> Any:
    from lhotse import SupervisionSegment

    cut.supervisions = [
        SupervisionSegment(
            id=cut.id,
            recording_id=cut.recording.id,
            start=0.0,
            duration=cut.duration,
            channel=cut.channel,
            text=" ".join(text.split()),
            speaker=speaker,
            gender=gender,
        )
    ]
    return cut
