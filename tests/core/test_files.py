from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsaasr.core import atomic_path, content_hash, read_json, write_json, write_text

PARTS = st.lists(st.binary(max_size=4), max_size=4)


def test_a_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "out.npz"
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == path.suffix
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert os.listdir(path.parent) == ["out.npz"]


def test_a_failing_block_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")

    def fail() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_a_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_text(tmp_path / "atomic", "x")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "atomic")]
    assert modes[0] == modes[1]


@given(
    value=st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_is_read_back(value: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("json") / "value.json"
    write_json(path, value)
    assert read_json(path) == value


def test_nan_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "a.json", {"wer": float("nan")})
    assert os.listdir(tmp_path) == []


@given(PARTS, PARTS)
def test_hashes_are_equal_exactly_for_equal_parts(one: list[bytes], other: list[bytes]) -> None:
    assert (content_hash(*one) == content_hash(*other)) == (one == other)


def test_text_hashes_as_its_utf8() -> None:
    assert content_hash("né") == content_hash("né".encode()) == content_hash(memoryview("né".encode()))
    assert len(content_hash()) == 64
