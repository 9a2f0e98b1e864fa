"""Grammars in the JSpeech Grammar Format (JSGF 1.0, W3C Note of 5 June 2000)."""

from fsaasr.grammar.jsgf.grammar import JsgfGrammar
from fsaasr.grammar.jsgf.parser import parse_jsgf, read_jsgf

__all__ = ["JsgfGrammar", "parse_jsgf", "read_jsgf"]
