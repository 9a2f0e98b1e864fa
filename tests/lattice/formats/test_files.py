"""The door to lattice files: names choose the format, patterns choose files."""

import pytest
from numpy.random import default_rng

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.formats import LatticeFormat, files, format_of, read_lattices, write_lattices
from fsaasr.testing import random_word_lattice

LATTICES = [random_word_lattice(default_rng(seed), utterance=f"utt{seed}") for seed in range(3)]


def toy_format(one_per_file, suffix, prefixes=()):
    """Files that hold utterance ids; `write` keeps the lattices for `read`."""
    kept = {}

    def write(lattices, path):
        kept[path] = list(lattices)
        with open(path, "w") as file:
            file.write("".join(lattice.utterance for lattice in kept[path]))
        return len(kept[path])

    return LatticeFormat("toy", (suffix,), lambda path, symbols: iter(kept[path]), write, "", one_per_file, prefixes)


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    monkeypatch.setattr(files, "FORMATS", (toy_format(True, ".one"), toy_format(False, ".many", ("many:",))))


def test_one_lattice_a_file_spreads_over_a_pattern(tmp_path):
    assert write_lattices(iter(LATTICES), tmp_path / "*.one.gz") == 3
    assert sorted(file.name for file in tmp_path.iterdir()) == ["utt0.one.gz", "utt1.one.gz", "utt2.one.gz"]
    (tmp_path / "readme.txt").write_text("no lattice")
    assert list(read_lattices(tmp_path / "*.one.gz")) == LATTICES
    assert list(read_lattices(tmp_path)) == LATTICES
    assert list(read_lattices(tmp_path / "utt1.one.gz")) == LATTICES[1:2]


def test_archives_of_a_pattern_follow_one_another(tmp_path):
    write_lattices(LATTICES[1:], tmp_path / "b.many")
    write_lattices(LATTICES[:1], tmp_path / "a.MANY.gz")
    assert list(read_lattices(tmp_path / "*.*")) == LATTICES


@pytest.mark.parametrize("lattices", [[], LATTICES])
def test_a_file_of_one_takes_neither_none_nor_several(tmp_path, lattices):
    with pytest.raises(LatticeError, match="holds exactly one lattice"):
        write_lattices(lattices, tmp_path / "x.one")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", ""])
def test_an_utterance_that_is_no_file_name_is_refused(tmp_path, name):
    with pytest.raises(LatticeError, match="cannot name a file"):
        write_lattices([random_word_lattice(default_rng(0), utterance=name)], tmp_path / "*.one")


def test_unknown_names_are_refused_at_once(tmp_path):
    with pytest.raises(LatticeError, match=r"there are toy \(\.one\), toy \(many: \.many\)"):
        read_lattices("lattices.zip")
    with pytest.raises(LatticeError, match="no lattice format"):
        write_lattices(LATTICES, "lattices.zip")
    with pytest.raises(LatticeError, match="no lattice file fits"):
        read_lattices(tmp_path / "*.one")
    with pytest.raises(LatticeError, match="no lattice file fits"):
        read_lattices(tmp_path)


def test_stems_and_prefixes():
    assert format_of("a/b.c.one.gz").stem("a/b.c.one.gz") == "b.c"
    assert format_of("many:whatever.one").suffixes == (".many",)
