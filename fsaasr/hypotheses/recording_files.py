"""Names of files that hold one channel of one recording."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Tuple
from urllib.parse import unquote

from fsaasr.core.files import PathLike

# What is no part of a file's name, and what would be taken for a channel.
_UNSAFE = re.compile(r"[%/\\\0]|^\.|\.(?=ch\d+$)")


def file_stem(recording: str, channel: int) -> str:
    """The recording's id, with `.ch2` for its second channel and so on; unsafe characters become `%2F` and the like."""
    safe = _UNSAFE.sub(lambda found: f"%{ord(found.group()):02X}", recording)
    return f"{safe}.ch{channel + 1}" if channel else safe


def recording_of(path: PathLike) -> Tuple[str, int]:
    """Inverse of `file_stem`: recording and channel that a file's name tells."""
    stem = Path(path).stem
    found = re.fullmatch(r"(.+)\.ch([1-9]\d*)", stem)
    name, channel = (found.group(1), int(found.group(2)) - 1) if found else (stem, 0)
    return unquote(name), channel
