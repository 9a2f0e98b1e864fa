"""Pronunciation and silence probabilities learned from alignments (Chen, Xu, Povey, Khudanpur 2015)."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Dict, Optional, Tuple

from fsaasr.core.config import STRICT
from fsaasr.core.errors import LexiconError
from fsaasr.lexicon.lexicon import Lexicon, Pronunciation, SilenceWeights
from fsaasr.lexicon.pronunciation_counts import PronunciationCounts, Said

FLOOR = 0.01
"""Least probability of silence and of none, and least correction; Kaldi's."""


@dataclass(frozen=True)
class WeightConfig:
    """How counts become weights; the defaults are Kaldi's.

    Attributes:
      pronunciation_smoothing: added to the count of each pronunciation, > 0; lambda 1 of the paper.
      silence_smoothing: how many gaps like all gaps are added to those after a pronunciation, > 0; lambda 2.
      correction_smoothing: added to both counts of a correction, > 0; lambda 3.
      max_normalize: divide a word's probabilities by the largest of them, so that words of many pronunciations are not
        punished.
      silence: learn silence probabilities, too, where the lexicon has silence.

    Raises:
      LexiconError: a smoothing that is not > 0.
    """

    __pydantic_config__ = STRICT

    pronunciation_smoothing: float = 1.0
    silence_smoothing: float = 2.0
    correction_smoothing: float = 2.0
    max_normalize: bool = True
    silence: bool = True

    def __post_init__(self) -> None:
        for name in ("pronunciation_smoothing", "silence_smoothing", "correction_smoothing"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise LexiconError(f"WeightConfig: {name} is {getattr(self, name)}, expected a number > 0")


def learn_weights(lexicon: Lexicon, counts: PronunciationCounts, config: Optional[WeightConfig] = None) -> Lexicon:
    """The lexicon with weights from counts, in place of those that it had; order and tokens stay.

    With C(.) for counts, p for one of the N pronunciations of w, `s` and `n` for silence and none, and `?` for either:

        P(p | w)      = (C(w, p) + lambda1) / (C(w) + N lambda1)
        P(s_r | w, p) = (C(w, p s) + lambda2 P(s)) / (C(w, p) + lambda2)
        F(s_l | w, p) = (C(s w, p) + lambda3) / (sum over v of C(v ? w, p) P(s_r | v) + lambda3), and likewise F(n_l)

    Probabilities of silence are kept within 0.01 .. 0.99 and corrections above 0.01. A pronunciation that the counts
    lack has the silence of the lexicon at large. The ends of sentences are learned as if they were a word. (Kaldi's
    script rounds to two digits, and leaves the beginnings of sentences out of the sums over v.)

    Args:
      lexicon: of the pronunciations that were counted, and maybe more.
      counts: of alignments.
      config: smoothing.

    Raises:
      LexiconError: counts of a pronunciation that the lexicon lacks.
    """
    config = config or WeightConfig()
    known = {(entry.word, entry.tokens) for entry in lexicon.pronunciations}
    for word, tokens in counts.said:
        if (word, tokens) not in known:
            raise LexiconError(
                f"learn_weights: the counts have {word!r} as {' '.join(tokens)!r}, which the lexicon "
                "lacks; count with it"
            )
    log_prob = _log_probabilities(lexicon, counts, config)
    entries = [replace(entry, log_prob=value) for entry, value in zip(lexicon.pronunciations, log_prob)]
    silence = lexicon.silence
    if not config.silence or silence is None:
        return Lexicon(tuple(entries), silence)
    weights, overall = _silence_weights(counts, config)
    usual = SilenceWeights(overall)

    def learned(key: Optional[Said]) -> Optional[SilenceWeights]:
        own = weights.get(key, usual)
        return None if own == usual else own

    return Lexicon(
        tuple(replace(entry, silence=learned((entry.word, entry.tokens))) for entry in entries),
        replace(silence, probability=overall, sentence=learned(None)),
    )


def _log_probabilities(lexicon: Lexicon, counts: PronunciationCounts, config: WeightConfig) -> Tuple[float, ...]:
    said = counts.said

    def smoothed(entry: Pronunciation) -> float:
        return said.get((entry.word, entry.tokens), 0) + config.pronunciation_smoothing

    def share(entry: Pronunciation) -> float:
        of_word = [smoothed(other) for other in lexicon.of(entry.word)]
        return smoothed(entry) / (max(of_word) if config.max_normalize else sum(of_word))

    return tuple(math.log(share(entry)) for entry in lexicon.pronunciations)


def _silence_weights(
    counts: PronunciationCounts, config: WeightConfig
) -> Tuple[Dict[Optional[Said], SilenceWeights], float]:
    """Weights of each pronunciation that was counted, of the ends of sentences under None, and P(s)."""
    total = sum(counts.gaps.values())
    overall = _within(sum(count for (_, _, silent), count in counts.gaps.items() if silent) / total)
    smoothing = config.silence_smoothing
    after = {
        key: _within((silent + smoothing * overall) / (none + silent + smoothing))
        for key, (none, silent) in _by_side(counts, left=True).items()
    }
    expected: Dict[Optional[Said], Tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for (left, right, _), count in counts.gaps.items():
        without, with_it = expected[right]
        expected[right] = (without + count * (1 - after[left]), with_it + count * after[left])
    extra = config.correction_smoothing
    weights = {}
    for key, found in _by_side(counts, left=False).items():
        not_before, before = ((f + extra) / (e + extra) for f, e in zip(found, expected[key]))
        weights[key] = SilenceWeights(after[key], max(FLOOR, before), max(FLOOR, not_before))
    return weights, overall


def _by_side(counts: PronunciationCounts, left: bool) -> Dict[Optional[Said], Tuple[int, int]]:
    """Gaps without and with silence, by the pronunciation left or right of them; None: utterances' ends."""
    found: Dict[Optional[Said], Tuple[int, int]] = defaultdict(lambda: (0, 0))
    for (before, behind, is_silent), count in counts.gaps.items():
        key = before if left else behind
        none, silent = found[key]
        found[key] = (none, silent + count) if is_silent else (none + count, silent)
    return found


def _within(probability: float) -> float:
    return min(max(probability, FLOOR), 1 - FLOOR)
