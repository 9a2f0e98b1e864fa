"""How the systems of an experiment were trained, as their models' records tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from fsaasr.core.errors import ConfigError, GraphError, ModelError
from fsaasr.core.files import PathLike, atomic_path, write_text
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import ContextTree, Topology, find_topology
from fsaasr.models.directory import read_record
from fsaasr.models.hmm_topology import topology_of
from fsaasr.recipe.experiment import Experiment
from fsaasr.report import Form, Occupancy, TrainingCurve, TreeView, occupancy_figure, tree_figure

_MOST_LEAVES = 16
"""A picture of a larger tree is not readable on a page."""
_MEASURES = {"log_likelihood": "log likelihood a frame", "loss": "loss"}


def training_curves(experiment: Experiment) -> Tuple[TrainingCurve, ...]:
    """One of each system of the first split, in the order of the recipe; none of one that keeps no history."""
    curves = []
    for system, record in _records(experiment):
        history = record["training"].get("history", [])
        for key, measure in _MEASURES.items():
            values = tuple(float(entry[key]) for entry in history if entry.get(key) is not None)
            if values:
                curves.append(TrainingCurve(system, measure, values))
    return tuple(curves)


def occupancies(experiment: Experiment) -> Tuple[Occupancy, ...]:
    """Of each GMM-HMM of the first split."""
    found = ((system, occupancy_of(record, system)) for system, record in _records(experiment))
    return tuple(view for _, view in found if view is not None)


def trees(experiment: Experiment) -> Tuple[TreeView, ...]:
    """Of the last system with tied states, the tree that has most leaves of those that can still be read."""
    views = []
    for system, record in _records(experiment):
        if "column_frames" in _last_pass(record) and _topology(record).tree is not None:
            views.append(tree_view(record, title=system))
    return tuple(views[-1:])


def occupancy_of(record: Mapping[str, Any], title: str) -> Optional[Occupancy]:
    """What the states of a model hold, from its `model.json`; None where this is not known."""
    last = _last_pass(record)
    if "column_frames" not in last:
        return None
    tokens = SymbolTable(record["tokens"])
    columns = _topology(record).columns(tokens)
    return Occupancy(
        title,
        tuple(tokens.name(token) for token in columns.token.tolist()),
        columns.state,
        np.array(last["column_frames"], dtype=np.float64),
        np.array(last["column_gaussians"], dtype=np.int64),
        float(record["frame_shift"]),
    )


def tree_view(record: Mapping[str, Any], state: str = "", title: str = "") -> TreeView:
    """The tree of a state of a tied model.

    Args:
      record: its `model.json`.
      state: e.g. `AH.2`; empty for the one of most leaves, up to 16.
      title: to stand before the state's name.

    Raises:
      GraphError: a model without tied states, or without this one.
    """
    tree, names = _tree_of(record), _topology(record).columns(SymbolTable(record["tokens"])).names
    sizes: Dict[str, int] = {
        f"{name}.{number + 1}": int(tree.sizes[label, number])
        for label, name in enumerate(tree.tokens)
        for number in range(tree.states_of(name))
    }
    readable = [name for name, size in sizes.items() if size <= _MOST_LEAVES] or list(sizes)
    chosen = state or max(readable, key=lambda name: sizes[name])
    if chosen not in sizes:
        raise GraphError(f"tree_view: no state {chosen!r}; there are {', '.join(list(sizes)[:6])}, ...")
    token, _, number = chosen.rpartition(".")
    frames = _last_pass(record).get("column_frames", [])
    first = sum(list(sizes.values())[: list(sizes).index(chosen)])
    leaves = slice(first, first + sizes[chosen])
    root = tree.roots[tree.tokens.index(token)][int(number) - 1]
    return TreeView(f"{title}, {chosen}" if title else chosen, root, names[leaves], tuple(frames[leaves]))


def draw_model(model_dir: PathLike, path: PathLike, state: Optional[str] = None) -> None:
    """Draws what the states of a GMM-HMM hold, or the tree of one; or writes all trees as text.

    Args:
      model_dir: the model's directory.
      path: `.svg` or `.png` file to write, or `.txt` for all trees, as `ContextTree.to_text` has them.
      state: whose tree to draw, e.g. `AH.2`.

    Raises:
      GraphError: a tree of a model without, or of a state that it lacks.
      ModelError: no model, or one that does not know what its states hold. ConfigError: a file of another kind.
    """
    record, suffix = read_record(model_dir), Path(path).suffix
    if suffix == ".txt":
        write_text(path, _tree_of(record).to_text())
        return
    if suffix not in (".svg", ".png"):
        raise ConfigError(f"draw_model: cannot write {str(path)!r}; expected an .svg, a .png or a .txt file")
    form: Form = "png" if suffix == ".png" else "svg"
    title = Path(model_dir).name
    occupancy = occupancy_of(record, title)
    if state is not None:
        picture = tree_figure(tree_view(record, state, title), form=form)
    elif occupancy is not None:
        picture = occupancy_figure(occupancy, form=form)
    else:
        raise ModelError(f"{model_dir}: its record has no frames of its states; train it again, or ask for a tree")
    with atomic_path(path) as temporary:
        temporary.write_bytes(picture)


def _records(experiment: Experiment) -> Iterator[Tuple[str, Mapping[str, Any]]]:
    data = next(iter(experiment.spec.data))
    for system in experiment.spec.systems:
        folder = experiment.model_dir(data, system)
        if (folder / "model.json").exists():
            yield system, read_record(folder)


def _last_pass(record: Mapping[str, Any]) -> Mapping[str, Any]:
    history: List[Mapping[str, Any]] = record["training"].get("history", [])
    return history[-1] if history else {}


def _tree_of(record: Mapping[str, Any]) -> ContextTree:
    topology = _topology(record)
    if topology.tree is None:
        raise GraphError(f"tree_view: the model's states, of topology {topology.name!r}, are not tied")
    return topology.tree


def _topology(record: Mapping[str, Any]) -> Topology:
    return find_topology(topology_of(record))
