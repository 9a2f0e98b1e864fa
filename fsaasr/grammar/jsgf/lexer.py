"""The text of a JSGF grammar as tokens with their places."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Tuple

from fsaasr.grammar.jsgf.expansion import Place

HEADER = re.compile(r"\ufeff?#JSGF[ \t]+V(?P<version>[^\s;]+)(?:[ \t]+(?P<encoding>[^\s;]+))?[^;\n]*;")

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<rule><[^<>\s]+>)
    | (?P<tag>\{(?:\\.|[^\\{}])*\})
    | (?P<quoted>"(?:\\.|[^"\\])*")
    | (?P<weight>/[^/*\n]*/)
    | (?P<sign>[=|*+()\[\];])
    | (?P<word>[^\s;=|*+<>()\[\]{}/"]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_UNFINISHED = {
    "/": "a comment or a weight that does not end, or one with a line's end in it",
    "<": "a rule's name that does not end, or one with white space",
    "{": "a tag that does not end; write \\{ and \\} for braces within",
    '"': "a quotation that does not end",
}


class Token(NamedTuple):
    """A piece of the text; `text` is without brackets, quotes and escapes. The last token is of kind `end`."""

    kind: str
    text: str
    place: Place


def tokens_of(text: str, source: str) -> Tuple[str, List[Token]]:
    """The version that the header says, and the tokens behind it.

    Raises:
      GrammarFileError: no header, or characters that begin no token.
    """
    header = HEADER.match(text)
    if not header:
        raise Place(source, 1, 1).error("expected the header `#JSGF V1.0;` before all else")
    found: List[Token] = []
    at = header.end()
    line, begin = 1, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        place = Place(source, line, at - begin + 1)
        if not match:
            why = _UNFINISHED.get(text[at], "it closes what was not opened")
            raise place.error(f"found {text[at]!r}: {why}")
        kind, whole = str(match.lastgroup), match.group()
        if kind != "space":
            found.append(Token(kind, _bare(kind, whole), place))
        if "\n" in whole:
            line += whole.count("\n")
            begin = at + whole.rindex("\n") + 1
        at = match.end()
    return header["version"], [*found, Token("end", "the end", Place(source, line, at - begin + 1))]


def _bare(kind: str, whole: str) -> str:
    if kind in ("tag", "quoted"):
        return re.sub(r"\\(.)", r"\1", whole[1:-1], flags=re.DOTALL).strip()
    return whole[1:-1].strip() if kind in ("rule", "weight") else whole
