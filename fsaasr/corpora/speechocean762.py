"""speechocean762: read English sentences of Mandarin speakers, 16 kHz, in Kaldi's layout. Zhang et al. 2021."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Mapping, Sequence

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike
from fsaasr.corpora.held_out import dev_from_train
from fsaasr.corpora.kaldi import KaldiOptions, audio_files, read_kaldi_dir
from fsaasr.corpora.manifests import prepared

if TYPE_CHECKING:
    from lhotse import CutSet

PARTS = ("train", "test")
"""Published parts, each a Kaldi data directory whose audio paths count from the corpus' directory."""


@dataclass(frozen=True)
class Speechocean762Options:
    """How to divide the corpus.

    Attributes:
      dev_speakers: speakers of the published training part that become dev, whole, see `held_out_speakers`.
    """

    __pydantic_config__ = STRICT

    dev_speakers: int = 4

    def __post_init__(self) -> None:
        if self.dev_speakers < 1:
            raise ConfigError(f"Speechocean762Options: dev_speakers is {self.dev_speakers}; expected 1 or more")


def prepare_speechocean762(
    corpus_dir: PathLike, out_dir: PathLike, options: Speechocean762Options = Speechocean762Options()
) -> Dict[str, CutSet]:
    """Prepares speechocean762 from its published layout: `train/`, `test/` and the audio that their `wav.scp` name.

    The published test part is the test part; dev is taken from the published training part, by whole speakers.

    Args:
      corpus_dir: directory that holds `train/` and `test/`.
      out_dir: receives `cuts_{train,dev,test}.jsonl.gz`.
      options: how many speakers are dev.

    Returns:
      Split -> cuts.

    Raises:
      CorpusFileError: as `read_kaldi_dir`.
      CorpusError: audio that is missing or unreadable, or too few speakers.
    """
    folder = Path(corpus_dir)
    tables = [folder / part / name for part in PARTS for name in ("text", "utt2spk", "wav.scp", "spk2gender")]
    from_folder = KaldiOptions(audio_root=str(folder))
    audio = [path for part in PARTS for path in audio_files(folder / part, from_folder)]

    def build(audio_dir: Path) -> Mapping[str, Sequence[Any]]:
        parts = {part: list(read_kaldi_dir(folder / part, from_folder)) for part in PARTS}
        return {**dev_from_train(parts["train"], options.dev_speakers, "prepare_speechocean762"), "test": parts["test"]}

    inputs = [*(path for path in tables if path.is_file()), *audio]
    return prepared(out_dir, "speechocean762", options, inputs, build)
