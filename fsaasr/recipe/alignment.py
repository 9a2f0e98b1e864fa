"""Forced alignment from files to files: words and tokens with their times."""

from __future__ import annotations

from typing import Iterable, List, Optional

from fsaasr.core.files import PathLike
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.corpora import read_cuts
from fsaasr.decode import align
from fsaasr.features import FeatureBatch, compute_features
from fsaasr.graph import TranscriptCompiler
from fsaasr.hypotheses import export_hypotheses
from fsaasr.lexicon import Lexicon
from fsaasr.models import AcousticModel, load_lexicon, load_model
from fsaasr.recipe.decoding import CHUNK, placements_of


def align_features(model: AcousticModel, lexicon: Lexicon, features: FeatureBatch) -> List[Hypothesis]:
    """Aligns utterances with their transcripts.

    Args:
      model: gives the scores.
      lexicon: the model's.
      features: with transcripts.

    Raises:
      GraphError: an unknown word or an empty transcript, with its utterance.
      DecodeError: an utterance too short for its transcript, by name.
    """
    compiler = TranscriptCompiler(lexicon, model.topology, model.tokens, model.transitions)
    aligned: List[Hypothesis] = []
    for start in range(0, len(features), CHUNK):
        part = features.select(features.ids[start : start + CHUNK])
        graphs = [compiler.compile(text.split(), name) for name, text in zip(part.ids, part.texts)]
        aligned += align(graphs, model.scores(part))
    return aligned


def align_cuts(
    model_dir: PathLike,
    cuts_path: PathLike,
    out_dir: PathLike,
    cache_dir: Optional[PathLike] = None,
    formats: Iterable[str] = ("ctm", "jsonl"),
) -> List[Hypothesis]:
    """Aligns a cut manifest and writes `words.ctm`, `tokens.ctm` and `align.jsonl`; raises as `align_features`.

    Args:
      model_dir: model directory. cuts_path: manifest with transcripts.
      out_dir: receives the files.
      cache_dir: where extracted features are kept.
      formats: see `fsaasr.hypotheses.export_hypotheses`.
    """
    model = load_model(model_dir)
    cuts = list(read_cuts(cuts_path))
    features = compute_features(cuts, model.features, cache_dir=cache_dir)
    aligned = align_features(model, load_lexicon(model_dir), features)
    export_hypotheses(aligned, out_dir, formats, placements_of(cuts), stem="align")
    return aligned
