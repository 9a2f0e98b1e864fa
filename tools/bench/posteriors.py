"""Synthetic CTC posteriors: spikes among blanks, with the confusions of a recogniser that is often wrong.

Each phone is one or two frames whose best column is the phone, or, at the rate asked for, a phone like it
(substitution) or blank (deletion); blank frames lie between, some with a phone that nobody said (insertion).
What was really said stays close behind what beats it, so that lexicon and language model can repair most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import CorpusError
from tools.bench.scores_file import ScoreSet

FRAME_SHIFT = 0.04
"""Seconds; 25 frames a second, as after subsampling by four."""
SHORTEST, LONGEST = 12, 30
"""Words of an utterance."""

_BLANKS = (0.18, 0.36, 0.32, 0.14)
"""Probability of 0, 1, 2, 3 blank frames before a phone."""
_TWO_FRAMES = 0.25
_SHARES = {"substitution": 0.68, "deletion": 0.2, "insertion": 0.12}
_PEAK, _PEAK_SPREAD = 8.0, 1.0
"""Logit of a frame's best column; the others' are Gumbel noise of scale `_NOISE`."""
_NOISE = 0.6
_BLANK_FLOOR = 2.0
_GAP_WRONG, _GAP_RIGHT = 1.0, 4.0
"""Mean logits by which the second column lags, where the best one is wrong and where it is right."""
_CLASSES = (
    "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW",
    "P B T D K G",
    "F V TH DH S Z SH ZH CH JH HH",
    "M N NG L R W Y",
)
"""ARPAbet phones that are taken for one another; tokens of any other kind are all alike."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Quality:
    """What was made.

    Attributes:
      greedy_per: edit errors of the best column of each frame against the phones said, per phone.
      frames_per_phone: blanks included.
      blank_frames: share of the frames whose best column is blank.
      entropy: nats a frame.
    """

    greedy_per: float
    frames_per_phone: float
    blank_frames: float
    entropy: float


def synthesize(
    sentences: Sequence[str],
    pronunciations: Mapping[str, Sequence[Sequence[str]]],
    columns: Sequence[str],
    count: int,
    per: float,
    seed: int,
) -> Tuple[ScoreSet, Quality]:
    """Scores of `count` sentences that the lexicon has all words of.

    Args:
      sentences: words with spaces between them, in random order.
      pronunciations: of each word, any number of phone sequences; one is drawn for each word said.
      columns: names of the score columns, blank first.
      count: utterances, if there are as many such sentences.
      per: greedy phone error rate to aim at, in 0 .. 1.
      seed: of all that is drawn.

    Raises:
      CorpusError: no such sentence.
    """
    chosen = _choose(sentences, pronunciations, count)
    if not chosen:
        raise CorpusError("bench: the lexicon knows all words of no held-out sentence; give more text or WORDS=")
    rng = np.random.default_rng(seed)
    column = {name: index for index, name in enumerate(columns)}
    speaker = _Speaker(confusions(columns, rng), per, rng)
    said = [_phones(sentence, pronunciations, column, rng) for sentence in chosen]
    matrices = [speaker.matrix(phones) for phones in said]
    ids = tuple(f"utt{n:04d}" for n in range(len(chosen)))
    return ScoreSet(tuple(columns), FRAME_SHIFT, ids, matrices, tuple(chosen)), measure(matrices, said)


def _choose(sentences: Sequence[str], known: Mapping[str, Any], count: int) -> List[str]:
    """The first that suit; ones of other lengths where too few do."""
    pronounceable = [sentence for sentence in sentences if all(word in known for word in sentence.split())]
    pronounceable.sort(key=lambda sentence: not SHORTEST <= len(sentence.split()) <= LONGEST)
    return pronounceable[:count]


def _phones(
    sentence: str,
    pronunciations: Mapping[str, Sequence[Sequence[str]]],
    column: Mapping[str, int],
    rng: np.random.Generator,
) -> List[int]:
    phones: List[int] = []
    for word in sentence.split():
        variants = pronunciations[word]
        phones += [column[phone] for phone in variants[rng.integers(len(variants))]]
    return phones


