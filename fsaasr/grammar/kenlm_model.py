"""`KenlmModel`: an n-gram model that the `kenlm` module reads, in its binary form or as ARPA (Heafield 2011)."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import FileFormatError, GrammarError, MissingDependencyError
from fsaasr.core.files import PathLike
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.failure_automaton import FailureAutomaton

MAGIC = b"mmap lm http://kheafield.com/code"
"""What KenLM's binary files begin with."""
MAX_QUERIES = 30_000_000
"""Questions that making an automaton may ask; some tens of seconds."""
_LN10 = math.log(10.0)
_CONTROL = ("<unk>", "<s>", "</s>")


def is_kenlm_binary(path: PathLike) -> bool:
    """Whether a file is one that KenLM's `build_binary` wrote."""
    try:
        with Path(path).open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


class KenlmModel:
    """A `WordLm` for `rescore_lattice` that asks KenLM; `automaton` is what a search steps through.

    Attributes:
      order: n. start: state before the first word.
    """

    def __init__(self, path: PathLike) -> None:
        """Reads a file of KenLM's binary form, or ARPA.

        Raises:
          MissingDependencyError: the module `kenlm` is not installed.
          FileFormatError: a file that it cannot read.
        """
        try:
            kenlm: Any = importlib.import_module("kenlm")
        except ImportError as error:
            raise MissingDependencyError(
                f"KenlmModel: {path}: reading KenLM's binary files needs the module `kenlm`: `pip install kenlm` "
                "(it compiles, with cmake and a C++ compiler); or give the ARPA file that the binary was made of"
            ) from error
        try:
            self._model: Any = kenlm.Model(str(path))
        except (OSError, RuntimeError, ValueError) as error:
            problem = f"KenLM cannot read it ({error}); expected its binary form or ARPA"
            raise FileFormatError(path, None, problem) from error
        self._kenlm, self.path, self.order = kenlm, path, int(self._model.order)
        self.start: Any = kenlm.State()
        self._model.BeginSentenceWrite(self.start)

    def __contains__(self, word: str) -> bool:
        """Whether the model has a word."""
        return word in self._model

    def advance(self, states: Sequence[Any], words: Sequence[str]) -> Tuple[List[Any], npt.NDArray[np.float64]]:
        """Next state and natural log probability of each of M words, one for each of M states."""
        following = [self._kenlm.State() for _ in words]
        scores = [self._model.BaseScore(*asked) for asked in zip(states, words, following)]
        return following, _LN10 * np.array(scores, dtype=np.float64)

    def final(self, states: Sequence[Any]) -> npt.NDArray[np.float64]:
        """Natural log probability of the sentence's end in each of M states."""
        return self.advance(states, ["</s>"] * len(states))[1]

    def automaton(self, words: SymbolTable, max_queries: int = MAX_QUERIES) -> FailureAutomaton:
        """The part of the model that the words of a graph can ask for, as a search steps through it.

        KenLM does not list its n-grams; which there are is asked, word by word, behind each context: a square of the
        number of words, at least, and then as many as there are n-grams in lower orders. `FailureAutomaton.save` keeps
        the result.

        Args:
          words: of the graph; those that the model lacks are its `<unk>`.
          max_queries: the most that may be asked.

        Raises:
          GrammarError: that does not suffice.
        """
        known = [name for name in words.names[1:] if name not in _CONTROL and name in self._model]
        return _Expansion(self._kenlm, self._model, (*_CONTROL, *known), max_queries, str(self.path)).automaton()


class _Context(NamedTuple):
    """A state of KenLM, how many words it remembers, its number behind the failure transition, and what that costs."""

    state: Any
    length: int
    fail: int
    backoff: float


class _Expansion:
    """Finds the contexts and n-grams of some words; shorter contexts first."""

    def __init__(self, kenlm: Any, model: Any, words: Tuple[str, ...], max_queries: int, name: str) -> None:
        self._kenlm, self._model, self._words, self._name = kenlm, model, words, name
        self._left = max_queries
        null = kenlm.State()
        model.NullContextWrite(null)
        self._contexts = [_Context(null, 0, -1, 0.0)]
        self._numbers: Dict[Any, int] = {null: 0}
        self._rows: List[Dict[int, Tuple[float, int]]] = []

    def automaton(self) -> FailureAutomaton:
        """All contexts, with the words that each lists."""
        begin = self._kenlm.State()
        self._model.BeginSentenceWrite(begin)
        start = self._number(begin, 1, 0)
        waiting = 0
        while waiting < len(self._contexts):
            self._expand(waiting)
            waiting += 1
        sizes = [len(row) for row in self._rows]
        listed = [sorted(row.items()) for row in self._rows]
        return FailureAutomaton(
            self._words,
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.array([context.fail for context in self._contexts], dtype=np.int32),
            np.array([context.backoff for context in self._contexts], dtype=np.float32),
            np.array([word for row in listed for word, _ in row], dtype=np.int32),
            np.array([score for row in listed for _, (score, _) in row], dtype=np.float32),
            np.array([target for row in listed for _, (_, target) in row], dtype=np.int32),
            start,
            _CONTROL.index("</s>"),
        )

    def _ask(self, state: Any, word: str) -> Tuple[float, int, Any]:
        """Natural log probability of a word, the length of the n-gram that says it, and the state behind it."""
        if not self._left:
            raise GrammarError(
                f"KenlmModel: {self._name}: which n-grams {len(self._words)} words have takes too many questions; give "
                "the ARPA file, rescore lattices with the model, or raise max_queries"
            )
        self._left -= 1
        after = self._kenlm.State()
        found = self._model.BaseFullScore(state, word, after)
        return _LN10 * found.log_prob, int(found.ngram_length), after

    def _expand(self, number: int) -> None:
        state, length, fail, _ = self._contexts[number]
        shorter = range(len(self._words)) if number == 0 or fail == 0 else self._rows[fail]
        row: Dict[int, Tuple[float, int]] = {}
        self._rows.append(row)
        unlisted = -1
        for word in shorter:
            score, matched, after = self._ask(state, self._words[word])
            if number and matched <= length:
                unlisted = word
                continue
            behind = 0 if self._words[word] in ("<s>", "</s>") else self._number(after, length + 1, number, word)
            row[word] = (score, behind)
        if number:
            self._contexts[number] = self._contexts[number]._replace(backoff=self._backoff(number, unlisted))

    def _backoff(self, number: int, unlisted: int) -> float:
        """What the failure transition adds: what a word that is not listed lacks against the shorter context."""
        state, _, fail, _ = self._contexts[number]
        others = (word for word in range(len(self._words)) if word not in self._rows[number])
        word = next(others, -1) if unlisted < 0 else unlisted
        if word < 0:
            return 0.0
        name = self._words[word]
        return self._ask(state, name)[0] - self._ask(self._contexts[fail].state, name)[0]

    def _number(self, state: Any, length: int, before: int, word: int = -1) -> int:
        """Number of a state; one that is not known has `length` words, those of context `before` and `word`."""
        number = self._numbers.setdefault(state, len(self._contexts))
        if number == len(self._contexts):
            fail = 0
            if word >= 0 and before:
                # The context without its first word is shorter, and known.
                shorter = self._contexts[self._contexts[before].fail].state
                fail = self._numbers[self._ask(shorter, self._words[word])[2]]
            self._contexts.append(_Context(state, length, fail, 0.0))
        return number
