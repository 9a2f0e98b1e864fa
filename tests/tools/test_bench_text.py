"""Text to sentences, from files and from packages."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path
from typing import Any, Sequence

import pytest

from fsaasr.core.errors import CorpusError
from tools.bench import debian
from tools.bench.text import find_texts, hold_out, sentences


def test_sentences_are_lower_case_words_each_once(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("It's a Dog. It's\na dog! No; 3 blind mice ran off: x y.\n")
    assert list(sentences([path])) == ["it's a dog", "blind mice ran off"]


def test_lines_without_full_stops_are_sentences(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("".join(f"line number {'abc'[n % 3]}{'xyz'[n // 3]}\n" for n in range(9)) + "the very last\n" * 12)
    assert len(list(sentences([path]))) == 10


def test_packed_files_and_pages_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.dict.dz").write_bytes(gzip.compress(b"one two three. "))
    (tmp_path / "b.html").write_text("<p>four <b>five</b> &amp; six.</p>")
    (tmp_path / "c.png").write_text("not a text at all.")
    assert list(sentences(find_texts(tmp_path))) == ["one two three", "four five six"]


def test_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no text in .*expected a file, or a folder with \.txt"):
        find_texts(tmp_path)


def test_held_out_sentences_are_drawn_by_the_seed() -> None:
    found = [f"sentence {n}" for n in range(200)]
    train, held_out = hold_out(found, seed=3, wanted=20)
    assert sorted(train + held_out) == sorted(found)
    assert len(held_out) == 20
    assert hold_out(found, seed=3, wanted=20) == (train, held_out)
    assert hold_out(found, seed=4, wanted=20) != (train, held_out)
    assert len(hold_out(found, seed=3, wanted=150)[1]) == 50
    with pytest.raises(CorpusError, match="found 3 sentences of 3 to 40 words; give more text"):
        hold_out(found[:3], seed=3, wanted=1)


class Packages:
    """Stands in for apt-get and dpkg-deb."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.status = 0

    def __call__(self, command: Sequence[str], cwd: Any = None, **_: Any) -> subprocess.CompletedProcess[str]:
        self.calls.append(command[0])
        if command[0] == "apt-get" and not self.status:
            (cwd / f"{command[2]}_1_all.deb").touch()
        elif command[0] == "dpkg-deb":
            package = Path(command[3]).name.split(".")[0]
            place = Path(command[3]) / f"usr/share/{package}"
            place.mkdir(parents=True)
            (place / "text.txt").write_text(f"the text of {package}. ")
            if package == "fortunes":
                (Path(command[3]) / "usr/share/games/fortunes").mkdir(parents=True)
                (Path(command[3]) / "usr/share/games/fortunes/riddles").write_text("why did the chicken? ")
        return subprocess.CompletedProcess(command, self.status, "", "no such package")


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Packages:
    stand_in = Packages()
    monkeypatch.setattr(subprocess, "run", stand_in)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    return stand_in


def test_packages_are_fetched_and_unpacked_once(tmp_path: Path, packages: Packages) -> None:
    found = list(sentences(debian.debian_texts(tmp_path)))
    assert len(found) == len(debian.PACKAGES) + 1
    assert "why did the chicken" in found
    assert packages.calls == ["apt-get", "dpkg-deb"] * len(debian.PACKAGES)
    assert list(sentences(debian.debian_texts(tmp_path))) == found
    assert len(packages.calls) == 2 * len(debian.PACKAGES)


def test_a_package_that_cannot_be_had_is_named(tmp_path: Path, packages: Packages) -> None:
    packages.status = 100
    with pytest.raises(CorpusError, match=r"apt-get download anarchism` failed:\nno such package\n.*give TEXT="):
        debian.debian_texts(tmp_path)


def test_without_apt_get_the_text_must_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(CorpusError, match="there is no apt-get; give TEXT=<file or folder>"):
        debian.debian_texts(tmp_path)


def test_of_the_handbook_only_the_english_pages_count() -> None:
    folder = Path("debian-handbook/usr/share/doc/debian-handbook/html")
    assert debian._is_english(folder / "en-US/index.html")
    assert not debian._is_english(folder / "de-DE/index.html")
    assert debian._is_english(Path("anarchism/usr/share/doc/html/index.html"))
