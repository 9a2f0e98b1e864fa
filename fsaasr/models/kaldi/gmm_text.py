"""Kaldi's `<DiagGMM>`: mixtures by weights, inverse variances and means times these."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fsaasr.models.diag_gmm import DiagGmm


def kaldi_gmms(gmm: DiagGmm) -> str:
    """The mixtures of all columns, column c as PDF c."""
    inverse = 1.0 / gmm.variances
    scaled = gmm.means * inverse
    with np.errstate(divide="ignore"):
        constants = np.log(gmm.weights) - 0.5 * (
            gmm.dimension * np.log(2 * np.pi) + np.log(gmm.variances).sum(axis=1) + (gmm.means * scaled).sum(axis=1)
        )
    lines = [f"<DIMENSION> {gmm.dimension} <NUMPDFS> {gmm.num_columns} "]
    for column in range(gmm.num_columns):
        part = slice(int(gmm.offsets[column]), int(gmm.offsets[column + 1]))
        lines += ["<DiagGMM> ", f"<GCONSTS>  [ {_row(constants[part])} ]", f"<WEIGHTS>  [ {_row(gmm.weights[part])} ]"]
        lines += [f"<MEANS_INVVARS>  [{_rows(scaled[part])} ]", f"<INV_VARS>  [{_rows(inverse[part])} ]", "</DiagGMM> "]
    return "\n".join(lines) + "\n"


def matrix_text(matrix: npt.NDArray[np.float64]) -> str:
    """A matrix as Kaldi's text has it."""
    return f" [{_rows(matrix)} ]\n"


def _rows(matrix: npt.NDArray[np.float64]) -> str:
    return "".join(f"\n  {_row(row)}" for row in matrix)


def _row(values: npt.NDArray[np.float64]) -> str:
    # Nine digits give every float32 back.
    return " ".join(f"{value:.9g}" for value in values.tolist())
