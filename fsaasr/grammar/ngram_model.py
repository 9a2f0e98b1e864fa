"""`NgramModel`: a back-off language model as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Dict, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GrammarError
from fsaasr.core.files import content_hash
from fsaasr.grammar.estimation_report import EstimationReport
from fsaasr.grammar.ngram_index import IntArray, NgramIndex

if TYPE_CHECKING:
    from fsaasr.grammar.ngram_states import NgramStates

FloatArray = npt.NDArray[np.float64]

BOS = "<s>"
EOS = "</s>"
UNKNOWN_NAMES = ("<unk>", "<UNK>")
# Stands for log10 of a back-off weight of 0, as it does in ARPA files.
LOG10_NEVER = -99.0


def _frozen(values: npt.ArrayLike, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
    """A read-only view, so that the caller's own array stays writable."""
    view = np.ascontiguousarray(values, dtype=dtype).view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class NgramOrder:
    """All n-grams of one length.

    Attributes:
      ngrams: int32 (K, n): word ids, rows sorted lexicographically and distinct.
      log10_prob: float64 (K,): log10 p(last word | words before), at most 0; `-inf` is allowed.
      log10_backoff: float64 (K,): log10 of what a lower order's probability is multiplied with when this
        n-gram is the context; 0 where it is none, and throughout the highest order.
    """

    ngrams: npt.NDArray[np.int32]
    log10_prob: FloatArray
    log10_backoff: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "ngrams", _frozen(self.ngrams, np.int32))
        object.__setattr__(self, "log10_prob", _frozen(self.log10_prob, np.float64))
        object.__setattr__(self, "log10_backoff", _frozen(self.log10_backoff, np.float64))
        count = len(self.ngrams)
        if self.ngrams.ndim != 2 or self.log10_prob.shape != (count,) or self.log10_backoff.shape != (count,):
            raise GrammarError(
                f"NgramOrder: found shapes {self.ngrams.shape}, {self.log10_prob.shape}, "
                f"{self.log10_backoff.shape}; expected (K, n), (K,), (K,)"
            )

    def __len__(self) -> int:
        """K, the number of n-grams."""
        return len(self.ngrams)


