"""That each option of a config dataclass changes something, and that none is forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Callable


@dataclass
class Options:
    """A config, another value of each of its options, and what comes of a config: anything whose `repr` tells all.

    Attributes:
      base, changes, outcome: as said. `kind` names a class and is no option.
    """

    base: Any
    changes: dict[str, Any]
    outcome: Callable[[Any], Any]
    _plain: list[str] = field(default_factory=list)

    def forgotten(self) -> set[str]:
        """Options without another value, and values without an option."""
        return {entry.name for entry in fields(self.base)} - {"kind"} ^ set(self.changes)

    def matters(self, option: str) -> bool:
        """Whether the other value of an option makes another outcome."""
        if not self._plain:
            self._plain.append(repr(self.outcome(self.base)))
            # Chance must not be what tells outcomes apart.
            assert repr(self.outcome(self.base)) == self._plain[0]
        return repr(self.outcome(replace(self.base, **{option: self.changes[option]}))) != self._plain[0]


def every(cases: dict[str, Options]) -> list[tuple[str, str]]:
    """Names of all cases, each with each of its options."""
    return [(name, option) for name, case in cases.items() for option in case.changes]
