"""Arrays that grow in compiled loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from fsaasr.core.kernels import njit


@njit(cache=True, nogil=True)
def grown(values: Any, size: int) -> Any:
    """The array, or a copy of at least twice its length, so that it holds `size` values."""
    if size <= len(values):
        return values
    longer = np.empty(max(size, 2 * len(values)), values.dtype)
    longer[: len(values)] = values
    return longer
