from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

SPEAKERS = ("ann", "bob", "cat")
INDICES = 12


def write_tone(path: Path, rng: np.random.Generator, rate: int = 8000, samples: int = 800) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, rng.integers(-8000, 8000, samples).astype(np.int16), rate, subtype="PCM_16")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def fsdd_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus in FSDD's layout, each file different noise: 3 speakers, 10 digits, 12 takes."""
    folder = tmp_path_factory.mktemp("fsdd")
    rng = np.random.default_rng(0)
    for speaker in SPEAKERS:
        for digit in range(10):
            for index in range(INDICES):
                samples = 400 + int(rng.integers(100))
                write_tone(folder / "recordings" / f"{digit}_{speaker}_{index}.wav", rng, samples=samples)
    return folder


@pytest.fixture
def fsdd_dir(tmp_path: Path, fsdd_template: Path) -> Path:
    """A copy of the template, to be damaged."""
    return Path(shutil.copytree(fsdd_template, tmp_path / "fsdd"))


@pytest.fixture
def yesno_dir(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Ten recordings in yesno's layout; the name says the words."""
    for number in range(10):
        name = "_".join(f"{number:08b}")
        write_tone(tmp_path / "yesno" / "waves_yesno" / f"{name}.wav", rng)
    return tmp_path / "yesno"


@pytest.fixture
def kaldi_dir(tmp_path: Path, rng: np.random.Generator) -> Path:
    """A Kaldi data directory without segments: three utterances of two speakers."""
    folder = tmp_path / "data" / "train"
    for name in ("ann-1", "ann-2", "bob-1"):
        write_tone(tmp_path / "audio" / f"{name}.wav", rng)
    folder.mkdir(parents=True)
    audio = tmp_path / "audio"
    (folder / "wav.scp").write_text("".join(f"{n} {audio / n}.wav\n" for n in ("ann-1", "ann-2", "bob-1")))
    (folder / "text").write_text("ann-1 one two\nann-2 three\nbob-1 zero\n")
    (folder / "utt2spk").write_text("ann-1 ann\nann-2 ann\nbob-1 bob\n")
    (folder / "spk2gender").write_text("ann f\nbob m\n")
    return folder


AN4_SPEAKERS = {"train": ("fann", "fbea", "mabe", "mbob", "mcal"), "test": ("feve",)}


@pytest.fixture
def an4_dir(tmp_path: Path, rng: np.random.Generator) -> Path:
    """A corpus in AN4's layout: five training speakers and one test speaker, two SPHERE files each."""
    folder = tmp_path / "an4"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc" / "an4.dic").write_text("A AH\nA(2) EY\nGO G OW\nSTOP S T AA P\n")
    for part, speakers in AN4_SPEAKERS.items():
        audio = "an4_clstk" if part == "train" else "an4test_clstk"
        names = [(speaker, f"{take}-{speaker}-b") for speaker in speakers for take in ("an7", "cen3")]
        for speaker, name in names:
            path = folder / "wav" / audio / speaker / f"{name}.sph"
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = rng.integers(-8000, 8000, 1600).astype(np.int16)
            soundfile.write(path, samples, 16000, subtype="PCM_16", format="NIST")
        ids = [f"{audio}/{speaker}/{name}\n" for speaker, name in names]
        # As published: the test part leaves `<s>` and `</s>` out.
        marks = ("<s> ", " </s>") if part == "train" else ("", "")
        texts = [f"{marks[0]}{'GO A' if 'an7' in name else 'STOP'}{marks[1]} ({name})\n" for _, name in names]
        (folder / "etc" / f"an4_{part}.fileids").write_text("".join(ids))
        (folder / "etc" / f"an4_{part}.transcription").write_text("".join(texts))
    return folder


@pytest.fixture
def librispeech_dir(tmp_path: Path, rng: np.random.Generator) -> Path:
    """LibriSpeech's layout: five training speakers, two of dev-clean-2, a chapter of two utterances each."""
    for part, speakers in (("train-clean-5", (19, 26, 27, 32, 103)), ("dev-clean-2", (84, 1272))):
        for speaker in speakers:
            chapter = tmp_path / "corpus" / "LibriSpeech" / part / str(speaker) / "7"
            chapter.mkdir(parents=True)
            names = [f"{speaker}-7-{number:04d}" for number in range(2)]
            for name in names:
                soundfile.write(chapter / f"{name}.flac", rng.integers(-8000, 8000, 1600).astype(np.int16), 16000)
            (chapter / f"{speaker}-7.trans.txt").write_text(f"{names[0]} IT'S A DAY\n{names[1]} GO ON\n")
    return tmp_path / "corpus"
