"""Expectation steps of HMM training: frames of each state, over all alignments or over the best one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Sequence, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.scores import FloatArray
from fsaasr.decode import forward_backward, viterbi
from fsaasr.features import FeatureBatch
from fsaasr.graph import Topology, TranscriptCompiler, find_topology, moves
from fsaasr.lexicon import Lexicon
from fsaasr.models.diag_gmm import DiagGmm, Float64
from fsaasr.train.gmm_statistics import GmmStatistics
from fsaasr.train.hmm_graphs import TrainingGraph

CHUNK_FRAMES = 4096
"""Frames that a thread works on at a time."""


@dataclass(frozen=True, eq=False)
class HmmUtterance:
    """An utterance to train on.

    Attributes:
      id: utterance id.
      matrix: (T, F) features.
      graph: its transcript, all pronunciations and optional silences.
    """

    id: str
    matrix: FloatArray
    graph: TrainingGraph


@dataclass(frozen=True, eq=False)
class Occupancy:
    """What one utterance's alignments say.

    Attributes:
      total: log likelihood of all alignments, or of the best one.
      columns: (T, C) posterior of each column.
      moves: (C, W) expected transitions.
    """

    total: float
    columns: FloatArray
    moves: Float64


Aligner = Callable[[HmmUtterance, FloatArray, FloatArray], Occupancy]
"""Utterance, transitions (C, W) and scores (T, C) to occupancies."""


def hmm_utterances(features: FeatureBatch, lexicon: Lexicon, topology: Union[str, Topology]) -> List[HmmUtterance]:
    """Compiles each utterance's transcript.

    Raises:
      GraphError: a transcript without words, or with a word that the lexicon lacks; names the utterance.
    """
    compiler = TranscriptCompiler(lexicon, topology)
    known_moves = moves(find_topology(topology), lexicon.tokens)
    graphs: Dict[str, TrainingGraph] = {}
    utterances = []
    for name, text, matrix in zip(features.ids, features.texts, features.matrices):
        if text not in graphs:
            graphs[text] = TrainingGraph(compiler.compile(text.split(), name), known_moves)
        utterances.append(HmmUtterance(name, matrix, graphs[text]))
    return utterances


def expectation(
    gmm: DiagGmm, transitions: FloatArray, utterances: Sequence[HmmUtterance], method: str, threads: int = 1
) -> GmmStatistics:
    """One pass over the data.

    Args:
      gmm, transitions: the model.
      utterances: what to train on.
      method: `full-sum` or `viterbi`.
      threads: the result does not depend on it, bit for bit.

    Raises:
      DecodeError: an utterance with fewer frames than its transcript has states; names it.
    """
    aligner = ALIGNERS[method]
    statistics = GmmStatistics(gmm, transitions.shape[1])
    with ThreadPoolExecutor(threads) as pool:
        # Added up in the order of the data, whichever thread is done first.
        for part in pool.map(
            lambda chunk: _expectation_of_chunk(gmm, transitions, chunk, aligner), _chunks(utterances)
        ):
            statistics.add(part)
    return statistics


def _expectation_of_chunk(
    gmm: DiagGmm, transitions: FloatArray, chunk: Sequence[HmmUtterance], aligner: Aligner
) -> GmmStatistics:
    statistics = GmmStatistics(gmm, transitions.shape[1])
    for utterance in chunk:
        columns = utterance.graph.columns
        part = gmm.select(columns)
        gaussian_scores = part.gaussian_scores(utterance.matrix)
        part_scores = part.sum_columns(gaussian_scores)
        occupancy = aligner(utterance, transitions, _spread(part_scores, columns, gmm.num_columns))
        statistics.add_path(occupancy.total, occupancy.moves)
        collected = GmmStatistics(part)
        collected.add_frames(utterance.matrix, occupancy.columns[:, columns], gaussian_scores, part_scores)
        statistics.add_columns(columns, collected)
    return statistics


def column_scores(gmm: DiagGmm, utterance: HmmUtterance) -> FloatArray:
    """float32 (T, C) log likelihoods; only of columns that the transcript can visit, of many tied ones a few."""
    columns = utterance.graph.columns
    return _spread(gmm.select(columns).log_likelihoods(utterance.matrix), columns, gmm.num_columns)


def _spread(part_scores: FloatArray, columns: npt.NDArray[np.int64], num_columns: int) -> FloatArray:
    scores = np.zeros((len(part_scores), num_columns), dtype=np.float32)
    scores[:, columns] = part_scores
    return scores


def full_sum(utterance: HmmUtterance, transitions: FloatArray, scores: FloatArray) -> Occupancy:
    """Posteriors over all alignments. Baum et al. 1970."""
    result = forward_backward(utterance.graph.with_transitions(transitions), scores, utterance.id)
    return Occupancy(result.total, result.column_occupancy, utterance.graph.count(result.arc_occupancy))


def best_path(utterance: HmmUtterance, transitions: FloatArray, scores: FloatArray) -> Occupancy:
    """Ones for the best alignment."""
    best = viterbi(utterance.graph.with_transitions(transitions), scores, utterance.id)
    path = utterance.graph.column[best.arcs]
    columns = np.zeros_like(scores)
    columns[np.arange(len(scores)), path[path >= 0]] = 1.0
    taken = np.bincount(best.arcs, minlength=len(utterance.graph.column)).astype(np.float64)
    return Occupancy(best.score, columns, utterance.graph.count(taken))


ALIGNERS: Dict[str, Aligner] = {"full-sum": full_sum, "viterbi": best_path}
"""Expectation steps by name."""


def _chunks(utterances: Sequence[HmmUtterance]) -> Iterator[List[HmmUtterance]]:
    chunk: List[HmmUtterance] = []
    frames = 0
    for utterance in utterances:
        chunk.append(utterance)
        frames += len(utterance.matrix)
        if frames >= CHUNK_FRAMES:
            yield chunk
            chunk, frames = [], 0
    if chunk:
        yield chunk
