"""What each kind of job does, as functions of files that any process can call."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence, cast

from fsaasr.core.config import config_from_dict
from fsaasr.core.errors import LexiconError
from fsaasr.core.files import PathLike, atomic_path, read_json
from fsaasr.corpora import manifest_path, prepare, read_cuts
from fsaasr.corpora.subset import write_part
from fsaasr.decode import SearchOptions
from fsaasr.features import FeatureConfig, compute_features
from fsaasr.features.extract import Storage
from fsaasr.g2p import train_g2p, with_words
from fsaasr.graph import Graph, UnknownWord, compile_token_graph, load_graph, token_loop
from fsaasr.lexicon import (
    Lexicon,
    OptionalSilence,
    WeightConfig,
    character_lexicon,
    read_lang,
    read_lexicon,
    read_silprob,
    sentencepiece_lexicon,
    strip_stress,
    train_sentencepiece,
    with_positions,
    write_lang,
)
from fsaasr.lexicon.sentencepiece_training import ModelType
from fsaasr.models import load_model, save_graph
from fsaasr.recipe.decoding import decode_cuts, lexicon_for
from fsaasr.recipe.families import setup_from_dict
from fsaasr.recipe.grammars import build_grammar, estimate_arpa
from fsaasr.recipe.language_models import transcripts
from fsaasr.recipe.lattice_quality import make_word_lattices
from fsaasr.recipe.lexicon_weights import learn_lexicon
from fsaasr.recipe.pieces import PIECES, check_marked
from fsaasr.recipe.scales import SCALES, read_scales
from fsaasr.recipe.searches import says_tokens, searchable
from fsaasr.recipe.training import train_model
from fsaasr.recipe.tuning import TuningGrid, tune_cuts


def prepare_data(corpus: str, corpus_dir: PathLike, out_dir: PathLike, options: Mapping[str, Any]) -> None:
    """Makes the cut manifests of one way to divide a corpus."""
    prepare(corpus, corpus_dir, out_dir, **options)


def prepare_part(whole_dir: PathLike, out_dir: PathLike, hours: float) -> None:
    """Makes the manifests of a part of a corpus' training data."""
    write_part(whole_dir, out_dir, hours)


def extract_features(manifests: Sequence[PathLike], config: Mapping[str, Any], cache_dir: PathLike) -> None:
    """Fills the feature cache."""
    for path in manifests:
        compute_features(read_cuts(path), config_from_dict(FeatureConfig, config), cache_dir=cache_dir)


def make_lexicon(
    file: PathLike,
    units: str,
    silence: Optional[OptionalSilence],
    without_stress: bool = False,
    sentences: Sequence[Sequence[str]] = (),
    pieces: Optional[PathLike] = None,
) -> Lexicon:
    """Reads a lexicon file, as `LexiconSpec` says.

    Args:
      without_stress: take the stress digits off ARPAbet vowels.
      sentences: their words come in, too: spelled, or with pronunciations from their letters.
      pieces: model of sentencepiece, for units of pieces.
    """
    lexicon = read_lexicon(file, silence)
    words = [word for words in sentences for word in words]
    if pieces is not None:
        return sentencepiece_lexicon([*lexicon.words.names[1:], *words], pieces, silence)
    if units not in ("phones", "positioned-phones"):
        return character_lexicon([*lexicon.words.names[1:], *words], silence, marked=units == "marked-characters")
    if without_stress:
        lexicon = strip_stress(lexicon)
    if any(word not in lexicon for word in words):
        lexicon = with_words(lexicon, words, train_g2p(replace(lexicon, silence=None)).model, skip_unknown=True)
    return lexicon if units == "phones" else with_positions(lexicon)


