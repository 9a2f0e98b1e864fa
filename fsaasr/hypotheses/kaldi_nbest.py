"""N-best lists as Kaldi has them: path k of utterance `u` is `u-k`, k from 1."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Sequence

from fsaasr.core.errors import HypothesisError, HypothesisFileError
from fsaasr.core.files import PathLike, write_text
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.hypotheses.kaldi_text import read_transcripts, write_transcripts

COSTS = {"ac_cost": "acoustic_score", "lm_cost": "graph_score"}
"""Kaldi's tables of costs, and the scores whose negatives they hold."""


def numbered(lists: Mapping[str, Sequence[Hypothesis]]) -> List[Hypothesis]:
    """The hypotheses of n-best lists, best first, under ids of their own: `u-1`, `u-2`, ...; any format takes them."""
    return [
        replace(hypothesis, utterance=f"{utterance}-{rank}")
        for utterance, hypotheses in lists.items()
        for rank, hypothesis in enumerate(hypotheses, 1)
    ]


def grouped(hypotheses: Iterable[Hypothesis]) -> Dict[str, List[Hypothesis]]:
    """Inverse of `numbered`, whatever the order.

    Raises:
      HypothesisError: an id without number, or a list whose numbers are not 1, 2, ...
    """
    ranked: Dict[str, Dict[int, Hypothesis]] = {}
    for hypothesis in hypotheses:
        utterance, dash, rank = hypothesis.utterance.rpartition("-")
        if not (dash and rank.isascii() and rank.isdigit()):
            raise HypothesisError(f"grouped: {hypothesis.utterance!r} has no number; expected an id like 'utterance-1'")
        ranked.setdefault(utterance, {})[int(rank)] = replace(hypothesis, utterance=utterance)
    for utterance, paths in ranked.items():
        if sorted(paths) != list(range(1, len(paths) + 1)):
            raise HypothesisError(f"grouped: {utterance!r} has the paths {sorted(paths)[:10]}; expected 1, 2, ...")
    return {utterance: [path for _, path in sorted(paths.items())] for utterance, paths in ranked.items()}


def write_nbest(lists: Mapping[str, Sequence[Hypothesis]], folder: PathLike) -> None:
    """Writes Kaldi's tables `text`, `ac_cost` and `lm_cost`; the latter hold negated scores.

    Raises:
      HypothesisError: names that hold white space, or a hypothesis without scores.
    """
    hypotheses = numbered(lists)
    for hypothesis in hypotheses:
        if math.isnan(hypothesis.score):
            raise HypothesisError(f"write_nbest: {hypothesis.utterance!r} has no scores, which these tables hold")
    names = {hypothesis.utterance: [word.name for word in hypothesis.words] for hypothesis in hypotheses}
    write_transcripts(names, Path(folder) / "text")
    for table, score in COSTS.items():
        costs = {hypothesis.utterance: -getattr(hypothesis, score) for hypothesis in hypotheses}
        write_text(Path(folder) / table, "".join(f"{name} {costs[name]!r}\n" for name in sorted(costs)))


def read_nbest(folder: PathLike) -> Dict[str, List[Hypothesis]]:
    """Reads what `write_nbest` or Kaldi's `nbest-to-linear` wrote; words have no times.

    Raises:
      HypothesisFileError: a malformed line, or a path that one table lacks.
      HypothesisError: as `grouped`.
    """
    texts = read_transcripts(Path(folder) / "text")
    costs = {table: _read_costs(Path(folder) / table, texts) for table in COSTS}
    return grouped(
        Hypothesis(
            path,
            tuple(Span(word, 0.0, 0.0) for word in words),
            (),
            (),
            -costs["ac_cost"][path],
            -costs["lm_cost"][path],
        )
        for path, words in texts.items()
    )


def _read_costs(path: Path, texts: Mapping[str, Sequence[str]]) -> Dict[str, float]:
    costs: Dict[str, float] = {}
    for name, fields in read_transcripts(path).items():
        try:
            (cost,) = map(float, fields)
        except ValueError:
            cost = math.nan
        if math.isnan(cost):
            raise HypothesisFileError(path, None, f"{name!r} has {' '.join(fields)!r}, expected one cost")
        costs[name] = cost
    if costs.keys() != texts.keys():
        odd = sorted(costs.keys() ^ texts.keys())[0]
        raise HypothesisFileError(path, None, f"{odd!r} stands in this table or in `text` only; write them together")
    return costs
