"""Writing ARPA files."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Iterator

from fsaasr.core.errors import GrammarError
from fsaasr.core.files import PathLike, atomic_path
from fsaasr.grammar.ngram_model import NgramModel


def _section(model: NgramModel, n: int) -> Iterator[str]:
    table = model.orders[n - 1]
    words = model.vocabulary
    columns = [[words[i] for i in column] for column in table.ngrams.T.tolist()]
    texts = columns[0] if n == 1 else list(map(" ".join, zip(*columns)))
    for prob, text, backoff in zip(table.log10_prob.tolist(), texts, table.log10_backoff.tolist()):
        yield f"{prob!r}\t{text}\t{backoff!r}\n" if backoff else f"{prob!r}\t{text}\n"


def arpa_lines(model: NgramModel) -> Iterator[str]:
    r"""The ARPA file's text, in pieces that end with a newline.

    Numbers have the fewest digits that read back as the same float64; back-offs of 0 are left out.
    """
    yield "\\data\\\n"
    for n, table in enumerate(model.orders, 1):
        yield f"ngram {n}={len(table)}\n"
    for n in range(1, model.order + 1):
        yield f"\n\\{n}-grams:\n"
        yield from _section(model, n)
    yield "\n\\end\\\n"


def write_arpa(model: NgramModel, path: PathLike) -> None:
    """Writes `model` as ARPA file, gzipped where the name ends in `.gz`; `read_arpa` gives the same model back.

    Raises:
      GrammarError: a word is empty or holds white space, so that it could not be read back.
    """
    for word in model.vocabulary:
        if word.split() != [word]:
            raise GrammarError(f"write_arpa: word {word!r} is empty or holds white space; ARPA cannot hold it")
    with atomic_path(path) as temporary:
        opener = gzip.open if Path(path).suffix == ".gz" else open
        with opener(temporary, "wt", encoding="utf-8", newline="\n") as file:
            file.writelines(arpa_lines(model))
