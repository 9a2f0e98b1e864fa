"""JSGF text to rules."""

from __future__ import annotations

import codecs
import math
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Tuple

from fsaasr.core.errors import GrammarFileError
from fsaasr.core.files import PathLike
from fsaasr.grammar.jsgf.expansion import NOTHING, Choice, Expansion, Reference, Repeat, Rule, Sequence, Tagged, Words
from fsaasr.grammar.jsgf.grammar import JsgfGrammar
from fsaasr.grammar.jsgf.lexer import HEADER, Token, tokens_of
from fsaasr.grammar.jsgf.resolution import Draft, resolved

_SUFFIXES = (".jsgf", ".gram", ".jsg")


def parse_jsgf(text: str, source: str = "<text>", library: Optional[Mapping[str, JsgfGrammar]] = None) -> JsgfGrammar:
    """Parses a grammar of the JSpeech Grammar Format 1.0.

    Rules may refer to themselves and each other at their very end (right recursion), where they stand for a loop.
    Quoted tokens with spaces are several words. `<NULL>` says nothing, `<VOID>` cannot be said. Weights, `/2/ left`,
    are relative likelihoods: given to all alternatives of a choice or to none; 0 rules an alternative out.

    Args:
      text: the grammar, with its header.
      source: stands for the file in messages.
      library: grammars that may be imported, by their full names.

    Raises:
      GrammarFileError: with line and column: no header or grammar name, unknown or repeated rules, imports that the
        library lacks, recursion that is not on the right, or whatever else cannot be read.
    """
    return resolved(_Parser(text, source).draft(), dict(library or {}))


def read_jsgf(path: PathLike) -> JsgfGrammar:
    """Reads a grammar file in the encoding that its header names, or UTF-8; arguments and errors as `parse_jsgf`.

    Grammars that it imports are looked for in the same folder: `com.acme.numbers` as `com.acme.numbers.jsgf` or
    `numbers.jsgf` (or `.gram`, `.jsg`).
    """
    return _read(Path(path), ())


def _read(path: Path, opened: Tuple[Path, ...]) -> JsgfGrammar:
    if path in opened:
        raise GrammarFileError(path, None, f"imports itself, by {' > '.join(p.name for p in (*opened, path))}")
    draft = _Parser(_text(path), str(path)).draft()
    library: Dict[str, JsgfGrammar] = {}
    for token in draft.imports:
        name = token.text.rpartition(".")[0]
        names = [path.with_name(stem + suffix) for stem in (name, name.rpartition(".")[2]) for suffix in _SUFFIXES]
        found = next((other for other in names if name and other.is_file()), None)
        if found is not None and name not in library:
            library[name] = _read(found, (*opened, path))
    return resolved(draft, library)


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GrammarFileError(path, None, f"cannot be read: {error.strerror}") from error
    header = HEADER.match(data[:200].decode("utf-8", "replace"))
    encoding = (header["encoding"] if header else None) or "utf-8"
    try:
        return data.decode(codecs.lookup(encoding).name)
    except LookupError as error:
        raise GrammarFileError(path, 1, f"unknown encoding {encoding!r}; convert the file to UTF-8") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GrammarFileError(path, line, f"byte 0x{data[error.start]:02x} is not {encoding}; convert it") from error


class _Parser:
    """Recursive descent, one token ahead."""

    def __init__(self, text: str, source: str) -> None:
        version, self._tokens = tokens_of(text, source)
        if version != "1.0":
            raise GrammarFileError(source, 1, f"column 1: found version {version}, expected `#JSGF V1.0;`")
        self._at = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, expected: str, kind: str, text: Optional[str] = None) -> Token:
        token = self._take()
        if token.kind != kind or text not in (None, token.text):
            raise token.place.error(f"found {token.text!r}, expected {expected}")
        return token

    def draft(self) -> Draft:
        """The whole text."""
        self._expect("`grammar NAME;`", "word", "grammar")
        name = self._expect("the grammar's name", "word").text
        self._expect("`;` behind the grammar's name", "sign", ";")
        imports: List[Token] = []
        while self._next.text == "import" and self._next.kind == "word":
            self._take()
            imports.append(self._expect("`<grammar.rule>` or `<grammar.*>`", "rule"))
            self._expect("`;` behind the import", "sign", ";")
        rules: List[Rule] = []
        while self._next.kind != "end":
            rules.append(self._rule(name))
        return Draft(name, imports, rules)

    def _rule(self, grammar: str) -> Rule:
        public = self._next.kind == "word" and self._next.text == "public"
        if public:
            self._take()
        name = self._expect("a rule, `<name> = ...;` or `public <name> = ...;`", "rule")
        if name.text in ("NULL", "VOID"):
            raise name.place.error(f"<{name.text}> cannot be defined; it has a meaning of its own")
        self._expect("`=` behind the rule's name", "sign", "=")
        expansion = self._choice()
        self._expect("`;` at the end of the rule", "sign", ";")
        return Rule(f"{grammar}.{name.text}", expansion, public, name.place)

    def _choice(self) -> Expansion:
        items: List[Expansion] = []
        weights: List[Optional[float]] = []
        start = self._next.place
        while True:
            weights.append(self._weight() if self._next.kind == "weight" else None)
            items.append(self._sequence())
            if self._next.kind != "sign" or self._next.text != "|":
                break
            self._take()
        given = tuple(weight for weight in weights if weight is not None)
        if given and (len(given) < len(items) or not sum(given)):
            raise start.error(
                f"{len(given)} of {len(items)} alternatives have weights, which sum to {sum(given):g}; weigh all of "
                "them or none, with a sum above 0"
            )
        return items[0] if len(items) == 1 else Choice(tuple(items), given or None)

    def _weight(self) -> float:
        token = self._take()
        try:
            weight = float(token.text)
        except ValueError:
            weight = math.nan
        if not 0.0 <= weight < math.inf:
            raise token.place.error(f"found weight {token.text!r}, expected a number of 0 or more")
        return weight

    def _sequence(self) -> Expansion:
        items: List[Expansion] = []
        while self._next.kind in ("word", "quoted", "rule") or (self._next.kind == "sign" and self._next.text in "(["):
            items.append(self._unary())
        if not items:
            raise self._next.place.error(
                f"found {self._next.text!r}, expected words, a rule or a bracket; `<NULL>` says nothing"
            )
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _unary(self) -> Expansion:
        item = self._primary()
        while self._next.kind == "tag" or (self._next.kind == "sign" and self._next.text in "*+"):
            token = self._take()
            item = Tagged(item, token.text) if token.kind == "tag" else Repeat(item, int(token.text == "+"))
        return item

    def _primary(self) -> Expansion:
        token = self._take()
        if token.kind == "rule":
            special: Dict[str, Expansion] = {"NULL": NOTHING, "VOID": Choice(())}
            return special.get(token.text) or Reference(token.text, token.place)
        if token.kind != "sign":
            words = tuple(token.text.split())
            if not words:
                raise token.place.error("found an empty quotation, expected words")
            return Words(words, token.place)
        inner = self._choice()
        closing = {"(": ")", "[": "]"}[token.text]
        self._expect(f"{closing!r} for {token.text!r} of line {token.place.line}", "sign", closing)
        return Choice((inner, NOTHING)) if token.text == "[" else inner
