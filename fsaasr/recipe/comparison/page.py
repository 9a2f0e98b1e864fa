"""The page of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import yaml

from fsaasr.core.files import PathLike, read_json
from fsaasr.evaluate.breakdown import disagreements
from fsaasr.evaluate.error_report import GAP
from fsaasr.recipe.comparison.entries import Entry, best_of_families, dev_rank
from fsaasr.recipe.comparison.page_alignments import alignment_section
from fsaasr.recipe.comparison.page_costs import costs_section, needs_section
from fsaasr.recipe.comparison.page_errors import disagreement_section, errors_section
from fsaasr.recipe.comparison.page_lattices import lattice_section
from fsaasr.recipe.comparison.page_spaces import hours_section, ladder_section
from fsaasr.recipe.comparison.page_summary import summary_section, table_section, tests_section
from fsaasr.recipe.comparison.results import SetComparison
from fsaasr.recipe.results import RESULTS
from fsaasr.report.page import Block, Details, Page, Section, Text

DRAWN_SYSTEMS = 4
"""Systems whose lattices are drawn: the best on dev of as many families."""


@dataclass(frozen=True)
class PageOptions:
    """How much the page shows.

    Attributes:
      examples: utterances to listen to. lattices: of these, how many with lattices.
      aligned: utterances that alignments are compared on, 0 for none. drawn: of these, how many are drawn.
      command: what to say the comparison was made with.
    """

    examples: int = 10
    lattices: int = 2
    aligned: int = 40
    drawn: int = 2
    command: str = ""


def comparison_page(sets: Sequence[SetComparison], options: PageOptions) -> Page:
    """Gathers what the page shows; reads models, lattices and audio of the experiments."""
    sections: List[Section] = []
    for one in sets:
        sections += _sections(one, options)
    names = ", ".join(dict.fromkeys(Path(line.experiment).name for one in sets for line in one.lines))
    systems = len({(line.experiment, line.system) for one in sets for line in one.lines})
    return Page(
        "HMM and end-to-end: a comparison",
        f"{systems} systems of the experiments {names} on the same test data: one lexicon, one grammar and one scorer "
        "for all of them. Scales were tuned on dev data and frozen before the test data were decoded.",
        (*sections, _made(sets, options)),
    )


def _sections(one: SetComparison, options: PageOptions) -> List[Section]:
    chosen = {line.name: one.entries[line.name] for line in one.lines if line.representative}
    sections = [summary_section(one), table_section(one)]
    if one.pairs:
        sections.append(tests_section(one))
    sections += [*ladder_section(one), *hours_section(one), costs_section(one), needs_section(one)]
    sections += [errors_section(chosen), disagreement_section(chosen, options.examples)]
    families = best_of_families(chosen)
    if options.aligned:
        sections.append(alignment_section(families, options.aligned, options.drawn))
    examples = _examples(chosen, options.lattices)
    drawn = sorted(families, key=lambda name: dev_rank(families[name]))[:DRAWN_SYSTEMS]
    sections += lattice_section({name: families[name] for name in drawn}, list(examples), examples)
    return [*sections, _configurations(one)]


def _examples(chosen: Dict[str, Entry], count: int) -> Dict[str, str]:
    """Utterances that systems disagree on, with what was said."""
    found = disagreements({name: entry.reports[0] for name, entry in chosen.items()})[:count]
    return {
        one.utterance: " ".join(word for word, _ in next(iter(one.errors.values())).alignment if word != GAP)
        for one in found
    }


def _configurations(one: SetComparison) -> Section:
    """Of each row, the commands that make it and its configuration, all defaults filled in."""
    blocks: List[Block] = [Text("The commands that make each row, and its training's configuration with all defaults.")]
    for name, entry in one.entries.items():
        for row in entry.rows:
            title = name if len(entry.rows) == 1 else f"{name}, seed {row.seed}"
            blocks.append(Details(title, "\n".join(_commands(entry, row.system)) + "\n\n" + _setup(entry, row.system)))
    return Section("Commands and configurations", tuple(blocks))


def _commands(entry: Entry, system: str) -> Tuple[str, ...]:
    """What to type to make a row anew, from files of the experiment."""
    experiment, row = entry.experiment, entry.first
    spec = experiment.spec.systems.get(system)
    data, model = experiment.data_dir(row.split), experiment.model_dir(row.split, system)
    graph, scales = (where(row.split, system, row.graph) for where in (experiment.graph_path, experiment.scales_path))
    if spec is None:
        return (f"# {system}: lattices of {', '.join(experiment.spec.combinations[system])}, equally weighted",)
    start = f" --start {experiment.model_dir(row.split, spec.start)}" if spec.start else ""
    train = (
        f"fsaasr train {spec.family} {data}/cuts_train.jsonl.gz {experiment.learned_lang_dir(row.split, spec.lexicon)} "
        f"{system}.yaml {model} --dev {data}/cuts_dev.jsonl.gz{start}  # {system}.yaml: below"
    )
    out = f"{experiment.folder}/decode/{row.split}/{system}/{row.graph}/{row.engine}"
    decode = f"fsaasr decode {model} {graph} {data}/cuts_test.jsonl.gz {out} --scales {scales} --engine {row.engine}"
    search = experiment.search(system, row.engine)
    decode += f" --search-beam {search['search_beam']} --lattice-beam {search['lattice_beam']}"
    return train, decode, f"fsaasr wer {out}/ref.txt {out}/hyp.txt --utt2spk {out}/utt2spk"


def _setup(entry: Entry, system: str) -> str:
    if system not in entry.experiment.spec.systems:
        return ""
    row = next(row for row in entry.rows if row.system == system)
    values: Dict[str, Any] = {"scales": row.scales, "search": entry.experiment.search(system, row.engine)}
    return yaml.safe_dump({**entry.experiment.setup(system), "decoding": values}, sort_keys=False)


def _made(sets: Sequence[SetComparison], options: PageOptions) -> Section:
    folders: List[PathLike] = list(dict.fromkeys(line.experiment for one in sets for line in one.lines))
    blocks: List[Block] = [Text(f"Made by: {options.command}")] if options.command else []
    for folder in folders:
        found = read_json(Path(folder) / RESULTS)
        stack = ", ".join(f"{name} {version}" for name, version in found["stack"].items())
        corpus, commit = found["corpus"], found["commit"] or "unknown"
        blocks.append(Text(f"{folder}: recipe {found['name']}, corpus {corpus}, commit {commit}, {stack}."))
    return Section("How this was made", tuple(blocks))
