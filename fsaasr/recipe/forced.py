"""When a model of any family says the words of a transcript."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.evaluate.peakiness import blank_share
from fsaasr.features import FeatureBatch
from fsaasr.graph.topologies import find_topology
from fsaasr.lexicon import Lexicon, LexiconTokenizer
from fsaasr.models import AcousticModel
from fsaasr.recipe.alignment import align_features
from fsaasr.recipe.decoding import scored

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Forced:
    """Alignments of utterances, and what they show of the model.

    Attributes:
      hypotheses: one an utterance, in order. Of transducers and attention, a word's first pronunciation is aligned.
      note: what its times are.
      measures: name and value of what only such a model has: `blank share` and `entropy` of CTC, `monotonicity` and
        `entropy` of attention.
    """

    hypotheses: Tuple[Hypothesis, ...]
    note: str
    measures: Dict[str, float]


def forced_alignments(model: AcousticModel, lexicon: Lexicon, features: FeatureBatch) -> Forced:
    """Aligns utterances with their transcripts, whatever the model's family.

    HMM and CTC models are aligned on a graph of the transcript. A transducer says each token at its frame on the best
    path through the lattice of frames and tokens (`token_frames`); an attention decoder, given the transcript, on the
    best path in order through its weights (`attention_times`).

    Args:
      model: of any family. lexicon: its own.
      features: with transcripts.

    Raises:
      LexiconError, GraphError: an unknown word. DecodeError: as `align_features`.
    """
    by_family: Dict[str, Callable[[Any, Lexicon, FeatureBatch], Forced]] = {
        "transducer": _transducer,
        "attention": _attention,
    }
    return by_family.get(model.family, _frames)(model, lexicon, features)


def _frames(model: Any, lexicon: Lexicon, features: FeatureBatch) -> Forced:
    hypotheses = tuple(align_features(model, lexicon, features))
    if not find_topology(model.topology).has_blank:
        return Forced(hypotheses, "durations of states", {})
    posteriors = (scores.utterance(n) for scores in scored(model, features) for n in range(len(scores.ids)))
    share, entropy = blank_share(posteriors)
    return Forced(hypotheses, "frames of spikes; blank between", {"blank share": share, "entropy": entropy})


def _transducer(model: Any, lexicon: Lexicon, features: FeatureBatch) -> Forced:
    import torch

    from fsaasr.train.transducer_occupancy import token_frames

    found = []
    for number, rows in enumerate(model.encoded(features)):
        said = _said(lexicon, features.texts[number])
        tokens = [token for _, tokens in said for token in tokens]
        starts = token_frames(model, torch.from_numpy(rows), [model.tokens[token] for token in tokens])
        found.append(_hypothesis(features.ids[number], said, (starts, starts + 1), model.frame_shift))
    return Forced(tuple(found), "frames at which tokens are said; best path", {})


def _attention(model: Any, lexicon: Lexicon, features: FeatureBatch) -> Forced:
    from fsaasr.decode.attention.measures import entropy, forced_weights, monotonicity
    from fsaasr.decode.attention.times import attention_times

    found, orders, spreads = [], [], []
    encoded, names = model.encode(features)
    for number, one in enumerate(encoded):
        said = _said(lexicon, features.texts[number])
        weights = forced_weights(model, one, [model.tokens[token] for _, tokens in said for token in tokens])
        orders.append(monotonicity(weights))
        spreads.append(entropy(weights))
        found.append(_hypothesis(names[number], said, attention_times(weights), model.frame_shift))
    measures = {"monotonicity": float(np.mean(orders)), "entropy": float(np.mean(spreads))}
    return Forced(tuple(found), "where the decoder looks most, in order", measures)


def _said(lexicon: Lexicon, text: str) -> List[Tuple[str, List[str]]]:
    """Words with the tokens of their first pronunciation."""
    tokenizer = LexiconTokenizer(lexicon)
    return [(word, tokenizer.encode([word])) for word in text.split()]


def _hypothesis(
    utterance: str, said: Sequence[Tuple[str, Sequence[str]]], frames: Tuple[Int64, Int64], shift: float
) -> Hypothesis:
    """Words and tokens with times; a word lasts from its first token's beginning to its last one's end."""
    starts, ends = (limit.tolist() for limit in frames)
    words, tokens, place = [], [], 0
    for word, parts in said:
        spans = [Span(name, starts[n] * shift, ends[n] * shift) for n, name in enumerate(parts, place)]
        words.append(Span(word, spans[0].start, max(span.end for span in spans)))
        tokens += spans
        place += len(parts)
    return Hypothesis(utterance, tuple(words), tuple(tokens), (), math.nan, math.nan)
