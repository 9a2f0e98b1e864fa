"""Recognition from files to files: model, graph and cuts in, hypotheses out."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from fsaasr.core.errors import ModelError
from fsaasr.core.files import PathLike, write_json, write_text
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Scores, Seconds
from fsaasr.corpora import read_cuts
from fsaasr.decode import SearchOptions, decode
from fsaasr.decode.fusion import ALONE, Fusion
from fsaasr.features import FeatureBatch, compute_features
from fsaasr.graph import Graph, find_topology, load_graph
from fsaasr.hypotheses import Placement, export_hypotheses, write_transcripts
from fsaasr.lattice import GraphSplitter, Lattice, ScoredPaths, WordLattice
from fsaasr.lattice.formats import format_of, write_lattices
from fsaasr.lexicon import Lexicon, read_lang
from fsaasr.models import AcousticModel, GmmModel, at_prior_scale, load_lexicon, load_model
from fsaasr.models.speaker_adaptation import AdaptationConfig, SpeakerTransforms
from fsaasr.recipe.adaptation import adapted_model, transforms_at_hand, unadapted_utterances
from fsaasr.recipe.fusion import NO_FUSION, FusionModels, load_fusion
from fsaasr.recipe.job_log import peak_mb
from fsaasr.recipe.pieces import best_hypothesis
from fsaasr.recipe.scales import UNSCALED, Scales
from fsaasr.recipe.searches import check_alone, options_at, says_tokens, searchable, token_lattices
from fsaasr.recipe.stopwatch import Stopwatch, features_rtf, with_timed_encoder
from fsaasr.recipe.unknown_words import UnknownSpelling
from fsaasr.recipe.word_scores import NO_WORD_SCORES, WordScores, load_hotwords, load_on_the_fly

Choose = Callable[[ScoredPaths], Hypothesis]
"""Picks the hypothesis of a lattice."""

TRANSFORMS = "transforms.safetensors"
"""File of the transforms of the speakers that were recognized, where the model adapts its features."""

CHUNK = 32
"""Utterances whose lattices are held at a time."""

DEFAULT_SEARCH = SearchOptions()

NOT_FINAL = "not-final"
"""Counts utterances whose search ended in no final state, so that words may be missing at their end."""
NOT_ADAPTED = "not-adapted"
"""Counts utterances of an adapted model with too little speech of their speaker to adapt to."""


@dataclass(frozen=True)
class Decoded:
    """Hypotheses of a set of utterances, and what they cost.

    Attributes:
      hypotheses: one an utterance, in the order of the input.
      flags: number of utterances of each kind of trouble: NOT_FINAL, NOT_ADAPTED and those of `Lattice`; empty is best.
      seconds: processor time of model and search, features not counted. encoder_seconds: the model's part of the last
        pass, which does not depend on what is said.
      audio: seconds of audio.
      transforms: of the speakers' features, as the first pass found them; None of a model that needs none.
    """

    hypotheses: Tuple[Hypothesis, ...]
    flags: Dict[str, int]
    seconds: Seconds
    encoder_seconds: Seconds
    audio: Seconds
    transforms: Optional[SpeakerTransforms] = None

    @property
    def rtf(self) -> float:
        """Real-time factor: seconds of work for a second of audio."""
        return self.seconds / self.audio


def check_fit(model: AcousticModel, graph: Graph) -> None:
    """Raises ModelError unless the graph is over the model's score columns."""
    topology = find_topology(model.topology).name
    if graph.tokens != model.tokens or graph.topology_name != topology:
        raise ModelError(
            f"decode: a {graph.topology_name!r} graph over {graph.tokens} does not fit a {topology!r} model over "
            f"{model.tokens}; compile the graph with `--model`"
        )


def lexicon_for(model: AcousticModel, lexicon: Lexicon) -> Lexicon:
    """The lexicon, without optional silence where the model has no token for it."""
    if lexicon.silence is not None and lexicon.silence.token not in model.tokens:
        return replace(lexicon, silence=None)
    return lexicon


def splitter_for(model: AcousticModel, graph: Graph, lang_dir: PathLike) -> GraphSplitter:
    """Tells the parts of graph scores apart, where the graph is of this model and of the lexicon in `lang_dir`."""
    return GraphSplitter(
        lexicon_for(model, read_lang(lang_dir)), graph.words, graph.tokens, model.transitions, model.topology
    )


