"""What the `kenlm` module answers, from an ARPA file, by looking up n-grams: for tests where the module is missing."""

from __future__ import annotations

from typing import NamedTuple

from fsaasr.grammar import read_arpa


class Full(NamedTuple):
    log_prob: float
    ngram_length: int
    oov: bool


class State:
    """The last words that can matter, as far as they are the beginning of an n-gram."""

    def __init__(self) -> None:
        self.words: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self.words == other.words

    def __hash__(self) -> int:
        return hash(self.words)


class Model:
    def __init__(self, path: str) -> None:
        model = read_arpa(path)
        self.order, self.known = model.order, set(model.vocabulary)
        self.ngrams: dict[tuple[str, ...], tuple[float, float]] = {}
        for table in model.orders:
            backoffs = table.log10_backoff if len(table.log10_backoff) else [0.0] * len(table.ngrams)
            for ids, prob, backoff in zip(table.ngrams.tolist(), table.log10_prob.tolist(), backoffs):
                self.ngrams[tuple(model.vocabulary[i] for i in ids)] = (prob, float(backoff))
        for length in range(self.order, 1, -1):
            for words in [words for words in self.ngrams if len(words) == length]:
                # Ends of n-grams that pruning took away come back, with what backing off gives.
                if words[1:] not in self.ngrams:
                    self.ngrams[words[1:]] = (self.score(words[1:-1], words[-1])[0], 0.0)
        self.begins = {words[:-1] for words in self.ngrams}

    def score(self, context: tuple[str, ...], word: str) -> tuple[float, tuple[str, ...]]:
        """Of a word, and the n-gram that says it."""
        score = 0.0
        while (*context, word) not in self.ngrams:
            score += self.ngrams.get(context, (0.0, 0.0))[1]
            context = context[1:]
        return score + self.ngrams[(*context, word)][0], (*context, word)

    def __contains__(self, word: str) -> bool:
        return word in self.known - {"<unk>"}

    def NullContextWrite(self, state: State) -> None:  # noqa: N802
        state.words = ()

    def BeginSentenceWrite(self, state: State) -> None:  # noqa: N802
        state.words = ("<s>",)

    def BaseScore(self, state: State, word: str, after: State) -> float:  # noqa: N802
        return self.BaseFullScore(state, word, after).log_prob

    def BaseFullScore(self, state: State, word: str, after: State) -> Full:  # noqa: N802
        word = word if word in self.known else "<unk>"
        score, said = self.score(state.words, word)
        kept = said[-(self.order - 1) :] if self.order > 1 else ()
        while kept and kept not in self.begins and self.ngrams.get(kept, (0.0, 0.0))[1] == 0.0:
            kept = kept[1:]
        after.words = kept
        return Full(score, len(said), word == "<unk>")
