from __future__ import annotations

from pathlib import Path
from typing import Callable

import numpy as np
import pytest
import soundfile
from lhotse import MonoCut

from fsaasr.corpora.audio import open_recording
from fsaasr.corpora.manifests import make_cut


@pytest.fixture
def wave() -> np.ndarray:
    """0.2 s at 8 kHz of arithmetic noise that swells; the same on every machine."""
    n = np.arange(1600, dtype=np.int64)
    noise = ((n * n * 7919 + n * 104729) % 2003) / 2003 - 0.5
    return (noise * (0.1 + 0.8 * n / 1600)).astype(np.float32)


@pytest.fixture
def cut_of(tmp_path: Path) -> Callable[..., MonoCut]:
    """Makes a cut whose audio is a 16-bit WAV file of noise."""

    def make(name: str, samples: int = 1600, rate: int = 8000, speaker: str = "ann", text: str = "one") -> MonoCut:
        rng = np.random.default_rng(sum(map(ord, name)))
        pcm = (rng.standard_normal(samples) * 1000).astype(np.int16)
        soundfile.write(tmp_path / f"{name}.wav", pcm, rate, subtype="PCM_16")
        return make_cut(open_recording(tmp_path / f"{name}.wav", name), text, speaker)

    return make
