"""Grammars that a recipe names, for one lexicon."""

from __future__ import annotations

from typing import Iterable, Optional, Sequence, Union

import pynini

from fsaasr.core.errors import GrammarError
from fsaasr.core.files import PathLike
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import (
    NgramModel,
    estimate_ngram,
    grammar_from_pynini,
    load_grammar,
    read_arpa,
    repeat,
    stochastic,
    write_arpa,
)
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
    source: Optional[PathLike] = None,
    min_words: int = 1,
    max_words: int = 7,
) -> Union[pynini.Fst, NgramModel]:
    """The grammar of a `GrammarSpec` over the words of a lexicon.

    Args:
      kind: `loop`, `repeat`, `ngram` or `file`.
      words: the lexicon's words.
      arpa: file of the n-gram model, for `ngram`.
      source: for `file`, as `fsaasr.grammar.load_grammar` takes it.
      min_words, max_words: for `repeat`.

    Raises:
      GrammarError: another kind, a grammar without its file, or as `load_grammar`.
    """
    if kind == "loop":
        return word_loop(words)
    if kind == "repeat":
        return bounded_loop(words, min_words, max_words)
    if kind == "ngram" and arpa is not None:
        return read_arpa(arpa)
    if kind == "file" and source is not None:
        return load_grammar(source, words)
    raise GrammarError(
        f"build_grammar: kind {kind!r} with file {arpa or source}; expected loop, repeat, ngram with an ARPA file, or "
        "file with a grammar"
    )


def estimate_arpa(
    sentences: Iterable[Sequence[str]], arpa_path: PathLike, order: int = 3, extra_words: Iterable[str] = ()
) -> NgramModel:
    """Estimates an n-gram model and writes it as ARPA; arguments and errors as `estimate_ngram`."""
    model = estimate_ngram(sentences, order, extra_words=extra_words)
    write_arpa(model, arpa_path)
    return model
