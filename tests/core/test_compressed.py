import gzip

import pytest

from fsaasr.core.compressed import read_bytes
from fsaasr.core.errors import FileFormatError


def test_plain_and_packed_files_are_read(tmp_path):
    (tmp_path / "plain").write_bytes(b"abc")
    (tmp_path / "packed").write_bytes(gzip.compress(b"abc"))
    assert read_bytes(tmp_path / "plain") == read_bytes(tmp_path / "packed") == b"abc"


def test_what_swells_beyond_the_bound_is_refused(tmp_path):
    data = gzip.compress(bytes(8 << 20))
    (tmp_path / "x.gz").write_bytes(data)
    with pytest.raises(FileFormatError, match=f"unpacks to more than {10 * len(data) + (1 << 20)} bytes"):
        read_bytes(tmp_path / "x.gz", max_ratio=10)
    assert read_bytes(tmp_path / "x.gz", max_ratio=2000) == bytes(8 << 20)


def test_damaged_and_absent_files_are_named(tmp_path):
    data = gzip.compress(b"abc" * 1000)
    for damaged in (data[:-9], data[:20], data[:-1] + b"x", b"\x1f\x8b"):
        (tmp_path / "x.gz").write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"x\.gz: damaged gzip file"):
            read_bytes(tmp_path / "x.gz")
    with pytest.raises(FileFormatError, match="absent: cannot be read: No such file"):
        read_bytes(tmp_path / "absent")
