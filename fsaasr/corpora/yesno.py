"""yesno: 60 recordings of one Hebrew speaker, eight times yes or no each, 8 kHz."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Literal, Mapping, Sequence

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.core.files import PathLike
from fsaasr.corpora.audio import list_audio, open_recording
from fsaasr.corpora.manifests import make_cut, prepared

if TYPE_CHECKING:
    from lhotse import CutSet

SAMPLING_RATE = 8000
_NAME = re.compile(r"[01](_[01])*")
_WORDS = {"0": "NO", "1": "YES"}
_SPEAKER = "global"


@dataclass(frozen=True)
class YesnoOptions:
    """How to split the corpus.

    Attributes:
      split: `kaldi` takes the first half of the sorted names for training and the second for test;
        `alternate` takes every other one, as Lhotse's recipe and the k2 recipes do.
      dev_every: every so manyth utterance of the training half becomes dev.
    """

    __pydantic_config__ = STRICT

    split: Literal["kaldi", "alternate"] = "kaldi"
    dev_every: int = 5

    def __post_init__(self) -> None:
        if self.dev_every < 2:
            raise ConfigError(f"YesnoOptions: dev_every is {self.dev_every}; expected 2 or more")


def prepare_yesno(corpus_dir: PathLike, out_dir: PathLike, options: YesnoOptions = YesnoOptions()) -> Dict[str, CutSet]:
    """Prepares yesno with the words `YES` and `NO`.

    Lhotse's own recipe is not used: it has only the alternating split and no dev part, and it
    asserts where a message is due.

    Args:
      corpus_dir: directory that holds `waves_yesno/`, or `waves_yesno/` itself.
      out_dir: receives `cuts_{train,dev,test}.jsonl.gz`.
      options: which split.

    Returns:
      Split -> cuts. With the 60 published recordings: 24, 6 and 30 of them.

    Raises:
      CorpusError: an odd name, an unreadable file, a rate other than 8 kHz, or an empty split.
    """
    folder = Path(corpus_dir)
    if (folder / "waves_yesno").is_dir():
        folder = folder / "waves_yesno"
    files = list_audio(folder, "prepare_yesno")
    for path in files:
        if not _NAME.fullmatch(path.stem):
            raise CorpusError(f"{path}: expected a name like 0_1_1_0_1_0_0_1.wav; move other audio elsewhere")

    def build(audio_dir: Path) -> Mapping[str, Sequence[Any]]:
        return {name: [_cut(path) for path in part] for name, part in _split(files, options).items()}

    return prepared(out_dir, "yesno", options, files, build)


def _split(files: Sequence[Path], options: YesnoOptions) -> Dict[str, List[Path]]:
    half = len(files) // 2
    train, test = (files[:half], files[half:]) if options.split == "kaldi" else (files[::2], files[1::2])
    last = options.dev_every - 1
    return {
        "train": [path for n, path in enumerate(train) if n % options.dev_every != last],
        "dev": [path for n, path in enumerate(train) if n % options.dev_every == last],
        "test": list(test),
    }


def _cut(path: Path) -> Any:
    # Kaldi's recipe names the one speaker `global`, too.
    recording = open_recording(path, path.stem, SAMPLING_RATE)
    return make_cut(recording, " ".join(_WORDS[name] for name in path.stem.split("_")), _SPEAKER, language="Hebrew")
