"""Labels between L and T: tokens in their roles, and arc flags that travel with score columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.graph.decoding_graph import NON_WORD, TOKEN_START, WORD_START

ROLES = (TOKEN_START, TOKEN_START | WORD_START, TOKEN_START | NON_WORD)
"""Flags of a token inside a word, at its beginning, and outside of words."""


@dataclass(frozen=True)
class TokenLabels:
    """Labels between L and T: each token has one label a role, so that word boundaries survive determinization.

    Attributes:
      num_tokens: V, without epsilon.
      non_word: token labels that occur outside of words (optional silence).
    """

    num_tokens: int
    non_word: Tuple[int, ...] = ()

    def label(self, token: int, role: int) -> int:
        """Label of `token` (1 .. V) in `role`, an index into ROLES."""
        return token + role * self.num_tokens

    @property
    def num_labels(self) -> int:
        """Largest label; disambiguation symbols come after it."""
        return len(ROLES) * self.num_tokens

    def split(self, label: npt.NDArray[np.int32]) -> Tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """Takes labels apart into tokens and flags; epsilon has no flags."""
        tokens = np.tile(np.arange(1, self.num_tokens + 1, dtype=np.int32), len(ROLES))
        flags = np.repeat(np.array(ROLES, dtype=np.uint8), self.num_tokens)
        none = np.zeros(1, dtype=np.uint8)
        return np.concatenate([none.astype(np.int32), tokens])[label], np.concatenate([none, flags])[label]

    def join(self, token: npt.NDArray[np.int32], flags: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
        """The inverse of `split`."""
        role_of = np.zeros(256, dtype=np.int32)
        role_of[list(ROLES)] = np.arange(len(ROLES))
        joined: npt.NDArray[np.int32] = token + role_of[flags] * np.int32(self.num_tokens)
        return joined

    def roles(self, token: int) -> Tuple[int, ...]:
        """Roles in which `token` can occur."""
        return (0, 1, 2) if token in self.non_word else (0, 1)


def role_labels(token: int, labels: Optional[TokenLabels]) -> List[Tuple[int, int]]:
    """(output label, flags) of a token in each role that it can have; the token itself without `labels`."""
    if labels is None:
        return [(token, 0)]
    return [(labels.label(token, role), ROLES[role]) for role in labels.roles(token)]


def split_flags(
    input_label: npt.NDArray[np.int32], num_columns: int
) -> Tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Takes the input labels of a spelled topology apart into column + 1 (0 for epsilon) and arc flags."""
    flags, label = np.divmod(input_label, num_columns + 1)
    return label.astype(np.int32), flags.astype(np.uint8)


def join_flags(column: int, flags: int, num_columns: int) -> int:
    """The inverse of `split_flags` for one label; column -1 is epsilon."""
    return column + 1 + flags * (num_columns + 1)
