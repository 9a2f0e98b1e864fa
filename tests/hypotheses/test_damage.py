"""Damaged files give an error of this library or some reading, whatever the damage."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from fsaasr.core import FsaasrError, Hypothesis, Span
from fsaasr.hypotheses import FORMATS, Placement, export_hypotheses, read_placed, write_hypotheses

ODD = [b"1e400", b" -9 ", b"99999999999999999999", b'"', b"null", b"true", b"[]", b"nan", b'{"a": 1}', b'"x"']
WORDS = (Span("one", 0.1, 0.4, 0.5), Span('"two"', 0.4, 0.4), Span("&<three>", 0.7, 1.2, 1.0))
SAID = [Hypothesis("u1", WORDS, WORDS[:2], (0, 1), -1.5, -2.0), Hypothesis("u2", (), (), (), 0.0, 0.0, False)]
WHERE = {"u1": Placement("r", 0, 0.5, 2.0), "u2": Placement("r", 0, 3.0, 1.0)}


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_are_read_or_refused(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    refused = 0
    paths = export_hypotheses(SAID, tmp_path, [name], WHERE)
    if name == "supervisions":
        paths.append(tmp_path / "supervisions.jsonl")
        write_hypotheses(SAID, paths[-1], WHERE)
    for path in paths:
        data = path.read_bytes()
        for _ in range(120):
            path.write_bytes(damaged(rng, data))
            try:
                for hypothesis, placement in read_placed(path):
                    assert isinstance(hypothesis.text, str)
                    assert isinstance(placement.start, (int, float))
            except FsaasrError:
                refused += 1
    assert refused > 0


def damaged(rng: np.random.Generator, data: bytes) -> bytes:
    """Cut short, with a few bytes changed, a piece doubled, something put in, or a number replaced."""
    if not data:
        return bytes(rng.integers(0, 256, size=3).tolist())
    at, kind = int(rng.integers(len(data))), rng.integers(5)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes(rng.integers(0, 256, size=3).tolist()) + data[at + 3 :]
    if kind == 2:
        return data[: at + 20] + data[at:]
    odd = ODD[rng.integers(len(ODD))]
    if kind == 3:
        return data[:at] + odd + data[at:]
    number = re.compile(rb"\d+(\.\d+)?").search(data, at)
    return data[: number.start()] + odd + data[number.end() :] if number else b""
