"""Questions about neighbours: sets of tokens, found by clustering or read from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np

from fsaasr.core.errors import FileFormatError
from fsaasr.core.files import PathLike
from fsaasr.lexicon.positions import BEGIN, END, SINGLE, phone_of, position_of
from fsaasr.train.context_statistics import ContextStatistics, Float64, log_likelihood

Question = Tuple[str, ...]


def cluster_questions(statistics: ContextStatistics, floor: Float64) -> List[Question]:
    """Questions that the data suggest: every single token, and every set on the way as the most similar ones join.

    Tokens are compared by their middle state. Again and again the two clusters join that lose the least likelihood
    when one Gaussian serves for both.

    Args:
      statistics: of the training data.
      floor: float64 (F,), least variances.

    Returns:
      Sets of tokens, each in the tokens' order, without the set of all.
    """
    tokens = statistics.tokens
    middles = (np.array(statistics.states) + 1) // 2
    middle = statistics.contexts[:, 1] == middles[statistics.contexts[:, 0] - 1]
    moments = np.zeros((len(tokens), statistics.moments.shape[1]))
    np.add.at(moments, statistics.contexts[middle, 0] - 1, statistics.moments[middle])
    clusters: List[Tuple[int, ...]] = [(n,) for n in range(len(tokens)) if moments[n, 0] > 0]
    questions: List[Question] = [(name,) for name in tokens]
    sums = [moments[n] for (n, *_) in clusters]
    while len(clusters) > 2:
        one, other = _most_similar(np.array(sums), floor)
        joined = tuple(sorted(clusters[one] + clusters[other]))
        total = sums[one] + sums[other]
        for place in (other, one):  # the later one first
            del clusters[place], sums[place]
        clusters.append(joined)
        sums.append(total)
        questions.append(tuple(tokens[n] for n in joined))
    return questions


def position_questions(tokens: Sequence[str]) -> List[Question]:
    """Questions for tokens that say their place in the word: places, the two begins and ends, and phones at any place.

    None where no token says one; see `lexicon.with_positions`.
    """
    groups: Dict[str, List[str]] = {}
    for token in tokens:
        position = position_of(token)
        if position is None:
            continue
        keys = [position, f"phone {phone_of(token)}"]
        keys += ["begins a word"] * (position in (BEGIN, SINGLE)) + ["ends a word"] * (position in (END, SINGLE))
        for key in keys:
            groups.setdefault(key, []).append(token)
    # Every single token is a question anyway.
    return [group for group in dict.fromkeys(map(tuple, groups.values())) if len(group) > 1]


def _most_similar(sums: Float64, floor: Float64) -> Tuple[int, int]:
    """The pair, in rising order, whose union loses the least likelihood."""
    alone = log_likelihood(sums, floor)
    loss = alone[:, None] + alone[None, :] - log_likelihood(sums[:, None] + sums[None, :], floor)
    loss[np.tril_indices(len(sums))] = np.inf
    one, other = np.unravel_index(int(np.argmin(loss)), loss.shape)
    return int(one), int(other)


def read_questions(path: PathLike, tokens: Sequence[str]) -> List[Question]:
    """Reads a file of questions: one a line, the tokens of the set separated by spaces; as Kaldi's `questions.txt`.

    Raises:
      FileFormatError: no such file, no question, or a token that is not in `tokens`; names the line.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(path, None, f"cannot be read ({error}); expected one set of tokens a line") from error
    questions = []
    for number, line in enumerate(lines, 1):
        names = line.split()
        unknown = [name for name in names if name not in tokens]
        if unknown:
            raise FileFormatError(path, number, f"token {unknown[0]!r} is not one of the lexicon's {len(tokens)}")
        if names:
            questions.append(tuple(sorted(set(names), key=list(tokens).index)))
    if not questions:
        raise FileFormatError(path, None, "no question; expected one set of tokens a line")
    return questions
