"""Output-synchronous beam search with an attention decoder: hypotheses grow by a token at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt
import torch

from fsaasr.core.errors import DecodeError
from fsaasr.core.scores import FloatArray
from fsaasr.decode.attention.ctc_prefix import CtcPrefixes, PrefixState
from fsaasr.decode.attention.greedy import most_tokens
from fsaasr.decode.attention.hypotheses import Beginning, TokenHypothesis
from fsaasr.decode.attention.internal_lm import InternalTokenLm
from fsaasr.decode.attention.options import BeamOptions
from fsaasr.decode.fusion import ALONE, Fusion
from fsaasr.decode.graph_constraint import GraphConstraint
from fsaasr.models.attention_model import AttentionNetwork, Encoded
from fsaasr.models.decoders.decoder import END

Float64 = npt.NDArray[np.float64]
DEFAULTS = BeamOptions()


@dataclass(frozen=True, eq=False)
class Side:
    """What a search asks beside the model.

    Attributes:
      graph: lexicon and grammar that hypotheses must stay in, with what words add; None lets any tokens be said.
      fusion: language models of tokens, added or subtracted, the model's internal one among them.
      acoustic_scale: factor of the model's scores, against the graph's and those of the fusion.
    """

    graph: Optional[GraphConstraint] = None
    fusion: Fusion = ALONE
    acoustic_scale: float = 1.0

    @property
    def may_gain(self) -> bool:
        """Whether one more token can raise a score, which log probabilities alone never do."""
        return self.fusion.may_gain or (self.graph is not None and self.graph.said is not None)


FREE = Side()


def search_tokens(
    network: AttentionNetwork,
    encoded: Sequence[Encoded],
    options: BeamOptions = DEFAULTS,
    side: Union[Side, Sequence[Side]] = FREE,
) -> List[List[TokenHypothesis]]:
    """The best hypotheses of each utterance, best first; at least one each.

    An utterance's search ends when no beginning can become better than the `nbest` found, by a bound that holds while
    log probabilities only fall (with a side that may gain, when none is left); what is longer than `tokens_per_frame`
    allows is dropped. Where nothing ends (a graph that wants other words, say), the best beginning is given, with
    `ended=False`.

    Args:
      network: in evaluation mode.
      encoded: N utterances, each alone and without padding, as `AttentionModel.encode` gives them.
      options: beam and weights.
      side: graph and language models, of all utterances or of each.

    Raises:
      DecodeError: a CTC weight without a CTC layer, a graph of other tokens.
      GrammarError: as `Fusion.scores`.
    """
    sides = [side] * len(encoded) if isinstance(side, Side) else side
    for own in sides:
        _check(network, encoded, options, own)
    searches = [_Search(network, utterance, options, own) for utterance, own in zip(encoded, sides)]
    with torch.no_grad():
        vectors = [utterance.vectors[0] for utterance in encoded]
        lengths = torch.cat([utterance.lengths for utterance in encoded])
        state = network.decoder.start(torch.nn.utils.rnn.pad_sequence(vectors, batch_first=True), lengths)
        tokens, going = lengths.new_full((len(encoded),), END), searches
        while going:
            step = network.decoder.step(state, tokens)
            log_probs = step.logits.double().log_softmax(dim=1).cpu().numpy()
            weights = step.weights.float().cpu().numpy()
            rows: List[int] = []
            said: List[int] = []
            row = 0
            for search in going:
                block = slice(row, row + len(search.alive))
                kept = search.grow(log_probs[block], weights[block, : search.frames])
                rows += [row + place for place in kept]
                said += [beginning.tokens[-1] for beginning in search.alive]
                row = block.stop
            going = [search for search in going if search.alive]
            state, tokens = step.state.select(lengths.new_tensor(rows)), lengths.new_tensor(said)
    return [search.result() for search in searches]


def _check(network: AttentionNetwork, encoded: Sequence[Encoded], options: BeamOptions, side: Side) -> None:
    if options.ctc_weight and any(utterance.ctc is None for utterance in encoded):
        raise DecodeError(
            f"search_tokens: ctc_weight {options.ctc_weight}, but the model has no CTC layer; set it to 0, or "
            "train a model with a CTC loss"
        )
    if side.graph is not None and side.graph.num_tokens != network.num_tokens:
        raise DecodeError(
            f"search_tokens: a graph of {side.graph.num_tokens} tokens for a model of {network.num_tokens}; compile it "
            "with the model's tokens"
        )


class _Search:
    """The search of one utterance."""

    def __init__(self, network: AttentionNetwork, encoded: Encoded, options: BeamOptions, side: Side) -> None:
        self.options, self.side = options, side
        self.frames = int(encoded.lengths[0])
        self.longest = most_tokens(self.frames, options.tokens_per_frame)
        self.prefixes: Optional[CtcPrefixes] = None
        if options.ctc_weight and encoded.ctc is not None:
            self.prefixes = CtcPrefixes(encoded.ctc[0].cpu().numpy())
        self.prefix_state: Optional[PrefixState] = None if self.prefixes is None else self.prefixes.start
        self.prefix_scores = np.zeros(1)
        self.fusion = side.fusion.with_internal(partial(InternalTokenLm, network.decoder, encoded))
        graph = None if side.graph is None else side.graph.start
        looked = np.zeros(self.frames, dtype=np.float32)
        self.alive = [Beginning((), 0.0, 0.0, 0.0, looked, graph=graph, lm=self.fusion.start)]
        self.ended: List[TokenHypothesis] = []
        self.score_beam = np.inf if options.score_beam is None else options.score_beam
        self.least = -np.inf
        self.last = self.alive

    def grow(self, log_probs: Float64, weights: FloatArray) -> List[int]:
        """Lets the beginnings grow by a token; `log_probs` (K, 1 + V) and `weights` (K, T) are the decoder's.

        Returns:
          For each of the new beginnings the place of the one that it grew from.
        """
        model, prefixes = self._model_scores(log_probs)
        looked = np.stack([beginning.looked for beginning in self.alive]) + weights
        model[:, 1:] += self.options.length_bonus + self._newly_covered(looked)[:, None]
        score = np.array([beginning.model for beginning in self.alive])[:, None] + model
        self._refuse_early_ends(score, log_probs)
        graph = self._graph_scores(score.shape)
        places, tokens = self._best(score + graph)
        kept = []
        following: List[Beginning] = []
        for place, token in zip(places, tokens):
            attention = self.alive[place].attention + float(log_probs[place, token])
            values = (float(score[place, token]), float(graph[place, token]), attention)
            if token == END:
                self._end(self.alive[place], *values)
            else:
                kept.append(place)
                following.append(self._longer(place, token, values, looked[place], weights[place]))
        self._go_on(kept, following, prefixes)
        return kept if self.alive else []

    def _model_scores(self, log_probs: Float64) -> Tuple[Float64, Float64]:
        """What each token adds by decoder, CTC and fusion, scaled, (K, 1 + V); and the CTC prefix scores."""
        share, scores = self.options.ctc_weight, log_probs * (1.0 - self.options.ctc_weight)
        prefixes = np.zeros_like(log_probs)
        if self.prefixes is not None and self.prefix_state is not None:
            prefixes = self.prefixes.scores(self.prefix_state)
            scores += share * (prefixes - self.prefix_scores[:, None])
        scores *= self.side.acoustic_scale
        if self.fusion:
            scores += self.fusion.scores([beginning.lm for beginning in self.alive], scores.shape[1])
        return scores, prefixes

    def _newly_covered(self, looked: FloatArray) -> Float64:
        """What the coverage of more frames adds, (K,)."""
        least = self.options.coverage_from
        before = np.array([np.count_nonzero(beginning.looked > least) for beginning in self.alive])
        added: Float64 = self.options.coverage * (np.count_nonzero(looked > least, axis=1) - before)
        return added

    def _refuse_early_ends(self, score: Float64, log_probs: Float64) -> None:
        if self.options.end_factor is not None:
            least = self.options.end_factor * log_probs[:, 1:].max(axis=1)
            score[log_probs[:, END] <= least, END] = -np.inf

    def _graph_scores(self, shape: Tuple[int, ...]) -> Float64:
        """Score of the graph for each beginning with each token, from the start, (K, 1 + V)."""
        if self.side.graph is None:
            return np.zeros(shape)
        return np.stack([self.side.graph.scores(states) for b in self.alive if (states := b.graph) is not None])

    def _best(self, total: Float64) -> Tuple[List[int], List[int]]:
        """Places and tokens of the best ways on, best first; of equals, the first."""
        flat = total.ravel()
        order = np.argsort(-flat, kind="stable")[: self.options.beam]
        least = max(self.least, float(flat[order[0]]) - self.score_beam)
        order = order[(flat[order] > -np.inf) & (flat[order] >= least)]
        places, tokens = np.divmod(order, total.shape[1])
        return places.tolist(), tokens.tolist()

    def _longer(
        self, place: int, token: int, values: Tuple[float, float, float], looked: FloatArray, weights: FloatArray
    ) -> Beginning:
        before, (model, graph_score, attention) = self.alive[place], values
        graph = None
        if self.side.graph is not None and before.graph is not None:
            graph = self.side.graph.advance(before.graph, token)
        tokens = (*before.tokens, token)
        return Beginning(tokens, model, model + graph_score, attention, looked, before, weights, graph, before.lm)

    def _end(self, beginning: Beginning, model: float, graph_score: float, attention: float) -> None:
        """Keeps a hypothesis that ends; with a graph, once for each final state: homophones are told apart."""
        self.least = max(self.least, model + graph_score - self.score_beam)
        if self.side.graph is None or beginning.graph is None:
            self.ended.append(self._finished(beginning, model, 0.0, attention))
            return
        (_, best), *others = self.side.graph.ends(beginning.graph)
        for score, arcs in [(graph_score, best), *others]:
            self.ended.append(self._finished(beginning, model, score, attention, arcs))

    def _finished(
        self, beginning: Beginning, model: float, graph_score: float, attention: float, arcs: Any = None
    ) -> TokenHypothesis:
        history = beginning.history()
        raw = model + graph_score
        score = self.options.normalized(raw, len(beginning.tokens))
        token_scores = np.diff([0.0, *(part.model for part in history), model])
        # What normalization changes is told at the end.
        token_scores[-1] += score - raw
        weights = np.reshape([part.weights for part in history], (len(history), self.frames)).astype(np.float32)
        return TokenHypothesis(beginning.tokens, score, graph_score, attention, weights, token_scores, arcs)

    def _go_on(self, kept: List[int], following: List[Beginning], prefixes: Float64) -> None:
        """Makes the new beginnings the living ones, unless none of them can matter any more."""
        tokens = np.array([beginning.tokens[-1] for beginning in following], dtype=np.int64)
        if following:
            self.last = following
        if not following or len(following[0].tokens) > self.longest or self._is_over(following):
            self.alive = []
            return
        if self.prefixes is not None and self.prefix_state is not None:
            self.prefix_scores = prefixes[kept, tokens]
            self.prefix_state = self.prefixes.advance(self.prefix_state.select(kept), tokens)
        if self.fusion:
            states = self.fusion.advance([beginning.lm for beginning in following], tokens.tolist())
            following = [replace(beginning, lm=state) for beginning, state in zip(following, states)]
        self.alive = following

    def _is_over(self, following: List[Beginning]) -> bool:
        options = self.options
        self.ended.sort(key=lambda hypothesis: -hypothesis.score)
        del self.ended[options.nbest :]
        if self.side.may_gain or len(self.ended) < options.nbest:
            return False
        return self.ended[-1].score >= max(
            options.most(beginning.score, len(beginning.tokens), self.longest, self.frames) for beginning in following
        )

    def result(self) -> List[TokenHypothesis]:
        """The best hypotheses, best first."""
        self.ended.sort(key=lambda hypothesis: -hypothesis.score)
        if self.ended:
            return self.ended[: self.options.nbest]
        best = max(self.last, key=lambda beginning: beginning.score)
        score, arcs = 0.0, None
        if self.side.graph is not None and best.graph is not None:
            score, arcs = self.side.graph.best_so_far(best.graph)
        return [replace(self._finished(best, best.model, score, best.attention, arcs), ended=False)]
