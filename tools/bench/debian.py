"""Free English text from Debian's packages, where apt-get is at hand."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import List

from fsaasr.core.errors import CorpusError
from tools.bench.text import find_texts

PACKAGES = (
    *("anarchism", "dict-gcide", "dict-wn", "dict-foldoc", "dict-jargon", "dict-devil", "jargon"),
    *("fortunes", "debian-handbook", "debian-reference-en", "doc-debian"),
)


def debian_texts(folder: Path) -> List[Path]:
    """The packages' English text files; fetches and unpacks what `folder` lacks.

    Raises:
      CorpusError: no apt-get or dpkg-deb, or a package cannot be had.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise CorpusError(
            "bench: the text comes from Debian packages, and there is no apt-get; give TEXT=<file or folder>"
        )
    for package in PACKAGES:
        if not (folder / package).is_dir():
            _unpack(_download(package, folder), folder / package)
    fortunes = (folder / "fortunes/usr/share/games/fortunes").iterdir()
    texts = [*find_texts(folder), *sorted(path for path in fortunes if path.is_file() and not path.suffix)]
    return [path for path in texts if _is_english(path)]


def _download(package: str, folder: Path) -> Path:
    """The package's file; one that lies there already is taken."""
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob(f"{package}_*.deb")):
        done = subprocess.run(
            ["apt-get", "download", package], cwd=folder, capture_output=True, encoding="utf-8", check=False
        )
        if done.returncode:
            end = "\n".join(done.stderr.splitlines()[-5:])
            raise CorpusError(
                f"bench: `apt-get download {package}` failed:\n{end}\n"
                "Run `apt-get update` first, or give TEXT=<file or folder>"
            )
    return next(folder.glob(f"{package}_*.deb"))


def _unpack(archive: Path, target: Path) -> None:
    """Unpacks the data files only; no script of the package runs."""
    temporary = target.with_name(f"{target.name}.new")
    shutil.rmtree(temporary, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", str(archive), str(temporary)], check=True)
    temporary.rename(target)


def _is_english(path: Path) -> bool:
    """The handbook comes in many languages."""
    return "debian-handbook" not in path.parts or "/html/" not in str(path) or "/en-US/" in str(path)