def confusions(columns: Sequence[str], rng: np.random.Generator) -> Array:
    """(C, C) probabilities by which a phone is taken for another: for each, up to five of its class."""
    kind: Dict[str, int] = {phone: n for n, phones in enumerate(_CLASSES) for phone in phones.split()}
    table = np.zeros((len(columns), len(columns)))
    for phone in range(1, len(columns)):
        others = [other for other in range(1, len(columns)) if other != phone]
        alike = [other for other in others if kind.get(columns[other]) == kind.get(columns[phone])] or others
        few = rng.choice(alike, size=min(5, len(alike)), replace=False)
        table[phone, few] = rng.dirichlet(np.full(len(few), 0.7))
    return table


class _Speaker:
    """Draws frames."""

    def __init__(self, confusions: Array, per: float, rng: np.random.Generator) -> None:
        self.confusions = confusions
        self.rates = {event: share * per for event, share in _SHARES.items()}
        self.rng = rng

    def matrix(self, phones: Sequence[int]) -> npt.NDArray[np.float32]:
        """(T, C) log posteriors of one utterance."""
        logits: List[Array] = []
        last = 0
        for phone in phones:
            blanks = int(self.rng.choice(len(_BLANKS), p=_BLANKS))
            logits += [self._blank() for _ in range(max(blanks, int(phone == last)))]
            best, second, gap = self._event(phone)
            logits += [self._frame(best, second, gap) for _ in range(1 + int(self.rng.random() < _TWO_FRAMES))]
            last = best
        logits.append(self._blank())
        array = np.array(logits)
        return np.asarray(array - np.logaddexp.reduce(array, axis=1, keepdims=True), dtype=np.float32)

    def _event(self, phone: int) -> Tuple[int, int, float]:
        """Best and second column of a phone's frames, and the logits between them."""
        draw = self.rng.random()
        if draw < self.rates["deletion"]:
            return 0, phone, self._gap(_GAP_WRONG)
        other = int(self.rng.choice(len(self.confusions), p=self.confusions[phone]))
        if draw < self.rates["deletion"] + self.rates["substitution"]:
            return other, phone, self._gap(_GAP_WRONG)
        return phone, other, self._gap(_GAP_RIGHT)

    def _blank(self) -> Array:
        if self.rng.random() < self.rates["insertion"] / np.dot(_BLANKS, range(len(_BLANKS))):
            return self._frame(int(self.rng.integers(1, len(self.confusions))), 0, self._gap(_GAP_WRONG))
        return self._frame(0, 0, 0.0)

    def _frame(self, best: int, second: int, gap: float) -> Array:
        logits = self.rng.gumbel(0.0, _NOISE, size=len(self.confusions))
        logits[0] += _BLANK_FLOOR
        peak = max(_PEAK + self.rng.normal(0.0, _PEAK_SPREAD), float(logits.max()))
        logits[second] = peak - gap
        logits[best] = peak
        return np.asarray(logits)

    def _gap(self, mean: float) -> float:
        return 0.1 + float(self.rng.exponential(mean))


def measure(matrices: Sequence[Array], said: Sequence[Sequence[int]]) -> Quality:
    """How good the posteriors are, by themselves."""
    import kaldialign

    errors = 0
    for matrix, phones in zip(matrices, said):
        best = matrix.argmax(axis=1)
        spikes = best[np.flatnonzero(np.diff(best, prepend=-1))]
        errors += kaldialign.edit_distance(list(phones), spikes[spikes > 0].tolist())["total"]
    frames = np.concatenate(matrices)
    count = sum(len(phones) for phones in said)
    return Quality(
        errors / count,
        len(frames) / count,
        float((frames.argmax(axis=1) == 0).mean()),
        float(-(np.exp(frames) * frames).sum(axis=1).mean()),
    )
