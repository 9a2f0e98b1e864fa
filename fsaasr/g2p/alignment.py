"""Letters and tokens of a lexicon aligned by expectation maximization."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Dict, Iterable, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LexiconError
from fsaasr.g2p.config import G2pConfig
from fsaasr.lexicon import Lexicon, Pronunciation

_log = logging.getLogger(__name__)

Strings = Tuple[str, ...]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, order=True)
class Unit:
    """Letters that are said as tokens, together; also called a graphone or a joint multigram."""

    letters: str
    tokens: Strings


@dataclass(frozen=True)
class LetterAlignment:
    """What `align_letters` found.

    Attributes:
      entries: pronunciations that can be aligned, in lexicon order.
      units: the best sequence of units of each.
      left_out: pronunciations that no sequence of units can say, e.g. those of abbreviations.
      log_likelihood: before each pass and after the last, the log probability of a letter, all alignments summed.
    """

    entries: Tuple[Pronunciation, ...]
    units: Tuple[Tuple[Unit, ...], ...]
    left_out: Tuple[Pronunciation, ...]
    log_likelihood: Tuple[float, ...]


def align_letters(lexicon: Lexicon, config: G2pConfig) -> LetterAlignment:
    """Finds the units of a lexicon and the best sequence of them for each pronunciation.

    Expectation maximization of a unigram model of units that begins with equal probabilities of all units that occur
    in some alignment (Bisani and Ney 2008; Jiampojamarn, Kondrak, Sherif 2007). Log likelihood never falls.

    Args:
      lexicon: words and pronunciations; their probabilities do not count.
      config: sizes of units and number of passes.

    Raises:
      LexiconError: no pronunciation can be aligned.
    """
    from fsaasr.g2p.em_kernels import best_alignments, expected_counts

    entries = lexicon.pronunciations
    strings = _Strings(entries, config)
    sizes = np.array(config.sizes, dtype=np.int64)
    prob = np.ones((len(strings.letters), len(strings.tokens)))
    counts = np.zeros_like(prob)
    # Ones that are scaled down, so that the number of alignments cannot overflow.
    fits = np.isfinite(expected_counts(strings.arrays, sizes, prob, 1.0 / len(sizes), counts))
    if not fits.any():
        raise LexiconError(
            f"align_letters: none of {len(entries)} pronunciations can be aligned with units of up to "
            f"{config.max_letters} letters and {config.max_tokens} tokens; allow larger units or deletions"
        )
    if not fits.all():
        strings = _Strings([entry for entry, fit in zip(entries, fits) if fit], config)
        prob = np.ones((len(strings.letters), len(strings.tokens)))
        counts = np.zeros_like(prob)
        expected_counts(strings.arrays, sizes, prob, 1.0 / len(sizes), counts)
    prob = (counts > 0) / np.count_nonzero(counts)
    history: List[float] = []
    scale = float(np.count_nonzero(counts))
    for _ in range(config.iterations + 1):
        counts = np.zeros_like(prob)
        each = expected_counts(strings.arrays, sizes, prob, scale, counts)
        history.append(float(each.sum() / strings.num_letters))
        scale = float(np.exp(-history[-1]))
        gained = np.inf if len(history) < 2 else history[-1] - history[-2]
        if len(history) > config.iterations or gained < config.tolerance:
            break
        prob = counts / counts.sum()
    _log.info("letters aligned in %d passes, log likelihood of a letter %.4f", len(history) - 1, history[-1])
    with np.errstate(divide="ignore"):
        offsets, pairs = best_alignments(strings.arrays, sizes, np.log(prob))
    return LetterAlignment(
        tuple(entry for entry, fit in zip(entries, fits) if fit),
        strings.units(offsets, pairs),
        tuple(entry for entry, fit in zip(entries, fits) if not fit),
        tuple(history),
    )


class _Strings:
    """Numbers for the strings of letters and tokens of which units can be made."""

    def __init__(self, entries: Sequence[Pronunciation], config: G2pConfig) -> None:
        self.letters, letter_offsets, letter_strings = _number([tuple(e.word) for e in entries], config.max_letters)
        self.tokens, token_offsets, token_strings = _number([e.tokens for e in entries], config.max_tokens)
        self.arrays = (letter_offsets, token_offsets, letter_strings, token_strings)
        self.num_letters = int(letter_offsets[-1])

    def units(self, offsets: Int64, pairs: Int64) -> Tuple[Tuple[Unit, ...], ...]:
        """Units by word, of pairs of strings' numbers."""
        known: Dict[Tuple[int, int], Unit] = {}
        made = []
        for letters, tokens in pairs.tolist():
            if (letters, tokens) not in known:
                known[letters, tokens] = Unit("".join(self.letters[letters]), self.tokens[tokens])
            made.append(known[letters, tokens])
        return tuple(tuple(made[begin:end]) for begin, end in zip(offsets[:-1], offsets[1:]))


def _number(sequences: Iterable[Strings], longest: int) -> Tuple[List[Strings], Int64, Int64]:
    """All strings of up to `longest` symbols; offsets of the sequences; the strings that begin at each symbol.

    The strings that would leave their sequence are numbered 0, as is the empty one; kernels never ask for them.
    """
    numbers: Dict[Strings, int] = {(): 0}
    offsets, rows = [0], []
    for sequence in sequences:
        for i in range(len(sequence)):
            inside = [numbers.setdefault(sequence[i : i + n], len(numbers)) for n in range(1, longest + 1)]
            rows.append([0, *(number if i + n < len(sequence) else 0 for n, number in enumerate(inside))])
        offsets.append(len(rows))
    # One more, for the empty string at the end.
    rows.append([0] * (longest + 1))
    return list(numbers), np.array(offsets, dtype=np.int64), np.ascontiguousarray(np.array(rows, dtype=np.int64).T)
