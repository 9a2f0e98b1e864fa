"""Corpora from the internet: pinned, verified, unpacked with suspicion."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import threading
import urllib.error
import urllib.request
from pathlib import Path, PurePosixPath
from typing import IO, Callable, List, Optional

from fsaasr.core.errors import CorpusError
from fsaasr.core.files import PathLike
from fsaasr.core.scores import Seconds

FSDD_COMMIT = "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
FSDD_URL = f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/{FSDD_COMMIT}.tar.gz"
FSDD_DIGEST = "1801eae019c063377d98f831d3f93574f259475df7332bb0e3d1b080fb5e6959"
"""`folder_digest` of the 3000 recordings at that commit. The archive itself has no lasting checksum: it is
made on request, and its compression may change."""

MAX_DOWNLOAD = 200 * 2**20
MAX_UNPACKED = 512 * 2**20
MAX_FILES = 20_000
_BLOCK = 2**16


def internet_reachable(url: str = "https://github.com", timeout: Seconds = 3.0) -> bool:
    """Whether `url` answers within `timeout` seconds, name look-up included; proxies are heeded.

    Any answer counts, an HTTP error too.
    """
    answered: List[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=timeout):
                answered.append(True)
        except urllib.error.HTTPError:
            answered.append(True)
        except (OSError, ValueError):
            pass

    # A name look-up heeds no timeout, so it is left behind in its thread.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    return bool(answered)


def fetch_fsdd(out_dir: PathLike, *, url: str = FSDD_URL, digest: str = FSDD_DIGEST) -> Path:
    """Downloads the Free Spoken Digit Dataset, about 16 MB, at a fixed commit.

    `out_dir` appears when all of it is there and verified, or not at all; where it is there and whole,
    nothing is downloaded.

    Args:
      out_dir: directory to make; it will hold `recordings/`.
      url: the archive, a `.tar.gz` of one top directory that holds `recordings/*.wav`.
      digest: what `folder_digest` must give for the recordings.

    Returns:
      `out_dir`.

    Raises:
      CorpusError: no connection, a broken or suspicious archive, other content than expected, or an
        `out_dir` that holds something else.
    """
    target = Path(out_dir)
    if (target / "recordings").is_dir() and folder_digest(target / "recordings") == digest:
        return target
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CorpusError(f"fetch_fsdd: {target} holds something else than the whole corpus; move it away")
    partial = target.parent / f".{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        archive = partial / "archive.tar.gz"
        download(url, archive)
        unpack_audio(archive, partial / "recordings", folder="recordings")
        archive.unlink()
        found = folder_digest(partial / "recordings")
        if found != digest:
            raise CorpusError(
                f"fetch_fsdd: recordings from {url} have digest {found}, expected {digest}; do not use them: the "
                "archive was changed or is incomplete; try again, or get the corpus elsewhere"
            )
        if target.exists():
            target.rmdir()
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def folder_digest(folder: PathLike, suffix: str = ".wav") -> str:
    """SHA-256 (hex) over names and content of all files below a folder that end in `suffix`, in the C locale's order.

    In a shell: `cd folder && find -name '*.wav' -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | sha256sum`.
    """
    digest = hashlib.sha256()
    names = {path.relative_to(folder).as_posix(): path for path in Path(folder).rglob(f"*{suffix}")}
    for name, path in sorted(names.items()):
        digest.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n".encode())
    return digest.hexdigest()


def download(url: str, path: PathLike, *, max_bytes: int = MAX_DOWNLOAD, timeout: Seconds = 30.0) -> None:
    """Downloads `url` (https, http or file) into the file `path`.

    Raises:
      CorpusError: no connection, an HTTP error, silence for `timeout` seconds, or more than `max_bytes`.
    """
    from tqdm import tqdm

    if url.partition(":")[0] not in ("https", "http", "file"):
        raise CorpusError(f"download: {url} is not an https, http or file address")
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer, Path(path).open("wb") as out:
            total: Optional[str] = answer.headers.get("Content-Length")
            with tqdm(total=int(total) if total else None, unit="B", unit_scale=True, leave=False, disable=None) as bar:
                _copy(answer, out, max_bytes, url, bar.update)
    except (OSError, EOFError) as error:
        raise CorpusError(
            f"download: {url}: {error}; check the connection, or download it by hand and give its directory"
        ) from error


def _copy(source: IO[bytes], out: IO[bytes], max_bytes: int, what: str, report: Callable[[int], object] = bool) -> None:
    size = 0
    for block in iter(lambda: source.read(_BLOCK), b""):
        size += len(block)
        if size > max_bytes:
            raise CorpusError(f"{what}: larger than {max_bytes} bytes, which the corpus is not; do not use it")
        out.write(block)
        report(len(block))


def unpack_audio(archive: PathLike, out_dir: PathLike, *, folder: str, suffix: str = ".wav") -> int:
    """Takes `<top>/<folder>/*<suffix>` out of a tar archive, and nothing else.

    Names are never used as paths: only a plain file name below `folder` is taken, into `out_dir`.

    Args:
      archive: tar file, compressed or not.
      out_dir: directory to write into.
      folder: directory below the archive's top directory.
      suffix: ending of the files to take.

    Returns:
      How many files were taken, at least 1.

    Raises:
      CorpusError: the archive is broken, has a name that is absolute or holds `..`, a link or device
        where a recording should be, too many or too large files, or no such file at all.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    count = seen = size = 0
    try:
        with tarfile.open(archive, "r|*") as tar:
            for member in tar:
                seen, size = seen + 1, size + member.size
                if seen > MAX_FILES or size > MAX_UNPACKED:
                    raise CorpusError(f"{archive}: unpacks to more than the corpus can be; do not use it")
                name = _wanted(member, folder, suffix, archive)
                content = tar.extractfile(member) if name else None
                if content is None:
                    continue
                count += 1
                with (out_dir / name).open("wb") as out:
                    _copy(content, out, MAX_UNPACKED, f"{archive}: {member.name}")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise CorpusError(f"{archive}: not a whole tar archive ({error}); download it again") from error
    if not count:
        raise CorpusError(f"{archive}: holds no {folder}/*{suffix}; it is not this corpus")
    return count


def _wanted(member: tarfile.TarInfo, folder: str, suffix: str, archive: PathLike) -> str:
    """The file name to take a member under, or nothing."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name:
        raise CorpusError(f"{archive}: holds the unsafe name {member.name!r}; do not use it")
    if len(path.parts) != 3 or path.parts[1] != folder or not path.name.endswith(suffix):
        return ""
    if not member.isfile():
        raise CorpusError(f"{archive}: {member.name!r} is a link or device, expected a file; do not use it")
    return path.name
