"""`SlotGraph`: a token graph into whose slots words are put at run time."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Dict, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import GraphError
from fsaasr.core.files import PathLike
from fsaasr.graph.fst_arrays import FstArrays
from fsaasr.graph.graph_file import GraphFile, write_graph_file
from fsaasr.graph.slots.contents import Contents, join_fillings
from fsaasr.graph.slots.filling import Filling, compile_filling
from fsaasr.graph.slots.frame import SlotFrame
from fsaasr.graph.slots.spell_out import spell_out
from fsaasr.graph.slots.words import Members, slot_words
from fsaasr.graph.token_graph import TokenGraph

FORMAT = "fsaasr.SlotGraph.1"
"""Name of the file format."""


class SlotGraph(TokenGraph):
    """A token graph with words in slots, which may be others at any time: `with_words` compiles only those.

    The native engine crosses from the frame into the slots and back, and never makes the whole graph. Whatever else
    asks for `fst` or `arc_flags` (k2, expansion, plain token graphs) gets arrays in which each place of each slot has
    a copy of its words; they are made then, and take as long and as much as that. Arcs of the frame keep their numbers
    in them; arcs in slots have number -1 in lattices of the native engine.

    Attributes:
      frame: what was compiled once.
      fillings: what is in the slots; those that are missing are empty, and then nothing passes through them.
    """

    frame: SlotFrame
    fillings: Mapping[str, Filling]

    def __init__(
        self,
        frame: SlotFrame,
        fillings: Optional[Mapping[str, Filling]] = None,
        build: Optional[Mapping[str, Any]] = None,
    ) -> None:
        """`build`: a BuildReport's values, of the frame."""
        values: Dict[str, Any] = {"frame": frame, "fillings": dict(fillings or {}), "build": dict(build or {})}
        values.update(tokens=frame.tokens, topology=frame.topology, transitions=frame.transitions)
        for name, value in values.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "words", self.contents.words)

    @property
    def slots(self) -> Tuple[str, ...]:
        """Names of the slots."""
        return self.frame.slots

    @cached_property
    def contents(self) -> Contents:
        """What the slots hold, together."""
        return join_fillings(self.frame, self.fillings)

    def with_words(self, members: Mapping[str, Members]) -> SlotGraph:
        """The graph with other words in some of its slots, within milliseconds; this one stays as it is.

        Args:
          members: by slot: entries (word, tokens) or (word, tokens, P(word | slot)), a Lexicon, or `SlotWords`, whose
            grammar may have sequences of words. They replace what the slot holds; slots that are not named stay as they
            are. Words that the graph has already keep their labels.

        Raises:
          GraphError: a slot that the graph has not, or as `slot_words` and `compile_filling` say.
        """
        unknown = [slot for slot in members if slot not in self.slots]
        if unknown:
            raise GraphError(f"with_words: no slot {unknown[0]!r}; the graph has {', '.join(self.slots)}")
        weights = self.frame.scale, self.frame.each_word
        made = {
            slot: compile_filling(slot_words(given), self.tokens, slot).weighted(*weights)
            for slot, given in members.items()
        }
        return SlotGraph(self.frame, {**self.fillings, **made}, self.build)

    def weighted(self, scale: float, each_word: float) -> SlotGraph:
        """The graph with its scores times `scale` and `each_word` added for each word, those to come among them."""
        fillings = {slot: filling.weighted(scale, each_word) for slot, filling in self.fillings.items()}
        return SlotGraph(self.frame.weighted(scale, each_word), fillings, self.build)

    def without_words(self, *slots: str) -> SlotGraph:
        """The graph with nothing in these slots; in none of its slots if none is named."""
        kept = {slot: filling for slot, filling in self.fillings.items() if slots and slot not in slots}
        return SlotGraph(self.frame, kept, self.build)

    @cached_property
    def _spelled_out(self) -> Tuple[FstArrays, npt.NDArray[np.uint8]]:
        return spell_out(self.frame, self.contents)

    @property
    def fst(self) -> FstArrays:
        """The arrays, each place of a slot with a copy of its words; made when they are asked for."""
        return self._spelled_out[0]

    @property
    def arc_flags(self) -> npt.NDArray[np.uint8]:
        """Flags of the arcs of `fst`."""
        return self._spelled_out[1]

    def spelled_out(self) -> TokenGraph:
        """The same as a plain token graph, without slots."""
        return TokenGraph(
            self.fst, self.arc_flags, self.words, self.tokens, self.topology, self.transitions, dict(self.build)
        )

    def check(self) -> None:
        """Raises GraphError where the frame's arrays do not fit one another; of fillings it is known that they do."""
        self.frame.check()

    def save(self, path: PathLike) -> None:
        """Writes one file with the frame, whose slots are empty when it is loaded; `spelled_out` keeps the words."""
        frame = self.frame
        arrays = {"arc_flags": frame.arc_flags, "transitions": frame.transitions, "returns": frame.returns}
        values = {
            "format": FORMAT,
            "start": frame.fst.start,
            "words": frame.words.names,
            "tokens": frame.tokens.names,
            "topology": frame.topology.name,
            "declaration": frame.topology.to_text(),
            "slots": frame.slots,
            "weights": [frame.scale, frame.each_word],
        }
        write_graph_file(path, frame.fst, arrays, values, self.build)

    @classmethod
    def from_file(cls, file: GraphFile) -> SlotGraph:
        """The graph in a mapped file, slots empty; raises FileFormatError where it is of another kind."""
        file.expect(FORMAT)
        words, tokens, topology, transitions = TokenGraph.symbols_of(file)
        frame = SlotFrame(
            file.fst,
            file.value("arc_flags"),
            file.value("returns"),
            tuple(file.value("slots")),
            words,
            tokens,
            topology,
            transitions,
            *file.value("weights"),
        )
        return cls(frame, None, file.build)

    def __reduce__(self) -> Tuple[Any, ...]:
        """Pickled, it travels with its frame and fillings."""
        return SlotGraph, (self.frame, dict(self.fillings), dict(self.build))
