"""Lexicons whose weights a model's alignments teach, from files to files."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from fsaasr.core.files import PathLike
from fsaasr.corpora import read_cuts
from fsaasr.features import compute_features
from fsaasr.lexicon import Lexicon, WeightConfig, count_pronunciations, learn_weights, read_lang, write_lang
from fsaasr.models import load_model
from fsaasr.recipe.alignment import align_features
from fsaasr.recipe.decoding import lexicon_for
from fsaasr.recipe.transcripts import check_transcripts


def learn_lexicon(
    model_dir: PathLike,
    cuts_path: PathLike,
    lang_dir: PathLike,
    out_dir: PathLike,
    config: Optional[WeightConfig] = None,
    cache_dir: Optional[PathLike] = None,
) -> Lexicon:
    """Aligns cuts and writes a lang directory with the pronunciation and silence probabilities that they teach.

    A model without the silence token, as CTC models are, teaches pronunciations only; silence stays what it was.

    Args:
      model_dir: model that aligns.
      cuts_path: manifest with transcripts; training data, usually.
      lang_dir: lexicon to give weights to; its tokens are the model's.
      out_dir: lang directory to write.
      config: smoothing.
      cache_dir: where extracted features are kept.

    Raises:
      CorpusError: before anything else, all words that the lexicon lacks, with their cuts.
      GraphError: tokens that the model lacks. DecodeError: an utterance too short for its transcript.
    """
    model, lexicon = load_model(model_dir), read_lang(lang_dir)
    used = lexicon_for(model, lexicon)
    check = check_transcripts(list(read_cuts(cuts_path)), used)
    check.refuse("add pronunciations to the lexicon, correct the texts, or give a manifest without these cuts")
    features = compute_features(check.fit, model.features, cache_dir=cache_dir)
    learned = learn_weights(used, count_pronunciations(align_features(model, used, features), used), config)
    if used.silence is None:
        learned = replace(learned, silence=lexicon.silence)
    write_lang(learned, out_dir)
    return learned