def word_lattices(
    lattices: Iterable[ScoredPaths], beam: float, lm_scale: float, splitter: Optional[GraphSplitter]
) -> Iterator[WordLattice]:
    """Word lattices within a beam of each lattice's best path, with the parts of graph scores where these are told."""
    for lattice in lattices:
        if isinstance(lattice, Lattice):
            words = lattice.word_lattice(beam, 1.0, lm_scale)
        elif isinstance(lattice, WordLattice):
            words = lattice.pruned(beam, 1.0, lm_scale)
        yield words if splitter is None else splitter.split(words)


def recognize(
    model: AcousticModel,
    graph: Graph,
    features: FeatureBatch,
    options: SearchOptions = DEFAULT_SEARCH,
    scales: Scales = UNSCALED,
    lattices: Optional[PathLike] = None,
    splitter: Optional[GraphSplitter] = None,
    choose: Optional[Choose] = None,
    fusion: FusionModels = NO_FUSION,
    words: WordScores = NO_WORD_SCORES,
    spelling: Optional[Lexicon] = None,
) -> Decoded:
    """Recognizes utterances.

    Args:
      model: gives the scores.
      graph: what may be said.
      features: of the utterances, extracted as the model wants them.
      options: engine and beams; its `acoustic_scale` gives way to that of `scales`.
      scales: weights of the parts of a path.
      lattices: file for the word lattices, in any format of `fsaasr.lattice.formats`; their scores have the acoustic
        scale applied. None writes none.
      splitter: tells what the lattices' graph scores are made of, see `splitter_for`.
      choose: picks the hypothesis of a lattice; None takes the best one under the scales.
      fusion: language models that join the search of a model that says tokens, at scales of `scales`.
      words: what they add beside the graph.
      spelling: lexicon of the model; unknown words are then spelt, and speech without words, too (`UnknownSpelling`).

    Raises:
      ModelError: the graph is not over the model's score columns, a prior scale for a model without priors, or a fusion
        for a model that says no tokens.
      LatticeError: no lattice format has such a name as `lattices`.
      DecodeError, ScoresError, GraphError, ConfigError, GrammarError: as `fsaasr.decode.decode`.
    """
    system = System.fitted(model, graph, options, scales, fusion, words)
    if lattices is not None:
        format_of(lattices)  # before the work, not after it
    # Engines compile and convert at their first call; that is not what a real-time factor is about.
    deque(system.lattices(features.select(features.ids[:1])), maxlen=0)
    begin = time.process_time()
    system = system.adapted(features)
    reading = _Reading(choose or partial(best_hypothesis, scales=scales), time.process_time() - begin)
    encoder = Stopwatch()
    system = replace(system, model=with_timed_encoder(system.model, encoder))
    reading.flags.update({NOT_ADAPTED: len(system.unadapted(features))})
    passing = reading.read(system.lattices(features))
    if lattices is None:
        deque(passing, maxlen=0)
    else:
        write_lattices(word_lattices(passing, options.lattice_beam, scales.lm_scale, splitter), lattices)
    found = reading.hypotheses
    if spelling is not None:
        found = UnknownSpelling(model, lexicon_for(model, spelling)).all(found, system, features)
    audio = sum(map(len, features.matrices)) * features.frame_shift
    flags = dict(sorted((+reading.flags).items()))
    return Decoded(tuple(found), flags, reading.seconds, encoder.seconds, audio, transforms_at_hand(system.model))


