"""`GraphSearch`: time-synchronous beam search within a graph, one token a frame at most."""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import DecodeError
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Seconds
from fsaasr.decode.options import SearchOptions
from fsaasr.decode.said_words import SaidWords
from fsaasr.decode.transducer.asking import Ask, Asking
from fsaasr.decode.transducer.best_ways import BestWays
from fsaasr.decode.transducer.contexts import Contexts
from fsaasr.decode.transducer.fused import FusedModel
from fsaasr.decode.transducer.graph_steps import BLANK, Float64, GraphSteps, IntArray, of_arcs
from fsaasr.decode.transducer.search_arcs import Ends, SearchArcs, final_ends, lattice_of, open_ends
from fsaasr.lattice.evidence import SearchEvidence
from fsaasr.lattice.lattice import Lattice


class Places(NamedTuple):
    """Where hypotheses stand at a frame: a history's graph states are all those that its tokens lead to.

    Attributes:
      context: int64 (P,) number of the token history. state: int64 (P,) of the graph.
      words: int64 (P,) number of the history of words, of `SaidWords`; 0 where words add nothing.
      score: float64 (P,) of the best path there.
    """

    context: IntArray
    state: IntArray
    words: IntArray
    score: Float64


class GraphSearch:
    """The search of one utterance; frames may come in pieces, which changes nothing.

    Hypotheses of the same history (all tokens, or those that the predictor sees) and graph state meet, so that the
    result is a lattice; where words add to scores, only those of the same history of words. In the regular topology a
    token is followed by the blank that ends its frame.
    """

    def __init__(
        self,
        contexts: Contexts,
        steps: GraphSteps,
        options: SearchOptions,
        topology: str,
        fused: Optional[FusedModel] = None,
        said: Optional[SaidWords] = None,
    ) -> None:
        """Args:
        contexts: shared by a batch. steps: of the graph.
        options: beams, limits and acoustic scale. topology: of the model. fused: the model, if it is one with fusion.
        said: what the graph's words add to its scores.
        """
        self._contexts, self._steps, self._options = contexts, steps, options
        self._blank_follows, self._fused, self._said = topology == "regular", fused, said
        start, zero = np.array([steps.graph.fst.start], dtype=np.int64), np.zeros(1, dtype=np.int64)
        self._places = Places(zero, start, zero, np.zeros(1))
        self._first_node = 0
        self._arcs: List[SearchArcs] = []
        self._ways = BestWays(steps)
        self._active: List[int] = []
        self._lost: List[float] = []
        self._limited = 0
        self.frames = 0

    def advance(self, count: int) -> Asking[None]:
        """Passes the next `count` frames, of which it asks as 0 .. count - 1."""
        for frame in range(count):
            yield from self._pass(frame)
            self.frames += 1

    def _pass(self, frame: int) -> Asking[None]:
        places, scale = self._places, self._options.acoustic_scale
        contexts, which = np.unique(places.context, return_inverse=True)
        rows = scale * (yield Ask(np.full(len(contexts), frame), contexts))
        source, walk, arc = self._steps.tokens(places.state)
        token = self._steps.graph.fst.input_label[arc].astype(np.int64)
        acoustic = rows[which[source], token]
        words, said = self._say(places.words[source], walk, self._steps.graph.fst.output_label[arc])
        total = places.score[source] + self._steps.score[walk] + self._steps.graph.fst.score[arc] + said + acoustic
        blank = rows[which, 0]
        keep = self._within(total, places.score + blank)
        source, walk, arc, token, acoustic, total = (x[keep] for x in (source, walk, arc, token, acoustic, total))
        words, said = words[keep], said[keep]
        context = self._extended(places.context[source], token)
        if self._blank_follows and len(context):
            after, which = np.unique(context, return_inverse=True)
            ends = scale * (yield Ask(np.full(len(after), frame), after))[which, 0]
            acoustic, total = acoustic + ends, total + ends
        self._move(
            SearchArcs(
                self._first_node + np.append(np.arange(len(places.state)), source),
                np.zeros(0, dtype=np.int64),
                np.append(np.full(len(places.state), BLANK), walk),
                np.append(np.full(len(places.state), BLANK), arc),
                np.append(np.zeros(len(places.state), dtype=np.int64), token),
                np.append(blank, acoustic),
                np.append(np.zeros(len(places.state)), said),
            ),
            np.append(places.context, context),
            np.append(places.words, words),
            np.append(places.score + blank, total),
        )

    def _say(self, words: IntArray, walk: IntArray, last: npt.ArrayLike = 0) -> Tuple[IntArray, Float64]:
        """Histories of words behind a walk and a last word (0 for none) each, and what these words add."""
        added = np.zeros(len(words))
        if self._said is None:
            return words, added
        labels = self._steps.walk_labels[walk]
        for label in (*labels.T, np.broadcast_to(last, words.shape)):
            words, more = self._said.say(words, label)
            added += more
        return words, added

    def _extended(self, contexts: IntArray, tokens: IntArray) -> IntArray:
        pairs, which = np.unique(np.stack([contexts, tokens], axis=1), axis=0, return_inverse=True)
        extended: IntArray = self._contexts.extend(pairs[:, 0], pairs[:, 1])[which.reshape(-1)]
        return extended

    def _within(self, total: Float64, blank: Float64) -> npt.NDArray[np.bool_]:
        """Which tokens can lead to a place that goes on."""
        together = np.append(total, blank)
        cutoff = float(together.max()) - self._options.search_beam
        least = self._options.min_active
        if least and len(together) > least:
            cutoff = min(cutoff, float(np.partition(together, -least)[-least]))
        keep: npt.NDArray[np.bool_] = (total >= cutoff) & (total > -np.inf)
        self._lost.append(float(total[~keep].max(initial=-np.inf)))
        return keep

    def _move(self, arcs: SearchArcs, context: IntArray, words: IntArray, total: Float64) -> None:
        """Lets arcs meet in places of the next frame, and the best places stay."""
        fst, is_blank = self._steps.graph.fst, arcs.arc == BLANK
        state = np.where(
            is_blank, self._places.state[arcs.source - self._first_node], of_arcs(fst.next_state, arcs.arc)
        )
        count = 1 if self._said is None else len(self._said)
        keys, target = np.unique((context * fst.num_states + state) * count + words, return_inverse=True)
        best = np.full(len(keys), -np.inf)
        np.maximum.at(best, target, total)
        stay = self._staying(keys // (fst.num_states * count), best)
        before, self._first_node = self._first_node, self._first_node + len(self._places.state)
        number = np.cumsum(stay) - 1
        kept = stay[target]
        self._arcs.append(arcs._replace(target=self._first_node + number[target]).pick(kept))
        self._ways.add(self._arcs[-1], before, total[kept])
        keys, words = np.divmod(keys[stay], count)
        context, state = np.divmod(keys, fst.num_states)
        self._places = Places(context, state, words, best[stay])
        self._active.append(int(stay.sum()))

    def _staying(self, context: IntArray, best: Float64) -> npt.NDArray[np.bool_]:
        """The places that go on: within the beam, and the best ones of the best histories."""
        order = np.argsort(-best, kind="stable")
        within = best[order] >= best[order[0]] - self._options.search_beam
        within[: self._options.min_active] = True
        within &= best[order] > -np.inf
        chosen = order[within]
        few = chosen[: self._options.max_active]
        _, first = np.unique(context[few], return_index=True)
        # Histories in the order of their best places.
        allowed = context[few][np.sort(first)[: self._options.max_contexts]]
        few = few[np.isin(context[few], allowed)]
        self._limited += len(few) < len(chosen)
        stay = np.zeros(len(best), dtype=np.bool_)
        stay[few] = True
        self._lost[-1] = max(self._lost[-1], float(best[~stay].max(initial=-np.inf)))
        return stay

    def best(self, utterance: str, frame_shift: Seconds) -> Hypothesis:
        """The best path of the frames so far, whether or not it may end here."""
        return self._ways.best(int(np.argmax(self._places.score)), utterance, frame_shift)

    def stable(self, utterance: str, frame_shift: Seconds) -> Hypothesis:
        """The part of the best path that no further frame can change: what all paths alive have in common."""
        return self._ways.stable(utterance, frame_shift)

    def final_gap(self) -> float:
        """How far the best path to a final state lags behind the best path, inf if there is none."""
        ends = self._final_ends(0)
        finals = self._places.score[ends.node] + ends.score
        if self._fused is not None:
            finals = finals + self._fused.end_scores(self._contexts.vectors(self._places.context))[ends.node]
        return float(self._places.score.max() - finals.max(initial=-np.inf))

    def _final_ends(self, first: int) -> Ends:
        """Ways to end in final states, from the places of the last frame, whose nodes begin with `first`."""
        ends = final_ends(self._steps, first, self._places.state)
        if self._said is None:
            return ends
        words, added = self._say(self._places.words[ends.node - first], ends.walk)
        return ends.adding(added + self._said.final(words))

    def lattice(self, utterance: str, frame_shift: Seconds) -> Lattice:
        """All paths within the lattice beam, of the frames so far.

        Raises:
          DecodeError: there was no frame.
        """
        if not self.frames:
            raise DecodeError(f"GraphSearch: utterance {utterance!r} has no frame; drop empty utterances")
        ends = self._final_ends(self._first_node)
        reached_final = len(ends.node) > 0
        if not reached_final:
            ends = open_ends(self._steps, self._first_node, self._places.state)
        beam, arcs = self._options.lattice_beam, self._ended() if reached_final else self._arcs
        found = lattice_of(self._steps, arcs, ends, beam, reached_final, utterance, frame_shift)
        return found.replaced(evidence=self._evidence(found.best_path().score))

    def _ended(self) -> List[SearchArcs]:
        """The steps; those of the last frame have what language models say of the end."""
        if self._fused is None:
            return self._arcs
        ends = self._fused.end_scores(self._contexts.vectors(self._places.context))
        last = self._arcs[-1]
        return [*self._arcs[:-1], last._replace(acoustic=last.acoustic + ends[last.target - self._first_node])]

    def _evidence(self, best: float) -> SearchEvidence:
        """What was dropped, and what that can have cost: log probabilities of frames only fall, else all may be."""
        fst = self._steps.graph.fst
        step = max(0.0, float(self._steps.score.max()) + float(fst.score.max(initial=0.0)))
        end = float(self._steps.score.max()) + float(fst.final_score.max())
        ahead = step * np.arange(self.frames, 0, -1) + max(0.0, end)
        bound = float(np.max(np.array(self._lost) + ahead))
        may_gain = self._said is not None or (self._fused is not None and self._fused.may_gain)
        if may_gain and bound > -np.inf:
            bound = np.inf
        return SearchEvidence(np.array(self._active, dtype=np.int32), self._limited, bound - best)
