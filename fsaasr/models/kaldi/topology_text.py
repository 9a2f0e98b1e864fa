"""Kaldi's `topo` and `phones.txt`."""

from __future__ import annotations

from typing import Dict, List, Tuple

from fsaasr.core.errors import ModelError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import NO_MOVE, Moves, Topology, moves

Rows = Tuple[Tuple[int, ...], ...]
"""Of each state of a token, 1, 2, ..., the states that its transitions lead to, 0 for the end of the token."""


def kaldi_phones(tokens: SymbolTable) -> str:
    """`phones.txt`: phones have the numbers of our tokens, 0 is epsilon."""
    return "".join(f"{name} {label}\n" for label, name in enumerate(tokens.names))


def kaldi_topology(topology: Topology, tokens: SymbolTable) -> str:
    """`topo`: an entry for the phones of each kind; PDF class k is our state k + 1, and so is state k.

    Probabilities are equal: those that a model has are in its transition model.

    Raises:
      ModelError: a topology that Kaldi has no words for: tokens not apart, or not begun by their first state alone.
    """
    kinds: Dict[Rows, List[int]] = {}
    table = moves(topology, tokens)
    for label, name in enumerate(tokens.names[1:], 1):
        _check_entry(topology, name)
        kinds.setdefault(_rows(topology, tokens, table, label), []).append(label)
    lines = ["<Topology>"]
    for rows, labels in kinds.items():
        lines += ["<TopologyEntry>", "<ForPhones>", " ".join(map(str, labels)), "</ForPhones>"]
        for state, targets in enumerate(rows):
            ways = " ".join(f"<Transition> {_number(target, rows)} {1 / len(targets):.6g}" for target in targets)
            lines.append(f"<State> {state} <PdfClass> {state} {ways} </State>")
        lines += [f"<State> {len(rows)} </State>", "</TopologyEntry>"]
    return "\n".join([*lines, "</Topology>"]) + "\n"


def _rows(topology: Topology, tokens: SymbolTable, table: Moves, label: int) -> Rows:
    columns = topology.columns(tokens)
    first = [
        int(((columns.token == label) & (columns.state == state)).argmax())
        for state in range(1, topology.states_of(tokens.name(label)) + 1)
    ]
    return tuple(tuple(end for end in table.target[column].tolist() if end != NO_MOVE) for column in first)


def _number(target: int, rows: Rows) -> int:
    return target - 1 if target else len(rows)


def _check_entry(topology: Topology, token: str) -> None:
    entered = {arc.column for arc in topology.arcs_of(token) if arc.source == topology.start}
    if not topology.is_apart or not topology.has_transitions or entered != {1}:
        raise ModelError(
            f"kaldi_topology: topology {topology.name!r} has no counterpart in Kaldi; expected HMMs with transition "
            "probabilities, each begun by its first state and apart from the others"
        )
