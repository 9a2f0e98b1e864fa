"""Forced alignment from files to files: words and tokens with their times."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, List, Optional, Sequence, Tuple

from fsaasr.core.files import PathLike, write_text
from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.corpora import read_cuts
from fsaasr.decode import align
from fsaasr.features import FeatureBatch, compute_features
from fsaasr.graph import TranscriptCompiler
from fsaasr.lexicon import Lexicon
from fsaasr.models import AcousticModel, load_lexicon, load_model
from fsaasr.recipe.decoding import CHUNK, write_jsonl


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
    model_dir: PathLike, cuts_path: PathLike, out_dir: PathLike, cache_dir: Optional[PathLike] = None
) -> List[Hypothesis]:
    """Aligns a cut manifest and writes `words.ctm`, `tokens.ctm` and `align.jsonl`; raises as `align_features`."""
    model = load_model(model_dir)
    cuts = list(read_cuts(cuts_path))
    features = compute_features(cuts, model.features, cache_dir=cache_dir)
    aligned = align_features(model, load_lexicon(model_dir), features)
    out = Path(out_dir)
    write_ctm([(hypothesis, hypothesis.words) for hypothesis in aligned], cuts, out / "words.ctm")
    write_ctm([(hypothesis, hypothesis.tokens) for hypothesis in aligned], cuts, out / "tokens.ctm")
    write_jsonl(aligned, out / "align.jsonl")
    return aligned


def write_ctm(rows: Sequence[Tuple[Hypothesis, Iterable[Span]]], cuts: Sequence[Any], path: PathLike) -> None:
    """Writes NIST's CTM: `recording channel start duration word [confidence]`, times within the recording.

    Args:
      rows: of each utterance the hypothesis and the spans to write.
      cuts: Lhotse cuts of the same ids, which say where in a recording an utterance begins.
      path: file to write.
    """
    places = {cut.id: cut for cut in cuts}
    lines = []
    for hypothesis, spans in rows:
        cut = places[hypothesis.utterance]
        for span in spans:
            confidence = "" if span.confidence is None else f" {span.confidence:.3f}"
            lines.append(
                f"{cut.recording.id} {cut.channel + 1} {cut.start + span.start:.3f} {span.end - span.start:.3f} "
                f"{span.name}{confidence}\n"
            )
    write_text(path, "".join(lines))
