"""Topologies of models whose columns are HMM states: checked, described, read back."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ModelError
from fsaasr.core.scores import FloatArray
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import TOPOLOGIES, Topology, find_topology, parse_topology


def check_topology(topology: Union[str, Topology], model: str = "GmmModel") -> Topology:
    """The topology; raises ModelError, which begins with `model`, unless it has HMM states and their transitions."""
    known = sorted(name for name, shipped in TOPOLOGIES.items() if shipped.has_transitions)
    if (isinstance(topology, str) and topology not in TOPOLOGIES) or not find_topology(topology).has_transitions:
        name = topology if isinstance(topology, str) else topology.name
        raise ModelError(f"{model}: topology {name!r} has no HMM states; expected one of {', '.join(known)}")
    return find_topology(topology)


def check_transitions(
    transitions: npt.ArrayLike, topology: Topology, tokens: SymbolTable, outputs: str, count: int, model: str
) -> FloatArray:
    """The transitions as frozen float32 (C, W), see `graph.Moves`.

    Raises:
      ModelError: `count` (of `outputs`, e.g. mixtures) or the transitions are not as many as columns.
    """
    columns = len(topology.columns(tokens).names)
    checked = np.array(transitions, dtype=np.float32)
    if count != columns or checked.shape != (columns, topology.num_moves):
        raise ModelError(
            f"{model}: {count} {outputs} and transitions {checked.shape}, but {len(tokens) - 1} tokens with topology "
            f"{topology.name!r} have {columns} columns"
        )
    checked.setflags(write=False)
    return checked


def topology_parts(topology: Union[str, Topology]) -> Dict[str, Any]:
    """JSON-ready: the name, and the declaration of one that does not ship."""
    found = find_topology(topology)
    own = {} if found.name in TOPOLOGIES else {"declaration": found.to_text().splitlines()}
    return {"topology": found.name, **own}


def topology_of(description: Mapping[str, Any]) -> Union[str, Topology]:
    """Inverse of `topology_parts`; raises KeyError without one, GraphError where it is malformed."""
    name, declaration = description["topology"], description.get("declaration")
    return name if declaration is None else parse_topology(name, "\n".join(declaration))
