"""A stand-in for LibriSpeech: synthetic speech and small language models, laid out as the downloads are."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
import soundfile

from fsaasr.corpora.audio import resample
from fsaasr.corpora.espeak import synthesise
from fsaasr.corpora.synthetic import SPEAKERS
from fsaasr.grammar import estimate_ngram, write_arpa

ROOT = Path(__file__).resolve().parents[2]
RATE = 16000
LEFT_OUT = "MUSIC"
"""Word of the transcripts that the lexicon lacks."""


def sentences() -> List[str]:
    """Commands, upper case as LibriSpeech's texts."""
    return (ROOT / "data" / "texts" / "commands.txt").read_text(encoding="utf-8").upper().splitlines()


def write_stand_in(folder: Path, parts: Dict[str, Sequence[int]], chapter: int = 6) -> Path:
    """Writes `LibriSpeech/`, with `chapter` utterances of each speaker of the parts, and `lm/`; returns the folder."""
    texts = cycle(sentences())
    speakers = [(part, speaker) for part, names in parts.items() for speaker in names]
    names = [(part, f"{speaker}-1-{n:04d}", next(texts)) for part, speaker in speakers for n in range(chapter)]
    voices = list(SPEAKERS.values())
    said = [replace(voices[n // chapter % len(voices)], text=text) for n, (*_, text) in enumerate(names)]
    spoken, rate = synthesise(said)
    for (part, name, text), pcm in zip(names, spoken):
        speaker = name.partition("-")[0]
        place = folder / "LibriSpeech" / part / speaker / "1"
        place.mkdir(parents=True, exist_ok=True)
        samples = resample(pcm.astype(np.float32) / 32768.0, rate, RATE)
        soundfile.write(place / f"{name}.flac", samples, RATE, subtype="PCM_16")
        with (place / f"{speaker}-1.trans.txt").open("a", encoding="utf-8") as stream:
            stream.write(f"{name} {text}\n")
    for part in parts:  # as Lhotse marks what it has unpacked
        (folder / "LibriSpeech" / part / ".completed").touch()
    _write_language(folder / "lm")
    return folder


def _write_language(folder: Path) -> None:
    folder.mkdir()
    text = [line.split() for line in sentences()]
    words = sorted({word for line in text for word in line} - {LEFT_OUT})
    lines = [f"{word}\t{' '.join(letter + '1' * (letter in 'AEIOU') for letter in word)}" for word in words]
    # The published file repeats lines, too.
    (folder / "librispeech-lexicon.txt").write_text("\n".join([*lines, lines[0]]) + "\n", encoding="utf-8")
    write_arpa(estimate_ngram(text, 3, extra_words=[LEFT_OUT]), folder / "3-gram.pruned.1e-7.arpa.gz")
    write_arpa(estimate_ngram(text, 4, extra_words=[LEFT_OUT]), folder / "4-gram.arpa.gz")
