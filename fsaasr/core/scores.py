"""`Scores`: the one place where HMM and end-to-end models meet."""

from __future__ import annotations

import math
import numbers
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import ScoresError

if TYPE_CHECKING:
    import torch

Seconds = float
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


def float32_array(values: Any, name: str) -> FloatArray:
    """`values`, an array, nested lists or a torch tensor of numbers, as float32 on the CPU; a view where it can be.

    Raises:
      ScoresError: something else, lists of unequal length, or masked elements; the message begins with `name`.
    """
    if isinstance(values, np.ma.MaskedArray) and np.any(values.mask):
        raise ScoresError(f"{name} has masked elements; fill them, e.g. with -inf")
    if _is_tensor(values):
        # Numpy knows no bfloat16, and refuses tensors with gradients.
        values = values.detach().float().cpu().numpy()
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ScoresError(f"{name} is no array: {error}") from error
    if array.dtype.kind not in "fiu":
        raise ScoresError(f"{name} has elements of type {array.dtype}, expected real numbers")
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)


def _is_tensor(values: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(values, torch.Tensor)


def _whole_numbers(lengths: Any) -> IntArray:
    array = np.asarray(lengths.cpu() if _is_tensor(lengths) else lengths)
    whole = array.dtype.kind in "iu" or (array.dtype.kind == "f" and bool((array == np.floor(array)).all()))
    if not whole:
        raise ScoresError(f"Scores: lengths are {array.tolist()}, expected whole numbers of frames")
    return array.astype(np.int64)


@dataclass(frozen=True)
class Scores:
    """Frame scores of a batch: what any model gives and any decoder takes.

    Attributes:
      log_probs: float32 (N, T, C), numpy array or torch tensor on any device. CTC models give log
        posteriors, HMM models `log p(s|x) - prior_scale * log p(s)` or log likelihoods. `-inf` is
        allowed, NaN and `+inf` are not. What stands beyond an utterance's length is never read.
      lengths: int64 (N,), frames of each utterance, in 1 .. T.
      frame_shift: seconds between two frames, as the decoder sees them (after subsampling).
      kind: family that made the scores, e.g. `ctc` or `hmm`; carried into reports, never branched on.
      ids: N utterance ids, for results and messages; made up where none are given.

    Raises:
      ScoresError: what is no array of numbers, a wrong shape, no column, a length of 0 or beyond T, NaN or `+inf`
        within an utterance.
    """

    log_probs: Union[FloatArray, torch.Tensor]
    lengths: IntArray
    frame_shift: Seconds
    kind: str = "ctc"
    ids: Tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        given: Any = self.log_probs
        values = given.float() if _is_tensor(given) else float32_array(given, "Scores: log_probs")
        object.__setattr__(self, "log_probs", values)
        object.__setattr__(self, "lengths", _whole_numbers(self.lengths))
        if len(self.log_probs.shape) != 3:
            raise ScoresError(
                f"Scores: log_probs has shape {tuple(self.log_probs.shape)}, expected (N, T, C); add a batch axis"
            )
        if isinstance(self.ids, str):
            raise ScoresError(f"Scores: ids is the string {self.ids!r}, expected a sequence of N strings")
        object.__setattr__(self, "ids", tuple(self.ids) or tuple(f"utt{n}" for n in range(len(self))))
        self._check()

    def _check(self) -> None:
        batch, frames, columns = self.log_probs.shape
        if columns == 0:
            raise ScoresError(f"Scores: log_probs has shape {(batch, frames, 0)}; a matrix has at least one column")
        if self.lengths.shape != (batch,) or len(self.ids) != batch:
            raise ScoresError(
                f"Scores: {batch} matrices with {self.lengths.shape} lengths and {len(self.ids)} ids; give one each"
            )
        if not (isinstance(self.frame_shift, numbers.Real) and 0 < self.frame_shift < math.inf):
            raise ScoresError(f"Scores: frame_shift is {self.frame_shift!r}; expected seconds > 0")
        for n, length in enumerate(self.lengths):
            if not 1 <= length <= frames:
                raise ScoresError(
                    f"Scores: utterance {self.ids[n]!r} has {length} frames, expected 1 to {frames}; "
                    "drop empty utterances"
                )
            self._check_values(n)

    def _check_values(self, n: int) -> None:
        matrix = self.utterance(n)
        # A maximum is NaN or +inf exactly where an element is: one pass, no temporary.
        peak = matrix.max() if matrix.size else 0.0
        if np.isnan(peak) or peak == np.inf:
            frame, column = np.argwhere(np.isnan(matrix) | (matrix == np.inf))[0]
            raise ScoresError(
                f"Scores: utterance {self.ids[n]!r} has {matrix[frame, column]} at frame {frame}, column {column}; "
                "log scores are finite or -inf"
            )

    def __len__(self) -> int:
        """N, the number of utterances."""
        return int(self.log_probs.shape[0])

    @property
    def num_columns(self) -> int:
        """C, the number of score columns."""
        return int(self.log_probs.shape[2])

    @property
    def array(self) -> FloatArray:
        """(N, T, C) float32 on the CPU as numpy; shares memory where it can."""
        if isinstance(self.log_probs, np.ndarray):
            return self.log_probs
        array: FloatArray = self.log_probs.detach().cpu().numpy()
        return array

    @property
    def tensor(self) -> torch.Tensor:
        """(N, T, C) float32 as torch tensor; shares memory where it can."""
        import torch

        if not isinstance(self.log_probs, np.ndarray):
            return self.log_probs
        return torch.from_numpy(self.log_probs if self.log_probs.flags.writeable else self.log_probs.copy())

    def utterance(self, n: int) -> FloatArray:
        """(T_n, C) float32: utterance `n` without its padding."""
        matrix: Any = self.log_probs[n, : int(self.lengths[n])]
        return matrix if isinstance(matrix, np.ndarray) else matrix.detach().cpu().numpy()

    def scaled(self, acoustic_scale: float) -> Scores:
        """The same scores times `acoustic_scale` (> 0)."""
        if not 0 < acoustic_scale < math.inf:
            raise ScoresError(f"Scores.scaled: acoustic_scale is {acoustic_scale}, expected > 0 and finite")
        scaled: Any = self.log_probs * acoustic_scale
        return Scores(scaled, self.lengths, self.frame_shift, self.kind, self.ids)

    def plus(self, columns: npt.ArrayLike) -> Scores:
        """The same scores, to each column a constant added, float32 (C,), e.g. minus scaled log priors."""
        constants = float32_array(columns, "Scores.plus: columns")
        if constants.shape != (self.num_columns,):
            raise ScoresError(f"Scores.plus: constants {constants.shape}, expected one for each of {self.num_columns}")
        added: Any = self.log_probs
        if isinstance(added, np.ndarray):
            added = added + constants
        else:
            import torch

            added = added + torch.from_numpy(constants).to(added)
        return Scores(added, self.lengths, self.frame_shift, self.kind, self.ids)

    @classmethod
    def from_matrices(
        cls,
        matrices: Sequence[npt.ArrayLike],
        frame_shift: Seconds,
        kind: str = "ctc",
        ids: Sequence[str] = (),
    ) -> Scores:
        """Pads N matrices (T_n, C) into one batch."""
        arrays = [float32_array(matrix, f"Scores.from_matrices: matrix {n}") for n, matrix in enumerate(matrices)]
        if not arrays or any(a.ndim != 2 or a.shape[1] != arrays[0].shape[1] for a in arrays):
            raise ScoresError(
                f"Scores.from_matrices: found shapes {[a.shape for a in arrays][:5]}, "
                "expected one or more (T, C) of equal C"
            )
        lengths = np.array([len(a) for a in arrays])
        padded = np.zeros((len(arrays), max(1, lengths.max()), arrays[0].shape[1]), dtype=np.float32)
        for row, array in zip(padded, arrays):
            row[: len(array)] = array
        return cls(padded, lengths, frame_shift, kind, tuple(ids))