def make_lang(
    file: PathLike,
    out_dir: PathLike,
    units: str = "phones",
    silence: str = "",
    silence_probability: float = 0.5,
    silprob: Optional[PathLike] = None,
    without_stress: bool = False,
    cuts_path: Optional[PathLike] = None,
    num_pieces: int = 0,
) -> Lexicon:
    """Writes the lang directory of a lexicon file; an empty `silence` means none.

    Args:
      silprob: Kaldi's `silprob.txt`, in place of one probability; beside `lexiconp_silprob.txt`.
      without_stress: take the stress digits off ARPAbet vowels.
      cuts_path: manifest whose words come in, too, and whose text pieces are learned on.
      num_pieces: of sentencepiece, for the units `bpe` and `unigram`; `pieces.model` in the directory holds them.

    Raises:
      LexiconError: `silprob` without `silence`, or a `lexiconp_silprob.txt` without both.
    """
    optional = OptionalSilence(silence, silence_probability) if silence else None
    if silprob is not None and optional:
        optional = read_silprob(silprob, silence)
    sentences = [] if cuts_path is None else transcripts(cuts_path)
    pieces = Path(out_dir) / PIECES if num_pieces else None
    if pieces is not None:
        alphabet = "".join(read_lexicon(file).words.names[1:])
        lines = (" ".join(words) for words in sentences)
        train_sentencepiece(lines, pieces, num_pieces, cast(ModelType, units), alphabet=alphabet)
    lexicon = make_lexicon(file, units, optional, without_stress, sentences, pieces)
    weighted = any(entry.silence for entry in lexicon.pronunciations)
    if (weighted and silprob is None) or (silprob is not None and not silence):
        raise LexiconError(
            f"make_lang: {file}: probabilities of silence by word are in two files, and neither names the token; give "
            "lexiconp_silprob.txt, silprob.txt (--silprob) and the token (--silence)"
        )
    write_lang(lexicon, out_dir)
    return lexicon


def make_learned_lang(
    model_dir: PathLike,
    data_dir: PathLike,
    lang_dir: PathLike,
    out_dir: PathLike,
    weights: Mapping[str, Any],
    cache_dir: PathLike,
) -> None:
    """Writes a lang directory with the weights that a model's alignments of the `train` part teach."""
    cuts = manifest_path(data_dir, "train")
    learn_lexicon(model_dir, cuts, lang_dir, out_dir, config_from_dict(WeightConfig, weights), cache_dir)


def make_lm(cuts_path: PathLike, lang_dir: PathLike, arpa_path: PathLike, order: int) -> None:
    """Estimates an n-gram model on the transcripts of a manifest, with all words of the lexicon in it."""
    estimate_arpa(transcripts(cuts_path), arpa_path, order, read_lang(lang_dir).words.names[1:])


def train_system(
    family: str,
    setup: Mapping[str, Any],
    data_dir: PathLike,
    lang_dir: PathLike,
    out_dir: PathLike,
    cache_dir: PathLike,
    start_dir: Optional[PathLike] = None,
    device: str = "cpu",
    storage: Storage = "memory",
) -> None:
    """Trains one system on the `train` part; the `dev` part chooses the epoch where there are epochs."""
    data = Path(data_dir)
    train_model(
        setup_from_dict(family, setup),
        data / "cuts_train.jsonl.gz",
        lang_dir,
        out_dir,
        dev_path=data / "cuts_dev.jsonl.gz",
        cache_dir=cache_dir,
        start_dir=start_dir,
        device=device,
        storage=storage,
    )


