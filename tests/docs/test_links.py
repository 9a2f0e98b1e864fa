"""What documents refer to exists: pages, pictures, files and folders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

import pytest

from tests.docs.test_examples import DOCUMENTS, ROOT

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def broken(path: Path, text: str) -> List[str]:
    """Links of a document, relative ones, that lead nowhere; code is left out."""
    prose = re.sub(r"```.*?```|`[^`\n]*`(?!\])", "", text, flags=re.DOTALL)
    targets = (link.partition("#")[0] for link in _LINK.findall(prose) if ":" not in link)
    return [target for target in targets if target and not (path.parent / target).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    assert broken(path, path.read_text(encoding="utf-8")) == []


def test_broken_links_are_found() -> None:
    text = "[a](README.md) ![b](figures/no.png) [`c`](no/) [d](https://x.org/y) [e](#part) [f](docs#part)\n"
    text += "```\n[g](no2)\n```\n"
    assert broken(ROOT / "README.md", text) == ["figures/no.png", "no/"]
