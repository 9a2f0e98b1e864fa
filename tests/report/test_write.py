"""The page: self-contained, well-formed, and true to its data."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fsaasr.core import EvaluationError
from fsaasr.report import render_report, write_report
from tests.report.data import report_data

VOID = {"meta", "source", "img", "br", "link"}


class Outline(HTMLParser):
    """Open elements, addresses and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []
        self.mismatched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "srcset", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.mismatched.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    return parser


def test_elements_are_closed_in_order() -> None:
    found = outline(render_report(report_data()))
    assert (found.mismatched, found.open) == ([], [])


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = render_report(report_data())
    addresses = outline(page).addresses
    assert len(addresses) == 4
    assert all(address.startswith("data:image/svg+xml;base64,") for address in addresses)
    assert not re.search(r"@import|url\(|<script|<link", page)


def test_texts_are_escaped() -> None:
    page = render_report(report_data())
    assert "<h1>toy &lt;1&gt;</h1>" in page
    assert "Two systems &amp; one grammar." in page


def test_every_row_and_note_is_there() -> None:
    data = report_data()
    page = render_report(data)
    for row in data.rates:
        assert page.count(f"<td>{100 * row.wer:.2f}</td>") >= 1
    assert page.count('<td class="name">loop</td>') == len(data.rates)
    assert "engine &#39;k3&#39; was left out" in page
    assert "official split, 50 utterances" in page


def test_the_lowest_rates_of_each_test_set_are_marked() -> None:
    page = render_report(report_data())
    best = re.findall(r'<tr class="best"><td class="name">(\w+)</td>', page)
    assert best == ["ctc"] * 4


@pytest.mark.parametrize(("kind", "word"), [("S", "nine"), ("I", "oh"), ("D", "four")])
def test_errors_have_their_kind(kind: str, word: str) -> None:
    page = render_report(report_data())
    names = {"S": "substitution", "I": "insertion", "D": "deletion"}
    spans = re.findall(rf'<span class="{kind}" title="{names[kind]}">(.*?)</span>\n', page)
    assert len(spans) == 1
    assert word in spans[0]


def test_what_is_absent_is_left_out() -> None:
    page = render_report(replace(report_data(), utterance=None, graph=None, errors=(), files=()))
    for heading in ("One utterance", "Reference and hypothesis", "A decoding graph", "<details>"):
        assert heading not in page
    assert outline(page).mismatched == []


def test_no_rows_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no error rates"):
        render_report(replace(report_data(), rates=()))


def test_the_file_holds_the_page(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", report_data())
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "How this was made" in text
