"""Tones in the layout of the yesno corpus: `NO` is a low tone, `YES` a high one, with noise between."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fsaasr.corpora.audio import write_wav

RATE = 8000
TONES = {"0": 400.0, "1": 1500.0}


def toy_samples(digits: str, rng: np.random.Generator) -> np.ndarray:
    """One recording: float32 samples; a tone for each digit."""

    def noise(seconds: float) -> np.ndarray:
        return 0.003 * rng.standard_normal(round(seconds * RATE))

    pieces = [noise(0.2)]
    for digit in digits:
        time = np.arange(round(rng.uniform(0.15, 0.25) * RATE)) / RATE
        tone = 0.3 * np.sin(2 * np.pi * TONES[digit] * rng.uniform(0.95, 1.05) * time)
        pieces += [tone + noise(len(time) / RATE), noise(rng.uniform(0.08, 0.2))]
    return np.concatenate([*pieces, noise(0.1)]).astype(np.float32)


def write_toy_corpus(folder: Path, count: int = 40) -> Path:
    """Writes `waves_yesno/*.wav`, each with six words; the same files every time."""
    rng = np.random.default_rng(0)
    names: set[str] = set()
    while len(names) < count:
        names.add("_".join(str(digit) for digit in rng.integers(0, 2, size=6)))
    for name in sorted(names):
        write_wav(folder / "waves_yesno" / f"{name}.wav", toy_samples(name.replace("_", ""), rng), RATE)
    return folder
