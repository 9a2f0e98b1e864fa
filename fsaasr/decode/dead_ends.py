"""Why a graph has no path through an utterance."""

from __future__ import annotations

from collections import deque
from typing import Optional, Sequence

from fsaasr.core.errors import DecodeError
from fsaasr.core.scores import FloatArray, Scores
from fsaasr.graph.decoding_graph import DecodingGraph
from fsaasr.graph.fst_arrays import FstArrays


def fewest_frames(fst: FstArrays) -> Optional[int]:
    """Frames of the shortest path from the start to a final state; None where there is none.

    Arcs and finals of score -inf do not count.
    """
    frames = {fst.start: 0}
    queue = deque([fst.start])
    while queue:
        state = queue.popleft()
        if fst.final_score[state] > float("-inf"):
            return frames[state]
        for arc in range(int(fst.arc_offsets[state]), int(fst.arc_offsets[state + 1])):
            target, consumes = int(fst.next_state[arc]), int(fst.input_label[arc] > 0)
            better = frames[state] + consumes < frames.get(target, 1 << 60)
            if better and fst.score[arc] > float("-inf"):
                frames[target] = frames[state] + consumes
                # Least frames first: what consumes none goes to the front.
                (queue.append if consumes else queue.appendleft)(target)
    return None


def explain_no_path(graph: DecodingGraph, matrix: FloatArray, utterance: str) -> str:
    """One sentence with the remedy."""
    needed = fewest_frames(graph.fst)
    if needed is None:
        return f"the graph of utterance {utterance!r} has no path to a final state; check how it was built"
    if needed > len(matrix):
        return (
            f"utterance {utterance!r} has {len(matrix)} frames, its graph needs at least {needed} "
            "(labels, plus blanks between repeated ones); drop the utterance, or subsample less"
        )
    return (
        f"no path of the graph fits the {len(matrix)} frames of utterance {utterance!r}: "
        "each is of another length or meets a score of -inf; check transcript and scores"
    )


def check_one_graph_each(function: str, graphs: Sequence[DecodingGraph], scores: Scores) -> None:
    """Raises DecodeError unless there are as many graphs as utterances."""
    if len(graphs) != len(scores):
        raise DecodeError(f"{function}: {len(graphs)} graphs for {len(scores)} utterances; give one each")
