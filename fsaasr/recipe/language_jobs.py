"""`LanguageJobs`: jobs that need text alone: lexicons and language models."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import fsaasr
from fsaasr.core.config import config_from_dict, config_to_dict, merged, read_mapping
from fsaasr.core.errors import ConfigError
from fsaasr.core.files import content_hash
from fsaasr.corpora import manifest_path
from fsaasr.recipe import steps
from fsaasr.recipe.data_jobs import DataJobs
from fsaasr.recipe.jobs import Job, key_of
from fsaasr.recipe.language_models import ARPA, measure_perplexities, train_language_model
from fsaasr.recipe.pieces import PIECES


@dataclass(frozen=True)
class LanguageJobs(DataJobs):
    """Lexicons and language models of an experiment."""

    # Keys.

    def _lang_key(self, lexicon: str) -> str:
        entry = self.spec.lexicons[lexicon]
        path = self.lexicon_path(lexicon)
        if not path.is_file():
            raise ConfigError(f"recipe {self.spec.name!r}: lexicon {lexicon!r}: no file {path}")
        key = key_of("lang", fsaasr.__version__, replace(entry, file=""), content_hash(path.read_bytes()))
        return key_of(key, "without stress") if entry.strip_stress else key

    def _unweighted_key(self, data: str, lexicon: str) -> str:
        """Of a lexicon before any system was trained."""
        entry, key = self.spec.lexicons[lexicon], self._lang_key(lexicon)
        text = steps.prepared_key(self.data_dir(data))
        return key_of(key, entry.num_pieces, entry.g2p, text) if entry.needs_text else key

    def _arpa_key(self, file: str, within: str) -> str:
        """Of an ARPA file, which may be too large to be read each time."""
        path = self.given_path(file, within)
        if not path.is_file():
            raise ConfigError(f"recipe {self.spec.name!r}: no file {path}")
        return key_of("arpa", path.name, path.stat().st_size, path.stat().st_mtime_ns)

    def _grammar_key(self, data: str, grammar: str) -> str:
        entry = self.spec.grammars[grammar]
        text = steps.prepared_key(self.data_dir(data)) if entry.is_estimated else ""
        if entry.file:
            text = self._arpa_key(entry.file, entry.within)
        apart = ("rescoring", "fusion", "file", "within")
        shape = {name: value for name, value in asdict(entry).items() if name not in apart}
        return key_of("grammar", fsaasr.__version__, shape, text)

    def _language_model_key(self, data: str, name: str) -> str:
        entry = self.spec.language_models[name]
        if entry.file:
            return self._arpa_key(entry.file, entry.within)
        text = steps.prepared_key(self.data_dir(data))
        if entry.text:
            path = self.spec.path(entry.text)
            if not path.is_file():
                raise ConfigError(f"recipe {self.spec.name!r}: language model {name!r}: no file {path}")
            # Dev transcripts choose the epoch.
            text = key_of(text, content_hash(path.read_bytes()))
        shape = (entry.kind, entry.over, entry.order if entry.kind == "ngram" else self.language_model_setup(name))
        lexicon = self._unweighted_key(data, self.lexicon_of(name))
        return key_of("language model", fsaasr.__version__, shape, lexicon, text)

    def lexicon_of(self, name: str) -> str:
        """The lexicon whose words or tokens a language model, or an n-gram grammar, is of."""
        entry = self.spec.language_models.get(name)
        return entry.lexicon if entry is not None and entry.lexicon else next(iter(self.spec.lexicons))

    def language_model_setup(self, name: str) -> Optional[Dict[str, Any]]:
        """Resolved training configuration of a neural language model, all defaults filled in; None for n-grams."""
        from fsaasr.train.neural_lm import NeuralLmTrainConfig

        entry = self.spec.language_models[name]
        if entry.kind == "ngram":
            return None
        file = read_mapping(self.spec.path(entry.config)) if entry.config else {}
        values = merged(merged({"network": {"kind": entry.kind}}, file), entry.settings)
        source = f"recipe {self.spec.name!r}: language model {name!r}"
        config = config_from_dict(NeuralLmTrainConfig, values, source)
        if config.network.kind != entry.kind:
            raise ConfigError(f"{source}: kind is {entry.kind}, but the settings' network is a {config.network.kind}")
        return config_to_dict(config)

    # Jobs.

    def lang_jobs(self) -> List[Job]:
        """One job for each lexicon; of those that need text, one for each training part."""
        jobs = []
        for name, entry in self.spec.lexicons.items():
            parts = list(self.spec.data) if entry.needs_text else [""]
            jobs += [self._lang_job(data, name) for data in parts]
        return jobs

    def _lang_job(self, data: str, name: str) -> Job:
        entry = self.spec.lexicons[name]
        out = self.unweighted_lang_dir(data, name)
        arguments: Dict[str, Any] = {
            "file": self.lexicon_path(name),
            "out_dir": out,
            "units": entry.units,
            "silence": entry.silence or "",
            "silence_probability": entry.silence_probability,
            "without_stress": entry.strip_stress,
        }
        outputs: Tuple[Path, ...] = (out / "lexiconp.txt", out / "lang.json")
        if entry.needs_text:
            arguments["cuts_path"] = manifest_path(self.data_dir(data), "train")
        if entry.has_pieces:
            arguments["num_pieces"] = entry.num_pieces
            outputs = (*outputs, out / PIECES)
        key = self._unweighted_key(data, name)
        job = f"lang {data}/{name}" if data else f"lang {name}"
        return Job(job, out / "done.json", key, steps.make_lang, arguments, outputs)

    def lm_jobs(self) -> List[Job]:
        """One job for each n-gram grammar and training text."""
        first = next(iter(self.spec.lexicons))
        return [
            Job(
                f"lm {data}/{name}",
                self.arpa_path(data, name).with_suffix(".done.json"),
                key_of(self._grammar_key(data, name), self._unweighted_key(data, first)),
                steps.make_lm,
                {
                    "cuts_path": manifest_path(self.data_dir(data), "train"),
                    "lang_dir": self.unweighted_lang_dir(data, first),
                    "arpa_path": self.arpa_path(data, name),
                    "order": entry.order,
                },
                (self.arpa_path(data, name),),
            )
            for data in self.spec.data
            for name, entry in self.spec.grammars.items()
            if entry.is_estimated
        ]

    def language_model_jobs(self) -> List[Job]:
        """One job for each language model that is trained, and training text."""
        trained = [name for name, entry in self.spec.language_models.items() if not entry.file]
        return [self._language_model_job(data, name) for data in self.spec.data for name in trained]

    def _language_model_job(self, data: str, name: str) -> Job:
        entry, out = self.spec.language_models[name], self.language_model_dir(data, name)
        arguments = {
            "out_dir": out,
            "lang_dir": self.unweighted_lang_dir(data, self.lexicon_of(name)),
            "text": self.spec.path(entry.text) if entry.text else None,
            "parts": {part: manifest_path(self.data_dir(data), part) for part in ("train", "dev")},
            "over": entry.over,
            "order": entry.order,
            "config": self.language_model_setup(name),
        }
        outputs = (out / ARPA,) if entry.kind == "ngram" else (out / "lm.json", out / "lm.safetensors")
        key = self._language_model_key(data, name)
        return Job(f"language model {data}/{name}", out / "done.json", key, train_language_model, arguments, outputs)

    def perplexity_jobs(self) -> List[Job]:
        """One job for each n-gram grammar and each language model, and each way to divide the corpus."""
        return [self._perplexity_job(data, name) for data in self.spec.data for name in self.models_of_language]

    @property
    def models_of_language(self) -> Tuple[str, ...]:
        """Grammars that are n-gram models, and language models; their names differ."""
        grammars = (name for name, entry in self.spec.grammars.items() if entry.kind == "ngram")
        return (*grammars, *self.spec.language_models)

    def _perplexity_job(self, data: str, name: str) -> Job:
        entry, out = self.spec.language_models.get(name), self.perplexity_path(data, name)
        arguments = {
            "model": self.arpa_path(data, name) if entry is None else self.language_model_dir(data, name),
            "lang_dir": self.unweighted_lang_dir(data, self.lexicon_of(name)),
            "parts": {part: manifest_path(self.data_dir(data), part) for part in ("dev", "test")},
            "over": "words" if entry is None else entry.over,
            "out": out,
        }
        model = self._grammar_key(data, name) if entry is None else self._language_model_key(data, name)
        prepared = steps.prepared_key(self.data_dir(data))
        key = key_of("perplexity", model, self._unweighted_key(data, self.lexicon_of(name)), prepared)
        marker = out.with_suffix(".done.json")
        return Job(f"perplexity {data}/{name}", marker, key, measure_perplexities, arguments, (out,))
