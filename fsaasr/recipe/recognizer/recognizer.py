"""`Recognizer`: a trained model with its graph; audio in, words with times out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union, overload

import pynini

from fsaasr.core.config import config_from_dict
from fsaasr.core.errors import ConfigError, CorpusError, DecodeError
from fsaasr.core.files import PathLike
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import FloatArray, Seconds
from fsaasr.decode import EndpointRule, OnTheFlyLm, SearchOptions
from fsaasr.features import FeatureBatch, waveform_features
from fsaasr.grammar import Hotwords, NgramModel
from fsaasr.graph import Graph
from fsaasr.lattice import ScoredPaths, with_confidence
from fsaasr.lexicon import Lexicon
from fsaasr.models import load_model
from fsaasr.recipe.decoding import NOT_ADAPTED, System, lexicon_for, troubles
from fsaasr.recipe.fusion import load_fusion
from fsaasr.recipe.pieces import best_hypothesis, is_free, joined
from fsaasr.recipe.recognizer.audio import Audio, Sound, is_several, quiet_cuts, read_sound, unique_names
from fsaasr.recipe.recognizer.opening import Speech, find_graph, find_weights
from fsaasr.recipe.recognizer.transcription import Transcription, Utterance
from fsaasr.recipe.scales import Scales
from fsaasr.recipe.unknown_words import UnknownSpelling
from fsaasr.recipe.word_scores import WordScores, load_hotwords, load_on_the_fly

if TYPE_CHECKING:
    from fsaasr.recipe.experiment import Experiment
    from fsaasr.recipe.recognizer.stream import Stream

LONGEST: Seconds = 60.0
"""Audio that lasts longer is cut where it is quietest, into pieces of at most so long."""


class Piece(NamedTuple):
    """Part of an audio that is searched by itself: number of the audio, and seconds from its beginning."""

    number: int
    start: Seconds
    end: Seconds


@dataclass(frozen=True, eq=False)
class Recognizer:
    """Recognizes audio with a model of any family; made by `open` or `of_system`.

    Attributes:
      system: model, graph, options and scales.
      source: where the graph is from: `graph.fsa` of the model directory, `word loop`, a file, or what it was made of.
      silence: tokens that are silence, beside blank.
      confidence: whether words get their posteriors in the lattice.
      nbest: how many hypotheses are kept of each utterance. lattices: whether its lattice is.
      spelling: spells unknown words, and speech in which no word was found; None leaves them as they are.
    """

    system: System
    source: str
    silence: Tuple[str, ...] = ()
    confidence: bool = True
    nbest: int = 0
    lattices: bool = False
    spelling: Optional[UnknownSpelling] = None

    @classmethod
    def open(
        cls,
        model_dir: PathLike,
        *,
        graph: Union[PathLike, Graph, None] = None,
        lexicon: Union[PathLike, Lexicon, None] = None,
        lm: Union[PathLike, NgramModel, None] = None,
        grammar: Optional[pynini.Fst] = None,
        scales: Union[PathLike, Scales, None] = None,
        options: Optional[SearchOptions] = None,
        fusion: Optional[Mapping[str, str]] = None,
        hotwords: Union[PathLike, Hotwords, None] = None,
        on_the_fly: Union[PathLike, OnTheFlyLm, None] = None,
        replaces: Union[PathLike, NgramModel, None] = None,
        confidence: bool = True,
        nbest: int = 0,
        lattices: bool = False,
        spell_unknown: bool = False,
    ) -> Recognizer:
        """Opens the directory of a trained model.

        Without a graph, and what to make one of, the directory's own is searched, and where it has none, a loop over
        all words of its lexicon.

        Args:
          model_dir: of any family.
          graph: what may be said: a file or a graph over the model's tokens.
          lexicon: a file or a Lexicon in place of the model's own.
          lm: ARPA file or n-gram model. grammar: an acceptor over the labels of the lexicon's words, in its place.
          scales: a file that tuning froze, or Scales; None takes those of the directory, if it has some.
          options: engine and beams; None takes those with which the scales were tuned.
          fusion: language models of tokens that join the search, as for `load_fusion`, at their scales of `scales`.
          hotwords: a file or Hotwords; utterances show their display forms.
          on_the_fly: large n-gram model in place of the graph's own: a file as for `load_on_the_fly`, or made.
          replaces: model that the graph was made with, for a file of `on_the_fly`; None takes `lm`, if it is given.
          confidence, nbest, lattices: what each utterance brings beside its words, see above.
          spell_unknown: whether unknown words, of a graph that takes them, are spelt, and speech in which no word was
            found, see `UnknownSpelling`; that has no confidence, and its n-best list and lattice stay without words.

        Raises:
          ModelError: not a model directory, or a graph of another model.
          ConfigError: a graph and what to make one of, or a number of hypotheses below 0.
          LexiconError, GrammarError, GraphError, FileFormatError: as reading and compiling say.
        """
        if nbest < 0:
            raise ConfigError(f"Recognizer.open: nbest is {nbest}, expected >= 0")
        speech = Speech(graph, lexicon, lm, grammar)
        model = load_model(model_dir)
        found = find_graph(model_dir, model, speech)
        weights, search = find_weights(model_dir, scales, options)
        large = load_on_the_fly(on_the_fly, _replaced(on_the_fly, replaces, lm), found.graph)
        words = WordScores(large, load_hotwords(hotwords, found.graph, Path(model_dir) / "lang", found.lexicon))
        system = System.fitted(model, found.graph, search, weights, load_fusion(fusion, model.tokens), words)
        silence = () if found.lexicon.silence is None else (found.lexicon.silence.token,)
        spelling = UnknownSpelling(model, lexicon_for(model, found.lexicon)) if spell_unknown else None
        return cls(system, found.source, silence, confidence, nbest, lattices, spelling)

    @classmethod
    def of_system(
        cls,
        experiment: Experiment,
        system: str,
        *,
        data: str = "",
        grammar: str = "",
        engine: str = "native",
        **kept: Any,
    ) -> Recognizer:
        """Opens a system of an experiment, with the graph, scales and options that its results were made with.

        Language models that rescore what was found are left out.

        Args:
          experiment: recipe and folder.
          system: its name in the recipe.
          data, grammar: which way to divide the corpus and which grammar; the recipe's first where left out.
          engine: of the search.
          kept: `confidence`, `nbest`, `lattices`, `spell_unknown`, as for `open`.

        Raises:
          ConfigError: a name that the recipe has not. Also as `open`, where the stages have not been run.
        """
        spec = experiment.spec
        chosen = []
        for kind, name, known in (
            ("system", system, spec.systems),
            ("data", data, spec.data),
            ("grammar", grammar, spec.grammars),
        ):
            if name and name not in known:
                raise ConfigError(f"Recognizer.of_system: no {kind} {name!r} in the recipe; it has {', '.join(known)}")
            chosen.append(name or next(iter(known)))
        system, data, grammar = chosen
        options = config_from_dict(SearchOptions, experiment.search(system, engine))
        scales, graph = (experiment.scales_path(data, system, grammar), experiment.graph_path(data, system, grammar))
        fusion = experiment.fusion(data, system, grammar)
        folder = experiment.model_dir(data, system)
        return cls.open(folder, graph=graph, scales=scales, options=options, fusion=fusion, **kept)

    def with_options(self, **changes: Any) -> Recognizer:
        """The same with other search options, by name; raises ConfigError for one that is impossible."""
        options = replace(self.system.options, **changes)
        return replace(self, system=replace(self.system, options=options))

    @property
    def sampling_rate(self) -> int:
        """Hz that the model hears."""
        return self.system.model.features.sampling_rate

    @overload
    def transcribe(
        self, audio: List[Any], *, resample: bool = ..., longest: Optional[Seconds] = ...
    ) -> List[Transcription]: ...

    @overload
    def transcribe(self, audio: Audio, *, resample: bool = ..., longest: Optional[Seconds] = ...) -> Transcription: ...

    def transcribe(
        self, audio: Any, *, resample: bool = True, longest: Optional[Seconds] = LONGEST
    ) -> Union[Transcription, List[Transcription]]:
        """Recognizes one audio, or several.

        Each of several gets what it would get alone, but for models that normalize or adapt by speaker: these look at
        all utterances of a speaker together.

        Args:
          audio: a path, (samples, rate), a Lhotse cut or recording; or a list of these, or a CutSet.
          resample: bring audio of another rate to the model's, instead of refusing it.
          longest: seconds; longer audio is cut where it is quietest, and each piece searched by itself. None: never.

        Returns:
          A Transcription, or a list of them in the order of the audios.

        Raises:
          CorpusError: nothing to recognize, audio that is missing, unreadable, too short, of several channels or
            another rate, or no audio at all.
          DecodeError: as `fsaasr.decode.decode`.
        """
        if not is_several(audio):
            return self._transcribe([audio], resample, longest)[0]
        return self._transcribe(audio, resample, longest)

    def stream(
        self,
        *,
        sampling_rate: Optional[int] = None,
        endpoints: Sequence[EndpointRule] = (),
        buffered: bool = False,
        name: str = "audio",
    ) -> Stream:
        """Begins to hear audio while it comes in.

        Args:
          sampling_rate: Hz of the samples to come; None for the model's.
          endpoints: rules by which a speaker has finished, so that another utterance begins;
            `fsaasr.decode.ENDPOINT_RULES` are Kaldi's. Without any, all is one utterance.
          buffered: search only when the audio has ended, for models that need whole utterances; partial results then
            stay empty.
          name: of the audio.

        Raises:
          ModelError, ConfigError: a model that needs whole utterances, unless `buffered`; says why, and what to train
            instead. Endpoints of a buffered stream. An engine that does not stream.
        """
        from fsaasr.recipe.recognizer.stream import Stream

        return Stream(self, sampling_rate or self.sampling_rate, endpoints, buffered, name)

    def _transcribe(self, audios: Iterable[Any], resample: bool, longest: Optional[Seconds]) -> List[Transcription]:
        config = self.system.model.features
        sounds = [read_sound(audio, config, resample) for audio in audios]
        if not sounds:
            raise CorpusError("Recognizer.transcribe: no audio; give at least one")
        names = unique_names([sound.name for sound in sounds])
        return self.sounds([replace(sound, name=name) for sound, name in zip(sounds, names)], longest)

    def sounds(self, sounds: Sequence[Sound], longest: Optional[Seconds] = None) -> List[Transcription]:
        """Recognizes audio that has been read, of different names; `longest` as for `transcribe`."""
        rate = self.sampling_rate
        pieces: List[Piece] = []
        waves: List[FloatArray] = []
        for number, sound in enumerate(sounds):
            for first, end in (
                [(0, len(sound.samples))] if longest is None else quiet_cuts(sound.samples, rate, longest)
            ):
                pieces.append(Piece(number, first / rate, end / rate))
                waves.append(sound.samples[first:end])
        spoken = self._searched([sounds[piece.number] for piece in pieces], pieces, waves)
        return [
            Transcription(
                sound.name,
                len(sound.samples) / rate,
                tuple(utterance for piece, utterance in zip(pieces, spoken) if piece.number == number),
                None if sound.rate == rate else sound.rate,
            )
            for number, sound in enumerate(sounds)
        ]

    def _searched(
        self, sounds: Sequence[Sound], pieces: Sequence[Piece], waves: Sequence[FloatArray]
    ) -> List[Utterance]:
        parts = [
            piece.start > 0 or piece.end < len(sound.samples) / self.sampling_rate
            for piece, sound in zip(pieces, sounds)
        ]
        # Pieces of one audio are one speaker's.
        speakers = [sound.speaker or (sound.name if part else "") for sound, part in zip(sounds, parts)]
        ids = [
            f"{sound.name} [{piece.start:.2f} - {piece.end:.2f}]" if part else sound.name
            for sound, piece, part in zip(sounds, pieces, parts)
        ]
        features = waveform_features(ids, waves, self.system.model.features, speakers)
        system = self.system.adapted(features)
        unadapted = set(system.unadapted(features))
        found = []
        for lattice, piece in zip(system.lattices(features), pieces):
            more = (NOT_ADAPTED,) if lattice.utterance in unadapted else ()
            found.append(self.utterance(lattice, piece.start, piece.end, more))
        return self.spelt(found, system, features)

    def spelt(self, found: Sequence[Utterance], system: System, features: FeatureBatch) -> List[Utterance]:
        """The utterances, those without words spelt where something was said, if unknown words are to be spelt."""
        if self.spelling is None:
            return list(found)
        empty = [one.hypothesis.utterance for one in found if not one.hypothesis.words]
        spelt = self.spelling.wordless(empty, system, features)
        return [
            replace(one, hypothesis=spelt[name].shifted(one.start)) if name in spelt else one
            for one, name in ((one, one.hypothesis.utterance) for one in found)
        ]

    def utterance(
        self,
        lattice: ScoredPaths,
        start: Seconds,
        end: Seconds,
        flags: Tuple[str, ...] = (),
        ended_by: Optional[str] = None,
    ) -> Utterance:
        """Reads what was found between two times of an audio; `flags` are those that the lattice cannot know of.

        Raises:
          DecodeError: a lattice without complete paths, where the options do not allow partial results.
        """
        if not lattice.reached_final and not self.system.options.allow_partial:
            raise DecodeError(
                f"Recognizer: no path of {lattice.utterance!r} reached a final state; search wider, or set "
                "allow_partial=True"
            )
        scales = self.system.scales
        weights = (1.0, scales.lm_scale, scales.word_insertion_penalty)
        best = best_hypothesis(lattice, scales)
        others = lattice.nbest(self.nbest, *weights) if self.nbest else []
        if is_free(lattice):
            others = [joined(other) for other in others]
        elif self.confidence:
            best = with_confidence(best, lattice, *weights)
        hotwords = self.system.words.hotwords
        if hotwords is not None:
            best, *others = (hotwords.displayed(hypothesis) for hypothesis in (best, *others))
        best, *others = (self.named(hypothesis) for hypothesis in (best, *others))
        return Utterance(
            start,
            end,
            best.shifted(start) if start else best,
            (*troubles(lattice), *flags),
            tuple(other.shifted(start) for other in others),
            lattice if self.lattices else None,
            ended_by,
        )

    def named(self, hypothesis: Hypothesis) -> Hypothesis:
        """The hypothesis, its unknown words by their spellings if they are to be spelt."""
        return hypothesis if self.spelling is None else self.spelling.named(hypothesis)


def _replaced(
    on_the_fly: Union[PathLike, OnTheFlyLm, None],
    replaces: Union[PathLike, NgramModel, None],
    lm: Union[PathLike, NgramModel, None],
) -> Union[PathLike, NgramModel, None]:
    """The model that gives way: the one that is named, else the one that the graph is made of."""
    is_file = isinstance(on_the_fly, (str, Path))
    return lm if replaces is None and is_file else replaces
