"""What alignments say about a lexicon: which pronunciations were chosen, and where there was silence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional, Tuple

from fsaasr.core.errors import LexiconError
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.lexicon.lexicon import Lexicon, Tokens

Said = Tuple[str, Tokens]
"""A word in one of its pronunciations."""

_NEAR = 1e-6
"""Seconds; times are multiples of a frame shift, up to rounding."""


@dataclass(frozen=True)
class PronunciationCounts:
    """Counts of the gaps between words; all that `learn_weights` needs.

    Attributes:
      gaps: how often `(left, right, silent)` stood in the alignments: a pronunciation or None for the beginning of an
        utterance, the next one or None for its end, and whether silence was between them.
    """

    gaps: Dict[Tuple[Optional[Said], Optional[Said], bool], int]

    @property
    def said(self) -> Dict[Said, int]:
        """How often each pronunciation was chosen."""
        counts: Counter[Said] = Counter()
        for (_, right, _), count in self.gaps.items():
            if right is not None:
                counts[right] += count
        return dict(counts)


def count_pronunciations(alignments: Iterable[Hypothesis], lexicon: Lexicon) -> PronunciationCounts:
    """Counts pronunciations and silences in alignments.

    Args:
      alignments: with words, tokens and times, e.g. of `fsaasr.decode.align`; silence is a token outside of words.
      lexicon: that of the alignments.

    Raises:
      LexiconError: a word whose tokens are none of its pronunciations, or a token outside of words that is not the
        silence, with utterance and time; or no word at all.
    """
    gaps: Counter[Tuple[Optional[Said], Optional[Said], bool]] = Counter()
    known = {(entry.word, entry.tokens) for entry in lexicon.pronunciations}
    silence = None if lexicon.silence is None else lexicon.silence.token
    for hypothesis in alignments:
        left: Optional[Said] = None
        for right, outside in _read(hypothesis):
            for token in outside:
                if token.name != silence:
                    _refuse(hypothesis, token, "a token outside of words, and not the lexicon's silence")
            if right is not None and (right[0].name, right[1]) not in known:
                _refuse(hypothesis, right[0], f"with the tokens {' '.join(right[1])!r}, none of its pronunciations")
            said = None if right is None else (right[0].name, right[1])
            gaps[left, said, bool(outside)] += 1
            left = said
    if not any(right for _, right, _ in gaps):
        raise LexiconError("count_pronunciations: the alignments hold no words; expected at least one")
    return PronunciationCounts(dict(gaps))


def _read(hypothesis: Hypothesis) -> Iterable[Tuple[Optional[Tuple[Span, Tokens]], List[Span]]]:
    """Each word with its tokens, and in the end None; with the tokens between it and what was before."""
    tokens = list(hypothesis.tokens)
    place = 0
    for word in hypothesis.words:
        begin = place
        while place < len(tokens) and tokens[place].start < word.start - _NEAR:
            place += 1
        first = place
        while place < len(tokens) and tokens[place].start < word.end - _NEAR:
            place += 1
        yield (word, tuple(token.name for token in tokens[first:place])), tokens[begin:first]
    yield None, tokens[place:]


def _refuse(hypothesis: Hypothesis, span: Span, problem: str) -> None:
    raise LexiconError(
        f"count_pronunciations: utterance {hypothesis.utterance!r} has {span.name!r} at {span.start:g} s {problem}; "
        "give the lexicon that it was aligned with"
    )
