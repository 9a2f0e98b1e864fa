"""Experiments that nobody ran: folders with results, decodings and manifests, written by hand."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Dict, Mapping, Sequence

import numpy as np

from fsaasr.core.files import write_json
from fsaasr.corpora import manifest_path
from fsaasr.evaluate import word_errors
from fsaasr.hypotheses import write_transcripts
from fsaasr.recipe import Experiment, RecipeSpec, ResultRow, Results, Run
from fsaasr.recipe.spec import DataSpec, GrammarSpec, LexiconSpec, SystemSpec
from tests.recipe.comparison.manifest import write_speech

Texts = Dict[str, Sequence[str]]


def references(utterances: int = 40, words: int = 6) -> Texts:
    rng = np.random.default_rng(0)
    return {f"u{n:02d}": rng.choice(list("abcdefgh"), size=words).tolist() for n in range(utterances)}


def heard(texts: Texts, rate: float, seed: int) -> Texts:
    """Texts with words replaced, at a rate."""
    rng = np.random.default_rng(seed)
    return {name: ["z" if rng.random() < rate else word for word in words] for name, words in texts.items()}


def write_experiment(
    folder: Path,
    systems: Mapping[str, Mapping[str, Texts]],
    texts: Texts,
    *,
    families: Mapping[str, str],
    splits: Mapping[str, int] = {"all": 10},
    dev: Mapping[str, int] = {},
) -> Experiment:
    """Writes what `fsaasr compare` reads.

    Args:
      systems: names (with seeds as `x.seed0`) to graphs to what was heard, on every split.
      families: by system, without its seed. splits: utterances in the training part.
      dev: errors on dev by graph; 5 where left out.
    """
    grammars = {"free": "none", "loop": "loop", "unigram": "1", "trigram": "3"}
    specs = {
        name: GrammarSpec("ngram", int(kind)) if kind.isdigit() else GrammarSpec(kind)  # type: ignore[arg-type]
        for name, kind in grammars.items()
    }
    spec = RecipeSpec(
        "written",
        {split: DataSpec("yesno") for split in splits},
        {"letters": LexiconSpec("lexicon.txt", "marked-characters")},
        specs,
        {name: SystemSpec(families[name.split(".")[0]], "x.yaml", "letters", group=_group(name)) for name in systems},
        base=str(folder),
    )
    experiment = Experiment(spec, folder)
    rows = []
    for split, size in splits.items():
        for part, count in (("train", size), ("test", 4)):
            write_speech(manifest_path(experiment.data_dir(split), part), count)
        for name, graphs in systems.items():
            for graph, found in graphs.items():
                rows.append(_write(experiment, Run(split, name, graph, "native"), texts, found, dev.get(graph, 5)))
    experiment.write_recipe()
    write_json(folder / "results.json", asdict(Results("written", tuple(rows), "abc", "none", {"python": "3"}, {})))
    return experiment


def _group(name: str) -> str:
    return name.split(".")[0] if ".seed" in name else ""


def _write(experiment: Experiment, run: Run, texts: Texts, found: Texts, dev: int) -> ResultRow:
    folder = experiment.decode_dir(run)
    write_transcripts(texts, folder / "ref.txt")
    write_transcripts(found, folder / "hyp.txt")
    (folder / "utt2spk").write_text("".join(f"{name} s{n // 10}\n" for n, name in enumerate(texts)))
    report = word_errors(texts, found)
    system = experiment.spec.systems[run.system]
    seed = int(run.system[-1]) if system.group else None
    counts = (report.words, report.errors, report.substitutions, report.insertions, report.deletions)
    scales = {"acoustic_scale": 1.0, "lm_scale": 1.0, "word_insertion_penalty": 0.0, "prior_scale": None}
    return ResultRow(
        *run,
        report.wer,
        0.0,
        1.0,
        *counts,
        len(texts),
        0.01,
        100,
        seed,
        "c0ffee",
        scales,
        {},
        family=system.family,
        units="marked-characters",
        lm=experiment.spec.grammars[run.grammar].description,
        parameters=1000,
        train_minutes=1.5,
        group=system.group,
        dev_errors=dev,
        dev_words=100,
    )
