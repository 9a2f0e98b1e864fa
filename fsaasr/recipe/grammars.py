"""Grammars that a recipe names, for one lexicon."""

from __future__ import annotations

from typing import Iterable, Optional, Sequence, Union

import pynini

from fsaasr.core.errors import GrammarError
from fsaasr.core.files import PathLike
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import NgramModel, estimate_ngram, grammar_from_pynini, read_arpa, repeat, stochastic, write_arpa
from fsaasr.graph import word_loop


def bounded_loop(words: SymbolTable, min_words: int, max_words: int) -> pynini.Fst:
    """`min_words` to `max_words` words in a row, each choice (next word, or end) equally likely.

    Raises:
      GrammarError: bounds out of range.
    """
    return stochastic(grammar_from_pynini(repeat(words.names[1:], min_words, max_words), words))


def build_grammar(
    kind: str,
    words: SymbolTable,
    *,
    arpa: Optional[PathLike] = None,
    min_words: int = 1,
    max_words: int = 7,
) -> Union[pynini.Fst, NgramModel]:
    """The grammar of a `GrammarSpec` over the words of a lexicon.

    Args:
      kind: `loop`, `repeat` or `ngram`.
      words: the lexicon's words.
      arpa: file of the n-gram model, for `ngram`.
      min_words, max_words: for `repeat`.

    Raises:
      GrammarError: another kind, or an n-gram grammar without file.
    """
    if kind == "loop":
        return word_loop(words)
    if kind == "repeat":
        return bounded_loop(words, min_words, max_words)
    if kind == "ngram" and arpa is not None:
        return read_arpa(arpa)
    raise GrammarError(
        f"build_grammar: kind {kind!r} with file {arpa}; expected loop, repeat, or ngram with an ARPA file"
    )


def estimate_arpa(
    sentences: Iterable[Sequence[str]], arpa_path: PathLike, order: int = 3, extra_words: Iterable[str] = ()
) -> NgramModel:
    """Estimates an n-gram model and writes it as ARPA; arguments and errors as `estimate_ngram`."""
    model = estimate_ngram(sentences, order, extra_words=extra_words)
    write_arpa(model, arpa_path)
    return model
