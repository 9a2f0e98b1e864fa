"""Transcripts looked through before they are aligned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Sequence, Tuple

from fsaasr.core.errors import CorpusError
from fsaasr.features import cut_text
from fsaasr.lexicon import Lexicon

SHOWN = 20
"""Words of a message, and utterances of each word."""


@dataclass(frozen=True)
class TranscriptCheck:
    """Which cuts can be aligned with a lexicon.

    Attributes:
      fit: cuts whose words the lexicon all has.
      missing: by cut id, in the cuts' order, the words that it lacks, sorted; none for an empty transcript.
    """

    fit: Tuple[Any, ...]
    missing: Dict[str, Tuple[str, ...]]

    @property
    def words(self) -> Dict[str, List[str]]:
        """The missing words, sorted, each with the ids of its cuts; not those of empty transcripts."""
        found: Dict[str, List[str]] = {}
        for name, words in self.missing.items():
            for word in words:
                found.setdefault(word, []).append(name)
        return dict(sorted(found.items()))

    def lines(self) -> str:
        """A line for each cut that cannot be aligned: its id and the words that are missing, none if it has none."""
        return "".join(" ".join((name, *words)) + "\n" for name, words in self.missing.items())

    def refuse(self, remedy: str) -> None:
        """Raises CorpusError with all missing words and their cuts, if there are any."""
        parts = [f"{word} ({_listed(names)})" for word, names in self.words.items()]
        empty = [name for name, words in self.missing.items() if not words]
        if parts:
            more = f", and {len(parts) - SHOWN} more words" if len(parts) > SHOWN else ""
            lacking = f"{len(parts)} words that the lexicon lacks: {', '.join(parts[:SHOWN])}{more}"
        if self.missing:
            found = [lacking] if parts else []
            found += [f"{len(empty)} cuts without words: {_listed(empty)}"] if empty else []
            raise CorpusError(
                f"align: {len(self.missing)} of {len(self.missing) + len(self.fit)} cuts cannot be aligned: "
                f"{'; '.join(found)}; {remedy}"
            )


def check_transcripts(cuts: Sequence[Any], lexicon: Lexicon) -> TranscriptCheck:
    """Sorts cuts by whether the lexicon has all their words; an empty transcript cannot be aligned either."""
    fit: List[Any] = []
    missing: Dict[str, Tuple[str, ...]] = {}
    for cut in cuts:
        words = cut_text(cut).split()
        lacking = tuple(sorted({word for word in words if word not in lexicon}))
        if lacking or not words:
            missing[cut.id] = lacking
        else:
            fit.append(cut)
    return TranscriptCheck(tuple(fit), missing)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
