"""Model directories: `model.json`, `model.safetensors`, `lang/`, and `graph.fsa` where one was saved."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from fsaasr.core.errors import FileFormatError, FsaasrError, ModelError
from fsaasr.core.files import PathLike, atomic_path, content_hash, write_json
from fsaasr.graph import Graph, find_topology
from fsaasr.graph import load_graph as load_graph_file
from fsaasr.lexicon import Lexicon, read_lang, write_lang
from fsaasr.models.acoustic_model import AcousticModel

FORMAT = "fsaasr.Model.1"

FAMILIES: Dict[str, Tuple[str, str]] = {
    "gmm": ("fsaasr.models.gmm", "GmmModel"),
    "ctc": ("fsaasr.models.ctc", "CtcModel"),
    "transducer": ("fsaasr.models.transducer", "TransducerModel"),
    "attention": ("fsaasr.models.attention_model", "AttentionModel"),
    "hybrid": ("fsaasr.models.hybrid", "HybridModel"),
}
"""Module and class of each family; the class has a `from_parts`. Modules load when a model of theirs does."""


def save_model(
    model: AcousticModel,
    directory: PathLike,
    lexicon: Lexicon,
    training: Optional[Mapping[str, Any]] = None,
    graph: Optional[Graph] = None,
) -> None:
    """Writes a model directory; `model.json` comes last, so a directory that has it is whole.

    Args:
      model: the model.
      directory: made where it does not exist; what an older model left there is replaced.
      lexicon: what its graphs are made from; its tokens must be the model's.
      training: how it was trained, JSON-ready: configuration, history.
      graph: the graph that a `Recognizer` searches, if it shall have one.

    Raises:
      ModelError: the lexicon's tokens or the graph's columns are not the model's.
    """
    directory = Path(directory)
    if lexicon.tokens != model.tokens:
        raise ModelError(
            f"save_model: the lexicon's tokens {lexicon.tokens} are not the model's {model.tokens}; "
            "give the lexicon that it was trained with"
        )
    (directory / "model.json").unlink(missing_ok=True)
    write_lang(lexicon, directory / "lang")
    (directory / "graph.fsa").unlink(missing_ok=True)
    if graph is not None:
        save_graph(graph, directory, model)
    tensors = {name: np.asarray(array, order="C") for name, array in model.tensors().items()}
    with atomic_path(directory / "model.safetensors") as temporary:
        save_file(tensors, temporary)
    record = {
        "format": FORMAT,
        "family": model.family,
        "frame_shift": model.frame_shift,
        **model.description(),
        "parameters": sum(array.size for array in tensors.values() if array.dtype.kind == "f"),
        "training": dict(training or {}),
        "sha256": content_hash((directory / "model.safetensors").read_bytes()),
    }
    write_json(directory / "model.json", record)


def save_graph(graph: Graph, directory: PathLike, model: AcousticModel) -> None:
    """Writes `graph.fsa` into a model directory.

    Raises:
      ModelError: the graph is for other tokens or another topology than the model's.
    """
    topology = find_topology(model.topology).name
    if graph.tokens != model.tokens or graph.topology_name != topology:
        raise ModelError(
            f"save_graph: a {graph.topology_name!r} graph over {graph.tokens} does not fit a {topology!r} model over "
            f"{model.tokens}; compile it with the model's lexicon and topology"
        )
    graph.save(Path(directory) / "graph.fsa")


def load_model(directory: PathLike) -> AcousticModel:
    """Reads a model of any family.

    Raises:
      ModelError: a file is missing, malformed, or of another model.
    """
    directory = Path(directory)
    record = read_record(directory)
    family = record["family"]
    if family not in FAMILIES:
        raise ModelError(
            f"{directory / 'model.json'}: unknown family {family!r}; known: {', '.join(sorted(FAMILIES))}; "
            "update fsaasr or register the family in FAMILIES"
        )
    tensors = _read_tensors(directory / "model.safetensors", record)
    module, name = FAMILIES[family]
    model_class = getattr(importlib.import_module(module), name)
    try:
        model: AcousticModel = model_class.from_parts(record, tensors)
    except (KeyError, TypeError, ValueError, RuntimeError, FsaasrError) as error:
        problem = f"no entry {error}" if isinstance(error, KeyError) else str(error)
        raise ModelError(f"{directory}: not a whole {family!r} model: {problem}; train or copy it again") from error
    return model


def load_lexicon(directory: PathLike) -> Lexicon:
    """Reads the lexicon of a model directory; raises ModelError where it is missing or malformed."""
    try:
        return read_lang(Path(directory) / "lang")
    except (OSError, FileFormatError) as error:
        raise ModelError(f"{directory}: no usable lang directory: {error}; train or copy the model again") from error


def load_graph(directory: PathLike) -> Optional[Graph]:
    """Maps the graph of a model directory, None where it has none; raises ModelError where it is malformed."""
    path = Path(directory) / "graph.fsa"
    if not path.exists():
        return None
    try:
        return load_graph_file(path)
    except (OSError, FileFormatError) as error:
        raise ModelError(f"{path}: {error}; compile the graph again") from error


def read_record(directory: PathLike) -> Dict[str, Any]:
    """Reads `model.json`; raises ModelError where it is missing or not a model's."""
    path = Path(directory) / "model.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be read ({error.strerror}); expected a model directory, as training writes it"
        ) from error
    except ValueError as error:
        raise ModelError(f"{path}: not JSON ({error}); train or copy the model again") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT or "family" not in record:
        raise ModelError(f"{path}: not a model of format {FORMAT}; train or copy the model again")
    return record


def _read_tensors(path: Path, record: Mapping[str, Any]) -> Dict[str, npt.NDArray[Any]]:
    try:
        if content_hash(path.read_bytes()) != record.get("sha256"):
            raise ModelError(f"{path}: not the file that model.json was written with; train or copy the model again")
        tensors: Dict[str, npt.NDArray[Any]] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); train or copy the model again") from error
    return tensors
