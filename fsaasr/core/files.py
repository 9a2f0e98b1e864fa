"""Files that are either whole or absent, and hashes of their content."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Optional, TextIO, Union

PathLike = Union[str, Path]


@contextmanager
def atomic_path(path: PathLike) -> Iterator[Path]:
    """Yields a temporary path beside `path`, renamed onto it when the block succeeds.

    A block that raises, or a process that is killed, leaves `path` as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes private files; a result is as readable as any other new file.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: PathLike, text: str) -> None:
    """Writes UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def line_writer(path: Optional[PathLike]) -> Iterator[Callable[[str], None]]:
    """Yields a function that writes a line to a file, which is there, whole, when the block succeeds.

    Without a path, the function does nothing.
    """
    if path is None:
        yield lambda line: None
        return
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        yield lambda line: _write_line(stream, line)


def _write_line(stream: TextIO, line: str) -> None:
    stream.write(line + "\n")


def write_json(path: PathLike, value: Any) -> None:
    """Writes `value` as indented JSON, atomically; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: PathLike) -> Any:
    """Reads a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def content_hash(*parts: Union[str, bytes, memoryview]) -> str:
    """SHA-256 (hex, 64 characters) over `parts`, each with its length so that no two lists collide."""
    return hash_of_all(parts)


def hash_of_all(parts: Iterable[Union[str, bytes, memoryview]]) -> str:
    """As `content_hash`; of the parts, one at a time is looked at."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else memoryview(part).cast("B")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()
