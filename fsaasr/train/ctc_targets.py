"""Label sequences of transcripts, for the CTC loss."""

from __future__ import annotations

from typing import List, Sequence

from fsaasr.decode import align
from fsaasr.features import FeatureBatch
from fsaasr.graph import TranscriptCompiler
from fsaasr.lexicon import Lexicon
from fsaasr.models.ctc import CtcModel
from fsaasr.train.flat_start import first_pronunciations

Labels = List[int]
"""Token labels, 1 .. V, which are the score columns too."""

_CHUNK = 256


def first_labels(words: Sequence[str], lexicon: Lexicon) -> Labels:
    """Labels of the most probable pronunciation of each word; raises LexiconError for an unknown word."""
    return [lexicon.tokens[token] for token in first_pronunciations(words, lexicon)]


def aligned_labels(model: CtcModel, features: FeatureBatch, lexicon: Lexicon) -> List[Labels]:
    """Labels of the pronunciations that the model's best alignment of each utterance goes through."""
    compiler = TranscriptCompiler(lexicon, model.topology)
    labels: List[Labels] = []
    for start in range(0, len(features), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        ids = features.ids[chunk]
        graphs = [compiler.compile(text.split(), name) for text, name in zip(features.texts[chunk], ids)]
        paths = align(graphs, model.scores(features.matrices[chunk], ids))
        labels += [[lexicon.tokens[token.name] for token in path.tokens] for path in paths]
    return labels


def frames_needed(labels: Sequence[int]) -> int:
    """Frames of the shortest CTC path: one a label, and a blank between equal neighbours."""
    return len(labels) + sum(a == b for a, b in zip(labels, labels[1:]))
