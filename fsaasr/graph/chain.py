"""Topologies that are chains: each token a row of columns from left to right, each column with a loop.

A search can step through a chain by itself, knowing four facts of it, and needs no spelled-out graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import List, Optional

import numpy as np
import pynini
import pywrapfst

from fsaasr.core.symbols import BLANK, SymbolTable
from fsaasr.graph.openfst import to_openfst
from fsaasr.graph.topology import Topology
from fsaasr.graph.topology_fst import topology_fst
from fsaasr.graph.topology_text import parse_topology

_TOKENS = SymbolTable(["a", "b", "c"])
"""Enough to tell a token from the same one and from another one."""
_PRIME = 1009


@dataclass(frozen=True)
class ChainTopology:
    """What a chain accepts.

    The columns of tokens x1 .. xU are: blanks, the frames of x1, blanks, the frames of x2, ..., the frames of
    xU, blanks. Blanks are any number of frames of column 0, and none without `has_blank`. The frames of a token
    are one or more of its first column, then one or more of its second, up to its last. A token's first frame
    bears its flags. Each frame but the first of a column scores that column's probability to stay, and
    the last frame of a column its probability to leave; other scores are 0.

    Attributes:
      columns: K columns a token; column k (0 .. K - 1) of token x (1 .. V) is score column
        `has_blank + (x - 1) * columns + k`.
      has_blank: column 0 is blank.
      repeats_need_blank: between two equal tokens stands at least one blank.
      has_transitions: columns may have probabilities to stay and to leave; without it all scores are 0.
    """

    columns: int
    has_blank: bool
    repeats_need_blank: bool
    has_transitions: bool

    def declaration(self) -> str:
        """A topology of this kind as text, see `parse_topology`."""
        last = f"s{self.columns}.t"
        stay, leave = ("stay", "leave") if self.has_transitions else ("", "")
        lines = ["start between", f"final between {last if self.repeats_need_blank else ''}"]
        lines += [f"between between {BLANK}"] * self.has_blank
        lines += ["between s1.t t.1:t"]
        for k in range(1, self.columns + 1):
            lines.append(f"s{k}.t s{k}.t t.{k} {stay}")
            if k < self.columns:
                lines.append(f"s{k}.t s{k + 1}.t t.{k + 1} {leave}")
        if self.repeats_need_blank:
            lines += [f"{last} between {BLANK}", f"{last} s1.u u.1:u"]
        else:
            lines += [f"{last} between <eps> {leave}"]
        return "\n".join(lines) + "\n"


@lru_cache(maxsize=64)
def chain_topology(topology: Topology) -> Optional[ChainTopology]:
    """The chain that a topology is, however it is declared; None for one that is no chain.

    A declaration is a chain if it accepts the same columns for the same tokens with the same score on
    each frame as `ChainTopology.declaration`; decided by the equivalence of determinized automata.
    """
    if topology.tree is not None or topology.others:
        return None  # which columns spell a token, or how many, is not its own affair
    if topology.num_moves > 2:
        return None  # in a chain there is one way to go on
    # One mapper for all, so that equal (column, token, score) triples become equal symbols.
    mapper = pywrapfst.EncodeMapper("standard", encode_labels=True, encode_weights=True)
    spelled = _acceptor_of_frames(topology, mapper)
    for chain in _candidates(topology):
        if pynini.equivalent(spelled, _acceptor_of_frames(parse_topology("chain", chain.declaration()), mapper)):
            return chain
    return None


def _candidates(topology: Topology) -> List[ChainTopology]:
    columns, blank, weighted = topology.columns_per_token, topology.has_blank, topology.has_transitions
    candidates = [ChainTopology(columns, blank, False, weighted)]
    # A token that ends in a final state of its own has no arc to bear the probability to leave.
    if blank and not weighted:
        candidates.append(ChainTopology(columns, blank, True, weighted))
    return candidates


def _acceptor_of_frames(topology: Topology, mapper: pywrapfst.EncodeMapper) -> pynini.Fst:
    num_columns = len(topology.columns(_TOKENS).names)
    # All sums of two of these differ (Erdos and Turan 1941) and are exact in float32.
    k = np.arange(1, 2 * num_columns + 1)
    transitions = -(2 * _PRIME * k + k**2 % _PRIME).astype(np.float32).reshape(num_columns, 2)
    fst = to_openfst(topology_fst(topology, _TOKENS, transitions if topology.has_transitions else None))
    fst.rmepsilon()
    fst.encode(mapper)
    return pynini.determinize(fst)
