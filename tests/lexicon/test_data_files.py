"""The committed lexicons, and the table of data/README.md."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from fsaasr.lexicon import coverage, read_lexicon

DATA = Path(__file__).resolve().parents[2] / "data"
ROWS = re.findall(r"^\| `(lexicons/[^`]+)` .*`([0-9a-f]{64})` \|$", (DATA / "README.md").read_text(), re.MULTILINE)


def test_readme_lists_every_lexicon() -> None:
    assert sorted(name for name, _ in ROWS) == sorted(f"lexicons/{path.name}" for path in (DATA / "lexicons").iterdir())


@pytest.mark.parametrize(("name", "sha256"), ROWS)
def test_readme_has_the_right_hash(name: str, sha256: str) -> None:
    assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize("name", [name for name, _ in ROWS])
def test_file_is_read_and_sorted(name: str) -> None:
    words = [entry.word for entry in read_lexicon(DATA / name).pronunciations]
    assert words == sorted(words)


def test_digits_are_all_there() -> None:
    lexicon = read_lexicon(DATA / "lexicons" / "digits.txt")
    report = coverage(lexicon, "zero one two three four five six seven eight nine")
    assert report.complete
    assert len(lexicon.words) - 1 == report.distinct_words == 10
    assert [entry.tokens for entry in lexicon.of("zero")] == [("Z", "IH", "R", "OW"), ("Z", "IY", "R", "OW")]


def test_toy_lexicon_has_homophones_prefixes_and_probabilities() -> None:
    lexicon = read_lexicon(DATA / "lexicons" / "toy.txt")
    assert set(lexicon.homophones().values()) == {("be", "bee"), ("bean", "been"), ("read", "red"), ("read", "reed")}
    assert {entry.log_prob for entry in lexicon.pronunciations} > {0.0}


def test_yesno_has_one_token_a_word() -> None:
    lexicon = read_lexicon(DATA / "lexicons" / "yesno.txt")
    assert [(entry.word, len(entry.tokens)) for entry in lexicon.pronunciations] == [("NO", 1), ("YES", 1)]
