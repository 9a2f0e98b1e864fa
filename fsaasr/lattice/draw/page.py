"""Pictures as files."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Sequence

from fsaasr.core.errors import LatticeError
from fsaasr.core.files import PathLike, write_text

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>body {{ margin: 1rem; }} div {{ overflow-x: auto; margin-bottom: 2rem; }} svg {{ display: block; }}</style>
</head>
<body>
{pictures}
</body>
</html>
"""


def write_pictures(pictures: Sequence[str], path: PathLike, title: str) -> None:
    """Writes SVG elements, atomically: one as `.svg`, or any number, one below the other, as `.html`.

    Raises:
      LatticeError: another ending, or several pictures for an `.svg` file.
    """
    ending = Path(path).suffix.lower()
    if ending == ".html":
        shown = "\n".join(f'<div tabindex="0">{picture}</div>' for picture in pictures)
        write_text(path, _PAGE.format(title=html.escape(title), pictures=shown))
    elif ending == ".svg" and len(pictures) == 1:
        write_text(path, '<?xml version="1.0" encoding="UTF-8"?>\n' + pictures[0])
    else:
        raise LatticeError(
            f"write_pictures: {len(pictures)} pictures for {path}; one goes into an .svg file, any number into .html"
        )