def make_graph(
    lang_dir: PathLike,
    kind: str,
    out_path: PathLike,
    *,
    arpa: Optional[PathLike] = None,
    source: Optional[PathLike] = None,
    min_words: int = 1,
    max_words: int = 7,
    topology: str = "ctc",
    model_dir: Optional[PathLike] = None,
    expand: bool = True,
    unknown: Optional[Callable[..., UnknownWord]] = None,
) -> Graph:
    """Composes a lexicon, a grammar and a topology, and saves the graph.

    Args:
      lang_dir: lexicon; with a model that has no silence token, its optional silence is left out.
      kind, arpa, source, min_words, max_words: the grammar, as for `build_grammar`; or `none` for any tokens, of which
        recognition makes words where they mark where words begin.
      out_path: file to write.
      topology: name; a model sets it.
      model_dir: gives topology, tokens and transition probabilities.
      expand: spell the topology out, which gives a DecodingGraph; else a TokenGraph. For a model that says tokens it is
        a TokenGraph in any case.
      unknown: makes the words that the lexicon lacks of it and of `tokens`, see `unknown_word`; None: these cannot be
        said.

    Raises:
      GraphError: `none` for tokens that mark no words; as `compile_graph`. Also as `build_grammar`, `read_lang` and
        `load_model`.
    """
    lexicon = read_lang(lang_dir)
    model = None if model_dir is None else load_model(model_dir)
    chosen, transitions = (topology, None) if model is None else (model.topology, model.transitions)
    symbols = lexicon.tokens if model is None else model.tokens
    if kind == "none":
        check_marked(symbols)
        tokens = token_loop(symbols, chosen, transitions)
    else:
        fitting = lexicon if model is None else lexicon_for(model, lexicon)
        spelt = None if unknown is None else unknown(fitting, tokens=symbols.names[1:])
        words = fitting.words if spelt is None else spelt.words(fitting)
        grammar = build_grammar(kind, words, arpa=arpa, source=source, min_words=min_words, max_words=max_words)
        tokens = compile_token_graph(fitting, grammar, chosen, tokens=symbols, transitions=transitions, unknown=spelt)
    graph = tokens.expand() if expand and not (model and says_tokens(model.family)) else tokens
    graph.save(out_path)
    return graph


def tune_system(
    model_dir: PathLike,
    graph_path: PathLike,
    cuts_path: PathLike,
    out_path: PathLike,
    grid: Mapping[str, Any],
    options: Mapping[str, Any],
    cache_dir: PathLike,
    install: bool,
    fusion: Optional[Mapping[str, str]] = None,
) -> None:
    """Tunes on dev data; with `install`, puts graph and scales into the model directory for a `Recognizer`."""
    tune_cuts(
        model_dir,
        graph_path,
        cuts_path,
        out_path,
        config_from_dict(TuningGrid, grid),
        config_from_dict(SearchOptions, options),
        cache_dir,
        fusion,
    )
    if install:
        model = load_model(model_dir)
        save_graph(searchable(model, load_graph(graph_path)), model_dir, model)
        with atomic_path(Path(model_dir) / SCALES) as temporary:
            shutil.copyfile(out_path, temporary)


def decode_system(
    model_dir: PathLike,
    graph_path: PathLike,
    cuts_path: PathLike,
    out_dir: PathLike,
    scales_path: PathLike,
    options: Mapping[str, Any],
    cache_dir: PathLike,
    fusion: Optional[Mapping[str, str]] = None,
) -> None:
    """Recognizes with the scales that were frozen on dev data."""
    search = config_from_dict(SearchOptions, options)
    where = (model_dir, graph_path, cuts_path, out_dir)
    decode_cuts(*where, search, read_scales(scales_path), cache_dir, fusion=fusion)


def lattice_system(
    model_dir: PathLike,
    graph_path: PathLike,
    parts: Mapping[str, PathLike],
    out_dir: PathLike,
    scales_path: PathLike,
    options: Mapping[str, Any],
    cache_dir: PathLike,
    fusion: Optional[Mapping[str, str]] = None,
) -> None:
    """Makes word lattices with the scales that were frozen on dev data, and measures them."""
    search = config_from_dict(SearchOptions, options)
    make_word_lattices(model_dir, graph_path, parts, out_dir, read_scales(scales_path), search, cache_dir, fusion)


def prepared_key(data_dir: PathLike) -> str:
    """Hash that a prepared directory keeps of its cuts and their audio; empty where it is not prepared."""
    try:
        return str(read_json(Path(data_dir) / "prepared.json")["content"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
