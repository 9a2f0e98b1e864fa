"""Synthetic spoken digits in FSDD's layout, for machines without data and without internet."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Tuple

import numpy as np

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.core.files import PathLike, content_hash, read_json, write_json
from fsaasr.corpora.audio import Samples, resample, write_wav
from fsaasr.corpora.espeak import Pcm, Utterance, synthesise
from fsaasr.corpora.fsdd import DIGITS, SAMPLING_RATE, FsddOptions, prepare_fsdd

if TYPE_CHECKING:
    from lhotse import CutSet

SPEAKERS: Dict[str, Utterance] = {
    "amber": Utterance("", "en-us+f2", rate=170, pitch=55),
    "brian": Utterance("", "en-us+m3", rate=165, pitch=40),
    "clara": Utterance("", "en-gb-x-rp+f4", rate=185, pitch=50),
    "derek": Utterance("", "en-gb-scotland+m7", rate=175, pitch=35),
    "edith": Utterance("", "en-us+f5", rate=155, pitch=62),
    "felix": Utterance("", "en-gb-x-gbclan+m1", rate=190, pitch=45),
}
"""Name -> how that speaker speaks on average."""

MARKER = "synthetic.json"
_VERSION = "1"


@dataclass(frozen=True)
class SyntheticOptions:
    """How to make and prepare the corpus.

    Attributes:
      takes: recordings of each digit by each speaker; 50 is FSDD's size, 11 the least that fills every split.
      seed: of the variation between takes: rate, pitch, loudness and noise.
      noise: quietest and loudest background noise in dB of full scale; drawn uniformly a take.
      fsdd: how to prepare what was made.
    """

    __pydantic_config__ = STRICT

    takes: int = 50
    seed: int = 0
    noise: Tuple[float, float] = (-65.0, -50.0)
    fsdd: FsddOptions = field(default_factory=FsddOptions)

    def __post_init__(self) -> None:
        if self.takes < 11:
            raise ConfigError(f"SyntheticOptions: takes is {self.takes}; expected 11 or more, to fill all splits")
        if not -200 <= self.noise[0] <= self.noise[1] <= 0:
            raise ConfigError(f"SyntheticOptions: noise is {self.noise}; expected dB, -200 <= quietest <= loudest <= 0")


def prepare_synthetic(
    corpus_dir: PathLike, out_dir: PathLike, options: SyntheticOptions = SyntheticOptions()
) -> Dict[str, CutSet]:
    """Makes the corpus in `corpus_dir` unless it is there, and prepares it as `prepare_fsdd` does.

    Raises:
      MissingDependencyError, CorpusError: as `synthesise_digits` and `prepare_fsdd`.
    """
    synthesise_digits(corpus_dir, options)
    return prepare_fsdd(corpus_dir, out_dir, options.fsdd)


def synthesise_digits(corpus_dir: PathLike, options: SyntheticOptions = SyntheticOptions()) -> Path:
    """Writes `recordings/{digit}_{speaker}_{index}.wav`, 8 kHz, as FSDD has them: a recipe for it runs unchanged.

    The same options give the same files. What is there and whole is kept; what was made with other
    options, or by a run that was killed, is made anew.

    Args:
      corpus_dir: directory to write.
      options: size and variation.

    Returns:
      `corpus_dir`.

    Raises:
      MissingDependencyError: `espeakng-loader` is not installed.
      CorpusError: the directory holds recordings that were not made here.
    """
    folder = Path(corpus_dir)
    names = [f"{d}_{speaker}_{take}.wav" for speaker in SPEAKERS for d in range(10) for take in range(options.takes)]
    key = content_hash(_VERSION, json.dumps([options.takes, options.seed, options.noise]), repr(SPEAKERS))
    recordings = folder / "recordings"
    done = _read_marker(folder)
    if done == {"hash": key, "complete": True} and all((recordings / name).is_file() for name in names):
        return folder
    if recordings.exists() and done is None:
        raise CorpusError(f"{recordings}: holds recordings that were not synthesised; give another directory")
    rng = np.random.default_rng(options.seed)
    utterances = [_vary(SPEAKERS[name.split("_")[1]], DIGITS[int(name[0])], rng) for name in names]
    spoken, rate = synthesise(utterances)
    write_json(folder / MARKER, {"hash": key, "complete": False})
    shutil.rmtree(recordings, ignore_errors=True)
    for name, pcm in zip(names, spoken):
        write_wav(recordings / name, _record(pcm, rate, options, rng), SAMPLING_RATE)
    write_json(folder / MARKER, {"hash": key, "complete": True})
    return folder


def _read_marker(folder: Path) -> object:
    try:
        return read_json(folder / MARKER)
    except (OSError, ValueError):
        return None


def _vary(speaker: Utterance, word: str, rng: np.random.Generator) -> Utterance:
    """The word as the speaker says it this time."""
    return Utterance(
        text=word,
        voice=speaker.voice,
        rate=int(speaker.rate * rng.uniform(0.85, 1.2)),
        pitch=int(np.clip(speaker.pitch + rng.normal(0, 6), 0, 99)),
        pitch_range=int(rng.integers(30, 71)),
    )


def _record(pcm: Pcm, rate: int, options: SyntheticOptions, rng: np.random.Generator) -> Samples:
    """As a telephone would: trimmed, at 8 kHz, at some loudness, with some noise."""
    audible = np.flatnonzero(np.abs(pcm) > 0.01 * np.abs(pcm).max())
    margin = rate // 50
    speech = pcm[max(0, audible[0] - margin) : audible[-1] + margin].astype(np.float32) / 32768
    speech = resample(speech, rate, SAMPLING_RATE) * rng.uniform(0.3, 0.9)
    level = 10.0 ** (rng.uniform(*options.noise) / 20.0)
    noisy: Samples = (speech + level * rng.standard_normal(len(speech))).astype(np.float32)
    return noisy