@dataclass(frozen=True, eq=False)
class System:
    """What recognizes: a model, a graph, options and scales that fit together; made by `fitted`.

    Attributes:
      model: at the prior scale of `scales`.
      graph: as the model's search wants it.
      options: with the scales that the search has to know.
      scales: of the parts of a path.
      fusion: what joins the search, at its scales.
      words: what they add beside the graph.
    """

    model: AcousticModel
    graph: Graph
    options: SearchOptions
    scales: Scales
    fusion: Fusion = ALONE
    words: WordScores = NO_WORD_SCORES

    @classmethod
    def fitted(
        cls,
        model: AcousticModel,
        graph: Graph,
        options: SearchOptions = DEFAULT_SEARCH,
        scales: Scales = UNSCALED,
        fusion: FusionModels = NO_FUSION,
        words: WordScores = NO_WORD_SCORES,
    ) -> System:
        """Raises ModelError for a graph of another model, or scales that it has no use for, or that are missing."""
        check_fit(model, graph)
        model = at_prior_scale(model, scales.prior_scale)
        return cls(model, graph, options_at(options, scales), scales, fusion.at(scales), words)

    def adapted(self, features: FeatureBatch) -> System:
        """The system for the speakers of these utterances; see `adapted_to_speech`."""
        return replace(self, model=adapted_to_speech(self.model, self.graph, features, self.options))

    def unadapted(self, features: FeatureBatch) -> Tuple[str, ...]:
        """Utterances of an adapted system with too little speech of their speaker to adapt to."""
        return unadapted_utterances(transforms_at_hand(self.model), features)

    def lattices(self, features: FeatureBatch) -> Iterator[ScoredPaths]:
        """Each utterance's lattice, in order; few are in memory at a time."""
        return searched(self.model, self.graph, features, self.options, self.fusion, self.words)


def troubles(lattice: ScoredPaths) -> Tuple[str, ...]:
    """Flags of a lattice, NOT_FINAL among them where its words may be cut short."""
    return lattice.flags if lattice.reached_final else (*lattice.flags, NOT_FINAL)


class _Reading:
    """Best paths and troubles of lattices that pass by, and the seconds that all took, those given included."""

    def __init__(self, choose: Choose, seconds: Seconds) -> None:
        self.choose = choose
        self.hypotheses: List[Hypothesis] = []
        self.flags: Counter[str] = Counter()
        self.seconds = seconds

    def read(self, lattices: Iterable[ScoredPaths]) -> Iterator[ScoredPaths]:
        begin = time.process_time()
        for lattice in lattices:
            self.flags.update(troubles(lattice))
            self.hypotheses.append(self.choose(lattice))
            self.seconds += time.process_time() - begin
            yield lattice
            begin = time.process_time()


def adapted_to_speech(
    model: AcousticModel, graph: Graph, features: FeatureBatch, options: SearchOptions = DEFAULT_SEARCH
) -> AcousticModel:
    """The model for the speakers of these utterances, by what is recognized in a first pass; see `adapted_model`.

    The first pass has scales of its own, those of the model's `AdaptationConfig`; it uses no transcript.
    """

    def read(adapter: GmmModel, config: AdaptationConfig, features: FeatureBatch) -> List[Hypothesis]:
        first = replace(options, acoustic_scale=config.acoustic_scale)
        lattices = searched(adapter, graph, features, first)
        return [lattice.best_path(1.0, 1.0, config.word_insertion_penalty) for lattice in lattices]

    return adapted_model(model, features, read)


def searched(
    model: AcousticModel,
    graph: Graph,
    features: FeatureBatch,
    options: SearchOptions,
    fusion: Fusion = ALONE,
    words: WordScores = NO_WORD_SCORES,
) -> Iterator[ScoredPaths]:
    """Each utterance's lattice, in order; few lattices are in memory at a time.

    Raises:
      ModelError: a fusion for a model that says no tokens.
    """
    if says_tokens(model.family):
        yield from token_lattices(model, graph, features, options, fusion, words)
        return
    check_alone(model, fusion)
    for scores in scored(model, features):
        yield from decode(graph, scores, options, lm=words.lm, hotwords=words.hotwords)


def scored(model: AcousticModel, features: FeatureBatch) -> Iterator[Scores]:
    """Scores of all utterances, in order, some at a time."""
    for start in range(0, len(features), CHUNK):
        yield model.scores(features.select(features.ids[start : start + CHUNK]))


