"""LibriSpeech and mini LibriSpeech: read English, 16 kHz FLAC, CC BY 4.0. Panayotov et al. 2015."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Sequence, Tuple

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError, CorpusError, CorpusFileError
from fsaasr.core.files import PathLike, write_text
from fsaasr.corpora.held_out import dev_from_train
from fsaasr.corpora.manifests import make_cut, prepared

if TYPE_CHECKING:
    from lhotse import CutSet

FOLDER = "LibriSpeech"
"""Top folder of the published archives."""
LM_FOLDER = "lm"
"""Folder for what openslr.org/11 publishes, beside it, as in the k2 recipes."""
PUBLISHED_LEXICON, LEXICON = "librispeech-lexicon.txt", "lexicon.txt"
OPENSLR = "http://www.openslr.org/resources"
_SUFFIX = ".trans.txt"


@dataclass(frozen=True)
class LibriSpeechOptions:
    """Which published parts are what.

    Attributes:
      train, dev, test: names of parts; several are put together. Without `dev`, dev is taken from train.
      dev_speakers: how many speakers that is, whole; see `held_out_speakers`.
      more: parts that are prepared, each as a split of its own name, and take part in nothing else.
      jobs: threads that open audio.
    """

    __pydantic_config__ = STRICT

    train: Tuple[str, ...] = ("train-clean-5",)
    dev: Tuple[str, ...] = ()
    test: Tuple[str, ...] = ("dev-clean-2",)
    dev_speakers: int = 3
    more: Tuple[str, ...] = ()
    jobs: int = 4

    def __post_init__(self) -> None:
        if not self.train or not self.test or self.dev_speakers < 1 or self.jobs < 1:
            raise ConfigError(
                f"LibriSpeechOptions: train {self.train}, test {self.test}, dev_speakers {self.dev_speakers}, jobs "
                f"{self.jobs}; expected one or more of each"
            )
        if len(set(self.parts)) < len(self.parts):
            raise ConfigError(f"LibriSpeechOptions: a part occurs twice in {', '.join(self.parts)}; name it once")

    @property
    def parts(self) -> Tuple[str, ...]:
        """All parts that are needed."""
        return (*self.train, *self.dev, *self.test, *self.more)


def prepare_librispeech(
    corpus_dir: PathLike, out_dir: PathLike, options: LibriSpeechOptions = LibriSpeechOptions()
) -> Dict[str, CutSet]:
    """Prepares LibriSpeech or mini LibriSpeech through Lhotse, which reads transcripts and opens every recording.

    Args:
      corpus_dir: directory that holds `LibriSpeech/`, or that folder itself.
      out_dir: receives `cuts_{train,dev,test}.jsonl.gz`, and one for each part of `more`.
      options: which parts are what.

    Returns:
      Split -> cuts, in the order of their ids. Texts are upper case, as published.

    Raises:
      CorpusFileError: a transcript without recording, or a line without text; names file and line.
      CorpusError: a part that is missing or empty, a recording that is unreadable, or too few speakers for dev.
    """
    folder = parts_folder(corpus_dir)
    lists = {part: _transcripts(folder, part) for part in options.parts}
    files = [file for part in lists.values() for file in part]
    audio = [path for file in files for path in _recordings(file)]

    def build(audio_dir: Path) -> Mapping[str, Sequence[Any]]:
        cuts = {part: _cuts(folder, part, options.jobs) for part in options.parts}
        splits = {name: _joined(cuts, getattr(options, name)) for name in ("train", "dev", "test")}
        if not options.dev:
            splits.update(dev_from_train(splits["train"], options.dev_speakers, "prepare_librispeech"))
        return {**splits, **{part: cuts[part] for part in options.more}}

    return prepared(out_dir, "librispeech", options, [*files, *audio], build)


def fetch_librispeech(
    out_dir: PathLike, parts: Sequence[str], lm_files: Sequence[str] = (), *, base_url: str = OPENSLR
) -> Path:
    """Downloads parts of LibriSpeech through Lhotse, and files of openslr.org/11; killed downloads go on.

    What is there is kept, without a look at the internet.

    Args:
      out_dir: receives `LibriSpeech/` and `lm/`, as the k2 recipes have them; and `lm/lexicon.txt`, the published
        lexicon with each line once.
      parts: as Lhotse's `download_librispeech` takes them.
      lm_files: e.g. `librispeech-lexicon.txt`, `3-gram.pruned.1e-7.arpa.gz`, `4-gram.arpa.gz`.
      base_url: a mirror of OpenSLR's resources.

    Returns:
      `out_dir`.

    Raises:
      CorpusError: no connection, or no such part or file there.
    """
    from lhotse.recipes.librispeech import LIBRISPEECH, MINI_LIBRISPEECH, download_librispeech
    from lhotse.utils import resumable_download

    unknown = sorted(set(parts).difference(LIBRISPEECH, MINI_LIBRISPEECH))
    if unknown:
        raise CorpusError(
            f"fetch_librispeech: no part {unknown[0]!r}; there are {', '.join((*LIBRISPEECH, *MINI_LIBRISPEECH))}"
        )
    folder = Path(out_dir)
    (folder / LM_FOLDER).mkdir(parents=True, exist_ok=True)
    try:
        download_librispeech(folder, list(parts), base_url=base_url)
        for path in (folder / LM_FOLDER / name for name in lm_files):
            if not path.exists():
                partial = path.with_name(f"{path.name}.partial")
                resumable_download(f"{base_url}/11/{path.name}", partial)
                partial.rename(path)
    except OSError as error:
        raise CorpusError(
            f"fetch_librispeech: {base_url}: {error}; check the connection, or download by hand into {folder}"
        ) from error
    published = folder / LM_FOLDER / PUBLISHED_LEXICON
    if published.exists() and not published.with_name(LEXICON).exists():
        lines = sorted(set(published.read_text(encoding="utf-8").splitlines()))
        write_text(published.with_name(LEXICON), "\n".join(lines) + "\n")
    return folder


def parts_folder(corpus_dir: PathLike) -> Path:
    """`LibriSpeech/` in a directory, or the directory itself."""
    folder = Path(corpus_dir)
    return folder / FOLDER if (folder / FOLDER).is_dir() else folder


def _transcripts(folder: Path, part: str) -> List[Path]:
    files = sorted((folder / part).rglob(f"*{_SUFFIX}"))
    if not files:
        raise CorpusError(
            f"prepare_librispeech: {folder / part} holds no *{_SUFFIX}; give the directory with {FOLDER}/, or "
            f"download the part: `fsaasr fetch librispeech DIR --part {part}`"
        )
    return files


def _recordings(transcript: Path) -> List[Path]:
    """The recordings of a chapter; Lhotse would leave out those that are missing."""
    paths = []
    for number, line in enumerate(transcript.read_text(encoding="utf-8").splitlines(), 1):
        name, _, text = line.partition(" ")
        if not text.strip():
            raise CorpusFileError(transcript, number, f"found {line!r}, expected an utterance and what was said")
        paths.append(transcript.parent / f"{name}.flac")
        if not paths[-1].is_file():
            raise CorpusFileError(
                transcript, number, f"no recording {paths[-1].name} beside it; restore it from the archive"
            )
    return paths


def _cuts(folder: Path, part: str, jobs: int) -> List[Any]:
    from lhotse.recipes.librispeech import prepare_librispeech as manifests_of

    try:
        manifests = manifests_of(folder, dataset_parts=part, num_jobs=jobs)[part]
    except Exception as error:  # whatever a backend of Lhotse's raises for a broken file
        raise CorpusError(f"prepare_librispeech: part {part}: {error}; restore it from the archive") from error
    recordings = {recording.id: recording for recording in manifests["recordings"]}
    said = sorted(manifests["supervisions"], key=lambda segment: str(segment.id))
    return [_cut(recordings[segment.recording_id], segment) for segment in said]


def _cut(recording: Any, segment: Any) -> Any:
    return make_cut(recording, segment.text, segment.speaker, language=segment.language, alignment=segment.alignment)


def _joined(cuts: Mapping[str, Sequence[Any]], parts: Sequence[str]) -> List[Any]:
    return sorted((cut for part in parts for cut in cuts[part]), key=lambda cut: str(cut.id))
