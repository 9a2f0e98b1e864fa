"""Streaming on k2: `K2Decoder`, and many of them in one call.

k2 is called once for each block of a stream's frames, wherever its chunks begin and end, and what is left is
searched from the last block's state when a result is asked for. So no result depends on the chunks.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from fsaasr.core.errors import ConfigError, DecodeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.core.stack import import_k2
from fsaasr.decode.blank_frames import only_blank_rows
from fsaasr.decode.expanded import expanded
from fsaasr.decode.k2_engine import search_device
from fsaasr.decode.k2_lattice import NO_ARCS, K2Arcs, final_scores, lattice_of
from fsaasr.decode.k2_online import Limits, search_on, start_of_stream
from fsaasr.decode.k2_stream_graph import stream_graph
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.search_tables import check_columns, frozen_matrix
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.k2_graph import to_k2
from fsaasr.graph.token_graph import TokenGraph
from fsaasr.lattice.build import Utterance
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.readout import PathArcs, read_out

BLOCK_FRAMES = 32
"""Frames that a stream advances by in one call of k2, at first."""
GROWTH = 16
"""A block is at least this part of the stream: k2 copies all that it kept in each call, so time stays linear."""


class K2Decoder:
    """Searches one utterance while its scores come in; as `Decoder`, with engine `k2`.

    Its lattice is that of k2's own online search. Where neither beam nor `max_active` cuts anything, that is the
    lattice of `decode` with engine `k2`. Else the two may differ at the margin: k2 widens its beam towards
    `max_active` / 2 states on the last frames of each block, not of the utterance alone, and each block begins with
    the search beam itself. Where the beam cuts, scores count to 1/64 nat; what comes out has exact scores.

    Keeps the arcs within the search beam, for all frames so far; asking for a result costs time in proportion.

    Args:
      graph: what may be said.
      options: engine `k2`, and how wide to search.
      frame_shift: seconds a frame.
      utterance: its id.

    Raises:
      ConfigError: another engine, or a frame shift that is not positive.
      GraphError, GraphBudgetError, MissingDependencyError: as engine `k2` of `decode`.
    """

    def __init__(
        self,
        graph: Union[DecodingGraph, TokenGraph],
        options: SearchOptions,
        frame_shift: Seconds,
        utterance: str = "utt0",
    ) -> None:
        if options.engine != "k2":
            raise ConfigError(f"K2Decoder: engine is {options.engine!r}, expected 'k2', k2's engine for streams")
        if not frame_shift > 0:
            raise ConfigError(f"K2Decoder: frame_shift is {frame_shift}; expected seconds > 0")
        self.utterance, self.frame_shift, self.options = utterance, frame_shift, options
        self._limits = Limits.of(options)
        self._graph = expanded(graph)
        self._converted = to_k2(self._graph)  # checks the graph: k2 itself would read beyond the columns
        self._searched = _Searched(np.zeros((0, self._graph.num_columns), dtype=np.float32))
        self._lattice: Optional[Lattice] = None

    @property
    def frames(self) -> int:
        """Frames so far."""
        return self._searched.num_frames

    def advance(self, scores: Any) -> None:
        """Takes the next frames.

        Args:
          scores: (T, C) log scores, T >= 1; numpy, or torch on the device to search on.

        Raises:
          ScoresError: another number of columns, no frame, NaN or +inf.
          DecodeError: the utterance has been finalized.
        """
        advance_k2([self], [scores])

    def partial(self) -> Hypothesis:
        """The best path so far, whether or not it may end here; without a word where there is no frame yet.

        Where the search has died, the best path of the blocks before.
        """
        from fsaasr.lattice.kernels import best_arcs

        found, _ = self._searched.so_far(self._limits)
        fst, paths = self._graph.fst, len(self._converted.path_end)
        score = np.where(self._ends(found), -np.inf, found.score)
        _, best = best_arcs(found.source, found.target, score, final_scores(found))
        emits = found.path[best] < paths
        arcs, _ = self._converted.arcs_of(found.path[best][emits])
        labels = fst.input_label[arcs]
        spoken = self._searched.matrix[found.frame[best][emits], labels[labels > 0] - 1]
        flags = None if self._graph.arc_flags is None else self._graph.arc_flags[arcs]
        sums = float(spoken.sum(dtype=np.float64)), float(fst.score[arcs].sum(dtype=np.float64))
        path = PathArcs(labels, fst.output_label[arcs], flags, *sums)
        return read_out(path, self._graph, self.utterance, self.frame_shift, reached_final=False)

    def finalize(self) -> Lattice:
        """The lattice of the whole utterance, and the end of the stream; asked again, the same.

        Where k2 keeps no path to a final state, it is the native engine's, flagged FROM_FALLBACK.

        Raises:
          DecodeError: there was no frame.
        """
        if self._lattice is None:
            if not self.frames:
                raise DecodeError(f"K2Decoder: utterance {self.utterance!r} has no frame; drop empty utterances")
            found, alive = self._searched.so_far(self._limits)
            complete = NO_ARCS
            if alive:
                stops = found.path >= len(self._converted.path_end)
                complete = found._replace(score=np.where(stops, -np.inf, found.score))
            whole = Utterance(self.utterance, self._searched.matrix, self.frame_shift)
            self._lattice = lattice_of(self._graph, self._converted, whole, complete, self.options)
        return self._lattice

    def _ends(self, found: K2Arcs) -> Any:
        """bool (A,): arcs that end a path for good."""
        ends = found.path < len(self._converted.path_end)
        ends[ends] = self._converted.path_end[found.path[ends]] >= 0
        return ends

    def _checked(self, scores: Any) -> Tuple[FloatArray, Any]:
        """A chunk on the host, scaled, and the device to search it on."""
        if self._lattice is not None:
            raise DecodeError(f"K2Decoder: utterance {self.utterance!r} has been finalized; make another decoder")
        is_tensor = hasattr(scores, "detach")
        matrix = frozen_matrix(scores.detach().cpu().numpy() if is_tensor else scores, self.utterance)
        check_columns(self._graph, matrix.shape[1])
        if self.options.blank_threshold is not None:
            matrix = only_blank_rows(self._graph, matrix, self.options.blank_threshold)
        if self.options.acoustic_scale != 1.0:
            matrix = matrix * np.float32(self.options.acoustic_scale)
        return matrix, search_device(import_k2(), scores) if is_tensor else "cpu"

    def _append(self, matrix: FloatArray, device: Any) -> None:
        if self._searched.graph is None:
            self._searched.graph = stream_graph(self._converted, self.options.search_beam, device)
        self._searched.append(matrix)


def advance_k2(decoders: Sequence[K2Decoder], matrices: Sequence[Any]) -> None:
    """Advances decoder n by `matrices[n]`; those with the same graph and options share k2's calls.

    Args:
      decoders: N of them, each once.
      matrices: N of (T_n, C), as `K2Decoder.advance` takes them.

    Raises:
      DecodeError: not one matrix for each decoder, a decoder twice, or one that has been finalized.
      ScoresError: as `K2Decoder.advance`. Nothing has advanced then.
    """
    if len(decoders) != len(matrices) or len(set(map(id, decoders))) != len(decoders):
        raise DecodeError(
            f"advance_k2: {len(matrices)} matrices for {len(set(map(id, decoders)))} decoders; give one each"
        )
    chunks = [decoder._checked(matrix) for decoder, matrix in zip(decoders, matrices)]
    groups: Dict[Tuple[int, Limits], List[_Searched]] = {}
    for decoder, (matrix, device) in zip(decoders, chunks):
        decoder._append(matrix, device)
        groups.setdefault((id(decoder._searched.graph), decoder._limits), []).append(decoder._searched)
    for (_, limits), group in groups.items():
        _search_blocks(group, limits)


class _Searched:
    """One stream: its frames, how far they have been searched in whole blocks, and what was found in all of them."""

    def __init__(self, nothing: FloatArray) -> None:
        self._buffer = nothing
        self.num_frames = 0
        self.graph: Any = None  # a StreamGraph, once the first chunk has told the device
        self.front = start_of_stream()
        self._so_far: Optional[Tuple[int, Tuple[K2Arcs, bool]]] = None

    @property
    def matrix(self) -> FloatArray:
        """(T, C): all frames so far."""
        return self._buffer[: self.num_frames]

    def append(self, matrix: FloatArray) -> None:
        """Takes in frames."""
        needed = self.num_frames + len(matrix)
        if needed > len(self._buffer):
            larger = np.empty((max(needed, 2 * len(self._buffer)), matrix.shape[1]), dtype=np.float32)
            larger[: self.num_frames] = self.matrix
            self._buffer = larger
        self._buffer[self.num_frames : needed] = matrix
        self.num_frames = needed

    def next_block(self) -> Optional[FloatArray]:
        """The next block to search, None until all of it is there."""
        frames = BLOCK_FRAMES * max(1, self.front.searched // (BLOCK_FRAMES * GROWTH))
        if not self.front.alive or self.num_frames - self.front.searched < frames:
            return None
        return self.front.block(self.graph, self.matrix, frames)

    def so_far(self, limits: Limits) -> Tuple[K2Arcs, bool]:
        """What was found in the frames so far, and whether any path has lived until now.

        If none has, what was found up to the last search before that.
        """
        if self._so_far is None or self._so_far[0] != self.num_frames:
            front = self.front
            while front.alive and front.searched < self.num_frames:
                block = front.block(self.graph, self.matrix, self.num_frames)
                (front,) = search_on(self.graph, limits, [front], [block])
            found = NO_ARCS if front.answer is None else front.answer.arcs(self.graph, self.matrix)
            self._so_far = self.num_frames, (found, front.alive)
        return self._so_far[1]


def _search_blocks(streams: Sequence[_Searched], limits: Limits) -> None:
    """Searches all whole blocks of streams that share a graph, those of one length together."""
    while True:
        ready = [(stream, block) for stream in streams for block in [stream.next_block()] if block is not None]
        if not ready:
            return
        together = [(stream, block) for stream, block in ready if len(block) == len(ready[0][1])]
        fronts = [stream.front for stream, _ in together]
        found = search_on(ready[0][0].graph, limits, fronts, [block for _, block in together])
        for (stream, _), front in zip(together, found):
            stream.front = front
