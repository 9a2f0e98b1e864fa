"""CMU AN4 (Census): spelled names, dates and numbers, 16 kHz NIST SPHERE, BSD-style licence. Acero 1993."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Sequence

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError, CorpusError, CorpusFileError
from fsaasr.core.files import PathLike
from fsaasr.corpora.audio import open_recording, read_samples, write_wav
from fsaasr.corpora.held_out import held_out_speakers
from fsaasr.corpora.manifests import make_cut, prepared

if TYPE_CHECKING:
    from lhotse import CutSet

SAMPLING_RATE = 16000
PARTS = ("train", "test")
"""Published parts: `etc/an4_<part>.fileids` and `etc/an4_<part>.transcription`."""

_FILE_ID = re.compile(r"[\w.-]+/(\w+)/(\w+-\1-\w+)")
_TRANSCRIPT = re.compile(r"(?:<s> )?(.*?)(?: </s>)? \((\S+)\)")
_MARKUP = re.compile(r"[<>()]")


@dataclass(frozen=True)
class An4Options:
    """How to divide the corpus.

    Attributes:
      dev_speakers: speakers of the published training part that become dev, whole, see `held_out_speakers`.
    """

    __pydantic_config__ = STRICT

    dev_speakers: int = 8

    def __post_init__(self) -> None:
        if self.dev_speakers < 1:
            raise ConfigError(f"An4Options: dev_speakers is {self.dev_speakers}; expected 1 or more")


@dataclass(frozen=True)
class _Utterance:
    path: Path
    speaker: str
    text: str

    @property
    def id(self) -> str:
        """Speaker first, as Kaldi wants it, so that sorted ids group by speaker."""
        return f"{self.speaker}-{self.path.stem}"


def prepare_an4(corpus_dir: PathLike, out_dir: PathLike, options: An4Options = An4Options()) -> Dict[str, CutSet]:
    """Prepares AN4 from its published layout: `etc/` with file lists and transcripts, `wav/` with `.sph` files.

    The published test part is the test part; dev is taken from the published training part, by whole speakers.
    Audio is written again as WAV, sample for sample: Lhotse reads SPHERE only where the program sph2pipe is installed.

    Args:
      corpus_dir: directory that holds `etc/` and `wav/`.
      out_dir: receives `cuts_{train,dev,test}.jsonl.gz` and the WAV files, 86 MB.
      options: how many speakers are dev.

    Returns:
      Split -> cuts. With the published 1078 recordings: 844, 104 and 130 of 66, 8 and 10 speakers.

    Raises:
      CorpusFileError: a file list or transcript that is missing, or a line of it that is not of the published form
        or does not belong to its utterance; names file and line.
      CorpusError: audio that is missing, unreadable or of another rate, or too few speakers.
    """
    folder = Path(corpus_dir)
    parts = {part: _read_part(folder, part) for part in PARTS}
    speakers = [utterance.speaker for utterance in parts["train"]]
    dev = held_out_speakers(speakers, options.dev_speakers, "prepare_an4")
    splits = {
        "train": [utterance for utterance in parts["train"] if utterance.speaker not in dev],
        "dev": [utterance for utterance in parts["train"] if utterance.speaker in dev],
        "test": parts["test"],
    }
    files = [utterance.path for part in parts.values() for utterance in part]
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise CorpusError(
            f"prepare_an4: {missing[0]}: no such audio file ({len(missing)} of {len(files)} are missing); restore it "
            "from the corpus' archive"
        )
    lists = [_list_path(folder, part, kind) for part in PARTS for kind in ("fileids", "transcription")]

    def build(audio_dir: Path) -> Mapping[str, Sequence[Any]]:
        return {name: [_cut(utterance, audio_dir) for utterance in part] for name, part in splits.items()}

    return prepared(out_dir, "an4", options, [*files, *lists], build)


def _list_path(folder: Path, part: str, kind: str) -> Path:
    return folder / "etc" / f"an4_{part}.{kind}"


def _read_part(folder: Path, part: str) -> List[_Utterance]:
    """Utterances of a published part, in its order."""
    file_list, transcripts = (_list_path(folder, part, kind) for kind in ("fileids", "transcription"))
    ids, lines = _lines(file_list), _lines(transcripts)
    if len(ids) != len(lines):
        raise CorpusFileError(
            transcripts,
            min(len(ids), len(lines)) + 1,
            f"{len(lines)} transcripts for {len(ids)} utterances of {file_list}; expected one line each",
        )
    utterances = []
    for number, (file_id, line) in enumerate(zip(ids, lines), 1):
        match = _FILE_ID.fullmatch(file_id)
        if not match:
            raise CorpusFileError(
                file_list, number, f"found {file_id!r}, expected a line like an4_clstk/fash/an251-fash-b"
            )
        text = _transcript(line, match[2], transcripts, number)
        utterances.append(_Utterance(folder / "wav" / f"{file_id}.sph", match[1], text))
    return utterances


def _transcript(line: str, name: str, path: Path, number: int) -> str:
    """The words of a line `<s> WORD ... </s> (name)`; the published test part leaves the two marks out."""
    match = _TRANSCRIPT.fullmatch(line)
    if not match or _MARKUP.search(match[1]) or not match[1].strip():
        raise CorpusFileError(path, number, f"found {line!r}, expected a line like <s> WORD ... </s> ({name})")
    if match[2] != name:
        raise CorpusFileError(
            path,
            number,
            f"transcript of {match[2]!r}, but line {number} of the file list is {name!r}; put both in order",
        )
    return " ".join(match[1].split())


def _lines(path: Path) -> List[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CorpusFileError(
            path, None, f"cannot be read ({error.strerror}); give the directory that holds etc/ and wav/"
        ) from error


def _cut(utterance: _Utterance, audio_dir: Path) -> Any:
    open_recording(utterance.path, utterance.id, SAMPLING_RATE)
    path = audio_dir / f"{utterance.id}.wav"
    write_wav(path, read_samples(utterance.path), SAMPLING_RATE)
    recording = open_recording(path, utterance.id, SAMPLING_RATE)
    return make_cut(recording, utterance.text, utterance.speaker, language="English")
