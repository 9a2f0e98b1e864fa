"""`NgramStates`: an n-gram model as an automaton, for search over words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.ngram_index import IntArray

if TYPE_CHECKING:
    from fsaasr.grammar.ngram_model import NgramModel

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

LN10 = math.log(10.0)


@dataclass(frozen=True, eq=False)
class NgramStates:
    """A back-off model as a deterministic automaton with failure transitions (Allauzen, Mohri, Roark 2003).

    A state is the longest listed context of what was said that matters to any word that may follow; state 0 is the
    empty context. In each state each word has exactly one successor, that of its longest listed n-gram: a back-off
    is paid where the n-gram is not listed, and nowhere else. So scores are those of `NgramModel.log10_prob`
    (natural logs here), which is not so on graphs, where back-off arcs are epsilons.

    Attributes:
      model: what the states are of.
      first, last: int64 (S,): n-grams of each context, rows of the next three; state 0 has row w for word w.
      word: int32 (K,), log_prob: float64 (K,), next_state: int32 (K,), of all n-grams, order by order.
      fail: int32 (S,): state of the next shorter context; backoff: float64 (S,): what is paid to get there.
    """

    model: NgramModel
    first: IntArray
    last: IntArray
    fail: Int32
    backoff: Float64
    word: Int32
    log_prob: Float64
    next_state: Int32

    @classmethod
    def of(cls, model: NgramModel) -> NgramStates:
        """The automaton of `model`; time and memory are about those of the model's n-grams, N times."""
        contexts = _Contexts(model)
        orders = model.orders
        return cls(
            model,
            *contexts.spans(),
            *contexts.failures(),
            np.concatenate([order.ngrams[:, -1] for order in orders]),
            np.concatenate([order.log10_prob for order in orders]) * LN10,
            np.concatenate([contexts.longest(n, model.order - 1) for n in range(1, model.order + 1)]),
        )

    def __len__(self) -> int:
        """S, number of states."""
        return len(self.fail)

    @property
    def tables(self) -> Tuple[Any, ...]:
        """The arrays in the order that compiled loops take them."""
        return self.first, self.last, self.fail, self.backoff, self.word, self.log_prob, self.next_state

    @property
    def start(self) -> int:
        """State behind `<s>`; raises GrammarError where the model has none."""
        return int(self.next_state[self._marker(self.model.bos_id, "<s>")])

    @property
    def end_id(self) -> int:
        """Word id of `</s>`, whose log probability ends a sentence; raises GrammarError where the model has none."""
        return self._marker(self.model.eos_id, "</s>")

    @staticmethod
    def _marker(word: Optional[int], name: str) -> int:
        if word is None:
            raise GrammarError(f"NgramStates: the model has no {name}, so it gives sentences no probability; add it")
        return word

    def ids_of(self, names: Sequence[str]) -> Int32:
        """Word ids of some words; `<unk>` stands for those that the model lacks.

        Raises:
          GrammarError: the model lacks words and has no `<unk>`; names them.
        """
        unknown = -1 if self.model.unknown_id is None else self.model.unknown_id
        ids = np.array([self.model.ids.get(name, unknown) for name in names], dtype=np.int32)
        if (ids < 0).any():
            lacking = [name for name, word in zip(names, ids.tolist()) if word < 0]
            raise GrammarError(
                f"NgramStates: the model lacks {len(lacking)} words, among them {' '.join(lacking[:10])}, and has no "
                "<unk>; use a model of these words, or one with <unk>"
            )
        return ids

    def advance(self, states: Sequence[int], words: Sequence[str]) -> Tuple[Int32, Float64]:
        """Next state and natural log probability of each of M words, one for each of M states."""
        from fsaasr.grammar.ngram_kernels import steps

        following, scores = steps(self.tables, np.asarray(states, dtype=np.int32), self.ids_of(words))
        return following, scores

    def final(self, states: Sequence[int]) -> Float64:
        """Natural log probability of `</s>` in each of M states."""
        from fsaasr.grammar.ngram_kernels import steps

        ends = np.full(len(states), self.end_id, dtype=np.int32)
        scores: Float64 = steps(self.tables, np.asarray(states, dtype=np.int32), ends)[1]
        return scores


class _Contexts:
    """State numbers of a model's contexts.

    `state[n - 1]` holds, for each n-gram, its state, or -1 where it needs none: nothing follows it and its back-off
    is 0, so that any word scores behind it as behind the shorter context. `tails[n - 1][m - 1]` holds, for each
    n-gram, the row of its last m words among the m-grams, or -1.
    """

    def __init__(self, model: NgramModel) -> None:
        self.model = model
        self.state: List[IntArray] = []
        count = 1
        for n in range(1, model.order):
            needed = model.orders[n - 1].log10_backoff != 0.0
            needed[model.index.context_rows[n]] = True
            self.state.append(np.where(needed, np.cumsum(needed) - 1 + count, -1))
            count += int(needed.sum())
        self.tails: List[List[IntArray]] = []
        for n in range(1, model.order + 1):
            self.tails.append(self._tails(n))

    def _tails(self, n: int) -> List[IntArray]:
        last = self.model.orders[n - 1].ngrams[:, -1].astype(np.int64)
        tails = [last]
        for m in range(2, n):
            tails.append(
                self.model.index.extend(m, self.tails[n - 2][m - 2][self.model.index.context_rows[n - 1]], last)
            )
        return [*tails, np.arange(len(last))] if n > 1 else tails

    def longest(self, n: int, limit: int) -> Int32:
        """State of the longest context of at most `limit` words that ends each n-gram."""
        state = np.zeros(len(self.model.orders[n - 1]), dtype=np.int32)
        for m in range(1, min(n, limit) + 1):
            rows = self.tails[n - 1][m - 1]
            found = np.where(rows < 0, -1, self.state[m - 1][rows])
            state = np.where(found < 0, state, found).astype(np.int32)
        return state

    def spans(self) -> Tuple[IntArray, IntArray]:
        """First and last n-gram, plus one, of each state's context."""
        first, last = [np.zeros(1, dtype=np.int64)], [np.array([len(self.model.vocabulary)], dtype=np.int64)]
        before = 0
        for n in range(1, self.model.order):
            before += len(self.model.orders[n - 1])
            rows = np.flatnonzero(self.state[n - 1] >= 0)
            # Sorted rows stand in the order of their contexts.
            contexts = self.model.index.context_rows[n]
            first.append(before + np.searchsorted(contexts, rows))
            last.append(before + np.searchsorted(contexts, rows, side="right"))
        return np.concatenate(first), np.concatenate(last)

    def failures(self) -> Tuple[Int32, Float64]:
        """State behind each state's failure transition, -1 for state 0, and its score."""
        fail, backoff = [np.full(1, -1, dtype=np.int32)], [np.zeros(1)]
        for n in range(1, self.model.order):
            needed = self.state[n - 1] >= 0
            fail.append(self.longest(n, n - 1)[needed])
            backoff.append(self.model.orders[n - 1].log10_backoff[needed] * LN10)
        return np.concatenate(fail), np.concatenate(backoff)
