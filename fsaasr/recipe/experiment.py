"""`Experiment`: a recipe and a folder; where everything lies and which jobs make it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

from fsaasr.core.config import config_from_dict, config_to_dict, merged, read_mapping, without_defaults
from fsaasr.core.errors import FileFormatError
from fsaasr.core.files import PathLike, read_json
from fsaasr.core.stack import examine, survey
from fsaasr.corpora import manifest_path
from fsaasr.decode import SearchOptions
from fsaasr.recipe import steps
from fsaasr.recipe.families import setup_from_dict
from fsaasr.recipe.jobs import Job, key_of
from fsaasr.recipe.language_jobs import LanguageJobs
from fsaasr.recipe.language_model_seeds import language_model_for
from fsaasr.recipe.lattice_quality import QUALITY
from fsaasr.recipe.layout import RECIPE, RESCORED, Run, decoded_files
from fsaasr.recipe.rescoring import decode_rescored, tune_rescoring
from fsaasr.recipe.searches import says_tokens
from fsaasr.recipe.spec import RecipeSpec
from fsaasr.recipe.training_order import training_depths


@dataclass(frozen=True)
class Experiment(LanguageJobs):
    """Paths and jobs of an experiment; nothing here does work.

    A job's key covers all that its result depends on, through the keys of the jobs before it. So a killed
    experiment goes on where it was, and a changed configuration redoes what it touches and no more.
    """

    @cached_property
    def missing_engines(self) -> Dict[str, str]:
        """Engines that the recipe asks for and this environment cannot run, each with the reason."""
        wanting = {finding.package.name: finding.problem for finding in examine(survey()) if finding.problem}
        return {name: f"k2 {wanting['k2']}" for name in self.spec.engines if name.startswith("k2") and "k2" in wanting}

    @property
    def runs(self) -> Tuple[Run, ...]:
        """All rows of the results, in their order."""
        return tuple(run for trio in self.trios() for run in (*self._first_runs(*trio), *self._rescored_runs(*trio)))

    def _first_runs(self, data: str, system: str, grammar: str) -> Iterator[Run]:
        return (Run(data, system, grammar, engine) for engine in self.engines_of(system))

    def _rescored_runs(self, data: str, system: str, grammar: str) -> Iterator[Run]:
        """Models that rescore, behind the first engine."""
        for model in self.spec.grammars[grammar].rescoring:
            yield Run(data, system, f"{grammar}{RESCORED}{model}", self.engines_of(system)[0])

    def description(self, run: Run) -> str:
        """What the grammar, and a model that rescores, know of word order."""
        grammar, _, model = run.grammar.partition(RESCORED)
        name = language_model_for(self.spec, model, run.system) if model else ""
        own = self.spec.grammars[grammar].description
        return f"{own}, rescored by {self.spec.language_models[name].description}" if model else own

    def engines_of(self, system: str) -> Tuple[str, ...]:
        """Engines that decode a system; one that says tokens has a search of its own, which counts as `native`."""
        if says_tokens(self.spec.systems[system].family):
            return ("native",)
        return tuple(engine for engine in self.spec.engines if engine not in self.missing_engines)

    def setup(self, system: str) -> Dict[str, Any]:
        """Resolved training configuration of a system, all defaults filled in."""
        entry = self.spec.systems[system]
        path = self.spec.path(entry.config)
        return config_to_dict(setup_from_dict(entry.family, merged(read_mapping(path), entry.settings), str(path)))

    def search(self, system: str, engine: str = "native") -> Dict[str, Any]:
        """Search options of a system with an engine."""
        values = merged(asdict(replace(self.spec.search, engine=engine)), self.spec.systems[system].search)
        return config_to_dict(config_from_dict(SearchOptions, values, f"recipe {self.spec.name!r}: search of {system}"))

    # Keys.

    def _lexicon_key(self, data: str, lexicon: str) -> str:
        teacher, key = self._teacher(lexicon), self._unweighted_key(data, lexicon)
        weights = asdict(self.spec.lexicons[lexicon].weights)
        return key_of("learn", key, weights, self._train_key(data, teacher)) if teacher else key

    def _train_key(self, data: str, system: str) -> str:
        entry = self.spec.systems[system]
        before = [self._train_key(data, entry.start)] if entry.start else []
        prepared = steps.prepared_key(self.data_dir(data))
        # What is left at its default is left out, so that an option more does not redo what never used it.
        settings = without_defaults(self.setup(system), config_to_dict(setup_from_dict(entry.family, {})))
        return key_of("train", self._lexicon_key(data, entry.lexicon), prepared, entry.family, settings, *before)

    def _graph_key(self, data: str, system: str, grammar: str) -> str:
        return key_of("graph", self._train_key(data, system), self._grammar_key(data, grammar))

    def _tune_key(self, data: str, system: str, grammar: str) -> str:
        grid = self._tried(system, grammar)
        fusion = self._fusion_key(data, system, grammar)
        return key_of("tune", self._graph_key(data, system, grammar), grid, self._search_key(system), *fusion)

    def _tried(self, system: str, grammar: str) -> Dict[str, Any]:
        """The axes of the grid that tuning tries: what counts for nothing is in no key."""
        fusion = self.spec.grammars[grammar].fusion
        idle = {"rescoring_scale", "first_lm_share", "added_scale", "subtracted_scale", "internal_scale"}
        idle -= set(fusion.axes) if fusion else set()
        grid = asdict(self.spec.systems[system].tuning)
        return {axis: values for axis, values in grid.items() if axis not in idle and (values or axis != "ctc_weight")}

    def _fusion_key(self, data: str, system: str, grammar: str) -> List[Any]:
        fusion = self.spec.grammars[grammar].fusion
        if fusion is None:
            return []
        models = [language_model_for(self.spec, model, system) for model in fusion.models.values()]
        return [fusion.axes, fusion.internal, [self._language_model_key(data, model) for model in models]]

    def fusion(self, data: str, system: str, grammar: str) -> Optional[Dict[str, str]]:
        """What joins the search, as `load_fusion` takes it."""
        fusion = self.spec.grammars[grammar].fusion
        if fusion is None:
            return None
        names = {part: language_model_for(self.spec, model, system) for part, model in fusion.models.items()}
        parts = {part: str(self.language_model_dir(data, name)) for part, name in names.items()}
        return parts if fusion.internal == "none" else {**parts, "internal": fusion.internal}

    def _search_key(self, system: str, engine: str = "native") -> Dict[str, Any]:
        """Search options that count for a system: those of attention decoders and transducers for none but them."""
        values, family = self.search(system, engine), self.spec.systems[system].family
        for option, user in (("attention", "attention"), ("max_contexts", "transducer")):
            if family != user:
                del values[option]
        return values

    # Jobs, stage by stage.

    def feature_jobs(self) -> List[Job]:
        """One job for each way to divide the corpus and each kind of features; needs the manifests."""
        jobs: Dict[str, Job] = {}
        for data in self.spec.data:
            for system in self.systems_of(data):
                config = self.setup(system)["features"]
                # Normalisation and derivatives are not in the cache.
                static = {**config, "cmvn": "none", "cmvn_variance": False, "deltas": 0}
                key = key_of("features", steps.prepared_key(self.data_dir(data)), static)
                on_the_fly = self.spec.data[data].features == "on-the-fly"
                parts = ("dev", "test") if on_the_fly else ("train", "dev", "test")
                manifests = [manifest_path(self.data_dir(data), part) for part in parts]
                jobs[key] = Job(
                    f"features {data}/{config['kind']}",
                    self.features_dir / f"done-{key[:16]}.json",
                    key,
                    steps.extract_features,
                    {"manifests": manifests, "config": static, "cache_dir": self.features_dir},
                )
        return list(jobs.values())

    def train_jobs(self) -> List[Job]:
        """One job for each way to divide the corpus and each system, language model, or lexicon that is learned."""
        return [job for wave in self.train_waves() for job in wave]

    def train_waves(self) -> List[List[Job]]:
        """The jobs of training in groups; those of a group need what the groups before made."""
        systems, lexicons = training_depths(self.spec)
        waves = [
            [self._train_job(data, name) for data, name in self._trained() if systems[name] == wave]
            + [
                self._learn_job(data, lexicon)
                for lexicon, depth in lexicons.items()
                for data, name in self._trained()
                if depth == wave and name == self._teacher(lexicon)
            ]
            for wave in range(max(*systems.values(), *lexicons.values(), 0) + 1)
        ]
        return [[*self.language_model_jobs(), *waves[0]], *waves[1:]]

    def _trained(self) -> Iterator[Tuple[str, str]]:
        """Data, and systems that are trained on them."""
        return ((data, name) for data in self.spec.data for name in self.systems_of(data))

    def _learn_job(self, data: str, lexicon: str) -> Job:
        out = self.learned_lang_dir(data, lexicon)
        arguments = {
            "model_dir": self.model_dir(data, self._teacher(lexicon)),
            "data_dir": self.data_dir(data),
            "lang_dir": self.unweighted_lang_dir(data, lexicon),
            "out_dir": out,
            "weights": asdict(self.spec.lexicons[lexicon].weights),
            "cache_dir": self.features_dir,
        }
        key = self._lexicon_key(data, lexicon)
        outputs = (out / "lexiconp.txt", out / "lang.json")
        return Job(f"learn {data}/{lexicon}", out / "done.json", key, steps.make_learned_lang, arguments, outputs)

    def _train_job(self, data: str, system: str) -> Job:
        entry, out = self.spec.systems[system], self.model_dir(data, system)
        arguments = {
            "family": entry.family,
            "setup": self.setup(system),
            "data_dir": self.data_dir(data),
            "lang_dir": self.learned_lang_dir(data, entry.lexicon),
            "out_dir": out,
            "cache_dir": self.features_dir,
            "start_dir": self.model_dir(data, entry.start) if entry.start else None,
            "device": self.device,
            "storage": self.spec.data[data].features,
        }
        outputs = (out / "model.json", out / "model.safetensors")
        key = self._train_key(data, system)
        return Job(f"train {data}/{system}", out / "done.json", key, steps.train_system, arguments, outputs)

    def graph_jobs(self) -> List[Job]:
        """One job for each model and grammar."""
        return [self._graph_job(*trio) for trio in self.trios()]

    def trios(self) -> Iterator[Tuple[str, str, str]]:
        """Each way to divide the corpus with each system and grammar; `none` for tokens that mark words only."""
        for data, system in self._trained():
            marked = self.spec.lexicons[self.spec.systems[system].lexicon].marks_words
            for grammar, spec in self.spec.grammars.items():
                if (spec.kind != "none" or marked) and self.spec.joins(grammar, system):
                    yield data, system, grammar

    def word_trios(self) -> Iterator[Tuple[str, str, str]]:
        """As `trios`, with grammars of words only."""
        return (trio for trio in self.trios() if self.spec.grammars[trio[2]].kind != "none")

    def _graph_job(self, data: str, system: str, grammar: str) -> Job:
        entry, out = self.spec.grammars[grammar], self.graph_path(data, system, grammar)
        arguments = {
            "lang_dir": self.model_dir(data, system) / "lang",
            "model_dir": self.model_dir(data, system),
            "kind": entry.kind,
            "out_path": out,
            "arpa": self.arpa_path(data, grammar) if entry.kind == "ngram" else None,
            "min_words": entry.min_words,
            "max_words": entry.max_words,
        }
        key = self._graph_key(data, system, grammar)
        marker = out.with_suffix(".done.json")
        return Job(f"graph {data}/{system}/{grammar}", marker, key, steps.make_graph, arguments, (out,))

    def tune_jobs(self) -> List[Job]:
        """One job for each graph; the first grammar's graph and scales become the model's own."""
        return [self._tune_job(*trio) for trio in self.trios()]

    def _tune_job(self, data: str, system: str, grammar: str) -> Job:
        out = self.scales_path(data, system, grammar)
        arguments = {
            "model_dir": self.model_dir(data, system),
            "graph_path": self.graph_path(data, system, grammar),
            "cuts_path": manifest_path(self.data_dir(data), "dev"),
            "out_path": out,
            "grid": asdict(self.spec.systems[system].tuning),
            "options": self.search(system),
            "cache_dir": self.features_dir,
            # A model directory names no other models.
            "install": grammar == next((name for name, e in self.spec.grammars.items() if e.fusion is None), None),
            "fusion": self.fusion(data, system, grammar),
        }
        key = self._tune_key(data, system, grammar)
        marker = out.with_suffix(".done.json")
        return Job(f"tune {data}/{system}/{grammar}", marker, key, steps.tune_system, arguments, (out,))

    def decode_jobs(self) -> List[Job]:
        """One job for each row of the results."""
        return [self._rescored_job(run) if RESCORED in run.grammar else self._decode_job(run) for run in self.runs]

    def _decode_job(self, run: Run) -> Job:
        trio, out = (run.data, run.system, run.grammar), self.decode_dir(run)
        arguments = {
            "model_dir": self.model_dir(run.data, run.system),
            "graph_path": self.graph_path(*trio),
            "cuts_path": manifest_path(self.data_dir(run.data), "test"),
            "out_dir": out,
            "scales_path": self.scales_path(*trio),
            "options": self.search(run.system, run.engine),
            "cache_dir": self.features_dir,
            "fusion": self.fusion(*trio),
        }
        key = key_of("decode", self._tune_key(*trio), self._search_key(run.system, run.engine))
        name = f"decode {'/'.join(run)}"
        return Job(name, out / "done.json", key, steps.decode_system, arguments, decoded_files(out))

    def rescoring_jobs(self) -> List[Job]:
        """One job for each graph and language model that rescores what is found on it; needs the scales."""
        return [self._rescoring_job(run) for trio in self.trios() for run in self._rescored_runs(*trio)]

    def _rescoring_arguments(self, run: Run, part: str) -> Dict[str, Any]:
        grammar, _, model = run.grammar.partition(RESCORED)
        lm = language_model_for(self.spec, model, run.system)
        return {
            "model_dir": self.model_dir(run.data, run.system),
            "graph_path": self.graph_path(run.data, run.system, grammar),
            "cuts_path": manifest_path(self.data_dir(run.data), part),
            "lm": self.language_model_dir(run.data, lm),
            "scales_path": self.scales_path(run.data, run.system, grammar),
            "options": self.search(run.system, run.engine),
            "cache_dir": self.features_dir,
            "fusion": self.fusion(run.data, run.system, grammar),
        }

    def _rescoring_key(self, run: Run) -> str:
        grammar, _, model = run.grammar.partition(RESCORED)
        lm = self._language_model_key(run.data, language_model_for(self.spec, model, run.system))
        tuning = self.spec.systems[run.system].tuning
        grid = (tuning.rescoring_scale, tuning.first_lm_share)
        engine = self._search_key(run.system, run.engine)
        return key_of("rescoring", self._tune_key(run.data, run.system, grammar), lm, grid, engine)

    def _rescoring_job(self, run: Run) -> Job:
        out = self.scales_path(*run[:3])
        grid = asdict(self.spec.systems[run.system].tuning)
        arguments = {**self._rescoring_arguments(run, "dev"), "out_path": out, "grid": grid}
        name, marker = f"tune {'/'.join(run[:3])}", out.parent / f"{run.grammar}.done.json"
        return Job(name, marker, self._rescoring_key(run), tune_rescoring, arguments, (out,))

    def _rescored_job(self, run: Run) -> Job:
        out, weights = self.decode_dir(run), self.scales_path(*run[:3])
        arguments = {**self._rescoring_arguments(run, "test"), "out_dir": out, "weights_path": weights}
        key = key_of("decode", self._rescoring_key(run))
        return Job(f"decode {'/'.join(run)}", out / "done.json", key, decode_rescored, arguments, decoded_files(out))

    def lattice_jobs(self) -> List[Job]:
        """One job for each graph of words; with the native engine."""
        return [self.lattice_job(*trio) for trio in self.word_trios()]

    def lattice_job(self, data: str, system: str, grammar: str) -> Job:
        """Makes the word lattices of one system and graph."""
        out = self.lattice_dir(data, system, grammar)
        arguments = {
            "model_dir": self.model_dir(data, system),
            "graph_path": self.graph_path(data, system, grammar),
            "parts": {part: manifest_path(self.data_dir(data), part) for part in ("dev", "test")},
            "out_dir": out,
            "scales_path": self.scales_path(data, system, grammar),
            "options": self.search(system),
            "cache_dir": self.features_dir,
            "fusion": self.fusion(data, system, grammar),
        }
        key = key_of("lattices", self._tune_key(data, system, grammar), self._search_key(system))
        name = f"lattices {data}/{system}/{grammar}"
        return Job(name, out / "done.json", key, steps.lattice_system, arguments, (out / QUALITY, out / "mbr.ctm"))


def read_experiment(folder: PathLike) -> Experiment:
    """The experiment whose results are in a folder.

    Raises:
      FileFormatError: no recipe is kept there.
    """
    path = Path(folder) / RECIPE
    try:
        values = read_json(path)
    except (OSError, ValueError) as error:
        raise FileFormatError(path, None, f"cannot be read ({error}); run stage 'results' of its recipe") from error
    return Experiment(config_from_dict(RecipeSpec, values, str(path)), Path(folder))
