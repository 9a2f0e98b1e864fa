"""`TOPOLOGIES`: those that ship. Adding one is adding its few lines."""

from __future__ import annotations

from typing import Dict, Union

from fsaasr.core.errors import GraphError
from fsaasr.graph.topology import Topology
from fsaasr.graph.topology_text import parse_topology

_HMM_1 = """
start between
final between
between body.t  t:t
body.t  body.t  t     stay
body.t  between <eps> leave
"""

_DECLARATIONS = {
    # Graves 2006: a repeated token needs a blank between.
    "ctc": """
start blank
final blank on.t
blank blank <blk>
blank on.t  t:t
on.t  on.t  t
on.t  blank <blk>
on.t  on.u  u:u
""",
    # Laptev 2022: linear in the number of tokens; a repeated token needs no blank.
    "ctc-compact": """
start blank
final blank
blank blank <blk>
blank on.t  t:t
on.t  on.t  t
on.t  blank <eps>
""",
    # k2's `ctc_topo(modified=True)`: as compact, but without epsilons.
    "ctc-modified": """
start blank
final blank
blank blank <blk>
blank blank t:t
blank on.t  t:t
on.t  on.t  t
on.t  blank t
""",
    "hmm1": _HMM_1,
    "hmm3": """
start between
final between
between begin.t t.1:t
begin.t begin.t t.1   stay
begin.t mid.t   t.2   leave
mid.t   mid.t   t.2   stay
mid.t   end.t   t.3   leave
end.t   end.t   t.3   stay
end.t   between <eps> leave
""",
    # Povey et al. 2016, of Kaldi's chain models: a token's first frame has its own column, and one frame is enough.
    "kaldi-chain": """
start between
final between
between body.t  t.1:t
body.t  body.t  t.2   stay
body.t  between <eps> leave
""",
    # Kaldi's for silence: first and last state once, and any order of the three between; at least three frames.
    "silence5": """
start between
final between
between first.t t.1:t
first.t first.t t.1   stay
first.t one.t   t.2   leave
first.t two.t   t.3   leave.2
first.t three.t t.4   leave.3
one.t   one.t   t.2   stay
one.t   two.t   t.3   leave
one.t   three.t t.4   leave.2
one.t   last.t  t.5   leave.3
two.t   two.t   t.3   stay
two.t   one.t   t.2   leave
two.t   three.t t.4   leave.2
two.t   last.t  t.5   leave.3
three.t three.t t.4   stay
three.t one.t   t.2   leave
three.t two.t   t.3   leave.2
three.t last.t  t.5   leave.3
last.t  last.t  t.5   stay
last.t  between <eps> leave
""",
    "blank-free": _HMM_1.replace("stay", "").replace("leave", ""),
}

TOPOLOGIES: Dict[str, Topology] = {name: parse_topology(name, text) for name, text in _DECLARATIONS.items()}
"""The topologies that ship, by name."""


def find_topology(topology: Union[str, Topology]) -> Topology:
    """The topology itself, or the shipped one of that name; raises GraphError for an unknown name."""
    if isinstance(topology, Topology):
        return topology
    if topology not in TOPOLOGIES:
        raise GraphError(f"topology {topology!r} is unknown; there are {', '.join(TOPOLOGIES)}")
    return TOPOLOGIES[topology]
