"""`Experiment`: a recipe and a folder; where everything lies and which jobs make it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import fsaasr
from fsaasr.core.config import config_from_dict, config_to_dict, merged, read_mapping, without_defaults
from fsaasr.core.errors import ConfigError
from fsaasr.core.files import PathLike, content_hash, read_json, write_json
from fsaasr.core.stack import examine, survey
from fsaasr.corpora import manifest_path
from fsaasr.decode import SearchOptions
from fsaasr.recipe import steps
from fsaasr.recipe.families import setup_from_dict
from fsaasr.recipe.jobs import Job, key_of, listing
from fsaasr.recipe.lattice_quality import QUALITY
from fsaasr.recipe.searches import says_tokens
from fsaasr.recipe.spec import RecipeSpec
from fsaasr.recipe.training_order import training_depths


class Run(NamedTuple):
    """One row of the results."""

    data: str
    system: str
    grammar: str
    engine: str


@dataclass(frozen=True)
class Experiment:
    """Paths and jobs of an experiment; nothing here does work.

    A job's key covers all that its result depends on, through the keys of the jobs before it. So a killed
    experiment goes on where it was, and a changed configuration redoes what it touches and no more.

    Attributes:
      spec: the recipe.
      folder: where everything is written.
    """

    spec: RecipeSpec
    folder: Path

    @property
    def features_dir(self) -> Path:
        """Cache of extracted features."""
        return self.folder / "features"

    def data_dir(self, data: str) -> Path:
        """Manifests of one way to divide the corpus."""
        return self.folder / "data" / data

    def lang_dir(self, lexicon: str) -> Path:
        """Lang directory of a lexicon."""
        return self.folder / "lang" / lexicon

    def learned_lang_dir(self, data: str, lexicon: str) -> Path:
        """Lang directory of a lexicon with the weights that a training part taught; its own where none does."""
        return self.folder / "learned" / data / lexicon if self._teacher(lexicon) else self.lang_dir(lexicon)

    def lexicon_path(self, lexicon: str) -> Path:
        """File of a lexicon, in the recipe's folder or in the corpus that was prepared."""
        entry = self.spec.lexicons[lexicon]
        return Path(self.read_corpus()) / entry.file if entry.within == "corpus" else self.spec.path(entry.file)

    def arpa_path(self, data: str, grammar: str) -> Path:
        """N-gram model of a training text."""
        return self.folder / "lm" / data / f"{grammar}.arpa"

    def model_dir(self, data: str, system: str) -> Path:
        """Model directory."""
        return self.folder / "model" / data / system

    def graph_path(self, data: str, system: str, grammar: str) -> Path:
        """Decoding graph."""
        return self.folder / "graph" / data / system / f"{grammar}.graph"

    def scales_path(self, data: str, system: str, grammar: str) -> Path:
        """Scales chosen on dev data."""
        return self.folder / "tune" / data / system / f"{grammar}.json"

    def decode_dir(self, run: Run) -> Path:
        """Hypotheses of the test part."""
        return self.folder / "decode" / run.data / run.system / run.grammar / run.engine

    def lattice_dir(self, data: str, system: str, grammar: str) -> Path:
        """Word lattices of dev and test part, and what they are worth."""
        return self.folder / "lattices" / data / system / grammar

    @cached_property
    def missing_engines(self) -> Dict[str, str]:
        """Engines that the recipe asks for and this environment cannot run, each with the reason."""
        wanting = {finding.package.name: finding.problem for finding in examine(survey()) if finding.problem}
        return {name: f"k2 {wanting['k2']}" for name in self.spec.engines if name.startswith("k2") and "k2" in wanting}

    @property
    def runs(self) -> Tuple[Run, ...]:
        """All rows of the results, in their order."""
        return tuple(
            Run(data, system, grammar, engine)
            for data, system, grammar in self.trios()
            for engine in self.engines_of(system)
        )

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

    def _lang_key(self, lexicon: str) -> str:
        entry = self.spec.lexicons[lexicon]
        path = self.lexicon_path(lexicon)
        if not path.is_file():
            raise ConfigError(f"recipe {self.spec.name!r}: lexicon {lexicon!r}: no file {path}")
        return key_of("lang", fsaasr.__version__, replace(entry, file=""), content_hash(path.read_bytes()))

    def _lexicon_key(self, data: str, lexicon: str) -> str:
        teacher, key = self._teacher(lexicon), self._lang_key(lexicon)
        weights = asdict(self.spec.lexicons[lexicon].weights)
        return key_of("learn", key, weights, self._train_key(data, teacher)) if teacher else key

    def _train_key(self, data: str, system: str) -> str:
        entry = self.spec.systems[system]
        before = [self._train_key(data, entry.start)] if entry.start else []
        prepared = steps.prepared_key(self.data_dir(data))
        # What is left at its default is left out, so that an option more does not redo what never used it.
        settings = without_defaults(self.setup(system), config_to_dict(setup_from_dict(entry.family, {})))
        return key_of("train", self._lexicon_key(data, entry.lexicon), prepared, entry.family, settings, *before)

    def _grammar_key(self, data: str, grammar: str) -> str:
        entry = self.spec.grammars[grammar]
        text = steps.prepared_key(self.data_dir(data)) if entry.kind == "ngram" else ""
        return key_of("grammar", fsaasr.__version__, asdict(entry), text)

    def _graph_key(self, data: str, system: str, grammar: str) -> str:
        return key_of("graph", self._train_key(data, system), self._grammar_key(data, grammar))

    def _tune_key(self, data: str, system: str, grammar: str) -> str:
        grid = asdict(self.spec.systems[system].tuning)
        return key_of("tune", self._graph_key(data, system, grammar), grid, self._search_key(system))

    def _search_key(self, system: str, engine: str = "native") -> Dict[str, Any]:
        """Search options that count for a system: those of attention decoders for none but them."""
        values = self.search(system, engine)
        if not says_tokens(self.spec.systems[system].family):
            del values["attention"]
        return values

    # Jobs, stage by stage.

    def prepare_jobs(self, corpus_dir: PathLike) -> List[Job]:
        """One job for each way to divide the corpus."""
        inputs = listing(corpus_dir)
        return [
            Job(
                f"prepare {name}",
                self.data_dir(name) / "done.json",
                key_of("prepare", fsaasr.__version__, asdict(entry), inputs),
                steps.prepare_data,
                {
                    "corpus": entry.corpus,
                    "corpus_dir": corpus_dir,
                    "out_dir": self.data_dir(name),
                    "options": entry.options,
                },
                tuple(manifest_path(self.data_dir(name), part) for part in ("train", "dev", "test")),
            )
            for name, entry in self.spec.data.items()
        ]

    def feature_jobs(self) -> List[Job]:
        """One job for each way to divide the corpus and each kind of features; needs the manifests."""
        jobs: Dict[str, Job] = {}
        for data in self.spec.data:
            for system in self.spec.systems:
                config = self.setup(system)["features"]
                # Normalisation and derivatives are not in the cache.
                static = {**config, "cmvn": "none", "cmvn_variance": False, "deltas": 0}
                key = key_of("features", steps.prepared_key(self.data_dir(data)), static)
                manifests = [manifest_path(self.data_dir(data), part) for part in ("train", "dev", "test")]
                jobs[key] = Job(
                    f"features {data}/{config['kind']}",
                    self.features_dir / f"done-{key[:16]}.json",
                    key,
                    steps.extract_features,
                    {"manifests": manifests, "config": static, "cache_dir": self.features_dir},
                )
        return list(jobs.values())

    def lang_jobs(self) -> List[Job]:
        """One job for each lexicon."""
        return [
            Job(
                f"lang {name}",
                self.lang_dir(name) / "done.json",
                self._lang_key(name),
                steps.make_lang,
                {
                    "file": self.lexicon_path(name),
                    "out_dir": self.lang_dir(name),
                    "units": entry.units,
                    "silence": entry.silence or "",
                    "silence_probability": entry.silence_probability,
                },
                (self.lang_dir(name) / "lexiconp.txt", self.lang_dir(name) / "lang.json"),
            )
            for name, entry in self.spec.lexicons.items()
        ]

    def lm_jobs(self) -> List[Job]:
        """One job for each n-gram grammar and training text."""
        first = next(iter(self.spec.lexicons))
        return [
            Job(
                f"lm {data}/{name}",
                self.arpa_path(data, name).with_suffix(".done.json"),
                key_of(self._grammar_key(data, name), self._lang_key(first)),
                steps.make_lm,
                {
                    "cuts_path": manifest_path(self.data_dir(data), "train"),
                    "lang_dir": self.lang_dir(first),
                    "arpa_path": self.arpa_path(data, name),
                    "order": entry.order,
                },
                (self.arpa_path(data, name),),
            )
            for data in self.spec.data
            for name, entry in self.spec.grammars.items()
            if entry.kind == "ngram"
        ]

    def train_jobs(self) -> List[Job]:
        """One job for each way to divide the corpus and each system, or lexicon that is learned from one."""
        return [job for wave in self.train_waves() for job in wave]

    def train_waves(self) -> List[List[Job]]:
        """The jobs of training in groups; those of a group need what the groups before made."""
        systems, lexicons = training_depths(self.spec)
        return [
            [self._train_job(data, name) for data in self.spec.data for name in systems if systems[name] == wave]
            + [self._learn_job(data, name) for data in self.spec.data for name in lexicons if lexicons[name] == wave]
            for wave in range(max(*systems.values(), *lexicons.values(), 0) + 1)
        ]

    def _teacher(self, lexicon: str) -> str:
        return self.spec.lexicons[lexicon].learned_from

    def _learn_job(self, data: str, lexicon: str) -> Job:
        out = self.learned_lang_dir(data, lexicon)
        arguments = {
            "model_dir": self.model_dir(data, self._teacher(lexicon)),
            "data_dir": self.data_dir(data),
            "lang_dir": self.lang_dir(lexicon),
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
        }
        outputs = (out / "model.json", out / "model.safetensors")
        key = self._train_key(data, system)
        return Job(f"train {data}/{system}", out / "done.json", key, steps.train_system, arguments, outputs)

    def graph_jobs(self) -> List[Job]:
        """One job for each model and grammar."""
        return [self._graph_job(*trio) for trio in self.trios()]

    def trios(self) -> Iterator[Tuple[str, str, str]]:
        """Each way to divide the corpus with each system and grammar; `none` for tokens that mark words only."""
        for data in self.spec.data:
            for system, entry in self.spec.systems.items():
                marked = self.spec.lexicons[entry.lexicon].units == "marked-characters"
                for grammar, spec in self.spec.grammars.items():
                    if spec.kind != "none" or marked:
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
            "install": grammar == next(iter(self.spec.grammars)),
        }
        key = self._tune_key(data, system, grammar)
        marker = out.with_suffix(".done.json")
        return Job(f"tune {data}/{system}/{grammar}", marker, key, steps.tune_system, arguments, (out,))

    def decode_jobs(self) -> List[Job]:
        """One job for each row of the results."""
        return [self._decode_job(run) for run in self.runs]

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
        }
        key = key_of("decode", self._tune_key(*trio), self._search_key(run.system, run.engine))
        name = f"decode {'/'.join(run)}"
        outputs = (out / "hyp.txt", out / "hyp.jsonl", out / "ref.txt", out / "decode.json")
        return Job(name, out / "done.json", key, steps.decode_system, arguments, outputs)

    def lattice_jobs(self) -> List[Job]:
        """One job for each graph of words; with the native engine."""
        return [self._lattice_job(*trio) for trio in self.word_trios()]

    def _lattice_job(self, data: str, system: str, grammar: str) -> Job:
        out = self.lattice_dir(data, system, grammar)
        arguments = {
            "model_dir": self.model_dir(data, system),
            "graph_path": self.graph_path(data, system, grammar),
            "parts": {part: manifest_path(self.data_dir(data), part) for part in ("dev", "test")},
            "out_dir": out,
            "scales_path": self.scales_path(data, system, grammar),
            "options": self.search(system),
            "cache_dir": self.features_dir,
        }
        key = key_of("lattices", self._tune_key(data, system, grammar), self._search_key(system))
        name = f"lattices {data}/{system}/{grammar}"
        return Job(name, out / "done.json", key, steps.lattice_system, arguments, (out / QUALITY, out / "mbr.ctm"))

    def write_corpus(self, corpus_dir: PathLike) -> None:
        """Keeps where the data came from, for lexicons that lie there and for the reports."""
        write_json(self.folder / "corpus.json", {"directory": str(Path(corpus_dir).absolute())})

    def read_corpus(self) -> str:
        """What `write_corpus` kept; empty where it kept nothing."""
        try:
            return str(read_json(self.folder / "corpus.json")["directory"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""
