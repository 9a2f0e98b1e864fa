"""Layout of what the pruned search reads and writes: one record array each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

STATE = np.dtype([("begin", "u4"), ("height", "u2"), ("penalty", "u1"), ("sparse", "u1"), ("labels", "u8")])
"""A graph state: its first arc; the length of the longest chain of input epsilons from it; how far its arcs' scores
stay below the graph's greatest, at least, in steps of PENALTY_STEP; whether its arcs are epsilons, then each label at
most once, in order and below 64, so that an arc's place follows from the labels; bit `label % 64` of each label."""
PENALTY_STEP = 0.125

RULE = np.dtype(
    [
        ("stay", "f4"),
        ("next", "i4"),
        ("next_score", "f4"),
        ("blank", "i4"),
        ("exit", "i4"),
        ("exit_score", "f4"),
        ("entered", "i4"),
        ("excluded", "i4"),
        ("scans", "i4"),
        ("ends", "i4"),
    ]
)
"""What a token whose last column was `label - 1` may do; see `fsaasr.decode.rules`."""

TOKEN = np.dtype(
    [
        ("state", "i4"),
        ("label", "i4"),
        ("score", "f8"),
        ("back", "i4"),
        ("via", "i4"),
        ("acoustic", "f4"),
        ("graph", "f4"),
    ]
)
"""A hypothesis at a frame: graph state, label of the topology's column (0 in a static graph), best score of reaching
it, the token before it on that way, the step that led here (an arc of the graph, or a step of the topology), and
that step's scores."""

CANDIDATE = np.dtype([("source" if name == "back" else name, TOKEN[name]) for name in TOKEN.names or ()])
"""A step that may become, or lead to, a token of the next frame."""

_HISTORY = [("history", np.dtype("i8"))]
SAID_TOKEN, SAID_CANDIDATE = (
    np.dtype([(name, kind[name]) for name in kind.names or ()] + _HISTORY) for kind in (TOKEN, CANDIDATE)
)
"""The same where words add to scores: with what was said on the way, as states of automata."""

LINK = np.dtype([("source", "i4"), ("target", "i4"), ("via", "i4"), ("acoustic", "f4"), ("graph", "f4")])
"""A step between two tokens; links are in an order in which all links into a token come before those out of it."""

FRAME = np.dtype([("begin", "i8"), ("active", "i4"), ("limited", "i4"), ("lost", "f8")])
"""After as many frames as its index says: the first of its tokens; how many went on; whether `max_active` kept others
from it; score that no dropped token reaches, -inf where none was dropped."""

CUTOFFS = np.dtype(
    [
        ("token", "f8"),
        ("width", "f8"),
        ("candidate", "f8"),
        ("epsilon", "f8"),
        ("token_lost", "i8"),
        ("candidate_lost", "i8"),
        ("closed_lost", "i8"),
    ]
)
"""Scores to reach: by tokens to go on, by candidates of the next frame (by those of this one, between frames), by
what epsilons lead to; the beam's width; whether anything fell short of each."""

STAY, NEXT, BLANK, EXIT = -1, -2, -3, -4
"""Steps of the topology in `via`: the column again, the token's next column, blank, out of the token."""
START = -9
"""`via` of the first token."""
BEAM_DELTA = 0.5
"""Where a number of tokens and not the beam sets the limit, the next frame's beam is this much wider (as in Kaldi)."""
ENTERED = 1 << 30
"""Bit of the label of a token that input epsilons of a token graph led to: it must go on with an arc of the graph."""


WAY_OUT = -(1 << 30)
"""Target of an arc that leaves a slot; stays below 0 whatever place is added."""
NO_SLOTS = 1 << 40
"""`SearchGraph.slots_begin` where there are none: beyond all states."""
SLACK_STEP = 0.25
"""Unit of `Said.slack`."""
BEGINS = 1 << 30
"""Bit of an entry of `Part.words`: the label begins a word, which is said before it."""


PART_ARRAYS = (
    ("first", np.int64),
    ("last", np.int64),
    ("fail", np.int32),
    ("fail_score", np.float32),
    ("word", np.int32),
    ("score", np.float32),
    ("next_state", np.int32),
    ("words", np.int32),
)
"""`FailureAutomaton.tables`, and the automaton's word for each output label, perhaps with BEGINS."""
PART = np.dtype(
    [(name, "i8") for name, _ in PART_ARRAYS]
    + [("scale", "f8"), ("shift", "i8"), ("mask", "i8"), ("boundary", "i8"), ("end", "i8")]
)
"""One of the automata that words are scored by: addresses of its arrays, of which there are too many to be handed from
loop to loop; the scale of its scores; place of its state in a history; its words that stand for the beginning of a word
(-1 for none) and for the end."""


