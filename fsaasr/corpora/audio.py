"""Audio files in and out: every file is opened before it enters a manifest."""

from __future__ import annotations

import wave
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import CorpusError
from fsaasr.core.files import PathLike, atomic_path

if TYPE_CHECKING:
    from lhotse import Recording

Samples = npt.NDArray[np.float32]


def list_audio(folder: PathLike, what: str, suffix: str = ".wav") -> List[Path]:
    """Audio files directly in `folder`, sorted by name.

    Raises:
      CorpusError: there is no such folder, or it holds no file that ends in `suffix`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CorpusError(f"{what}: {folder} is not a directory; give the corpus' top directory")
    files = sorted(path for path in folder.iterdir() if path.suffix == suffix and not path.name.startswith("."))
    if not files:
        raise CorpusError(f"{what}: {folder} holds no *{suffix} file; give the corpus' top directory")
    return files


def open_recording(path: PathLike, recording_id: str, sampling_rate: Optional[int] = None) -> Recording:
    """A Lhotse recording of an audio file whose header was read and found sound.

    Args:
      path: audio file that libsndfile reads (WAV, FLAC, SPHERE, ...).
      recording_id: id of the recording.
      sampling_rate: Hz that the file must have; None takes any.

    Raises:
      CorpusError: the file is missing, unreadable, empty or has another sampling rate.
    """
    from lhotse import AudioSource, Recording

    path = Path(path)
    info = _header(path)
    if info.frames == 0:
        raise CorpusError(f"{path}: holds no samples (recording {recording_id!r}); restore or remove the file")
    if sampling_rate is not None and info.samplerate != sampling_rate:
        raise CorpusError(
            f"{path}: sampling rate is {info.samplerate} Hz, expected {sampling_rate} Hz; "
            f"resample it, e.g. `sox {path.name} -r {sampling_rate} new.wav`"
        )
    channels = list(range(info.channels))
    source = AudioSource(type="file", channels=channels, source=str(path.absolute()))
    return Recording(
        id=recording_id,
        sources=[source],
        sampling_rate=info.samplerate,
        num_samples=info.frames,
        duration=info.frames / info.samplerate,
        channel_ids=channels,
    )


def _header(path: Path) -> Any:
    import soundfile

    if not path.is_file():
        raise CorpusError(f"{path}: no such audio file; restore it from the corpus' archive")
    try:
        return soundfile.info(str(path))
    except (RuntimeError, OSError) as error:
        raise CorpusError(f"{path}: not a readable audio file ({error}); restore it from the archive") from error


def read_samples(path: PathLike) -> Samples:
    """Samples of a one-channel audio file, float32 in -1 .. 1.

    Raises:
      CorpusError: the file is missing, unreadable, or has more than one channel.
    """
    import soundfile

    info = _header(Path(path))
    if info.channels != 1:
        raise CorpusError(f"{path}: has {info.channels} channels, expected 1; mix it down first")
    try:
        samples: Samples = soundfile.read(str(path), dtype="float32")[0]
    except (RuntimeError, OSError) as error:
        raise CorpusError(f"{path}: cannot be decoded ({error}); restore it from the archive") from error
    return samples


def write_wav(path: PathLike, samples: npt.ArrayLike, sampling_rate: int) -> None:
    """Writes one channel as 16-bit WAV, atomically.

    Args:
      path: file to write.
      samples: float (num_samples,) in -1 .. 1; what lies beyond is clipped.
      sampling_rate: Hz.
    """
    pcm = np.clip(np.rint(np.asarray(samples, dtype=np.float64) * 32768.0), -32768, 32767).astype("<i2")
    # Not libsndfile, which waits for the disk after every file: minutes for a corpus.
    with atomic_path(path) as temporary, wave.open(str(temporary), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(sampling_rate)
        stream.writeframes(pcm.tobytes())


def resample(samples: Samples, rate: int, target: int) -> Samples:
    """Band-limited resampling by windowed sinc interpolation, as torchaudio does.

    Args:
      samples: float32 (num_samples,).
      rate: Hz of the samples.
      target: Hz of the result.

    Returns:
      float32 (ceil(num_samples * target / rate),).
    """
    import torch

    if rate == target:
        return samples
    resampled: Samples = _resampler(rate, target)(torch.from_numpy(samples)).numpy()
    return resampled


def resampling_reach(rate: int, target: int) -> int:
    """Samples at `rate` on either side of its own time that a sample of `resample` is made from."""
    return int(_resampler(rate, target).width)


@lru_cache(maxsize=8)
def _resampler(rate: int, target: int) -> Any:
    from lhotse.augmentation.resample import Resample

    return Resample(rate, target)
