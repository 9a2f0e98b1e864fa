"""Training of joint n-gram models of letters and tokens."""

from __future__ import annotations

from typing import NamedTuple, Optional

from fsaasr.g2p.alignment import LetterAlignment, align_letters
from fsaasr.g2p.config import G2pConfig
from fsaasr.g2p.model import G2pModel, unit_name
from fsaasr.grammar import estimate_ngram
from fsaasr.lexicon import Lexicon


class TrainedG2p(NamedTuple):
    """A model, and the alignment that it is of."""

    model: G2pModel
    alignment: LetterAlignment


def train_g2p(lexicon: Lexicon, config: Optional[G2pConfig] = None) -> TrainedG2p:
    """Trains a model: letters and tokens are aligned, then n-gram models of the units are estimated.

    They have interpolated modified Kneser-Ney smoothing, see `fsaasr.grammar.estimate_ngram`. Every
    pronunciation counts once. A lexicon of 120,000 words takes about half a minute on one core.

    Args:
      lexicon: words and pronunciations.
      config: units, passes, order.

    Raises:
      LexiconError: no pronunciation can be aligned.
    """
    config = config or G2pConfig()
    alignment = align_letters(lexicon, config)
    units = tuple(sorted({unit for sequence in alignment.units for unit in sequence}))
    names = {unit: unit_name(number) for number, unit in enumerate(units)}
    sentences = [[names[unit] for unit in sequence] for sequence in alignment.units]
    forward = estimate_ngram(sentences, config.order)
    backward = estimate_ngram((s[::-1] for s in sentences), config.order) if config.both_directions else None
    return TrainedG2p(G2pModel(units, forward, backward), alignment)
