"""Kaldi's `tree`: a context dependency of our columns as PDFs."""

from __future__ import annotations

from typing import Iterator, List

from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import Topology
from fsaasr.graph.context_tree import Leaf, Node, Split

PDF_CLASS = -1
"""The key of Kaldi's events under which the PDF class stands; the others are places in the window of phones."""


def kaldi_tree(topology: Topology, tokens: SymbolTable) -> str:
    """`tree`: PDF c is our column c. Three phones wide for tied columns, one for others.

    Raises:
      GraphError: tokens that are not the topology's.
    """
    width, place = (1, 0) if topology.tree is None else (3, 1)
    numbers = iter(range(len(topology.columns(tokens).names)))
    phones = ["NULL"]
    for label, name in enumerate(tokens.names[1:]):
        if topology.tree is None:
            roots: List[Node] = [Leaf()] * topology.states_of(name)
        else:
            roots = list(topology.tree.roots[label])
        states = [_event_map(root, tokens, numbers) for root in roots]
        phones.append(_table(PDF_CLASS, states))
    return f"ContextDependency {width} {place} ToPdf {_table(place, phones)}EndContextDependency \n"


def _table(key: int, children: List[str]) -> str:
    return f"TE {key} {len(children)} ( {' '.join(children)} ) \n"


def _event_map(node: Node, tokens: SymbolTable, numbers: Iterator[int]) -> str:
    """Questions are about neighbours; the end of the utterance, phone 0, is in none of their sets."""
    if not isinstance(node, Split):
        return f"CE {next(numbers)}"
    asked = " ".join(str(label) for label in sorted(tokens[name] for name in node.tokens))
    key = 0 if node.side == "left" else 2
    yes = _event_map(node.yes, tokens, numbers)
    return f"SE {key} [ {asked} ]\n{{ {yes} {_event_map(node.no, tokens, numbers)} }} \n"
