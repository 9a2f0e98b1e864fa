"""`Hotwords`: phrases that are likelier to be said than the language model knows."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from functools import cached_property
from itertools import islice, product
from pathlib import Path
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

from fsaasr.core.errors import FileFormatError, GrammarError
from fsaasr.core.files import PathLike
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.failure_automaton import FailureAutomaton
from fsaasr.grammar.hotword_forms import written_forms
from fsaasr.grammar.phrase_automaton import phrase_automaton

Spell = Callable[[str], Sequence[Sequence[str]]]
"""The ways to spell a word, each a sequence of symbols; none where it cannot be recognized."""
MAX_SPELLINGS = 64
"""Of a phrase, whose words may have several each; further ones do not count."""


class UnknownHotwordWarning(UserWarning):
    """Hotwords are left out, because words of theirs cannot be recognized."""


class Hotword(NamedTuple):
    """A phrase.

    Attributes:
      phrase: what is said, words with spaces between them: `i phone`; or as written, `iPhone 15`, where the words are
        found by letter case, by the parts of a word, and by how digits are read.
      weight: added to the natural log score of a sentence for each occurrence; below 0 it is held back.
      display: what is shown for it: `iPhone`; None for the phrase itself.
    """

    phrase: str
    weight: float
    display: Optional[str] = None

    @property
    def shown(self) -> str:
        """What stands for it in a transcript."""
        return self.phrase if self.display is None else self.display


Entry = Union[Hotword, Tuple[str, float], Tuple[str, float, Optional[str]]]


class Hotwords:
    """Phrases with weights, for searches: contextual biasing.

    A sentence's score rises by the weight of every occurrence of every phrase in it, of those that overlap, too, and by
    nothing else, whatever the search does on the way. While it goes on, a beginning of a phrase is given its share in
    advance, and gives it back where the phrase is not finished.
    """

    def __init__(self, entries: Iterable[Entry], skip_unknown: bool = False) -> None:
        """Args:
          entries: phrase, weight and display form of each.
          skip_unknown: leave out, with an UnknownHotwordWarning, what holds words that cannot be recognized, instead
            of refusing it.

        Raises:
          GrammarError: no phrase, one without words, a weight that is not finite.
        """
        self.entries: Tuple[Hotword, ...] = tuple(Hotword(*entry) for entry in entries)
        self.skip_unknown = skip_unknown
        if not self.entries:
            raise GrammarError("Hotwords: found no phrases; give at least one, or None for no hotwords")
        for entry in self.entries:
            if not entry.phrase.split() or not math.isfinite(entry.weight) or not entry.shown.strip():
                raise GrammarError(f"Hotwords: {entry!r}; expected words, a finite weight, and something to show")

    @classmethod
    def read(cls, path: PathLike, skip_unknown: bool = False) -> Hotwords:
        """Reads a file with a phrase a line: phrase, weight, and perhaps display form, with tabs between them.

        Lines that are empty or begin with `#` do not count.

        Raises:
          FileFormatError: cannot be read, or a line that is none, by number.
        """
        entries = []
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise FileFormatError(path, None, f"cannot be read ({error}); expected hotwords") from error
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            fields = [field.strip() for field in line.split("\t")]
            try:
                entries.append(Hotword(fields[0], float(fields[1]), *fields[2:]))
                cls(entries[-1:])
            except (GrammarError, IndexError, TypeError, ValueError) as error:
                raise FileFormatError(
                    path, number, f"found {line!r}, expected phrase, weight and perhaps display form, with tabs between"
                ) from error
        try:
            return cls(entries, skip_unknown)
        except GrammarError as error:
            raise FileFormatError(path, None, str(error)) from error

    def __len__(self) -> int:
        """Number of phrases."""
        return len(self.entries)

    def __repr__(self) -> str:
        shown = ", ".join(entry.shown for entry in self.entries[:3])
        return f"Hotwords({len(self)}: {shown}{', ...' if len(self) > 3 else ''})"

    def automaton(self, words: SymbolTable) -> FailureAutomaton:
        """The automaton over a graph's words; word w of it is label w.

        Raises:
          GrammarError: words that the table lacks, unless they are skipped; names them.
        """
        spelled = self.spelled(lambda word: ((word,),) if word in words else ())
        phrases = [([words[word] for (word,) in said], weight) for said, weight in spelled]
        return phrase_automaton(phrases, words.names)

    def spelled(self, spell: Spell) -> List[Tuple[Tuple[Sequence[str], ...], float]]:
        """Words of each phrase in each way to spell them, and its weight.

        Raises:
          GrammarError: phrases with words that cannot be spelt, unless they are skipped; names them.
        """
        found: List[Tuple[Tuple[Sequence[str], ...], float]] = []
        unknown: Dict[str, str] = {}
        for entry in self.entries:
            words, lacking = self._words(entry, spell)
            if lacking:
                unknown[entry.shown] = lacking
            else:
                ways = islice(product(*(dict.fromkeys(map(tuple, spell(word))) for word in words)), MAX_SPELLINGS)
                found += [(way, entry.weight) for way in ways]
        if unknown:
            self._report(unknown)
        return found

    @staticmethod
    def _words(entry: Hotword, spell: Spell) -> Tuple[List[str], str]:
        """The words by which a phrase is known; and the first that is unknown, if any."""
        words: List[str] = []
        for written in entry.phrase.split():
            form = next((form for form in written_forms(written) if all(spell(word) for word in form)), None)
            if form is None:
                return [], written
            words += form
        return words, ""

    def _report(self, unknown: Dict[str, str]) -> None:
        listed = ", ".join(f"{shown!r} ({word!r})" for shown, word in list(unknown.items())[:10])
        text = (
            f"Hotwords: {len(unknown)} of {len(self)} hold words that cannot be recognized: {listed}; add the words to "
            "the lexicon (`fsaasr lexicon add --g2p`), or give what is said in words that it has, and what to show: "
            "('i phone', 5.0, 'iPhone')"
        )
        if not self.skip_unknown:
            raise GrammarError(text)
        warnings.warn(text, UnknownHotwordWarning, stacklevel=4)

    @cached_property
    def _displayed(self) -> Dict[Tuple[str, ...], str]:
        """What is shown for some words in a row, by all their written forms in lower case."""
        shown: Dict[Tuple[str, ...], str] = {}
        for entry in self.entries:
            rows: List[Tuple[str, ...]] = [()]
            for written in entry.phrase.split():
                forms = {tuple(word.lower() for word in form) for form in written_forms(written)}
                rows = [(*row, *form) for row in rows for form in sorted(forms)][:64]
            shown.update({row: entry.shown for row in rows if " ".join(row) != entry.shown})
        return shown

    def displayed(self, hypothesis: Hypothesis) -> Hypothesis:
        """The hypothesis with what is shown for each phrase in it, as one word with the phrase's times.

        Of phrases that overlap, the first is shown, and of those that begin together, the longest.
        """
        longest = max((len(row) for row in self._displayed), default=0)
        words, at = [], 0
        while at < len(hypothesis.words):
            for count in range(min(longest, len(hypothesis.words) - at), 0, -1):
                spans = hypothesis.words[at : at + count]
                shown = self._displayed.get(tuple(span.name.lower() for span in spans))
                if shown is not None:
                    words.append(_joined(shown, spans))
                    at += count
                    break
            else:
                words.append(hypothesis.words[at])
                at += 1
        return replace(hypothesis, words=tuple(words))


def _joined(name: str, spans: Sequence[Span]) -> Span:
    confidences = [span.confidence for span in spans if span.confidence is not None]
    return Span(name, spans[0].start, spans[-1].end, min(confidences) if len(confidences) == len(spans) else None)