@dataclass(frozen=True, eq=False)
class NgramModel:
    """A back-off n-gram model (Katz 1987): what an ARPA file holds.

    `log10 p(w | h)` is the n-gram's own value where `h w` is listed, else `backoff(h) + log10 p(w | h')` with
    `h'` the context without its first word; an unlisted context has back-off 0. Every n-gram's first n - 1
    words are themselves a listed n-gram; its last n - 1 need not be (models pruned by SRILM lack some), and
    then count as any unlisted n-gram.

    Attributes:
      vocabulary: the V words, in id order; with `<s>`, `</s>` and `<unk>` where the model has them.
      orders: n-grams of length 1 .. N; unigram row w is word w.
      estimation: how the model was made from text, where it was made here.

    Raises:
      GrammarError: a repeated word, a word without unigram, unsorted rows, an n-gram whose context is not
        listed, a NaN, a probability above 1 or an infinite back-off.
    """

    vocabulary: Tuple[str, ...]
    orders: Tuple[NgramOrder, ...]
    estimation: Optional[EstimationReport] = field(default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "vocabulary", tuple(self.vocabulary))
        object.__setattr__(self, "orders", tuple(self.orders))
        self._check_words()
        for n, table in enumerate(self.orders, 1):
            self._check_values(n, table)
        for n in range(2, self.order + 1):
            self._check_rows(n)

    def _check_words(self) -> None:
        size = len(self.vocabulary)
        if not size or not self.orders:
            raise GrammarError("NgramModel: found no words; a model has at least one unigram")
        if len(self.ids) != size:
            repeated = next(word for i, word in enumerate(self.vocabulary) if self.ids[word] != i)
            raise GrammarError(f"NgramModel: word {repeated!r} stands twice in the vocabulary; words are distinct")
        unigrams = self.orders[0].ngrams
        if unigrams.shape != (size, 1) or not np.array_equal(unigrams[:, 0], np.arange(size)):
            raise GrammarError(
                f"NgramModel: {len(unigrams)} unigrams for {size} words; expected row w to be word w, for every word"
            )

    def _check_values(self, n: int, table: NgramOrder) -> None:
        if table.ngrams.shape[1] != n:
            raise GrammarError(f"NgramModel: order {n} holds n-grams of {table.ngrams.shape[1]} words")
        if len(table) and not (table.ngrams.min() >= 0 and table.ngrams.max() < len(self.vocabulary)):
            raise GrammarError(f"NgramModel: order {n} has a word id outside 0 .. {len(self.vocabulary) - 1}")
        bad = ~(table.log10_prob <= 0) | ~np.isfinite(table.log10_backoff)
        if bad.any():
            row = int(np.argmax(bad))
            raise GrammarError(
                f"NgramModel: {self.text(n, row)!r} has log10 probability {table.log10_prob[row]} and back-off "
                f"{table.log10_backoff[row]}; expected at most 0, and finite"
            )

    def _check_rows(self, n: int) -> None:
        missing = self.index.context_rows[n - 1] < 0
        if missing.any():
            row = int(np.argmax(missing))
            raise GrammarError(
                f"NgramModel: the context of {self.text(n, row)!r} is not listed among the {n - 1}-grams; "
                "add it with probability and back-off"
            )
        if not self.index.ascending(n):
            raise GrammarError(f"NgramModel: rows of order {n} are not sorted and distinct; sort them by word ids")

    def __repr__(self) -> str:
        return f"NgramModel({' '.join(f'{len(table)} {n}-grams' for n, table in enumerate(self.orders, 1))})"

    @property
    def order(self) -> int:
        """N, the length of the longest n-grams."""
        return len(self.orders)

    @cached_property
    def ids(self) -> Dict[str, int]:
        """Word ids by word."""
        return {word: i for i, word in enumerate(self.vocabulary)}

    @cached_property
    def index(self) -> NgramIndex:
        """Finds n-grams; also gives each n-gram's context row."""
        return NgramIndex(len(self.vocabulary), [table.ngrams for table in self.orders])

    @cached_property
    def states(self) -> NgramStates:
        """The model as an automaton, for search; made once."""
        from fsaasr.grammar.ngram_states import NgramStates

        return NgramStates.of(self)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of words, n-grams, probabilities and back-offs."""
        # Adding 0 makes -0.0, which equals 0.0, the same bytes.
        arrays = [a for t in self.orders for a in (t.ngrams, t.log10_prob + 0.0, t.log10_backoff + 0.0)]
        return content_hash("\n".join(self.vocabulary), *(array.tobytes() for array in arrays))

    @property
    def bos_id(self) -> Optional[int]:
        """Id of `<s>`, or None."""
        return self.ids.get(BOS)

    @property
    def eos_id(self) -> Optional[int]:
        """Id of `</s>`, or None."""
        return self.ids.get(EOS)

    @property
    def unknown_id(self) -> Optional[int]:
        """Id of `<unk>` (or `<UNK>`), or None."""
        return next((self.ids[name] for name in UNKNOWN_NAMES if name in self.ids), None)

    def text(self, n: int, row: int) -> str:
        """The n-gram of order `n` in `row`, as words with spaces between."""
        return " ".join(self.vocabulary[word] for word in self.orders[n - 1].ngrams[row])

    def suffix_rows(self, n: int) -> IntArray:
        """Row in order n - 1 of the last n - 1 words of each n-gram (n > 1); -1 where they are not listed."""
        return self.index.find(self.orders[n - 1].ngrams[:, 1:])

    def log10_prob(self, words: Sequence[str], bos: bool = True, eos: bool = True) -> FloatArray:
        """Log10 probability of each word of a sentence.

        Args:
          words: the words; one that the model lacks counts as `<unk>`.
          bos: whether the sentence's start is known, so that the first word's context is `<s>`.
          eos: whether `</s>` is scored after the words.

        Returns:
          float64 (W,), or (W + 1,) with `eos`.

        Raises:
          GrammarError: a word is unknown and the model has no `<unk>`; `<s>` or `</s>` is needed and absent.
        """
        from fsaasr.grammar.scoring import score_sentences

        scored = score_sentences(self, [words], bos=bos, eos=eos)
        if self.unknown_id is None and scored.unknown.any():
            name = words[int(np.argmax(scored.unknown))]
            raise GrammarError(
                f"NgramModel.log10_prob: no unigram {name!r}, and the model has no <unk>; add the word or leave it out"
            )
        return scored.log10_prob
