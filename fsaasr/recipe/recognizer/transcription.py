"""`Transcription`: what was recognized in one audio, utterance by utterance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Tuple

from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.scores import Seconds
from fsaasr.lattice import ScoredPaths


@dataclass(frozen=True)
class Utterance:
    """A stretch of audio that was searched by itself.

    Attributes:
      start, end: seconds from the audio's beginning.
      hypothesis: words and tokens; their times are those of the audio, too. Its rule is `fallback` where no word was
        found, and what was said is spelt.
      flags: troubles of the search, as in `Decoded`; empty is best.
      nbest: as many of the best hypotheses as were asked for, the best one among them.
      lattice: where it was asked for; its times begin at `start`, its scores have the acoustic scale applied.
      ended_by: rule by which a stream said that the speaker had finished; None where the audio ended.
    """

    start: Seconds
    end: Seconds
    hypothesis: Hypothesis
    flags: Tuple[str, ...] = ()
    nbest: Tuple[Hypothesis, ...] = ()
    lattice: Optional[ScoredPaths] = None
    ended_by: Optional[str] = None


@dataclass(frozen=True)
class Transcription:
    """What was recognized in one audio.

    Attributes:
      name: the file, or the id of the cut or recording.
      duration: seconds.
      utterances: one, or several of audio that was cut or that a stream divided.
      resampled_from: Hz of the audio where it is not the model's rate, else None.
    """

    name: str
    duration: Seconds
    utterances: Tuple[Utterance, ...]
    resampled_from: Optional[int] = None

    @property
    def hypothesis(self) -> Hypothesis:
        """All utterances as one."""
        return joined(self.name, [utterance.hypothesis for utterance in self.utterances])

    @property
    def words(self) -> Tuple[Span, ...]:
        """All words, with times from the audio's beginning, and confidences where there are some."""
        return tuple(word for utterance in self.utterances for word in utterance.hypothesis.words)

    @property
    def text(self) -> str:
        """The words with spaces between them."""
        return " ".join(word.name for word in self.words)

    @property
    def flags(self) -> Tuple[str, ...]:
        """Troubles of the searches, each once."""
        return tuple(sorted({flag for utterance in self.utterances for flag in utterance.flags}))

    def to_dict(self) -> Dict[str, Any]:
        """As JSON-ready values: the words and tokens of all, and of each utterance what it has of its own."""
        utterances = [
            {
                "start": utterance.start,
                "end": utterance.end,
                "text": utterance.hypothesis.text,
                "rule": utterance.hypothesis.rule,
                "flags": list(utterance.flags),
                "ended_by": utterance.ended_by,
                "nbest": [hypothesis.to_dict() for hypothesis in utterance.nbest],
            }
            for utterance in self.utterances
        ]
        whole = {**self.hypothesis.to_dict(), "utterance": self.name}
        return {**whole, "duration": self.duration, "flags": list(self.flags), "utterances": utterances}


def joined(name: str, parts: Sequence[Hypothesis]) -> Hypothesis:
    """One hypothesis of several in a row, whose times are those of the whole already."""
    if len(parts) == 1 and parts[0].utterance == name:
        return parts[0]
    return Hypothesis(
        name,
        tuple(word for part in parts for word in part.words),
        tuple(token for part in parts for token in part.tokens),
        tuple(column for part in parts for column in part.columns),
        sum(part.acoustic_score for part in parts),
        sum(part.graph_score for part in parts),
        all(part.reached_final for part in parts),
    )
