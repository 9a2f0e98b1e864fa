"""Speech from espeak-ng, in a process of its own: the library keeps its state in globals and can end its process."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import CorpusError, MissingDependencyError

Pcm = npt.NDArray[np.int16]

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: samples go to the callback, calls return when done
_CHARS_UTF8 = 1
_POS_CHARACTER = 1
_PARAMETERS = {"rate": 1, "pitch": 3, "pitch_range": 4}
_CHILD = "import sys; from fsaasr.corpora.espeak import speak_jobs; speak_jobs(*sys.argv[1:])"
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True)
class Utterance:
    """What to say, and how.

    Attributes:
      text: words.
      voice: espeak-ng's language and variant, e.g. `en-us+f2`.
      rate: words a minute, 80 to 450.
      pitch: base pitch, 0 to 99; 50 is the voice's own.
      pitch_range: liveliness, 0 to 99; 50 is the voice's own.
    """

    text: str
    voice: str
    rate: int = 175
    pitch: int = 50
    pitch_range: int = 50


def synthesise(utterances: Sequence[Utterance]) -> Tuple[List[Pcm], int]:
    """Speaks utterances with espeak-ng.

    Args:
      utterances: what to say; the same ones give the same samples.

    Returns:
      16-bit samples of each, and their sampling rate in Hz.

    Raises:
      MissingDependencyError: the package `espeakng-loader` is absent or its library cannot be loaded.
      CorpusError: espeak-ng refuses an utterance, e.g. an unknown voice.
    """
    if importlib.util.find_spec("espeakng_loader") is None:
        raise MissingDependencyError("synthesise: speech synthesis needs espeak-ng; run `pip install espeakng-loader`")
    with tempfile.TemporaryDirectory(prefix="fsaasr-espeak-") as folder:
        jobs, result = Path(folder) / "jobs.json", Path(folder) / "result.npz"
        jobs.write_text(json.dumps([asdict(utterance) for utterance in utterances]), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(jobs), str(result)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            _explain(done.returncode, done.stderr.strip())
        with np.load(result, allow_pickle=False) as arrays:
            samples, lengths, rate = arrays["samples"], arrays["lengths"], int(arrays["rate"])
    return list(np.split(samples, np.cumsum(lengths)[:-1])), rate


def _explain(status: int, message: str) -> None:
    last = message.rpartition("\n")[2]
    if "CorpusError" in last:
        raise CorpusError(last.partition(": ")[2])
    raise MissingDependencyError(
        f"synthesise: espeak-ng failed ({status}: {last}); run `pip install --force-reinstall espeakng-loader`"
    )


def _load(take: Callable[[Pcm], None]) -> Tuple[Any, int, Any]:
    """The library, its sampling rate, and the callback, which must outlive the library's use."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())

    def receive(wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            take(np.ctypeslib.as_array(wave, (count,)).copy())
        return 0

    callback = _CALLBACK(receive)
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 1 << 15)
    if rate <= 0:
        raise OSError(f"espeak_Initialize returned {rate}")
    library.espeak_SetSynthCallback(callback)
    return library, rate, callback


def _speak(library: Any, utterance: Utterance) -> None:
    if library.espeak_SetVoiceByName(utterance.voice.encode()) != 0:
        raise CorpusError(f"synthesise: espeak-ng has no voice {utterance.voice!r}; see `espeak-ng --voices`")
    for name, number in _PARAMETERS.items():
        library.espeak_SetParameter(number, getattr(utterance, name), 0)
    # Breath noise is drawn from a generator that is otherwise seeded with the time.
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    text = utterance.text.encode() + b"\0"
    status = library.espeak_Synth(text, len(text), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None)
    if status != 0:
        raise CorpusError(f"synthesise: espeak-ng cannot say {utterance.text!r} (status {status})")


def speak_jobs(jobs: str, result: str) -> None:
    """What the process does: `jobs` is a JSON list of utterances, `result` receives their samples."""
    pieces: List[Pcm] = []
    library, rate, callback = _load(pieces.append)
    spoken = []
    for job in json.loads(Path(jobs).read_text(encoding="utf-8")):
        utterance = Utterance(**job)
        pieces.clear()
        _speak(library, utterance)
        if not pieces:
            raise CorpusError(f"synthesise: espeak-ng gave no sound for {utterance.text!r}")
        spoken.append(np.concatenate(pieces))
    del callback
    np.savez(
        result, samples=np.concatenate(spoken), lengths=np.array([len(one) for one in spoken]), rate=np.array(rate)
    )
