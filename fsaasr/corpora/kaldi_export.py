"""Cuts out as a Kaldi data directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List

from fsaasr.core.errors import CorpusError
from fsaasr.core.files import PathLike, write_text
from fsaasr.corpora.audio import write_wav
from fsaasr.corpora.manifests import check_cuts

_GENDERS = {"male": "m", "female": "f", "m": "m", "f": "f"}


def write_kaldi_dir(cuts: Iterable[Any], data_dir: PathLike, *, prefix_speaker: bool = False) -> None:
    """Writes `wav.scp`, `text`, `utt2spk`, `spk2utt`, and `segments` and `spk2gender` where they are needed.

    Audio that stands in WAV files is pointed to; any other (FLAC, SPHERE, mixed or resampled cuts) is
    written to `wav/` in the directory. `read_kaldi_dir` gives the same utterances back.

    Args:
      cuts: Lhotse cuts, one channel, with text and speaker.
      data_dir: directory to write; files in it are replaced.
      prefix_speaker: put `speaker-` before utterance ids that lack it. Kaldi wants ids to sort as their
        speakers do, which the prefix ensures.

    Raises:
      CorpusError: what `check_cuts` refuses, an id, speaker or path that the format cannot hold, or ids
        that do not sort as their speakers do.
    """
    folder = Path(data_dir)
    listed = list(cuts)
    check_cuts(listed, "write_kaldi_dir")
    lines: Dict[str, Dict[str, str]] = {name: {} for name in ("wav.scp", "segments", "text", "utt2spk")}
    whole = True
    for cut in listed:
        speaker = _word(cut.supervisions[0].speaker, f"speaker of cut {cut.id!r}")
        utterance = _word(cut.id, "cut id")
        if prefix_speaker and not utterance.startswith(f"{speaker}-"):
            utterance = f"{speaker}-{utterance}"
        audio = _audio(cut, utterance, folder)
        if lines["wav.scp"].setdefault(audio.recording, audio.path) != audio.path:
            raise CorpusError(f"write_kaldi_dir: recording id {audio.recording!r} names two files; make ids unique")
        whole = whole and audio.whole
        lines["segments"][utterance] = (
            f"{audio.recording} {_seconds(audio.start)} {_seconds(audio.start + cut.duration)}"
        )
        lines["text"][utterance] = " ".join(" ".join(part.text for part in cut.supervisions).split())
        lines["utt2spk"][utterance] = speaker
    _check_order(lines["utt2spk"])
    if whole:
        del lines["segments"]
        (folder / "segments").unlink(missing_ok=True)
    lines["spk2utt"] = _spk2utt(lines["utt2spk"])
    _genders(listed, folder, lines)
    for name, table in lines.items():
        write_text(folder / name, "".join(f"{key} {table[key]}\n" for key in sorted(table)))


@dataclass(frozen=True)
class _Audio:
    """Where an utterance's audio is: recording id, WAV file, seconds into it, and whether it is all of it."""

    recording: str
    path: str
    start: float
    whole: bool


def _audio(cut: Any, utterance: str, folder: Path) -> _Audio:
    """Finds the WAV file that holds the cut, writing one where there is none."""
    recording: Any = getattr(cut, "recording", None)
    if not _is_wav(recording):
        return _Audio(utterance, str(_render(cut, utterance, folder)), 0.0, True)
    if recording.num_channels != 1:
        raise CorpusError(f"write_kaldi_dir: recording {recording.id!r} has {recording.num_channels} channels")
    path = str(Path(recording.sources[0].source).absolute())
    whole = cut.start == 0.0 and abs(cut.duration - recording.duration) < 1e-6
    # A whole recording takes the utterance's name, so that no segments are needed.
    return _Audio(utterance if whole else _word(recording.id, "recording id"), path, cut.start, whole)


def _is_wav(recording: Any) -> bool:
    if recording is None or recording.transforms or len(recording.sources) != 1:
        return False
    source = recording.sources[0]
    return source.type == "file" and Path(source.source).suffix.lower() == ".wav"


def _render(cut: Any, utterance: str, folder: Path) -> Path:
    if "/" in utterance:
        raise CorpusError(f"write_kaldi_dir: cut id {utterance!r} cannot name a WAV file; use an id without /")
    samples = cut.load_audio()
    if len(samples) != 1:
        raise CorpusError(f"write_kaldi_dir: cut {cut.id!r} has {len(samples)} channels, expected 1; mix it down")
    target = folder.absolute() / "wav" / f"{utterance}.wav"
    write_wav(target, samples[0], cut.sampling_rate)
    return target


def _word(value: Any, what: str) -> str:
    if not value or len(str(value).split()) != 1:
        raise CorpusError(f"write_kaldi_dir: {what} is {value!r}; Kaldi needs a name without spaces")
    return str(value)


def _seconds(value: float) -> str:
    return f"{value:.8f}".rstrip("0").rstrip(".")


def _check_order(utt2spk: Dict[str, str]) -> None:
    speakers: List[str] = [utt2spk[utterance] for utterance in sorted(utt2spk)]
    for before, after in zip(speakers, speakers[1:]):
        if after < before:
            raise CorpusError(
                f"write_kaldi_dir: sorted utterances go from speaker {before!r} to {after!r}, which Kaldi's "
                "validate_data_dir.sh refuses; pass prefix_speaker=True"
            )


def _spk2utt(utt2spk: Dict[str, str]) -> Dict[str, str]:
    table: Dict[str, List[str]] = {}
    for utterance in sorted(utt2spk):
        table.setdefault(utt2spk[utterance], []).append(utterance)
    return {speaker: " ".join(utterances) for speaker, utterances in table.items()}


def _genders(cuts: List[Any], folder: Path, lines: Dict[str, Dict[str, str]]) -> None:
    genders = {cut.supervisions[0].speaker: _GENDERS.get(str(cut.supervisions[0].gender).lower()) for cut in cuts}
    known = {speaker: gender for speaker, gender in genders.items() if gender}
    if known:
        lines["spk2gender"] = known
    else:
        (folder / "spk2gender").unlink(missing_ok=True)
