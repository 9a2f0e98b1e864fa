"""Reading topologies from text; `topology.py` describes it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import List, Sequence, Tuple

from fsaasr.core.errors import GraphError
from fsaasr.graph.context_tree import parse_context_tree
from fsaasr.graph.topology import LEAVE, STAY, TOKENS, TREE, Topology, TopologyArc, loop_column

_INPUT = re.compile(r"^(?:<eps>|<blk>|[tu](?:\.\d+)?)(?::[tu])?$")
_WEIGHT = re.compile(rf"^(?:{STAY}|{LEAVE}(?:\.[2-9])?)$")


def parse_topology(name: str, text: str) -> Topology:
    """Reads a declaration.

    Raises:
      GraphError: a malformed line, named by number; a state without way in; no emitting arc.
    """
    declaration, has_tree, tree = text.partition(f"\n{TREE}\n")
    lines = [(n, line.split("#")[0].split()) for n, line in enumerate(declaration.splitlines(), 1)]
    rows = [(n, fields) for n, fields in lines if fields]
    heads = [fields[0] for _, fields in rows[:2]]
    if heads != ["start", "final"] or len(rows) < 3:
        raise GraphError(f"topology {name!r}: expected a `start` line, a `final` line, then arcs; found {heads}")
    start, finals = rows[0][1][1], tuple(rows[1][1][1:])
    (_, arcs), *others = _groups(name, rows[2:])
    topology = Topology(name, start, finals, arcs)
    _check(topology)
    for tokens, own in others:
        apart = Topology(name, start, finals, own)
        _check(apart)
        topology = replace(topology.with_tokens(apart, tokens), name=name)
    return replace(topology.tied(parse_context_tree(tree)), name=name) if has_tree else topology


def _groups(name: str, rows: Sequence[Tuple[int, List[str]]]) -> List[Tuple[Tuple[str, ...], Tuple[TopologyArc, ...]]]:
    """The arcs of all tokens, then those of the tokens that each `tokens` line names."""
    groups: List[Tuple[Tuple[str, ...], List[TopologyArc]]] = [((), [])]
    for line, fields in rows:
        if fields[0] == TOKENS:
            groups.append((tuple(fields[1:]), []))
        else:
            groups[-1][1].append(_parse_arc(name, line, fields))
    return [(tokens, tuple(arcs)) for tokens, arcs in groups]


def _parse_arc(name: str, line: int, fields: List[str]) -> TopologyArc:
    if len(fields) not in (3, 4) or not _INPUT.match(fields[2]) or (len(fields) == 4 and not _WEIGHT.match(fields[3])):
        raise GraphError(
            f"topology {name!r}, line {line}: found {' '.join(fields)!r}, "
            "expected `source target input[:t] [stay|leave|leave.2|...]`"
        )
    column, _, output = fields[2].partition(":")
    return TopologyArc(fields[0], fields[1], column.replace("u", "t"), bool(output), *fields[3:])


def _check(topology: Topology) -> None:
    sources = {arc.source for arc in topology.arcs}
    reached = {topology.start} | {arc.target.replace(".u", ".t") for arc in topology.arcs}
    for state in (*sources, *topology.finals):
        if state not in reached:
            raise GraphError(f"topology {topology.name!r}: no arc leads to state {state!r}")
    if not any(arc.emits for arc in topology.arcs):
        raise GraphError(f"topology {topology.name!r}: no arc outputs a token; write `:t` on the one that begins it")
    if topology.start.endswith(".t"):
        raise GraphError(f"topology {topology.name!r}: the start state {topology.start!r} must be a shared one")
    for arc in topology.arcs:
        if arc.weight and loop_column(topology.arcs, arc.source) is None:
            raise GraphError(f"topology {topology.name!r}: {arc.source!r} has a {arc.weight!r} arc but no loop")
