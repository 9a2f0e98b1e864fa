"""Denominator graphs: all that could have been said, by an n-gram model of tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, List, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt
import pynini

from fsaasr.core.errors import ConfigError, TrainingError
from fsaasr.core.symbols import SymbolTable
from fsaasr.decode import forward_backward
from fsaasr.grammar import estimate_ngram
from fsaasr.graph import DecodingGraph, FstArrays, Topology, compile_graph, from_openfst, to_openfst
from fsaasr.lexicon import Lexicon, Pronunciation

WARM_UP_FRAMES = 100
"""Frames over which the distribution of a denominator's states is averaged, as Kaldi does."""


def spoken_tokens(texts: Iterable[str], lexicon: Lexicon, seed: int) -> List[List[str]]:
    """Token sequences of transcripts, with pronunciations and silences drawn by their probabilities.

    Args:
      texts: of words that the lexicon has.
      lexicon: with or without optional silence.
      seed: of all draws.

    Raises:
      LexiconError: a word that the lexicon lacks.
    """
    rng = np.random.default_rng(seed)
    sequences = []
    for text in texts:
        said = [_drawn(lexicon.of(word), rng) for word in text.split()]
        sequence: List[str] = []
        for left, right in zip([None, *said], [*said, None]):
            sequence += _drawn_silence(lexicon, left, right, rng)
            sequence += right.tokens if right else ()
        sequences.append(sequence)
    return sequences


def denominator_graph(
    sequences: Iterable[Sequence[str]],
    tokens: SymbolTable,
    topology: Union[str, Topology],
    order: int = 3,
    transitions: Optional[npt.NDArray[np.float32]] = None,
) -> DecodingGraph:
    """An n-gram model of token sequences with the topology composed.

    Every token has a probability after every context, by backing off, which the graph sums with the n-gram's own.

    Args:
      sequences: e.g. `spoken_tokens` of the training transcripts.
      tokens: the model's, which fix the score columns.
      topology, transitions: as in `compile_graph`.
      order: of the model, 1 .. 5.

    Raises:
      GrammarError: no sequences, or a wrong order. GraphError: none of their tokens is the model's.
    """
    names = tokens.names[1:]
    model = estimate_ngram(sequences, order, limit_vocabulary=names, extra_words=names)
    each_itself = Lexicon(tuple(Pronunciation(name, (name,)) for name in names))
    return compile_graph(each_itself, model, topology, tokens=tokens, transitions=transitions)


def with_denominator_scores(numerator: DecodingGraph, denominator: DecodingGraph) -> DecodingGraph:
    """The paths of a numerator with the denominator's scores added, as Kaldi composes both.

    Both graphs' transition probabilities count, so one of the two should be compiled without. The result has no arc
    flags, so no times: it is for training.

    Raises:
      TrainingError: no path of the numerator is in the denominator.
    """
    columns = to_openfst(replace(denominator.fst, output_label=denominator.fst.input_label))
    composed = pynini.compose(columns.arcsort("olabel"), to_openfst(numerator.fst).arcsort("ilabel"))
    if composed.num_states() == 0:
        raise TrainingError(
            "with_denominator_scores: numerator and denominator have no path in common; build both with the same "
            "tokens and topology, and the denominator from sequences with silence where the numerator has it"
        )
    return replace(numerator, fst=from_openfst(composed.connect()), arc_flags=None)


def leaky(graph: DecodingGraph, coefficient: float) -> DecodingGraph:
    """The graph with a way, after each frame, from every state to every other (Povey et al. 2016).

    Args:
      graph: a denominator; loops, so that it has paths of 100 frames.
      coefficient: probability of leaking, e.g. 1e-5; the state to which it leads is drawn by how often the graph's own
        paths of 100 frames enter it.

    Returns:
      The same paths and more: one more state, an arc into it beside each arc that consumes a frame, and epsilons out
      of it. The denominator's sum only grows.

    Raises:
      ConfigError: a coefficient out of range. DecodeError: the graph has no path of 100 frames.
    """
    if not 0.0 < coefficient < 1.0:
        raise ConfigError(f"leaky: coefficient is {coefficient}, expected 0 < coefficient < 1")
    fst = graph.fst
    flat = np.zeros((WARM_UP_FRAMES, graph.num_columns), dtype=np.float32)
    consumes = fst.input_label > 0
    arcs = forward_backward(graph, flat, "of 100 equal frames").arc_occupancy * consumes
    entered = np.bincount(fst.next_state, weights=arcs, minlength=fst.num_states)
    states = np.flatnonzero(entered > 0)
    hub = np.full(fst.num_states, fst.num_states)
    source = np.concatenate([fst.source_state, fst.source_state[consumes], hub[states]])
    target = np.concatenate([fst.next_state, hub[fst.next_state[consumes]], states])
    none = np.zeros(len(states), dtype=np.int32)
    inputs = np.concatenate([fst.input_label, fst.input_label[consumes], none])
    outputs = np.concatenate([fst.output_label, fst.output_label[consumes], none])
    lost = fst.score[consumes] + np.log(coefficient)
    score = np.concatenate([fst.score, lost, np.log(entered[states] / entered.sum())])
    final = np.append(fst.final_score, -np.inf)
    arrays = FstArrays.from_columns(source, target, inputs, outputs, score, final, fst.start)
    return replace(graph, fst=arrays, arc_flags=None)


def _drawn(entries: Sequence[Pronunciation], rng: np.random.Generator) -> Pronunciation:
    weight = np.exp([entry.log_prob for entry in entries])
    return entries[rng.choice(len(entries), p=weight / weight.sum())]


def _drawn_silence(
    lexicon: Lexicon, left: Optional[Pronunciation], right: Optional[Pronunciation], rng: np.random.Generator
) -> List[str]:
    """Silence or none between two pronunciations, or at an end."""
    if lexicon.silence is None:
        return []
    after, before = lexicon.silence_weights(left), lexicon.silence_weights(right)
    with_it, without = after.after * before.before, (1 - after.after) * before.not_before
    return [lexicon.silence.token] if rng.random() < with_it / (with_it + without) else []
