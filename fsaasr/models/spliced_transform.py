"""`SplicedTransform`: a linear map of each frame with its neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ModelError
from fsaasr.core.scores import FloatArray


@dataclass(frozen=True, eq=False)
class SplicedTransform:
    """Maps features (T, F) to (T, D): frames t - context .. t + context in a row, times a matrix.

    Attributes:
      matrix: float32 (D, (2 * context + 1) * F).
      context: frames on either side, >= 0.

    Raises:
      ModelError: a matrix that no number of features fits.
    """

    matrix: FloatArray
    context: int

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, dtype=np.float32)
        if matrix.ndim != 2 or self.context < 0 or matrix.shape[1] % (2 * self.context + 1):
            raise ModelError(
                f"SplicedTransform: matrix {matrix.shape} for {2 * self.context + 1} frames in a row; "
                "expected as many columns for each of them"
            )
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)

    @property
    def inputs(self) -> int:
        """F."""
        return int(self.matrix.shape[1] // (2 * self.context + 1))

    @property
    def outputs(self) -> int:
        """D."""
        return len(self.matrix)

    def apply(self, features: npt.ArrayLike) -> FloatArray:
        """float32 (T, F) to float32 (T, D)."""
        transformed: FloatArray = splice(np.asarray(features, dtype=np.float32), self.context) @ self.matrix.T
        return transformed


def splice(features: FloatArray, context: int) -> FloatArray:
    """Frames t - context .. t + context in a row, the first and last one repeated beyond the ends.

    Args:
      features: (T, F).
      context: frames on either side.

    Returns:
      (T, (2 * context + 1) * F).
    """
    places = np.arange(len(features))[:, None] + np.arange(-context, context + 1)
    spliced: FloatArray = features[np.clip(places, 0, len(features) - 1)].reshape(len(features), -1)
    return spliced
