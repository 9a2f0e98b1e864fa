"""A page as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
from typing import Any, Dict

from fsaasr.core import PathLike, write_text
from fsaasr.report.page.blocks import Block, Figure, Page, Utterance
from fsaasr.report.write import pair_views, picture, template


def write_page(path: PathLike, page: Page) -> None:
    """Writes a page, atomically; its only script sorts tables, and nothing is loaded from elsewhere."""
    write_text(path, render_page(page))


def render_page(page: Page) -> str:
    """The page as text; see `write_page`."""
    sections = [
        {"title": section.title, "level": section.level, "blocks": [_view(block) for block in section.blocks]}
        for section in page.sections
    ]
    text: str = template("page.html.j2").render(title=page.title, page=page, sections=sections)
    return text


def _view(block: Block) -> Dict[str, Any]:
    view: Dict[str, Any] = {"kind": type(block).__name__, "block": block}
    if isinstance(block, Figure):
        view["picture"] = picture(block.draw)
    if isinstance(block, Utterance):
        view["audio"] = "data:audio/wav;base64," + base64.b64encode(block.wav).decode() if block.wav else ""
        view["heard"] = [{"system": one.system, "pairs": pair_views(one.alignment)} for one in block.heard]
    return view
