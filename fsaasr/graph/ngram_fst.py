"""G: an n-gram model as an acceptor of words, and back.

A state is a context. `#0` arcs lead to the next shorter context and pay its backoff weight. Log
probabilities are natural and float32; apart from that rounding nothing is lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import NgramModel, NgramOrder
from fsaasr.graph.fst_arrays import FstArrays

LN10 = math.log(10.0)
BOS, EOS = "<s>", "</s>"
IntArray = npt.NDArray[np.int64]
_NONE = -1


@dataclass(frozen=True)
class NgramFst:
    """G and what of the model it lacks.

    Attributes:
      fst: acceptor; labels are words, or `backoff_label` for `#0`.
      backoff_label: label of `#0`.
      missing_words: words of the model that the word table lacks; their n-grams are left out.
    """

    fst: FstArrays
    backoff_label: int
    missing_words: Tuple[str, ...]


def ngram_fst(model: NgramModel, words: SymbolTable, backoff_label: Optional[int] = None) -> NgramFst:
    """Builds G for an n-gram model of any order.

    Args:
      words: labels of the words; `#0` is `backoff_label`, by default one beyond the last.

    Raises:
      GraphError: no word of the model is in `words`, or no `</s>` probability exists, so that G
        would accept nothing.
    """
    backoff_label = len(words) if backoff_label is None else backoff_label
    label = np.array([words.get(word, _NONE) if word not in (BOS, EOS) else 0 for word in model.vocabulary])
    missing = tuple(word for word, value in zip(model.vocabulary, label) if value == _NONE and word != "<unk>")
    if not (label > 0).any():
        raise GraphError(
            f"ngram_fst: none of the model's {len(model.vocabulary)} words is in the lexicon, e.g. "
            f"{', '.join(model.vocabulary[:5])}; check the letter case of both"
        )
    tables = _Contexts(model)
    columns = [tables.word_arcs(n, label) for n in range(1, model.order + 1)]
    columns.append(tables.backoff_arcs(backoff_label))
    source, target, ilabel, score = (np.concatenate(parts) for parts in zip(*columns))
    fst = FstArrays.from_columns(source, target, ilabel, ilabel, score, tables.final_scores(), tables.start())
    if np.isneginf(fst.final_score).all():
        raise GraphError("ngram_fst: the model gives no probability to </s>, so no sentence can end; re-estimate it")
    return NgramFst(fst, backoff_label, missing)


class _Contexts:
    """State numbers of the contexts of a model, and where each n-gram leads; all vectorised.

    `tails[n][m]` holds, for each n-gram, the row of its last m words among the m-grams, or -1.
    """

    def __init__(self, model: NgramModel) -> None:
        self.model = model
        self.size = len(model.vocabulary)
        self.row1 = np.full(self.size, _NONE, dtype=np.int64)
        self.row1[model.orders[0].ngrams[:, 0]] = np.arange(len(model.orders[0].ngrams))
        self.prefix: Dict[int, IntArray] = {}
        self.keys: Dict[int, IntArray] = {}
        self.tails: Dict[int, Dict[int, IntArray]] = {}
        for n, order in enumerate(model.orders, 1):
            self._index(n, order)
        self.state: Dict[int, IntArray] = {}
        self.num_states = 1
        needed = self._needed()
        for n in range(1, model.order):
            self.state[n] = np.where(needed[n], np.cumsum(needed[n]) - 1 + self.num_states, _NONE)
            self.num_states += int(needed[n].sum())

    def _index(self, n: int, order: NgramOrder) -> None:
        last = order.ngrams[:, -1].astype(np.int64)
        if n == 1:
            self.prefix[1] = np.zeros(len(last), dtype=np.int64)
            self.tails[1] = {1: np.arange(len(last))}
            return
        prefix = self.row1[order.ngrams[:, 0]]
        for m in range(2, n):
            prefix = self._find(m, prefix, order.ngrams[:, m - 1])
        if (prefix == _NONE).any():
            row = int(np.argmax(prefix == _NONE))
            gram = " ".join(self.model.vocabulary[w] for w in order.ngrams[row])
            raise GraphError(f"ngram_fst: the {n}-gram {gram!r} has no {n - 1}-gram context; re-estimate the model")
        self.prefix[n] = prefix
        self.keys[n] = prefix * self.size + last
        tails = {1: self.row1[last], n: np.arange(len(last))}
        for m in range(2, n):
            tails[m] = self._find(m, self.tails[n - 1][m - 1][prefix], last)
        self.tails[n] = tails

    def _find(self, n: int, prefix: IntArray, last: npt.NDArray[np.integer]) -> IntArray:  # type: ignore[type-arg]
        """Rows of the n-grams made of an (n-1)-gram row and a word; -1 where there is none."""
        wanted = prefix * self.size + last
        keys = self.keys[n]
        rows = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where((prefix >= 0) & (keys[rows] == wanted) if len(keys) else False, rows, _NONE)

    def _needed(self) -> Dict[int, npt.NDArray[np.bool_]]:
        """Which n-grams need a state: words follow, a backoff weight must be paid, or a longer context ends so."""
        needed: Dict[int, npt.NDArray[np.bool_]] = {}
        for n in range(self.model.order - 1, 0, -1):
            needed[n] = self.model.orders[n - 1].log10_backoff != 0.0
            needed[n][self.prefix[n + 1]] = True
            if n + 1 in needed:
                shorter = self.tails[n + 1][n][needed[n + 1]]
                needed[n][shorter[shorter >= 0]] = True
        return needed

    def _target(self, n: int, longest: int) -> IntArray:
        """State of the longest context that ends each n-gram, of at most `longest` words; 0 is the empty one."""
        target = np.zeros(len(self.tails[n][1]), dtype=np.int64)
        for m in range(1, longest + 1):
            rows = self.tails[n][m]
            found = np.where(rows >= 0, self.state[m][rows], _NONE)
            target = np.where(found >= 0, found, target)
        return target

    def _source(self, n: int) -> IntArray:
        return self.prefix[1] if n == 1 else self.state[n - 1][self.prefix[n]]

    def word_arcs(self, n: int, label: IntArray) -> Tuple[IntArray, IntArray, IntArray, npt.NDArray[np.float64]]:
        """source, target, label and score of the arcs that the n-grams make."""
        order = self.model.orders[n - 1]
        labels = label[order.ngrams[:, -1]]
        kept = (labels > 0) & (order.log10_prob > -np.inf)
        target = self._target(n, min(n, self.model.order - 1))
        return self._source(n)[kept], target[kept], labels[kept], order.log10_prob[kept] * LN10

    def backoff_arcs(self, label: int) -> Tuple[IntArray, IntArray, IntArray, npt.NDArray[np.float64]]:
        """The `#0` arcs of all states but the empty context."""
        parts = []
        for n in range(1, self.model.order):
            kept = self.state[n] >= 0
            target = self._target(n, n - 1)
            parts.append((self.state[n][kept], target[kept], self.model.orders[n - 1].log10_backoff[kept] * LN10))
        if not parts:
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty, empty, np.zeros(0)
        source, target, score = (np.concatenate(columns) for columns in zip(*parts))
        return source, target, np.full(len(source), label, dtype=np.int64), score

    def start(self) -> int:
        """State of the context `<s>`; the empty one where the model has none."""
        if BOS not in self.model.vocabulary or self.model.order == 1:
            return 0
        row = self.row1[self.model.vocabulary.index(BOS)]
        return max(int(self.state[1][row]), 0) if row >= 0 else 0

    def final_scores(self) -> npt.NDArray[np.float32]:
        """float32 (S,): log probability of `</s>` where an n-gram gives it."""
        finals = np.full(self.num_states, -np.inf, dtype=np.float32)
        if EOS not in self.model.vocabulary:
            return finals
        eos = self.model.vocabulary.index(EOS)
        for n, order in enumerate(self.model.orders, 1):
            ending = order.ngrams[:, -1] == eos
            finals[self._source(n)[ending]] = order.log10_prob[ending] * LN10
        return finals


def fst_ngram(graph: NgramFst, words: SymbolTable) -> NgramModel:
    """Reads an n-gram model back from G; the inverse of `ngram_fst` up to float32 rounding.

    Raises:
      GraphError: the acceptor is not an n-gram model with `#0` backoff arcs.
    """
    fst = graph.fst
    source = fst.source_state
    is_backoff = fst.input_label == graph.backoff_label
    shorter = dict(zip(source[is_backoff].tolist(), fst.next_state[is_backoff].tolist()))
    weight = dict(zip(source[is_backoff].tolist(), fst.score[is_backoff].tolist()))
    if len(shorter) != int(is_backoff.sum()):
        raise GraphError("fst_ngram: a state has two #0 arcs; expected an acceptor from ngram_fst")
    context = _histories(fst, graph.backoff_label, shorter)
    vocabulary, ids = _vocabulary(fst, words, graph.backoff_label)
    rows: List[Dict[Tuple[int, ...], float]] = [{} for _ in range(max(map(len, context.values()), default=0) + 1)]
    for s, label, score in zip(source.tolist(), fst.input_label.tolist(), fst.score.tolist()):
        if label != graph.backoff_label and s in context:
            rows[len(context[s])][tuple(ids[w] for w in (*context[s], label))] = score
    for s in np.flatnonzero(fst.final_score > -np.inf).tolist():
        rows[len(context[s])][(*(ids[w] for w in context[s]), ids[_EOS_LABEL])] = float(fst.final_score[s])
    rows[0].setdefault((ids[_BOS_LABEL],), -99 * LN10)
    backoffs = {tuple(ids[w] for w in context[s]): weight[s] for s in shorter if s in context}
    return NgramModel(vocabulary, tuple(_order(n, table, backoffs) for n, table in enumerate(rows, 1)))


_BOS_LABEL, _EOS_LABEL = -1, -2


def _histories(fst: FstArrays, backoff_label: int, shorter: Dict[int, int]) -> Dict[int, Tuple[int, ...]]:
    """Words of each state's context, found by walking from the start and from the empty context."""
    depth: Dict[int, int] = {}

    def depth_of(state: int) -> int:
        chain = []
        while state not in depth and state in shorter:
            chain.append(state)
            state = shorter[state]
        base = depth.setdefault(state, 0)
        for step, link in enumerate(reversed(chain), 1):
            depth[link] = base + step
        return base + len(chain)

    context = {fst.start: (_BOS_LABEL,) * depth_of(fst.start)}
    stack = [fst.start]
    while stack:
        state = stack.pop()
        for arc in range(int(fst.arc_offsets[state]), int(fst.arc_offsets[state + 1])):
            target, label = int(fst.next_state[arc]), int(fst.input_label[arc])
            if target in context:
                continue
            length = depth_of(target)
            full = context[state] if label == backoff_label else (*context[state], label)
            if length > len(full):
                raise GraphError(f"fst_ngram: state {target} has a longer context than the words that reach it")
            context[target] = full[len(full) - length :]
            stack.append(target)
    return context


def _vocabulary(fst: FstArrays, words: SymbolTable, backoff_label: int) -> Tuple[Tuple[str, ...], Dict[int, int]]:
    labels = [label for label in np.unique(fst.input_label).tolist() if label not in (0, backoff_label)]
    names = (BOS, EOS, *(words.name(label) for label in labels))
    ids = {_BOS_LABEL: 0, _EOS_LABEL: 1} | {label: k for k, label in enumerate(labels, 2)}
    return names, ids


def _order(n: int, table: Dict[Tuple[int, ...], float], backoffs: Dict[Tuple[int, ...], float]) -> NgramOrder:
    grams: Sequence[Tuple[int, ...]] = sorted(table)
    return NgramOrder(
        np.array(grams, dtype=np.int32).reshape(-1, n),
        np.array([table[gram] for gram in grams]) / LN10,
        np.array([backoffs.get(gram, 0.0) for gram in grams]) / LN10,
    )
