"""A file for each job: when and where it ran, what it printed, and how it ended."""

from __future__ import annotations

import os
import platform
import resource
import sys
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import datetime, timezone
from pathlib import Path
from typing import Iterator


@contextmanager
def logged(path: Path, title: str) -> Iterator[None]:
    """Appends what the block prints to a file, between a line on its begin and one on its end, or its error.

    Only what Python prints is caught. A process that is killed leaves the first line, and no last one.

    Args:
      path: file to append to. title: what runs.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", buffering=1) as stream:
        stream.write(f"{_now()} begin {title} on {platform.node()}, process {os.getpid()}\n")
        try:
            with redirect_stdout(stream), redirect_stderr(stream):
                yield
        except BaseException:
            stream.write(traceback.format_exc())
            stream.write(f"{_now()} failed\n")
            raise
        stream.write(f"{_now()} done, peak {peak_mb()} MiB\n")


def peak_mb() -> int:
    """Largest memory of this process so far, MiB."""
    # Kibibytes on Linux, bytes on macOS.
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20))


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