def decode_cuts(
    model_dir: PathLike,
    graph_path: PathLike,
    cuts_path: PathLike,
    out_dir: PathLike,
    options: SearchOptions = DEFAULT_SEARCH,
    scales: Scales = UNSCALED,
    cache_dir: Optional[PathLike] = None,
    formats: Iterable[str] = ("text", "jsonl"),
    lattices: Optional[PathLike] = None,
    lang_dir: Optional[PathLike] = None,
    choose: Optional[Choose] = None,
    weights: Optional[Mapping[str, float]] = None,
    fusion: Optional[Mapping[str, str]] = None,
    hotwords: Optional[PathLike] = None,
    on_the_fly: Optional[PathLike] = None,
    replaces: Optional[PathLike] = None,
    spell_unknown: bool = False,
) -> Decoded:
    """Recognizes a cut manifest; writes hypotheses, `ref.txt`, `utt2spk`, `decode.json` and transforms of speakers.

    Args:
      model_dir: model directory.
      graph_path: graph over the model's columns, of either kind.
      cuts_path: manifest of what to recognize.
      out_dir: receives the files; `decode.json` is written last.
      options: engine and beams.
      scales: weights of the parts of a path.
      cache_dir: where extracted features are kept.
      formats: of the hypotheses, see `fsaasr.hypotheses.export_hypotheses`: `hyp.txt` and `hyp.jsonl`.
      lattices: file for the word lattices, as for `recognize`.
      lang_dir: lang directory of the graph's lexicon; the lattices then keep the scores of LM, pronunciations, silence
        and topology apart.
      choose: as for `recognize`. weights: that it has, for `decode.json`.
      fusion: as for `load_fusion`.
      hotwords: file of phrases, see `load_hotwords`. Hypotheses have the words of the graph, as they are to be scored,
        not the phrases' display forms.
      on_the_fly: large n-gram model in place of the one that the graph was made with, which is `replaces` (None for a
        graph without); see `load_on_the_fly`.
      spell_unknown: whether unknown words are spelt, and speech in which no word was found, see `UnknownSpelling`.

    Raises:
      CorpusError, ModelError, DecodeError: what is wrong with the input, by name.
    """
    model = load_model(model_dir)
    graph = searchable(model, load_graph(graph_path))
    lexicon = load_lexicon(model_dir)
    phrases = load_hotwords(hotwords, graph, Path(model_dir) / "lang", lexicon)
    words = WordScores(load_on_the_fly(on_the_fly, replaces, graph), phrases)
    cuts = list(read_cuts(cuts_path))
    features = compute_features(cuts, model.features, cache_dir=cache_dir)
    splitter = None if lang_dir is None else splitter_for(model, graph, lang_dir)
    models, spelling = load_fusion(fusion, model.tokens), lexicon if spell_unknown else None
    decoded = recognize(model, graph, features, options, scales, lattices, splitter, choose, models, words, spelling)
    out = Path(out_dir)
    export_hypotheses(decoded.hypotheses, out, formats, placements_of(cuts))
    write_transcripts({name: text.split() for name, text in zip(features.ids, features.texts)}, out / "ref.txt")
    speakers = sorted(zip(features.ids, features.speakers))
    write_text(out / "utt2spk", "".join(f"{name} {speaker or name}\n" for name, speaker in speakers))
    if decoded.transforms is not None:
        decoded.transforms.save(out / TRANSFORMS)
    record = decoding_record(decoded, options, scales, graph)
    more = {"rtf_features": round(features_rtf(cuts, model.features), 5), "weights": dict(weights or {})}
    write_json(out / "decode.json", {**record, **more})
    return decoded


def placements_of(cuts: Iterable[Any]) -> Dict[str, Placement]:
    """Where Lhotse cuts of one channel lie in their recordings, by id."""
    return {cut.id: Placement(cut.recording_id, cut.channel, cut.start, cut.duration) for cut in cuts}


def decoding_record(decoded: Decoded, options: SearchOptions, scales: Scales, graph: Graph) -> Dict[str, Any]:
    """What `decode.json` holds: options, costs and troubles of a decoding."""
    return {
        "options": asdict(options_at(options, scales)),
        "scales": asdict(scales),
        "graph": {"hash": graph.hash, "states": graph.fst.num_states, "arcs": graph.fst.num_arcs},
        "utterances": len(decoded.hypotheses),
        "flags": decoded.flags,
        "seconds": round(decoded.seconds, 3),
        "audio": round(decoded.audio, 3),
        "rtf": round(decoded.rtf, 5),
        "rtf_encoder": round(decoded.encoder_seconds / decoded.audio, 5),
        "peak_mb": peak_mb(),
    }
