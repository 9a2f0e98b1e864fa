"""Any data in Lhotse's own forms: manifests of cuts, Shar, manifests of recordings and supervisions."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Mapping, Set, Tuple

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError, CorpusError
from fsaasr.core.files import PathLike, atomic_path, content_hash
from fsaasr.corpora.held_out import dev_from_train
from fsaasr.corpora.lhotse_forms import Form, Item, find_forms, read_form, read_untrimmed
from fsaasr.corpora.manifests import prepared

if TYPE_CHECKING:
    from lhotse import AudioSource, CutSet


@dataclass(frozen=True)
class LhotseOptions:
    """Which data are what; `find_forms` says what a name may be.

    Attributes:
      train, dev, test: names; what several stand for is put together. Without `dev`, dev is taken from train.
      dev_speakers: how many speakers that is, whole; see `held_out_speakers`.
      more: names of further splits, which take part in nothing else, each with what it is.
    """

    __pydantic_config__ = STRICT

    train: Tuple[str, ...] = ("train",)
    dev: Tuple[str, ...] = ()
    test: Tuple[str, ...] = ("test",)
    dev_speakers: int = 3
    more: Dict[str, Tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.train or not self.test or self.dev_speakers < 1 or not all(self.more.values()):
            raise ConfigError(
                f"LhotseOptions: train {self.train}, test {self.test}, dev_speakers {self.dev_speakers}, more "
                f"{self.more}; expected one or more of each"
            )
        if {"train", "dev", "test"} & set(self.more):
            raise ConfigError(f"LhotseOptions: more has {', '.join(self.more)}; expected names but train, dev and test")

    @property
    def splits(self) -> Dict[str, Tuple[str, ...]]:
        """Split -> names, of those that have some."""
        splits = {"train": self.train, "dev": self.dev, "test": self.test, **self.more}
        return {split: names for split, names in splits.items() if names}


def prepare_lhotse(
    corpus_dir: PathLike, out_dir: PathLike, options: LhotseOptions = LhotseOptions()
) -> Dict[str, CutSet]:
    """Prepares what is in Lhotse's forms already.

    Cuts keep their ids, order, times and supervisions; see `read_form` for those with several. Features and custom
    fields are left out: a recipe makes its features itself. Audio that Shar holds is written into `out_dir` as it is,
    other audio stays where it is. A relative path of audio counts from the current directory, as in Lhotse, or, if
    no file is there, from `corpus_dir`.

    Args:
      corpus_dir: directory that relative names are relative to.
      out_dir: receives `cuts_<split>.jsonl.gz`, and the audio of Shar.
      options: which data are what.

    Returns:
      Split -> cuts: train, dev, test, and those of `more`.

    Raises:
      CorpusFileError: a damaged manifest or archive, a cut that cannot be used, audio that is missing, unreadable or
        not as its manifest says; names file, line and cut.
      CorpusError: a name that nothing has, the same data twice, or too few speakers for dev.
    """
    folder = Path(corpus_dir)
    forms = {
        split: [form for name in names for form in find_forms(folder, name)] for split, names in options.splits.items()
    }
    inputs = _inputs([form for part in forms.values() for form in part], folder)

    def build(audio_dir: Path) -> Mapping[str, Iterable[Any]]:
        splits: Dict[str, Iterable[Any]] = {split: _cuts(part, folder, audio_dir) for split, part in forms.items()}
        if not options.dev:
            splits.update(dev_from_train(splits["train"], options.dev_speakers, "prepare_lhotse"))
        return splits

    return prepared(out_dir, "lhotse", options, inputs, build)


def _inputs(forms: List[Form], folder: Path) -> List[Path]:
    """All files that matter: those of the forms, and the audio that they name."""
    repeated = [form.manifest for form, times in Counter(forms).items() if times > 1]
    if repeated:
        raise CorpusError(f"prepare_lhotse: {repeated[0]} would be read twice; name it once")
    audio: Dict[str, Path] = {}
    for item in (item for form in forms if form.archive is None for item in read_untrimmed(form)):
        for source in item.value.recording.sources if getattr(item.value, "recording", None) else ():
            audio[source.source] = audio.get(source.source) or _find(item, source, folder)
    return [*(path for form in forms for path in form if path is not None), *sorted(audio.values())]


def _cuts(forms: List[Form], folder: Path, audio_dir: Path) -> Iterator[Any]:
    from lhotse import MonoCut

    opened: Set[str] = set()
    for item in (item for form in forms for item in read_form(form)):
        cut = item.value
        sources = []
        for source in cut.recording.sources:
            path = _write(item, source, audio_dir) if source.type == "memory" else _find(item, source, folder)
            sources.append(replace(source, type="file", source=str(path)))
            if sources[-1].source not in opened:
                _check_audio(item, path)
                opened.add(sources[-1].source)
        recording = replace(cut.recording, sources=sources)
        # Made new: what else a cut has may lie in archives that stay behind.
        yield MonoCut(cut.id, float(cut.start), cut.duration, cut.channel, list(cut.supervisions), recording=recording)


def _find(item: Item, source: AudioSource, folder: Path) -> Path:
    if source.type == "shar":
        raise item.wrong("has its audio in an archive recording.*.tar; name the Shar folder that holds both")
    if source.type != "file":
        raise item.wrong(f"has audio of type {source.type!r}, expected a file; save it as one: `cut.save_audio(path)`")
    for path in (Path(source.source), folder / source.source):
        if path.is_file():
            return path.absolute()
    raise item.wrong(
        f"has its audio in {source.source}: no such file, not in {folder} either; restore it or mend the path"
    )


def _write(item: Item, source: AudioSource, audio_dir: Path) -> Path:
    """A file with these bytes, whose name tells the recording and what is in it; one that is there is whole."""
    try:
        ending = source.format
    except Exception as error:
        raise _unreadable(item, "its archive", error) from error
    name = re.sub(r"[^\w.-]", "_", str(item.value.recording.id))[:80]
    path = audio_dir / f"{name}-{content_hash(source.source)[:12]}.{ending}"
    if not path.is_file():
        with atomic_path(path) as temporary:
            temporary.write_bytes(source.source)
    return path.absolute()


def _check_audio(item: Item, path: Path) -> None:
    """Opens the file as Lhotse does, and compares it with what the manifest says of it."""
    from lhotse.audio import get_audio_duration_mismatch_tolerance, info

    recording = item.value.recording
    try:
        found = info(str(path))
    except Exception as error:  # each of Lhotse's ways to open audio has its own
        raise _unreadable(item, str(path), error) from error
    seconds = found.frames / found.samplerate
    same = abs(seconds - recording.duration) <= get_audio_duration_mismatch_tolerance()
    if not recording.transforms and not (same and found.samplerate == recording.sampling_rate):
        raise item.wrong(
            f"has audio in {path} of {seconds} s at {found.samplerate} Hz, but its recording says {recording.duration} "
            f"s at {recording.sampling_rate} Hz; make the manifest again"
        )


def _unreadable(item: Item, place: str, error: Exception) -> CorpusError:
    reason = str(error).partition("\n")[0]
    return item.wrong(f"has audio in {place} that cannot be read ({reason}); restore it")
