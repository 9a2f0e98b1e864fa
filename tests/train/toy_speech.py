"""Synthetic features: each phone's three states lie around three points of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fsaasr.features import FeatureBatch, FeatureConfig
from fsaasr.lexicon import Lexicon, OptionalSilence

LEXICON = "no N OW\nyes Y EH S\nyes Y AH S\nso S OW\nus AH S\ness EH S\n"
CONFIG = FeatureConfig(kind="mfcc", sampling_rate=8000, num_ceps=4)


def toy_lexicon(silence: bool = True) -> Lexicon:
    return Lexicon.from_text(LEXICON, OptionalSilence("SIL", 0.5) if silence else None)


def toy_batch(count: int = 8, seed: int = 0, noise: float = 0.5, frames: int = 3, words: int = 3) -> FeatureBatch:
    """`count` utterances of 1 to `words` words; a state lasts 1 to `frames` frames."""
    lexicon = toy_lexicon()
    points = np.random.default_rng(99).normal(scale=2.0, size=(len(lexicon.tokens), 3, 4))
    rng = np.random.default_rng(seed)
    names = lexicon.words.names[1:]
    texts, matrices = [], []
    for _ in range(count):
        spoken = [names[i] for i in rng.integers(0, len(names), size=rng.integers(1, words + 1))]
        phones = ["SIL"]
        for word in spoken:
            entries = lexicon.of(word)
            phones += [*entries[rng.integers(len(entries))].tokens, *(["SIL"] if rng.random() < 0.5 else [])]
        means = [points[lexicon.tokens[phone], state] for phone in phones for state in range(3)]
        rows = np.concatenate([np.tile(mean, (rng.integers(1, frames + 1), 1)) for mean in means])
        matrices.append((rows + noise * rng.normal(size=rows.shape)).astype(np.float32))
        texts.append(" ".join(spoken))
    ids = tuple(f"toy-{n}" for n in range(count))
    return FeatureBatch(ids, tuple(matrices), ("",) * count, tuple(texts), CONFIG.frame_shift)


def speakers_batch(count: int, speakers: int, seed: int = 0) -> FeatureBatch:
    """Toy speech of speakers in turn, `seed-0`, `seed-1`, ...; each has an affine map of its own on all features."""
    batch = toy_batch(count, seed)
    rng = np.random.default_rng(1000 + seed)
    maps = [np.eye(4) + 0.25 * rng.normal(size=(4, 4)) for _ in range(speakers)]
    moves = 1.5 * rng.normal(size=(speakers, 4))
    owners = [n % speakers for n in range(count)]
    matrices = tuple((m @ maps[s].T + moves[s]).astype(np.float32) for m, s in zip(batch.matrices, owners))
    return replace(batch, matrices=matrices, speakers=tuple(f"{seed}-{s}" for s in owners))
