"""What a CTC model gave, in whatever form, as log posteriors of blank and the tokens."""

from __future__ import annotations

from typing import Any, List

import numpy as np

from fsaasr.core.errors import ScoresError
from fsaasr.core.scores import FloatArray, float32_array
from fsaasr.lexicon.token_tables import TokenTable


def ctc_log_probs(outputs: Any, lengths: Any, table: TokenTable) -> List[FloatArray]:
    """Log posteriors float32 (T_n, 1 + V) of each utterance: blank first, columns that are no tokens left out.

    Args:
      outputs: logits or log posteriors (T, C) of one utterance, or (N, T, C); or a list of N (T_n, C). numpy, nested
        lists, or torch on any device. Rows that are no log probabilities are normalized over all C columns.
      lengths: (N,) frames of each utterance; all of them if None.
      table: what the C columns mean.

    Raises:
      ScoresError: no numbers, another shape than these, other columns than the table has, lengths that do not fit,
        probabilities in place of their logarithms, NaN, +inf, or a row of -inf.
    """
    matrices = _cut(_matrices(outputs), lengths)
    for n, matrix in enumerate(matrices):
        _check(n, matrix, len(table.names))
    return [_normalized(matrix)[:, table.columns] for matrix in matrices]


def _matrices(outputs: Any) -> List[FloatArray]:
    if isinstance(outputs, (list, tuple)) and len(outputs) and np.ndim(outputs[0]) == 2:
        return [float32_array(matrix, f"ctc_decoder: outputs of utterance {n}") for n, matrix in enumerate(outputs)]
    array = float32_array(outputs, "ctc_decoder: outputs")
    if array.ndim not in (2, 3) or not array.size:
        raise ScoresError(
            f"ctc_decoder: outputs have shape {array.shape}, expected (T, C), (N, T, C) or a list of (T_n, C), none of "
            "them 0; drop empty utterances, and take other axes away"
        )
    return list(array) if array.ndim == 3 else [array]


def _cut(matrices: List[FloatArray], lengths: Any) -> List[FloatArray]:
    if lengths is None:
        return matrices
    ends = np.asarray(lengths.cpu() if hasattr(lengths, "cpu") else lengths).reshape(-1)
    if len(ends) != len(matrices):
        raise ScoresError(f"ctc_decoder: {len(ends)} lengths for {len(matrices)} utterances; give one each")
    for n, (matrix, end) in enumerate(zip(matrices, ends)):
        if not (1 <= end <= len(matrix) and end == int(end)):
            raise ScoresError(
                f"ctc_decoder: utterance {n} has length {end}, expected whole frames, 1 to {len(matrix)}; lengths "
                "count the model's frames, after subsampling"
            )
    return [matrix[: int(end)] for matrix, end in zip(matrices, ends)]


def _check(n: int, matrix: FloatArray, columns: int) -> None:
    if matrix.ndim != 2 or matrix.shape[1] != columns or not len(matrix):
        turned = matrix.ndim == 2 and matrix.shape[0] == columns
        raise ScoresError(
            f"ctc_decoder: utterance {n} has outputs of shape {matrix.shape}, expected (T, {columns}) with T >= 1: "
            f"a column for each entry of the token table{'; transpose them' if turned else ''}"
        )
    if np.isnan(matrix).any() or np.isposinf(matrix).any() or np.isneginf(matrix).all(axis=1).any():
        raise ScoresError(f"ctc_decoder: utterance {n} has NaN, +inf, or a row of -inf; restore them")
    if columns > 1 and (matrix >= 0).all() and np.abs(matrix.sum(axis=1, dtype=np.float64) - 1.0).max() < 1e-3:
        raise ScoresError(f"ctc_decoder: utterance {n} has probabilities; give their logarithms, or logits")


def _normalized(matrix: FloatArray) -> FloatArray:
    total = np.logaddexp.reduce(matrix.astype(np.float64), axis=1, keepdims=True)
    # Log posteriors as they come stay as they are, bit for bit.
    return matrix if np.abs(total).max() < 1e-3 else (matrix - total).astype(np.float32)