class Said(NamedTuple):
    """What output labels add to scores, by what was said before.

    Attributes:
      parts: PART (P,).
      slack: uint8 (S,): 0 where the words on the arcs of a state add nothing and change no history that is 0; else 1
        plus what one on an arc that consumes a frame can add at most, in steps of SLACK_STEP.
      reach: float32 (S,): what words can add at most from each state, through epsilons, up to the end of an arc that
        consumes a frame.
    """

    parts: Any
    slack: Any
    reach: Any


class SearchGraph(NamedTuple):
    """What the kernels read of a graph; arcs of a state are sorted by label, epsilons first.

    Slots are numbered as `SlotFrame` says: states from `slots_begin` on share records and arcs with the same state in
    other places, which are `places` in number; the targets of their arcs are those in place 0, or WAY_OUT.

    Attributes:
      states: STATE (S + 1,). label, target, output: int32 (A,); score: float32 (A,): arcs.
      column: int32 (L + 1,): score column of each label. enter: int32 (L + 1,): label of the token that an arc makes.
      rules: RULE, by label of a token.
      start, start_label: the first token.
      transient: whether what epsilons lead to can only go on with an arc of the graph.
      highest: greatest height of a state. peak: greatest score of an arc that consumes a frame, at least 0.
      greatest: the same with what its word can add. bonus: what the epsilons of one frame, with their words, can add to
        a score at most, at least 0. best_epsilon: greatest score of an epsilon without its word's. best_final: greatest
        final score, with what the end adds.
      slots_begin: first state within slots. places: R. returns: int32 (R,): where the places' slots lead to.
      said: Said, what words add; () for nothing.
    """

    states: Any
    label: Any
    score: Any
    target: Any
    output: Any
    column: Any
    enter: Any
    rules: Any
    start: int
    start_label: int
    transient: bool
    highest: int
    peak: float
    greatest: float
    bonus: float
    best_epsilon: float
    best_final: float
    slots_begin: int
    places: int
    returns: Any
    said: Any


GRAPH_ARRAYS = (
    ("states", STATE),
    ("label", np.dtype("i4")),
    ("score", np.dtype("f4")),
    ("target", np.dtype("i4")),
    ("output", np.dtype("i4")),
    ("column", np.dtype("i4")),
    ("enter", np.dtype("i4")),
    ("rules", RULE),
    ("returns", np.dtype("i4")),
)
_GRAPH_NUMBERS = (
    ("start", "i8"),
    ("start_label", "i8"),
    ("transient", "?"),
    ("highest", "i8"),
    ("peak", "f8"),
    ("best_epsilon", "f8"),
    ("slots_begin", "i8"),
    ("places", "i8"),
)
GRAPH = np.dtype([(name, "i8") for name, _ in GRAPH_ARRAYS] + [*_GRAPH_NUMBERS, ("labels", "i8")])
"""Addresses of the arrays of a SearchGraph, its numbers, and how many labels there are. Loops hand this to one another:
to hand over all the arrays costs more than the work of some frames."""
SAID = np.dtype([("parts", "i8"), ("count", "i8"), ("slack", "i8"), ("reach", "i8")])
"""Addresses of the arrays of a Said, and the number of its parts."""


class Handed(NamedTuple):
    """A SearchGraph as kernels get it; what has the arrays must live as long.

    Attributes:
      graph: GRAPH (1,).
      said: SAID (1,), or () where words add nothing, which kernels are compiled apart for.
    """

    graph: Any
    said: Any


def handed(tables: SearchGraph) -> Handed:
    """What the kernels read, by its addresses."""
    graph = np.zeros(1, GRAPH)
    for name, kind in GRAPH_ARRAYS:
        graph[name] = _address(getattr(tables, name), kind)
    for name, _ in _GRAPH_NUMBERS:
        graph[name] = getattr(tables, name)
    graph["labels"] = len(tables.column)
    if not len(tables.said):
        return Handed(graph, ())
    parts, slack, reach = tables.said
    addresses = _address(parts, PART), len(parts), _address(slack, np.dtype("u1")), _address(reach, np.dtype("f4"))
    return Handed(graph, np.array([addresses], SAID))


def _address(array: Any, kind: np.dtype[Any]) -> int:
    assert array.dtype == kind, f"{array.dtype}, expected {kind}"
    assert array.flags.c_contiguous
    return int(array.ctypes.data)
