"""What a report shows; all of it computed elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core import FloatArray, Hypothesis, Seconds
from fsaasr.evaluate import ErrorReport
from fsaasr.graph.context_tree import Node


@dataclass(frozen=True)
class RateRow:
    """One line of the table of error rates.

    Attributes:
      group: lines of one group stand together, under its name; the test set. utterances: its size.
      system, graph, engine: what was decoded, with which graph, by which search.
      wer, ci_low, ci_high: fractions.
      words, substitutions, insertions, deletions: counts.
      rtf: seconds of work for a second of audio.
    """

    group: str
    utterances: int
    system: str
    graph: str
    engine: str
    wer: float
    ci_low: float
    ci_high: float
    words: int
    substitutions: int
    insertions: int
    deletions: int
    rtf: float


@dataclass(frozen=True)
class Posteriors:
    """Frame posteriors of one model.

    Attributes:
      title: name of the model.
      probabilities: float32 (T, C), in 0 .. 1.
      names: C names of the columns.
      frame_shift: seconds between two rows.
      blank: column drawn in the background, or None.
    """

    title: str
    probabilities: FloatArray
    names: Tuple[str, ...]
    frame_shift: Seconds
    blank: Optional[int] = 0


@dataclass(frozen=True)
class AttentionMap:
    """Where an attention decoder looks for each token.

    Attributes:
      title: name of the model.
      weights: float32 (U, T), each row's sum 1.
      tokens: U names.
      frame_shift: seconds between two columns.
      monotonicity: share of the steps that look no earlier than the step before, 0 .. 1.
      entropy: mean entropy of the rows, in nats.
    """

    title: str
    weights: FloatArray
    tokens: Tuple[str, ...]
    frame_shift: Seconds
    monotonicity: float
    entropy: float


@dataclass(frozen=True)
class TransducerGrid:
    """How a transducer's paths go through frames and tokens.

    Attributes:
      title: name of the model.
      occupancy: float32 (T, U + 1), 0 .. 1: posterior of being at a frame after as many tokens.
      tokens: U names. frames: of each, where it most probably is said.
      frame_shift: seconds between two rows.
    """

    title: str
    occupancy: FloatArray
    tokens: Tuple[str, ...]
    frames: Tuple[int, ...]
    frame_shift: Seconds


@dataclass(frozen=True)
class UtteranceView:
    """One utterance as several models see it, on one time axis.

    Attributes:
      text: what was said.
      spectrogram: float32 (T, F) log mel energies. frame_shift: seconds between two rows.
      top_frequency: Hz at the upper end of the spectrogram.
      alignment: words and tokens with times. alignment_title: which model gave it.
      posteriors: of other models.
      attention: of attention decoders. grids: of transducers.
    """

    text: str
    spectrogram: FloatArray
    frame_shift: Seconds
    top_frequency: float
    alignment: Hypothesis
    alignment_title: str
    posteriors: Tuple[Posteriors, ...] = ()
    attention: Tuple[AttentionMap, ...] = ()
    grids: Tuple[TransducerGrid, ...] = ()


@dataclass(frozen=True)
class TrainingCurve:
    """How a training went.

    Attributes:
      title: name of the system.
      measure: what the values are, e.g. `log likelihood a frame`.
      values: one for each pass over the data, in order.
    """

    title: str
    measure: str
    values: Tuple[float, ...]


@dataclass(frozen=True)
class Occupancy:
    """What training data the states of an HMM hold.

    Attributes:
      title: name of the system.
      tokens: the token of each of C score columns. states: int (C,) which of its states a column is, 1, 2, ...
      frames: float (C,) of the training data. gaussians: int (C,).
      frame_shift: seconds a frame.
    """

    title: str
    tokens: Tuple[str, ...]
    states: npt.NDArray[np.int32]
    frames: npt.NDArray[np.float64]
    gaussians: npt.NDArray[np.int64]
    frame_shift: Seconds


@dataclass(frozen=True)
class TreeView:
    """The decision tree of a token's state.

    Attributes:
      title: what it is of.
      root: the tree.
      columns: names of its leaves, `yes` before `no`.
      frames: of the training data, of each leaf; empty where this is not known.
    """

    title: str
    root: Node
    columns: Tuple[str, ...]
    frames: Tuple[float, ...]


@dataclass(frozen=True)
class GraphView:
    """A drawing of a graph: an SVG element, and what it is of."""

    title: str
    svg: str


@dataclass(frozen=True)
class ErrorsView:
    """The errors of one decoding, utterance by utterance."""

    title: str
    report: ErrorReport


@dataclass(frozen=True)
class ReportData:
    """All that a report shows.

    Attributes:
      title: headline.
      introduction: what was done, in a sentence or two.
      rates: error rates; at least one.
      notes: to stand below them.
      utterance: one utterance, if there is one to show.
      graph: a graph, if there is one to show.
      training: how the trainings went. occupancy: of HMMs. trees: some of them.
      errors: of a few decodings.
      made: name and value of what it was made with: command, commit, versions.
      files: name and text of configuration files.
    """

    title: str
    introduction: str
    rates: Tuple[RateRow, ...]
    notes: Tuple[str, ...] = ()
    utterance: Optional[UtteranceView] = None
    graph: Optional[GraphView] = None
    training: Tuple[TrainingCurve, ...] = ()
    occupancy: Tuple[Occupancy, ...] = ()
    trees: Tuple[TreeView, ...] = ()
    errors: Tuple[ErrorsView, ...] = ()
    made: Tuple[Tuple[str, str], ...] = ()
    files: Tuple[Tuple[str, str], ...] = ()
