"""How a pair n-gram model is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Tuple

from fsaasr.core.config import STRICT
from fsaasr.core.errors import ConfigError
from fsaasr.grammar.estimate import MAX_ORDER


@dataclass(frozen=True)
class G2pConfig:
    """Units, alignment and n-gram model of a grapheme-to-phoneme model.

    The defaults serve English; where tokens are as many as letters, or more, `deletions` may go. Without deletions,
    `max_letters` of 2 or more let silent letters join others.

    Attributes:
      max_letters, max_tokens: most letters and tokens of a unit, >= 1.
      deletions: units of letters without tokens, as for a silent letter.
      many_to_many: units of several letters and several tokens, besides those with one on a side.
      iterations: most passes of expectation maximization, >= 1.
      tolerance: passes end when the log likelihood of a letter gains less.
      order: of the n-gram model over units, 1 .. 8.
      both_directions: a second n-gram model, of units from last to first, ranks the best pronunciations of the first.

    Raises:
      ConfigError: a number out of range.
    """

    __pydantic_config__ = STRICT

    max_letters: int = 1
    max_tokens: int = 2
    deletions: bool = True
    many_to_many: bool = False
    iterations: int = 20
    tolerance: float = 1e-4
    order: int = 8
    both_directions: bool = True

    def __post_init__(self) -> None:
        for name in ("max_letters", "max_tokens", "iterations", "order"):
            if getattr(self, name) < 1:
                raise ConfigError(f"G2pConfig: {name} is {getattr(self, name)}, expected 1 or more")
        if self.order > MAX_ORDER:
            raise ConfigError(f"G2pConfig: order is {self.order}, expected 1 to {MAX_ORDER}")
        if not self.tolerance >= 0:
            raise ConfigError(f"G2pConfig: tolerance is {self.tolerance}, expected 0 or more")

    @property
    def sizes(self) -> Tuple[Tuple[int, int], ...]:
        """Letters and tokens of each kind of unit; every one has letters, so that a word has finitely many."""
        kinds: List[Tuple[int, int]] = []
        for letters in range(1, self.max_letters + 1):
            for tokens in range(self.max_tokens + 1):
                if self.deletions if tokens == 0 else self.many_to_many or min(letters, tokens) == 1:
                    kinds.append((letters, tokens))
        return tuple(kinds)
