"""Pages: well-formed, true to their blocks, and right in a browser: no error, sorting, sound, no overflow."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fsaasr.report.page import (
    Cell,
    Details,
    Drawing,
    Heard,
    Page,
    Points,
    Section,
    Text,
    Utterance,
    number_cell,
    render_page,
    table_of,
    write_page,
)
from fsaasr.report.page.charts import Bar, Series, interval_chart, line_chart, stack_chart
from tests.report.browser import CHROMIUM, REASON, opened
from tests.report.test_write import outline


def wav() -> bytes:
    buffer = io.BytesIO()
    time = np.arange(4000) / 8000
    soundfile.write(buffer, 0.2 * np.sin(2 * np.pi * 440 * time), 8000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def page() -> Page:
    rows = [
        ["ten & more", number_cell(10.0), number_cell(float("-inf"))],
        ["two", number_cell(2.0, strong=True), Cell("–")],
        ["hundred", number_cell(100.0), number_cell(3.5)],
    ]
    wide = table_of("Numbers <of> all kinds", ("name", "size", "rest", *(f"a column {n}" for n in range(20))), rows)
    bars = [Bar("gmm · trigram", "gmm", 4.0, 2.5, 6.0), Bar("ctc · trigram", "ctc", 5.0, 3.0, 7.5)]
    lines = [Series("gmm", (0.0, 1.0), (9.0, 4.0), (8.0, 3.0), (10.0, 5.0)), Series("ctc", (0.0, 1.0), (7.0, 5.0))]
    blocks = (
        Text("A paragraph."),
        Points(("one thing", "another")),
        wide,
        interval_chart(bars, "word error rate in %", "rates with intervals"),
        stack_chart(["gmm"], [("features", [0.1]), ("search", [0.3])], "seconds", "times in parts"),
        line_chart(lines, "space", "rate", "rates by space", ["lexicon", "+ unigram"]),
        Utterance("spk-1", "one two", wav(), (Heard("gmm", (("one", "one"), ("two", ""), ("", "oh"))),)),
        Drawing("a lattice", '<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="40"><circle r="3"/></svg>'),
        Details("configuration", "key: " + "long " * 200),
    )
    return Page("A page <1>", "What it is.", (Section("First", blocks), Section("Below", (Text("x", True),), level=3)))


def test_elements_are_closed_and_texts_escaped() -> None:
    text = render_page(page())
    found = outline(text)
    assert (found.mismatched, found.open) == ([], [])
    assert "<h1>A page &lt;1&gt;</h1>" in text
    assert "Numbers &lt;of&gt; all kinds" in text
    assert "ten &amp; more" in text


def test_every_figure_has_its_data_as_a_table() -> None:
    text = render_page(page())
    assert text.count("<img ") == text.count("The data of this figure") == 3
    for numbers in ("4.00", "2.50", "0.3000", "10.00"):
        assert f">{numbers}</td>" in text
    assert all(match for match in re.findall(r'<img [^>]*alt="([^"]*)"', text))


def test_nothing_is_loaded_from_elsewhere() -> None:
    text = render_page(page())
    assert all(address.startswith(("data:", "#")) for address in outline(text).addresses)
    assert not re.search(r"@import|url\(|<link|<script src", text)


def test_cells_say_what_is_no_number() -> None:
    assert number_cell(None) == number_cell(float("nan")) == Cell("–")
    assert number_cell(float("-inf")).text == "-∞"
    assert number_cell(0.123, "{:.1f}", 100).text == "12.3"
    assert number_cell(0.123, "{:.1f}", 100).value == 0.123


@pytest.mark.skipif(not CHROMIUM, reason=REASON)
def test_a_browser_shows_sorts_and_plays_it(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", page())
    with opened(tmp_path / "page.html", tmp_path / "profile") as tab:
        for width in (1280, 400):
            tab.resize(width)
            assert tab.value("document.documentElement.scrollWidth <= innerWidth")
        names = "[...document.querySelector('table.sortable').tBodies[0].rows].map(row => row.cells[0].textContent)"
        press = "document.querySelectorAll('table.sortable thead button')[{}].click()"
        tab.value(press.format(1))
        assert tab.value(names) == ["two", "ten & more", "hundred"]
        tab.value(press.format(1))
        assert tab.value(names) == ["hundred", "ten & more", "two"]
        assert tab.value("document.querySelectorAll('th')[1].getAttribute('aria-sort')") == "descending"
        tab.value(press.format(2))  # a dash comes last, whichever way
        assert tab.value(names) == ["ten & more", "hundred", "two"]
        tab.value(press.format(0))
        assert tab.value(names) == ["hundred", "ten & more", "two"]
        assert tab.value("document.querySelector('audio').play().then(() => 'plays')") == "plays"
        assert tab.value("document.querySelector('audio').duration") == pytest.approx(0.5, abs=0.05)
        assert tab.problems() == []
