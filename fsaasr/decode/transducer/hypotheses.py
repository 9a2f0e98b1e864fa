"""Hypotheses of a beam search: token sequences, each with the sum over its alignments so far."""

from __future__ import annotations

import math
from typing import Any, Dict, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np

from fsaasr.decode.fusion import Float64, Fusion
from fsaasr.decode.transducer.contexts import Contexts
from fsaasr.decode.transducer.joint import TokenPath


class Spoken(NamedTuple):
    """A token sequence.

    Attributes:
      labels: its tokens. context: its number in `Contexts`.
      score: log-sum over the alignments found. best, frames: the best of them: score, and when it says each token.
      lm_score: of language models, without the end. lm_state, lm_row: of `Fusion`: what is added for what comes next.
    """

    labels: Tuple[int, ...]
    context: int
    score: float
    best: float
    frames: Tuple[int, ...]
    lm_score: float
    lm_state: Tuple[Any, ...]
    lm_row: Float64

    @property
    def total(self) -> float:
        """What the beam compares."""
        return self.score + self.lm_score

    def path(self) -> TokenPath:
        """Said to its end."""
        return TokenPath(self.labels, self.frames, self.score, self.lm_score + float(self.lm_row[0]))


def beginning(fusion: Fusion, columns: int) -> Spoken:
    """No token yet."""
    return Spoken((), 0, 0.0, 0.0, (), 0.0, fusion.start, fusion.scores([fusion.start], columns)[0])


def blank(spoken: Spoken, score: float) -> Spoken:
    """The same tokens, one blank later."""
    return spoken._replace(score=spoken.score + score, best=spoken.best + score)


def said(
    chosen: Sequence[Tuple[Spoken, int, float]], frames: Sequence[int], contexts: Contexts, fusion: Fusion
) -> List[Spoken]:
    """Hypotheses with one more token each.

    Args:
      chosen: hypothesis, token, and log probability of the token.
      frames: at which each is said.
      contexts, fusion: of the search.
    """
    if not chosen:
        return []
    labels = [label for _, label, _ in chosen]
    numbers = contexts.extend([spoken.context for spoken, _, _ in chosen], labels)
    states = fusion.advance([spoken.lm_state for spoken, _, _ in chosen], labels)
    rows = fusion.scores(states, len(chosen[0][0].lm_row))
    return [
        Spoken(
            (*spoken.labels, label),
            number,
            spoken.score + score,
            spoken.best + score,
            (*spoken.frames, frame),
            spoken.lm_score + float(spoken.lm_row[label]),
            state,
            row,
        )
        for (spoken, label, score), frame, number, state, row in zip(chosen, frames, numbers.tolist(), states, rows)
    ]


def merged(hypotheses: Iterable[Spoken]) -> List[Spoken]:
    """Equal token sequences as one: their alignments are summed."""
    found: Dict[Tuple[int, ...], Spoken] = {}
    for spoken in hypotheses:
        other = found.get(spoken.labels)
        if other is not None:
            better = spoken if spoken.best > other.best else other
            spoken = better._replace(score=float(np.logaddexp(spoken.score, other.score)))
        found[spoken.labels] = spoken
    return list(found.values())


def best_of(hypotheses: Sequence[Spoken], beam: int) -> List[Spoken]:
    """The best `beam`, best first; of equal ones the first."""
    alive = [spoken for spoken in hypotheses if spoken.total > -math.inf]
    return sorted(alive, key=lambda spoken: -spoken.total)[:beam]


def best_tokens(hypotheses: Sequence[Spoken], rows: Float64, most: int) -> List[Tuple[Spoken, int, float]]:
    """The best `most` ways to say one more token, of log probabilities (M, C), as `said` wants them."""
    totals = np.stack([spoken.total + spoken.lm_row[1:] for spoken in hypotheses]) + rows[:, 1:]
    flat = totals.ravel()
    order = np.argpartition(-flat, most)[:most] if most < len(flat) else np.arange(len(flat))
    order = order[flat[order] > -np.inf]
    order = order[np.lexsort((order, -flat[order]))]
    which, label = np.divmod(order, totals.shape[1])
    pairs = zip(which.tolist(), (label + 1).tolist())
    return [(hypotheses[n], token, float(rows[n, token])) for n, token in pairs]
