"""Slots: places in a graph whose words are given at run time."""

from fsaasr.graph.slots.compile import compile_slot_graph
from fsaasr.graph.slots.slot_graph import SlotGraph
from fsaasr.graph.slots.words import SlotWords, slot_words

__all__ = ["SlotGraph", "SlotWords", "compile_slot_graph", "slot_words"]
