"""`Search`: the pruned search of one utterance, from its first frame to its lattice."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import DecodeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.decode.added_scores import AddedScores
from fsaasr.decode.ends import Ends, find_ends
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.search_graph import search_graph, with_added
from fsaasr.decode.search_records import (
    CANDIDATE,
    CUTOFFS,
    ENTERED,
    FRAME,
    LINK,
    SAID_CANDIDATE,
    SAID_TOKEN,
    TOKEN,
    handed,
)
from fsaasr.graph import Graph
from fsaasr.lattice.evidence import SearchEvidence
from fsaasr.lattice.lattice import Lattice
from fsaasr.lattice.prune import BEAM_SLACK
from fsaasr.lattice.readout import PathArcs, read_out
from fsaasr.lattice.scored_paths import SEARCH_DIED

_BLOCK = 512
"""Frames between two looks at whether old tokens and links should be let go."""
_MUCH = 1 << 17
"""Tokens or links from which on this is worth while."""


class Search:
    """Tokens passed through the frames seen so far.

    How the frames come in pieces makes no difference to anything.

    Args:
      graph: any graph for which `steps_by_itself` or that is a DecodingGraph.
      options: beams and limits; the engine is not looked at.
      links: whether to remember all steps, as a lattice needs, or only the best ones.
      added: what words add to scores.
    """

    def __init__(
        self, graph: Graph, options: SearchOptions, links: bool = True, added: Optional[AddedScores] = None
    ) -> None:
        from fsaasr.decode.pruned_kernels import Work, begin

        self._graph = graph
        self._searched = search_graph(graph)
        self._added = added  # has the arrays whose addresses the tables have
        self._tables = self._searched.tables if added is None else with_added(graph, added)
        self._handed = handed(self._tables)
        self._options = options
        self._limits = (float(options.search_beam), int(options.max_active), int(options.min_active))
        self.frames = 0
        self._finished = False
        self._may_end = self._tables.rules["ends"] > 0
        self._gains: List[npt.NDArray[np.float32]] = []
        self._watermark = _MUCH
        work = Work(
            np.empty(16384, TOKEN if added is None else SAID_TOKEN),
            np.empty(16384 if links else 0, LINK),
            np.zeros(256, FRAME),
            np.empty(4096, CANDIDATE if added is None else SAID_CANDIDATE),
            np.zeros(1024, np.int32),
            np.full(self._tables.highest + 2, -1, np.int32),
            np.empty(1024, np.int32),
            np.empty(1024),
            np.array([1, 1, 0, 0, 1]),
            np.zeros(1, CUTOFFS),
        )
        self._work: Any = begin(self._handed, work, 0 if added is None else added.start)

    @property
    def reached(self) -> int:
        """Frames that tokens have passed; fewer than `frames` if none were left."""
        return int(self._work.ends[3])

    def advance(self, matrix: FloatArray) -> None:
        """Passes tokens through more frames, float32 (T, C)."""
        from fsaasr.decode.pruned_kernels import advance

        if self._finished:
            raise DecodeError("Search.advance: the search has been finished; make another one")
        for start in range(0, len(matrix), _BLOCK):
            block = matrix[start : start + _BLOCK]
            alive = self.reached == self.frames
            self.frames += len(block)
            self._gains.append(block.max(axis=1))
            if alive:
                self._work = advance(self._handed, self._work, block, self._limits)
                self._forget()

    def finish(self) -> None:
        """Lets the last tokens reach final states; no frames may follow."""
        from fsaasr.decode.pruned_kernels import close_last

        if not self._finished:
            self._work = close_last(self._handed, self._work)
            self._finished = True

    def _forget(self) -> None:
        """Drops the tokens and links that no path within the lattice beam can use any more."""
        begin, end, last, _, leader = self._work.ends.tolist()
        if max(end, last) < self._watermark:
            return
        from fsaasr.decode.pruned_kernels import rehash_frame
        from fsaasr.decode.trace_kernels import live_links, live_tokens, renumber

        work = self._work
        tokens, links = work.tokens[:end], work.links[:last]
        links = links[live_links(tokens, links, begin, self._options.lattice_beam + 2 * BEAM_SLACK)]
        keep = live_tokens(tokens, links, begin)
        number = np.cumsum(keep, dtype=np.int64) - 1
        tokens = tokens[keep]
        renumber(tokens, links, number)
        frames = work.frames[: self.reached + 1]
        frames["begin"] = np.searchsorted(np.flatnonzero(keep), frames["begin"])
        shift = end - len(tokens)
        for queue in (work.heads, work.following):
            queue[queue >= 0] -= shift
        work.ends[:3] = begin - shift, len(tokens), len(links)
        work.ends[4] = leader - shift
        room = 4096
        self._work = rehash_frame(
            work._replace(
                tokens=np.concatenate([tokens, np.zeros(room, tokens.dtype)]),
                links=np.concatenate([links, np.empty(room if len(work.links) else 0, LINK)]),
            )
        )
        self._watermark = max(_MUCH, 2 * max(len(tokens), len(links)))

    def _finals(self, work: Any) -> npt.NDArray[np.float64]:
        """Score of ending in each token of the last frame reached."""
        begin, end = work.ends[:2].tolist()
        tokens = work.tokens[begin:end]
        final = self._searched.final_scores(tokens["state"]).astype(np.float64)
        if self._tables.transient:
            final[~self._may_end[tokens["label"] & (ENTERED - 1)]] = -np.inf
        if len(self._tables.said):
            from fsaasr.decode.said_kernels import endings

            # As the arcs' scores, in single precision.
            final = (final + endings(self._tables.said.parts, tokens["history"].copy())).astype(np.float32)
        return final.astype(np.float64)

    def _last(self) -> Tuple[npt.NDArray[Any], Ends]:
        """Tokens of the last frame reached, and how they may end a path."""
        begin, end = self._work.ends[:2].tolist()
        tokens = self._work.tokens[begin:end]
        all_frames = self.reached == self.frames
        final = self._finals(self._work)
        return tokens, find_ends(tokens["score"].copy(), final, all_frames, self._options.lattice_beam)

    def best_arcs(self) -> Tuple[PathArcs, bool]:
        """The best path, and whether it ends in a final state; before `finish`, the best path so far."""
        from fsaasr.decode.trace_kernels import best_end

        begin, end = self._work.ends[:2].tolist()
        complete = self._finished and self.reached == self.frames
        best, final = best_end(self._work.tokens, begin, end, self._finals(self._work), complete)
        reached_final = final > -np.inf
        path = self._path(best, self._begins(), final if reached_final else 0.0)
        return path, reached_final

    def stable(self, utterance: str, frame_shift: Seconds) -> Hypothesis:
        """The part of the best path that no further frame can change: what all paths that are alive have in common."""
        from fsaasr.decode.trace_kernels import common_token

        begin, end = self._work.ends[:2].tolist()
        begins = self._begins()
        token = int(common_token(self._work.tokens, begins, begin, end))
        frame = int(np.searchsorted(begins, token, side="right"))
        return read_out(self._path(token, begins[:frame], 0.0), self._graph, utterance, frame_shift, False)

    def _path(self, token: int, begins: npt.NDArray[np.int64], final_score: float) -> PathArcs:
        """The best way to a token of the last of the frames that `begins` has."""
        from fsaasr.decode.trace_kernels import trace_back

        via, label, consumes, acoustic, graph = trace_back(self._work.tokens, begins, token)
        inputs, outputs, flags, _ = self._labels(via, label, consumes)
        return PathArcs(inputs, outputs, flags, acoustic, graph + final_score)

    def final_gap(self) -> float:
        """How far the best path to a final state lags behind the best path, inf if there is none; changes nothing."""
        from fsaasr.decode.pruned_kernels import close_last
        from fsaasr.decode.trace_kernels import best_end

        if self.reached < self.frames:
            return float("inf")
        work = self._work
        if not self._finished:
            work = work._replace(links=work.links[:0])
            copies = type(work)(*(array.copy() if len(array) else array for array in work))
            work = close_last(self._handed, copies)
        begin, end = work.ends[:2].tolist()
        best, final = best_end(work.tokens, begin, end, self._finals(work), True)
        return float(work.tokens["score"][begin:end].max() - work.tokens["score"][best] - final)

    def best(self, utterance: str, frame_shift: Seconds) -> Hypothesis:
        """The best path; before `finish`, the best so far, with `reached_final=False`."""
        path, reached_final = self.best_arcs()
        return read_out(path, self._graph, utterance, frame_shift, reached_final)

    def lattice(self, utterance: str, frame_shift: Seconds) -> Lattice:
        """All paths within the lattice beam; ends the search."""
        from fsaasr.decode.trace_kernels import kept_links, lattice_arrays

        self.finish()
        begin, end, last = self._work.ends[:3].tolist()
        tokens, links = self._work.tokens[:end], self._work.links[:last]
        _, ends = self._last()
        keep = kept_links(tokens, links, ends.score, ends.cutoff)
        arrays = lattice_arrays(tokens, links, self._begins(), keep)
        source, target, via, label, acoustic, graph, consumes, order, frame = arrays
        inputs, outputs, flags, arcs = self._labels(via, label, consumes)
        final_score = np.full(len(order), -np.inf, np.float32)
        is_last = order >= begin
        final_score[is_last] = ends.score[order[is_last] - begin]
        return Lattice(
            utterance,
            source,
            target,
            inputs,
            outputs,
            acoustic,
            graph,
            flags,
            frame,
            final_score,
            self.frames,
            frame_shift,
            self._graph.words,
            self._graph.tokens,
            self._graph.column_token,
            ends.reached_final,
            () if self.reached == self.frames else (SEARCH_DIED,),
            arcs,
            self.evidence(),
        )

    def evidence(self) -> SearchEvidence:
        """What was dropped on the way, and what that can have cost."""
        frames = self._work.frames[: self.reached + 1]
        tokens, ends = self._last()
        best = float(np.max(tokens["score"] + ends.score)) if ends.reached_final else -np.inf
        gains = np.concatenate([np.zeros(0, np.float32), *self._gains])[: self.frames].astype(np.float64)
        gains += self._tables.greatest + self._tables.bonus
        ahead = np.append(np.cumsum(gains[::-1])[::-1], 0.0)[: len(frames)]
        final = self._tables.best_final + self._tables.bonus
        bound = float(np.max(frames["lost"] + ahead)) + final
        active = frames["active"].astype(np.int32)
        limited = int(np.count_nonzero(frames["limited"]))
        return SearchEvidence(active[: self.reached], limited, bound - best if bound > -np.inf else -np.inf)

    def _begins(self) -> npt.NDArray[np.int64]:
        """First token of each frame reached."""
        return np.ascontiguousarray(self._work.frames["begin"][: self.reached + 1])

    def _labels(
        self, via: npt.NDArray[np.int32], label: npt.NDArray[np.int32], consumes: npt.NDArray[np.bool_]
    ) -> Tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Any, npt.NDArray[np.int32]]:
        """Input label, output label, flags and arc (-1: a step of the topology) of steps `via` to tokens of `label`."""
        is_arc, searched = via >= 0, self._searched
        inputs = label * consumes if self._tables.transient else searched.input_label[via]
        flags = searched.arc_flags
        return (
            inputs,
            _of_arcs(searched.output_label, via, is_arc),
            None if flags is None else _of_arcs(flags, via, is_arc),
            searched.graph_arcs(via),
        )


def _of_arcs(values: npt.NDArray[Any], arcs: npt.NDArray[Any], is_arc: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """The value of each arc; 0 for steps that are none."""
    found = np.zeros(len(arcs), values.dtype)
    found[is_arc] = values[arcs[is_arc]]
    return found
