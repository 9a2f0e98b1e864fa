"""What a JSGF rule may be expanded to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, NamedTuple, Optional, Tuple, Union

from fsaasr.core.errors import GrammarFileError


class Place(NamedTuple):
    """Where something stands, for messages; line and column count from 1."""

    source: str
    line: int
    column: int

    def error(self, problem: str) -> GrammarFileError:
        """The error that names this place."""
        return GrammarFileError(self.source, self.line, f"column {self.column}: {problem}")


@dataclass(frozen=True)
class Words:
    """Words said one after another: one token of the grammar, several if it is quoted and holds spaces."""

    words: Tuple[str, ...]
    place: Place


@dataclass(frozen=True)
class Reference:
    """A rule of this or an imported grammar; `name` becomes its full name when references are resolved."""

    name: str
    place: Place


@dataclass(frozen=True)
class Sequence:
    """One after another; an empty one is `<NULL>`."""

    items: Tuple[Expansion, ...]


@dataclass(frozen=True)
class Choice:
    """One of some; none of none is `<VOID>`. Weights, one for each or none at all, are relative likelihoods >= 0."""

    items: Tuple[Expansion, ...]
    weights: Optional[Tuple[float, ...]] = None


@dataclass(frozen=True)
class Repeat:
    """At least `lower` times, 0 (`*`) or 1 (`+`)."""

    item: Expansion
    lower: int


@dataclass(frozen=True)
class Tagged:
    """Something with a tag behind it."""

    item: Expansion
    tag: str


Expansion = Union[Words, Reference, Sequence, Choice, Repeat, Tagged]

NOTHING = Sequence(())


@dataclass(frozen=True)
class Rule:
    """A rule of a grammar; `name` is its full one, `grammar.rule`."""

    name: str
    expansion: Expansion
    public: bool
    place: Place


def parts(expansion: Expansion) -> Iterator[Expansion]:
    """An expansion and everything in it, from left to right."""
    yield expansion
    if isinstance(expansion, (Sequence, Choice)):
        for item in expansion.items:
            yield from parts(item)
    elif isinstance(expansion, (Repeat, Tagged)):
        yield from parts(expansion.item)
