"""The text of an SLF file, taken apart: header, nodes and links with their fields, and the line of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Tuple

from fsaasr.core.errors import LatticeFileError
from fsaasr.lattice.formats.slf_text import NULL, fields_of

Fields = Dict[str, str]
SCORES = ("a", "n", "l", "r")
"""Acoustic, n-gram, language and pronunciation score of a link."""
NOTE = "# fsaasr:"
"""How this package's own comment begins."""

_HEADER_NAMES = {"V": "VERSION", "U": "UTTERANCE", "S": "SUBLAT", "N": "NODES", "L": "LINKS"}
_NODE_NAMES = {"time": "t", "WORD": "W", "var": "v", "div": "d", "acoustic": "a", "sub": "s", "L": "s", "SUBLAT": "s"}
_NODE_FIELDS = ("t", "W", "v", "d", "a", "r", "p")
_LINK_NAMES = {"START": "S", "END": "E", "WORD": "W", "var": "v", "div": "d", "posterior": "p"}
_LINK_NAMES.update({"acoustic": "a", "ngram": "n", "language": "l"})
_LINK_FIELDS = ("S", "E", "W", "v", "d", "p", *SCORES)
_FROM_NODE = ("W", "d", "a", "r")


@dataclass
class Slf:
    """What a file says, in its own words.

    Attributes:
      header: value of each field. note: of each field of this package's own comment.
      nodes: fields of each node, by its number. node_line: where each stands.
      links: fields of each link, with what they lack taken from the node at their end. start, end: nodes of each.
      link_line: where each stands.
    """

    header: Fields = field(default_factory=dict)
    note: Fields = field(default_factory=dict)
    nodes: Dict[int, Fields] = field(default_factory=dict)
    node_line: List[int] = field(default_factory=list)
    links: List[Fields] = field(default_factory=list)
    start: List[int] = field(default_factory=list)
    end: List[int] = field(default_factory=list)
    link_line: List[int] = field(default_factory=list)

    def add_node(self, number: int, fields: Fields, line: int) -> None:
        """Adds a node; ValueError where there is one of that number."""
        if number in self.nodes:
            raise ValueError(f"node {number} stands twice")
        self.nodes[number] = fields
        self.node_line.append(line)

    def add_link(self, start: int, end: int, fields: Fields, line: int) -> None:
        """Adds a link."""
        self.links.append(fields)
        self.start.append(start)
        self.end.append(end)
        self.link_line.append(line)


def parse_slf(text: str, path: str) -> Slf:
    """Reads the text of a file.

    Raises:
      LatticeFileError: a malformed or unknown field, a sub-lattice, other counts than announced; names the line.
    """
    slf = Slf()
    for number, line in enumerate(text.splitlines(), 1):
        try:
            _line(slf, line.strip(), number)
        except ValueError as error:
            raise LatticeFileError(path, number, f"{error}; expected HTK's Standard Lattice Format") from error
    _check_whole(slf, path)
    for link, end in zip(slf.links, slf.end):
        node = slf.nodes[end]
        if link.get("W") == NULL:
            del link["W"]
        link.update((name, node[name]) for name in _FROM_NODE if name in node and name not in link)
    return slf


def _line(slf: Slf, line: str, number: int) -> None:
    if line.startswith("#"):
        if line.startswith(NOTE):
            slf.note.update(fields_of(line[len(NOTE) :]))
        return
    fields = fields_of(line)
    kind = fields[0][0] if fields else ""
    if kind == "I":
        slf.add_node(_count(fields[0][1]), _named(fields[1:], _NODE_NAMES, _NODE_FIELDS), number)
    elif kind == "J":
        link = _named(fields[1:], _LINK_NAMES, _LINK_FIELDS)
        if "S" not in link or "E" not in link:
            raise ValueError("a link without S= or E=")
        slf.add_link(_count(link["S"]), _count(link["E"]), link, number)
    else:
        slf.header.update((_HEADER_NAMES.get(name, name), value) for name, value in fields)


def _named(fields: List[Tuple[str, str]], names: Mapping[str, str], known: Tuple[str, ...]) -> Fields:
    """Fields under their short names."""
    named: Fields = {}
    for name, value in fields:
        short = names.get(name, name)
        if short == "s":
            raise ValueError("a sub-lattice; expand the lattice first, e.g. with HTK's HLRescore")
        if short not in known:
            raise ValueError(f"field {name!r} is not known here, and may be a score")
        if short in named:
            raise ValueError(f"field {name!r} stands twice")
        named[short] = value
    return named


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise ValueError(f"found {text[:40]!r}, expected the number of a node or link")
    return int(text)


def _check_whole(slf: Slf, path: str) -> None:
    if "SUBLAT" in slf.header:
        raise LatticeFileError(path, None, "has sub-lattices (SUBLAT); expand it first, e.g. with HTK's HLRescore")
    if slf.header.get("dir", "f") != "f":
        raise LatticeFileError(path, None, "a backward lattice (dir=b); reverse it first")
    if not slf.nodes:
        raise LatticeFileError(path, None, "no nodes; expected HTK's Standard Lattice Format")
    for name, found in (("NODES", len(slf.nodes)), ("LINKS", len(slf.links))):
        announced = slf.header.get(name, str(found))
        if announced != str(found):
            raise LatticeFileError(
                path, None, f"{found} {name.lower()}, {announced[:20]!r} announced; the file is cut short or damaged"
            )
    for nodes in (slf.start, slf.end):
        for node, line in zip(nodes, slf.link_line):
            if node not in slf.nodes:
                raise LatticeFileError(path, line, f"a link at node {node}, which is not there")
