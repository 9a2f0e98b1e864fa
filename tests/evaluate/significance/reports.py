"""Reports of errors for the tests of this folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Sequence, Tuple

import numpy as np

from fsaasr.evaluate import ErrorCounts, ErrorReport, UtteranceErrors, word_errors

SCTK = Path(__file__).parent / "sctk"
PAIR = re.compile(r'\w,(?:"(.*?)")?,(?:"(.*?)")?$')


def read_sgml(text: str) -> ErrorReport:
    """Alignments that NIST's sclite wrote."""
    entries = []
    for name, line in re.findall(r'<PATH id="\(([^)]*)\)"[^>]*>\n(.*?)\n?</PATH>', text, re.DOTALL):
        found = [PAIR.match(item) for item in line.split(":") if item]
        alignment = tuple((match[1] or "", match[2] or "") for match in found if match)
        entries.append(UtteranceErrors(name, None, ErrorCounts.of(alignment), alignment))
    return ErrorReport(tuple(entries))


def marked(patterns: Sequence[str], per_speaker: int = 1) -> ErrorReport:
    """A report of utterances written as `.` right, `s` substituted, `d` deleted, `i` inserted."""
    kinds = {".": ("a", "a"), "s": ("a", "b"), "d": ("a", ""), "i": ("", "b")}
    entries = []
    for number, pattern in enumerate(patterns):
        alignment = tuple(kinds[letter] for letter in pattern)
        speaker = f"s{number // per_speaker}"
        entries.append(UtteranceErrors(f"u{number}", speaker, ErrorCounts.of(alignment), alignment))
    return ErrorReport(tuple(entries))


def random_patterns(rng: np.random.Generator, lengths: Sequence[int], rate: float) -> Tuple[str, ...]:
    """As many words in each utterance, each wrong with such a probability, some with words inserted around them."""
    letters = [".", "s", "d", "i.", ".i", "ii."]
    weights = [1 - rate, *(rate / 5,) * 5]
    return tuple("".join(rng.choice(letters, size=length, p=weights)) for length in lengths)


def substituted(errors: Sequence[int], words: int = 10) -> ErrorReport:
    """As many substitutions in each utterance of so many words."""
    references = {f"u{n}": ["a"] * words for n in range(len(errors))}
    hypotheses = {f"u{n}": ["b"] * count + ["a"] * (words - count) for n, count in enumerate(errors)}
    return word_errors(references, hypotheses)
