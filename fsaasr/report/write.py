"""`write_report`: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

from fsaasr.core import EvaluationError, PathLike, write_text
from fsaasr.core.files import atomic_path
from fsaasr.evaluate import UtteranceErrors
from fsaasr.evaluate.error_report import Pair
from fsaasr.report.data import ErrorsView, RateRow, ReportData
from fsaasr.report.drawing import Form
from fsaasr.report.figures import rates_figure, utterance_figure
from fsaasr.report.theme import DARK, LIGHT, Theme
from fsaasr.report.training_figures import occupancy_figure, training_figure
from fsaasr.report.tree_figure import tree_figure

Draw = Callable[[Theme, Form], bytes]

MAX_ERRORS = 12
"""Wrong utterances shown of each decoding."""

_KINDS = {"S": "substitution", "I": "insertion", "D": "deletion", "": ""}


def write_report(path: PathLike, data: ReportData) -> None:
    """Writes a self-contained HTML page, atomically: no script, no font and no picture from elsewhere.

    Args:
      path: file to write.
      data: what to show.

    Raises:
      EvaluationError: no error rates.
    """
    write_text(path, render_report(data))


def render_report(data: ReportData) -> str:
    """The page as text; see `write_report`."""
    if not data.rates:
        raise EvaluationError("write_report: no error rates to show; give at least one row")
    figures = {name: picture(draw) for name, draw in _figures(data).items()}
    groups = {name: [row for row in data.rates if row.group == name] for name in {r.group: 0 for r in data.rates}}
    page: str = template("report.html.j2").render(
        title=data.title,
        data=data,
        groups=groups,
        least={name: min(row.wer for row in rows) for name, rows in groups.items()},
        figures=figures,
        errors=[_errors(view) for view in data.errors],
    )
    return page


def template(name: str) -> Any:
    """A template of this folder; what is put into it is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fsaasr.report", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(name)


def write_figures(folder: PathLike, data: ReportData) -> List[Path]:
    """Writes every figure of a report as `<name>.png`; returns their paths."""
    paths = []
    for name, draw in _figures(data).items():
        paths.append(Path(folder) / f"{name}.png")
        with atomic_path(paths[-1]) as temporary:
            temporary.write_bytes(draw(LIGHT, "png"))
    return paths


def _figures(data: ReportData) -> Dict[str, Draw]:
    """By name, in the order of the page, functions that draw."""
    figures: Dict[str, Draw] = {"rates": partial(rates_figure, _best(data.rates))}
    if data.utterance is not None:
        figures["utterance"] = partial(utterance_figure, data.utterance)
    if data.training:
        figures["training"] = partial(training_figure, data.training)
    for n, occupancy in enumerate(data.occupancy, 1):
        figures[f"occupancy-{n}"] = partial(occupancy_figure, occupancy)
    for n, tree in enumerate(data.trees, 1):
        figures[f"tree-{n}"] = partial(tree_figure, tree)
    return figures


def _best(rows: Tuple[RateRow, ...]) -> List[RateRow]:
    """Of each group and system the line of the lowest rate."""
    best: Dict[Tuple[str, str], RateRow] = {}
    for row in rows:
        place = (row.group, row.system)
        if place not in best or row.wer < best[place].wer:
            best[place] = row
    return list(best.values())


def picture(draw: Draw) -> Dict[str, str]:
    """A figure in both themes, as data URIs."""
    return {
        name: "data:image/svg+xml;base64," + base64.b64encode(draw(theme, "svg")).decode()
        for name, theme in (("light", LIGHT), ("dark", DARK))
    }


def _errors(view: ErrorsView) -> Dict[str, Any]:
    wrong = [entry for entry in view.report.utterances if entry.counts.errors]
    return {
        "title": view.title,
        "total": len(view.report.utterances),
        "wrong": len(wrong),
        "shown": [_alignment(entry) for entry in wrong[:MAX_ERRORS]],
    }


def _alignment(entry: UtteranceErrors) -> Dict[str, Any]:
    return {"utterance": entry.utterance, "pairs": pair_views(entry.alignment)}


def pair_views(alignment: Sequence[Pair]) -> List[Dict[str, str]]:
    """Pairs of words with the kind of their error, as the templates' macro `words` wants them."""
    pairs = []
    for reference, hypothesis in alignment:
        kind = "" if reference == hypothesis else "I" if not reference else "D" if not hypothesis else "S"
        pairs.append({"reference": reference, "hypothesis": hypothesis, "kind": kind, "name": _KINDS[kind]})
    return pairs
