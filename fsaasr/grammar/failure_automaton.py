"""`FailureAutomaton`: what words add to a score by what was said before, as arrays that a search steps through."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Dict, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from fsaasr.core.errors import FileFormatError, GrammarError
from fsaasr.core.files import PathLike, atomic_path
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.ngram_model import UNKNOWN_NAMES, NgramModel

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Float32 = npt.NDArray[np.float32]

FORMAT = "fsaasr.FailureAutomaton.1"
"""Name of the file format."""


@dataclass(frozen=True, eq=False)
class FailureAutomaton:
    """A deterministic automaton with failure transitions (Aho, Corasick 1975; Allauzen, Mohri, Roark 2003).

    In each state each word has exactly one successor: the state's own arc, or, after the failure transition, that of
    the shorter context behind it. State 0 lists every word, word w in row w. N-gram models are such automata, and so
    are lists of phrases; a search asks both the same way.

    Attributes:
      words: names of the W words.
      first: int64 (S + 1,): arcs of state s are rows `first[s]` to `first[s + 1] - 1`, words rising.
      fail: int32 (S,): state behind each state's failure transition, -1 for state 0. fail_score: float32 (S,).
      word, next_state: int32 (A,), score: float32 (A,), natural log.
      start: state before the first word. end: the word whose score ends a sentence; 0 where that is no word.
      boundary: the word that stands between words of several symbols, and before the end; -1 for none.
      begins: bool (W,): words before which the boundary is said; None for none.
    """

    words: Tuple[str, ...]
    first: Int64
    fail: Int32
    fail_score: Float32
    word: Int32
    score: Float32
    next_state: Int32
    start: int
    end: int
    boundary: int = -1
    begins: Optional[npt.NDArray[np.bool_]] = None

    _ARRAYS: ClassVar[Tuple[str, ...]] = ("first", "fail", "fail_score", "word", "score", "next_state")
    _NUMBERS: ClassVar[Tuple[str, ...]] = ("start", "end", "boundary")

    @classmethod
    def of_ngrams(cls, model: NgramModel) -> FailureAutomaton:
        """A model's automaton, in 12 bytes an n-gram and 16 a context.

        Raises:
          GrammarError: a model without `<s>` or `</s>`.
        """
        states = model.states
        return cls(
            model.vocabulary,
            np.append(states.first, len(states.word)),
            states.fail,
            states.backoff.astype(np.float32),
            states.word,
            states.log_prob.astype(np.float32),
            states.next_state,
            states.start,
            states.end_id,
        )

    def __len__(self) -> int:
        """S, number of states."""
        return len(self.fail)

    @property
    def tables(self) -> Tuple[Any, ...]:
        """The arrays in the order that compiled loops take them: those of `ngram_kernels`."""
        rows: Tuple[npt.NDArray[Any], ...] = (self.first[:-1], self.first[1:])
        arrays = (self.fail, self.fail_score, self.word, self.score, self.next_state)
        return tuple(_frozen(array) for array in (*rows, *arrays))

    @property
    def num_bytes(self) -> int:
        """Memory of the arrays."""
        return sum(int(getattr(self, name).nbytes) for name in self._ARRAYS)

    def ids_of(self, names: SymbolTable) -> Int32:
        """int32 (W',): the word of each label of a word table; `<unk>` for those that the model lacks, 0 for epsilon.

        Raises:
          GrammarError: words are lacking, and there is no `<unk>`; names them.
        """
        ids: Dict[str, int] = {name: word for word, name in enumerate(self.words)}
        unknown = next((ids[name] for name in UNKNOWN_NAMES if name in ids), -1)
        found = np.array([0, *(ids.get(name, unknown) for name in names.names[1:])], dtype=np.int32)
        if (found < 0).any():
            lacking = [names.name(label) for label in np.flatnonzero(found < 0).tolist()]
            raise GrammarError(
                f"FailureAutomaton: the model lacks {len(lacking)} of the graph's words, among them "
                f"{', '.join(lacking[:10])}, and has no <unk>; use a model of these words, or one with <unk>"
            )
        return found

    def greatest(self) -> Float32:
        """float32 (W,): an upper bound of each word's score in any state."""
        best = np.full(len(self.words), -np.inf, dtype=np.float32)
        np.maximum.at(best, self.word, self.score)
        # What failures add at most, on the longest way to state 0.
        gain = max(0.0, float(self.fail_score.max(initial=0.0)))
        return best if gain == 0.0 else best + np.float32(gain * self._depth())

    def least(self) -> Float32:
        """float32 (W,): a lower bound of each word's score in any state."""
        worst = np.full(len(self.words), np.inf, dtype=np.float32)
        np.minimum.at(worst, self.word, self.score)
        return worst + np.float32(min(0.0, float(self.fail_score.min(initial=0.0))) * self._depth())

    def _depth(self) -> int:
        """Failure transitions of the longest chain."""
        depth, at = 0, np.unique(self.fail)
        while len(at) and at[-1] > 0:
            depth += 1
            at = np.unique(self.fail[at[at > 0]])
        return depth + 1 if len(self.fail) > 1 else 0

    def advance(self, states: Sequence[int], words: Sequence[str]) -> Tuple[Int32, npt.NDArray[np.float64]]:
        """Next state and score of each of M words, one for each of M states: as `rescore_lattice` asks a model."""
        from fsaasr.grammar.ngram_kernels import steps

        ids = self.ids_of(SymbolTable(dict.fromkeys(words)))[1:]
        number = {name: int(word) for name, word in zip(dict.fromkeys(words), ids)}
        asked = np.array([number[name] for name in words], dtype=np.int32)
        found: Tuple[Int32, npt.NDArray[np.float64]] = steps(self.tables, np.asarray(states, dtype=np.int32), asked)
        return found

    def final(self, states: Union[Sequence[int], Int32]) -> npt.NDArray[np.float64]:
        """Score of ending in each of M states."""
        from fsaasr.grammar.ngram_kernels import endings

        scores: npt.NDArray[np.float64] = endings(
            self.tables, np.asarray(states, dtype=np.int32), self.boundary, self.end
        )
        return scores

    def save(self, path: PathLike) -> None:
        """Writes one file in the safetensors layout, atomically; for automata of words, without `begins`."""
        numbers = {name: str(getattr(self, name)) for name in self._NUMBERS}
        meta = {"format": FORMAT, "words": json.dumps(self.words), **numbers}
        tensors = {name: np.ascontiguousarray(getattr(self, name)) for name in self._ARRAYS}
        with atomic_path(path) as temporary:
            save_file(tensors, str(temporary), metadata=meta)

    @classmethod
    def load(cls, path: PathLike) -> FailureAutomaton:
        """Reads what `save` wrote; raises FileFormatError for another file."""
        try:
            with safe_open(str(path), framework="numpy") as file:
                meta = file.metadata() or {}
                if meta.get("format") != FORMAT:
                    raise FileFormatError(path, None, f"format {meta.get('format')!r}, expected {FORMAT!r}")
                arrays: Dict[str, Any] = {name: file.get_tensor(name) for name in cls._ARRAYS}
            words = tuple(json.loads(meta["words"]))
            numbers: Dict[str, Any] = {name: int(meta[name]) for name in cls._NUMBERS}
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise FileFormatError(path, None, f"cannot be read ({error}); expected an automaton's file") from error
        return cls(words, **arrays, **numbers)


def is_automaton(path: PathLike) -> bool:
    """Whether a file looks like one of `FailureAutomaton.save`: a header of JSON behind its length."""
    try:
        with Path(path).open("rb") as file:
            return file.read(9)[8:] == b"{"
    except OSError:
        return False


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
