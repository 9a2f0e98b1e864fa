"""Forced alignment from files to files: words and tokens with their times."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, Iterator, List, Optional, Sequence

from fsaasr.core.files import PathLike, write_text
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Scores
from fsaasr.corpora import read_cuts
from fsaasr.decode import align, align_long, is_long
from fsaasr.features import FeatureBatch, compute_features
from fsaasr.g2p import load_g2p, with_words
from fsaasr.graph import TranscriptCompiler
from fsaasr.hypotheses import export_hypotheses, write_supervisions
from fsaasr.lexicon import Lexicon, write_lexicon
from fsaasr.models import AcousticModel, GmmModel, load_lexicon, load_model
from fsaasr.models.speaker_adaptation import AdaptationConfig
from fsaasr.recipe.adaptation import adapted_model
from fsaasr.recipe.decoding import CHUNK, placements_of
from fsaasr.recipe.segments import LONG, segments_of
from fsaasr.recipe.transcripts import check_transcripts

PRONOUNCED = "pronunciations.txt"
"""Lexicon of the words that a grapheme-to-phoneme model pronounced."""

LEFT_OUT = "left_out.txt"
"""File that names the cuts that were not aligned, each with the words that the lexicon lacks."""

SEGMENTS = "supervisions_segments.jsonl.gz"
"""File of the segments of long cuts: Lhotse supervisions with alignments."""


def align_features(
    model: AcousticModel, lexicon: Lexicon, features: FeatureBatch, confidence_scale: Optional[float] = None
) -> List[Hypothesis]:
    """Aligns utterances with their transcripts, long ones as `fsaasr.decode.align_long` does.

    A model of adapted features aligns twice: what it finds for features as they are gives the speakers' transforms.

    Args:
      model: gives the scores.
      lexicon: the model's.
      features: with transcripts.
      confidence_scale: as in `fsaasr.decode.align`.

    Raises:
      GraphError: an unknown word or an empty transcript, with its utterance.
      DecodeError: an utterance too short for its transcript, by name.
    """
    adapted = adapted_to_transcripts(model, lexicon, features)
    return _aligned(adapted, _compiler(model, lexicon), features, confidence_scale)


def adapted_to_transcripts(model: AcousticModel, lexicon: Lexicon, features: FeatureBatch) -> AcousticModel:
    """The model for the speakers of these utterances, by their transcripts; see `adapted_model`.

    Arguments and errors are those of `align_features`.
    """

    def read(adapter: GmmModel, _: AdaptationConfig, features: FeatureBatch) -> List[Hypothesis]:
        return _aligned(adapter, _compiler(adapter, lexicon), features, None)

    return adapted_model(model, features, read, readings=1)


def _compiler(model: AcousticModel, lexicon: Lexicon) -> TranscriptCompiler:
    return TranscriptCompiler(lexicon, model.topology, model.tokens, model.transitions)


def _aligned(
    model: AcousticModel, compiler: TranscriptCompiler, features: FeatureBatch, confidence_scale: Optional[float]
) -> List[Hypothesis]:
    aligned: List[Hypothesis] = []
    for names in _batches(features):
        part = features.select(names)
        scores = model.scores(part)
        for n, text in enumerate(part.texts):
            own = Scores.from_matrices([scores.utterance(n)], scores.frame_shift, scores.kind, [part.ids[n]])
            aligned.append(_align_one(compiler, text.split(), own, confidence_scale))
    return aligned


def _batches(features: FeatureBatch) -> Iterator[List[str]]:
    """Ids of utterances to score together; long ones alone, as scores are padded to one length."""
    batch: List[str] = []
    for name, matrix in zip(features.ids, features.matrices):
        long = len(matrix) * features.frame_shift > LONG
        if batch and (long or len(batch) == CHUNK):
            yield batch
            batch = []
        batch.append(name)
        if long:
            yield batch
            batch = []
    if batch:
        yield batch


def _align_one(
    compiler: TranscriptCompiler, words: Sequence[str], scores: Scores, confidence_scale: Optional[float]
) -> Hypothesis:
    graph = compiler.compile(words, scores.ids[0])
    if is_long(graph, int(scores.lengths[0])):
        return align_long(compiler, words, scores, confidence_scale=confidence_scale)
    return align([graph], scores, confidence_scale=confidence_scale)[0]


def align_cuts(
    model_dir: PathLike,
    cuts_path: PathLike,
    out_dir: PathLike,
    cache_dir: Optional[PathLike] = None,
    formats: Iterable[str] = ("ctm", "jsonl"),
    confidence_scale: float = 1.0,
    skip_oov: bool = False,
    g2p_model: Optional[PathLike] = None,
) -> List[Hypothesis]:
    """Aligns a cut manifest and writes `words.ctm`, `tokens.ctm` and `align.jsonl`, with confidences.

    Long cuts are aligned in bounded memory, see `fsaasr.decode.align_long`. Of cuts longer than half a minute,
    `supervisions_segments.jsonl.gz` has the segments between pauses.

    Args:
      model_dir: model directory. cuts_path: manifest with transcripts.
      out_dir: receives the files.
      cache_dir: where extracted features are kept.
      formats: see `fsaasr.hypotheses.export_hypotheses`.
      confidence_scale: as in `fsaasr.decode.align`.
      skip_oov: leave out cuts without words or with words that the lexicon lacks, and write `left_out.txt`, a line
        for each.
      g2p_model: file of a model that pronounces the words that the lexicon lacks; `pronunciations.txt` has what it
        said.

    Raises:
      LexiconError: `g2p_model` cannot pronounce a word, or says tokens that the lexicon lacks.
      CorpusError: before anything else, all words that the lexicon lacks, with their cuts; or no cut is left.
      DecodeError: as `align_features`.
    """
    model, lexicon = load_model(model_dir), load_lexicon(model_dir)
    cuts = list(read_cuts(cuts_path))
    check = check_transcripts(cuts, lexicon)
    if g2p_model is not None and check.words:
        known = len(lexicon)
        lexicon = with_words(lexicon, check.words, load_g2p(g2p_model))
        write_lexicon(Lexicon(lexicon.pronunciations[known:]), Path(out_dir) / PRONOUNCED)
        check = check_transcripts(cuts, lexicon)
    if not skip_oov:
        check.refuse("add pronunciations to the lexicon, correct the texts, or leave the cuts out (--skip-oov)")
    if not check.fit:
        check.refuse("no cut is left; add pronunciations to the lexicon or correct the texts")
    features = compute_features(check.fit, model.features, cache_dir=cache_dir)
    aligned = align_features(model, lexicon, features, confidence_scale)
    placements = placements_of(check.fit)
    export_hypotheses(aligned, out_dir, formats, placements, stem="align")
    segments = segments_of(aligned, placements)
    if segments:
        write_supervisions(segments, Path(out_dir) / SEGMENTS)
    if skip_oov:
        write_text(Path(out_dir) / LEFT_OUT, check.lines())
    return aligned
