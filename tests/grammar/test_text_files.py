import gzip

import pytest

from fsaasr.core.errors import GrammarFileError
from fsaasr.grammar import read_sentences

TEXT = "one  two\tthree\n\nčtyři\r\nfive"


def test_lines_are_sentences_and_empty_lines_empty_ones(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(TEXT.encode())
    assert list(read_sentences(path)) == [["one", "two", "three"], [], ["čtyři"], ["five"]]


def test_gzipped_text_and_byte_order_mark_read_alike(tmp_path):
    (tmp_path / "text.gz").write_bytes(gzip.compress(("\ufeff" + TEXT).encode()))
    (tmp_path / "text").write_bytes(TEXT.encode())
    assert list(read_sentences(tmp_path / "text.gz")) == list(read_sentences(tmp_path / "text"))


def test_line_that_is_not_utf8_is_named_and_those_before_are_given(tmp_path):
    (tmp_path / "text").write_bytes(b"one\ntwo \xe9\n")
    sentences = read_sentences(tmp_path / "text")
    assert next(sentences) == ["one"]
    with pytest.raises(GrammarFileError, match=r"text:2: found byte 0xe9, expected UTF-8"):
        next(sentences)


def test_damaged_gzip_file_is_refused(tmp_path):
    (tmp_path / "text.gz").write_bytes(gzip.compress(TEXT.encode() * 100)[:-12])
    with pytest.raises(GrammarFileError, match="damaged gzip"):
        list(read_sentences(tmp_path / "text.gz"))
