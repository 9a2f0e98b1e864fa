"""Free Spoken Digit Dataset: `recordings/{digit}_{speaker}_{index}.wav`, 8 kHz, CC BY-SA 4.0."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Literal, Mapping, Sequence, Tuple

import numpy as np

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.core.files import PathLike
from fsaasr.corpora.audio import list_audio, open_recording, read_samples, write_wav
from fsaasr.corpora.connected import StringOptions, append_words, draw_strings
from fsaasr.corpora.manifests import make_cut, prepared

if TYPE_CHECKING:
    from lhotse import CutSet

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SAMPLING_RATE = 8000
SPLITS = ("train", "dev", "test")

_NAME = re.compile(r"(\d)_(\w+)_(\d+)")
_TEST_INDICES = range(0, 5)
_DEV_INDICES = range(5, 10)


@dataclass(frozen=True)
class FsddOptions:
    """What to make of the corpus.

    Attributes:
      style: `isolated` gives the recordings as they are, `connected` strings of them.
      split: `official` has every speaker in every split: index 0-4 is test, 5-9 dev (taken from the
        published training part), the rest train. `speakers` holds speakers out.
      dev_speakers, test_speakers: held-out speakers for `split="speakers"`; empty means, of the sorted
        names, the last third for test and a sixth (at least one) before them for dev.
      num_strings: strings of train, dev and test, for `style="connected"`.
      strings: how strings are made.
      seed: of the strings.
      allow_missing: take a corpus that lacks some recordings.
    """

    __pydantic_config__ = STRICT

    style: Literal["isolated", "connected"] = "isolated"
    split: Literal["official", "speakers"] = "official"
    dev_speakers: Tuple[str, ...] = ()
    test_speakers: Tuple[str, ...] = ()
    num_strings: Tuple[int, int, int] = (1200, 240, 480)
    strings: StringOptions = field(default_factory=StringOptions)
    seed: int = 0
    allow_missing: bool = False

    def __post_init__(self) -> None:
        if min(self.num_strings) < 1:
            raise ConfigError(f"FsddOptions: num_strings is {self.num_strings}; expected three numbers >= 1")
        if set(self.dev_speakers) & set(self.test_speakers):
            raise ConfigError("FsddOptions: a speaker is in both dev_speakers and test_speakers; choose one")


@dataclass(frozen=True)
class Digit:
    """One recording of one digit."""

    path: Path
    digit: int
    speaker: str
    index: int

    @property
    def id(self) -> str:
        """Speaker first, as Kaldi wants it, so that sorted ids group by speaker."""
        return f"{self.speaker}-{self.digit}-{self.index:02d}"


def prepare_fsdd(corpus_dir: PathLike, out_dir: PathLike, options: FsddOptions = FsddOptions()) -> Dict[str, CutSet]:
    """Prepares spoken digits.

    Args:
      corpus_dir: directory that holds `recordings/`, or `recordings/` itself.
      out_dir: receives `cuts_{train,dev,test}.jsonl.gz` and, for connected digits, WAV files.
      options: style, split and their parameters.

    Returns:
      Split -> cuts, texts in words (`three seven`). Cuts of connected digits carry the true word times
      in `supervision.alignment["word"]`.

    Raises:
      CorpusError: an odd name, a gap in the recordings, an unreadable file, a rate other than 8 kHz,
        or an empty split.
    """
    digits = list_digits(corpus_dir, options.allow_missing)
    splits = split_digits(digits, options)

    def build(audio_dir: Path) -> Mapping[str, Sequence[Any]]:
        if options.style == "isolated":
            return {name: [_isolated_cut(digit) for digit in part] for name, part in splits.items()}
        return {
            name: _connected_cuts(part, name, count, audio_dir, options)
            for (name, part), count in zip(splits.items(), options.num_strings)
        }

    return prepared(out_dir, "fsdd", options, [digit.path for digit in digits], build)


def list_digits(corpus_dir: PathLike, allow_missing: bool = False) -> List[Digit]:
    """All recordings, sorted by speaker, digit and index.

    Raises:
      CorpusError: no recordings, a file name of another form, or (unless `allow_missing`) a speaker
        who lacks a digit at an index that another recording has.
    """
    folder = Path(corpus_dir)
    if (folder / "recordings").is_dir():
        folder = folder / "recordings"
    digits = []
    for path in list_audio(folder, "prepare_fsdd"):
        match = _NAME.fullmatch(path.stem)
        if not match:
            raise CorpusError(f"{path}: expected a name like 7_jackson_32.wav; move other audio elsewhere")
        digits.append(Digit(path, int(match[1]), match[2], int(match[3])))
    digits.sort(key=lambda digit: (digit.speaker, digit.digit, digit.index))
    if not allow_missing:
        _check_complete(digits, folder)
    return digits


def _check_complete(digits: Sequence[Digit], folder: Path) -> None:
    present = {(digit.speaker, digit.digit, digit.index) for digit in digits}
    last = max(digit.index for digit in digits)
    for speaker in sorted({digit.speaker for digit in digits}):
        for digit in range(10):
            for index in range(last + 1):
                if (speaker, digit, index) not in present:
                    raise CorpusError(
                        f"{folder / f'{digit}_{speaker}_{index}.wav'}: missing; restore it from the corpus' archive, "
                        "or set allow_missing to go without"
                    )


def split_digits(digits: Sequence[Digit], options: FsddOptions) -> Dict[str, List[Digit]]:
    """Divides the recordings into `train`, `dev` and `test`.

    Raises:
      CorpusError: a split is empty, or a named speaker is not in the corpus.
    """
    place = _by_speaker(digits, options) if options.split == "speakers" else _by_index
    splits: Dict[str, List[Digit]] = {name: [] for name in SPLITS}
    for digit in digits:
        splits[place(digit)].append(digit)
    for name, part in splits.items():
        if not part:
            raise CorpusError(
                f"prepare_fsdd: split {name!r} is empty with {len(digits)} recordings and split={options.split!r}; "
                "the official split needs indices from 0 to 10 or more, the speaker split 3 speakers"
            )
    return splits


def _by_index(digit: Digit) -> str:
    if digit.index in _TEST_INDICES:
        return "test"
    return "dev" if digit.index in _DEV_INDICES else "train"


def _by_speaker(digits: Sequence[Digit], options: FsddOptions) -> Any:
    speakers = sorted({digit.speaker for digit in digits})
    unknown = sorted({*options.dev_speakers, *options.test_speakers} - set(speakers))
    if unknown:
        raise CorpusError(f"prepare_fsdd: no speaker {unknown[0]!r} in the corpus; it has {', '.join(speakers)}")
    free = [name for name in speakers if name not in options.dev_speakers]
    test = options.test_speakers or tuple(free[len(free) - len(speakers) // 3 :])
    free = [name for name in speakers if name not in test]
    dev = options.dev_speakers or tuple(free[len(free) - max(1, len(speakers) // 6) :])
    return lambda digit: "test" if digit.speaker in test else "dev" if digit.speaker in dev else "train"


def _isolated_cut(digit: Digit) -> Any:
    recording = open_recording(digit.path, digit.id, SAMPLING_RATE)
    return make_cut(recording, DIGITS[digit.digit], digit.speaker, language="English")


def _connected_cuts(
    digits: Sequence[Digit], split: str, count: int, audio_dir: Path, options: FsddOptions
) -> List[Any]:
    pools: Dict[str, List[Digit]] = defaultdict(list)
    for digit in digits:
        pools[digit.speaker].append(digit)
    cuts = []
    for number, (speaker, pool) in enumerate(sorted(pools.items())):
        # A stream per split and speaker: changing one split's size leaves the others as they are.
        rng = np.random.default_rng([options.seed, SPLITS.index(split), number])
        samples = [_read_digit(digit) for digit in pool]
        share = count // len(pools) + (number < count % len(pools))
        for serial, chosen in enumerate(draw_strings(len(pool), share, options.strings, rng)):
            audio, times = append_words([samples[i] for i in chosen], SAMPLING_RATE, options.strings, rng)
            path = audio_dir / split / f"{speaker}-{split}-{serial:04d}.wav"
            write_wav(path, audio, SAMPLING_RATE)
            cuts.append(_connected_cut(path, speaker, [DIGITS[pool[i].digit] for i in chosen], times))
    return cuts


def _read_digit(digit: Digit) -> Any:
    open_recording(digit.path, digit.id, SAMPLING_RATE)
    return read_samples(digit.path)


def _connected_cut(path: Path, speaker: str, words: Sequence[str], times: Sequence[Tuple[float, float]]) -> Any:
    from lhotse.supervision import AlignmentItem

    recording = open_recording(path, path.stem, SAMPLING_RATE)
    items = [AlignmentItem(word, round(start, 6), round(duration, 6)) for word, (start, duration) in zip(words, times)]
    return make_cut(recording, " ".join(words), speaker, language="English", alignment={"word": items})
