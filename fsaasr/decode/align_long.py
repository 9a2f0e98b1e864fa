"""Alignment of long audio in bounded memory: a pruned search finds pauses, exact search aligns what lies between."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from fsaasr.core.errors import DecodeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Scores, Seconds
from fsaasr.decode.align import align
from fsaasr.decode.dead_ends import explain_no_path
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.pauses import cut_at_pauses
from fsaasr.decode.search import Search
from fsaasr.decode.search_tables import check_columns, frozen_matrix
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.transcript import TranscriptCompiler

LONG_TRELLIS = 1 << 24
"""Cells, frames times states of the transcript's graph, from which on audio counts as long: 128 MiB in exact search."""

WIDER = (1.0, 4.0, 16.0, 64.0)
"""Factors of the beam, tried one after another."""


def is_long(graph: DecodingGraph, frames: int) -> bool:
    """Whether `align_long` should be used in place of `align`."""
    return (frames + 1) * graph.fst.num_states > LONG_TRELLIS


def align_long(
    compiler: TranscriptCompiler,
    words: Sequence[str],
    scores: Scores,
    beam: float = 300.0,
    confidence_scale: Optional[float] = None,
) -> Hypothesis:
    """Aligns one long utterance with its transcript.

    A search within a beam, which remembers only steps that living paths go back to, shows where pauses are. It is
    repeated with four times the beam until that finds no better path: strong evidence that the path is the best one,
    though no proof. Between the middles of pauses, `align` then finds the best path exactly, with confidences that take
    the cuts for certain. So words have the times of exact search over everything where the cuts lie in true pauses.
    Memory grows with frames times states within the beam, not with frames times words; and with the longest stretch
    without pause, which `align` must hold.

    Args:
      compiler: makes the graphs of transcripts.
      words: of all the audio, in order.
      scores: of one utterance.
      beam: log score by which a state may lag behind the best of its frame; 300 keeps some tens of states.
      confidence_scale: as in `align`.

    Returns:
      One hypothesis, as `align` gives it.

    Raises:
      DecodeError: not one utterance, a beam that is not above 0, or no path, or none that stays the best, within 64
        times the beam.
      GraphError: as `TranscriptCompiler.compile`.
    """
    if len(scores) != 1 or not beam > 0:
        raise DecodeError(f"align_long: {len(scores)} utterances, beam {beam}; expected one, and a beam > 0")
    name, shift = scores.ids[0], scores.frame_shift
    matrix = frozen_matrix(scores.utterance(0), name)
    graph = compiler.compile(words, name)
    check_columns(graph, matrix.shape[1])
    coarse = _search(graph, matrix, name, shift, beam)
    parts: List[Tuple[Seconds, Hypothesis]] = []
    for piece in cut_at_pauses(coarse.words, len(matrix) * shift):
        begin, end = round(piece.start / shift), round(piece.end / shift)
        graph = compiler.compile([word.name for word in piece.words], name)
        own = Scores.from_matrices([matrix[begin:end]], shift, scores.kind, [name])
        parts.append((begin * shift, align([graph], own, confidence_scale=confidence_scale)[0]))
    return Hypothesis(
        name,
        tuple(word.shifted(start) for start, part in parts for word in part.words),
        tuple(token.shifted(start) for start, part in parts for token in part.tokens),
        tuple(column for _, part in parts for column in part.columns),
        sum(part.acoustic_score for _, part in parts),
        sum(part.graph_score for _, part in parts),
    )


def _search(graph: DecodingGraph, matrix: FloatArray, name: str, shift: Seconds, beam: float) -> Hypothesis:
    """The best path, once a beam four times as wide finds none better."""
    before: Optional[Hypothesis] = None
    for width in (beam * factor for factor in WIDER):
        options = SearchOptions(search_beam=width, lattice_beam=0.0, max_active=graph.fst.num_states + 1)
        search = Search(graph, options, links=False)
        search.advance(matrix)
        search.finish()
        best = search.best(name, shift)
        if before is not None and best.reached_final and best.score <= before.score:
            return before
        before = best if best.reached_final else None
    if before is not None:
        why = "wider beams still find better paths; check the transcript, or begin with a wider one"
    elif search.reached < len(matrix):
        why = f"all paths end by {search.reached * shift:.2f} s; {explain_no_path(graph, matrix, name)}"
    else:
        why = f"no path reaches the transcript's end; {explain_no_path(graph, matrix, name)}"
    raise DecodeError(f"align_long: utterance {name!r}, beam {width:g}: {why}")
