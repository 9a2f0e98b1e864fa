"""Perplexities of an experiment's language models, n-gram and neural, beside its error rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence, Tuple

from fsaasr.core.config import config_from_dict
from fsaasr.core.files import read_json
from fsaasr.recipe.experiment import Experiment
from fsaasr.recipe.language_models import Perplexities


@dataclass(frozen=True)
class PerplexityRow:
    """One language model on the transcripts of one way to divide the corpus.

    Attributes:
      split: way to divide the corpus.
      model: name of the grammar or language model. kind: what it is. over: what it predicts, `words` or a lexicon's
        tokens; perplexities of different units do not compare.
      perplexities: on dev and test transcripts.
      group: model without its seed; empty where it was trained once.
    """

    split: str
    model: str
    kind: str
    over: str
    perplexities: Perplexities
    group: str = ""


def perplexity_rows(experiment: Experiment) -> Iterator[PerplexityRow]:
    """Rows of all models whose perplexities were measured, n-gram grammars first."""
    spec = experiment.spec
    for job, (split, model) in zip(
        experiment.perplexity_jobs(), ((data, name) for data in spec.data for name in experiment.models_of_language)
    ):
        if not job.is_done():
            continue
        path = experiment.perplexity_path(split, model)
        found = config_from_dict(Perplexities, read_json(path), str(path))
        entry = spec.language_models.get(model)
        if entry is None:
            yield PerplexityRow(split, model, spec.grammars[model].description, "words", found)
        else:
            over = "words" if entry.over == "words" else f"tokens of {experiment.lexicon_of(model)}"
            yield PerplexityRow(split, model, entry.description, over, found, entry.group)


HEADER = ("split", "model", "kind", "over", "dev", "test", "unknown %", "parameters", "minutes")


def perplexities_markdown(rows: Sequence[PerplexityRow]) -> List[str]:
    """Lines of the section on perplexities; none without rows."""
    if not rows:
        return []
    return [
        "",
        "## Perplexities",
        "",
        "Of transcripts, for each word (or token) and end of a sentence, unknown words as `<unk>`; dev chose the epoch "
        "of neural models. Unknown: share of the test words. Parameters: of n-gram models the n-grams.",
        "",
        "| " + " | ".join(HEADER) + " |",
        "|" + "---|" * 4 + "---:|" * (len(HEADER) - 4),
        *("| " + " | ".join(_cells(row)) + " |" for row in rows),
    ]


def _cells(row: PerplexityRow) -> Tuple[str, ...]:
    found = row.perplexities
    return (
        *(row.split, row.model, row.kind, row.over, f"{found.dev:.2f}", f"{found.test:.2f}"),
        *(f"{100 * found.test_oov:.2f}", f"{found.parameters:,}", _minutes(found.minutes)),
    )


def _minutes(minutes: Optional[float]) -> str:
    return "-" if minutes is None else f"{minutes:.1f}"
