"""Scales written into a lattice's scores."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Dict, NamedTuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.lattice.scored_paths import Paths
from fsaasr.lattice.scoring import scaled_scores
from fsaasr.lattice.word_lattice import GraphParts, WordLattice


class PartScales(NamedTuple):
    """Factors >= 0 of the parts of a graph score; see `GraphParts`."""

    lm: float = 1.0
    pronunciation: float = 1.0
    silence: float = 1.0
    topology: float = 1.0


def scaled(
    lattice: Paths, acoustic_scale: float = 1.0, lm_scale: float = 1.0, word_insertion_penalty: float = 0.0
) -> Paths:
    """The lattice whose scores as they stand are those of `lattice` under scales.

    So whatever is asked of it without scales is what the same scales give for `lattice`, and programs that know of no
    scales can read it from a file.

    Args:
      lattice: of any kind.
      acoustic_scale, lm_scale, word_insertion_penalty: as in `scaled_scores`. The penalty goes into the graph score of
        arcs with a word; of the parts of graph scores, where they are known, it goes into the language model's.

    Raises:
      LatticeError: a scale that is negative or not finite.
    """
    _, final = scaled_scores(lattice, acoustic_scale, lm_scale, word_insertion_penalty)
    penalty = word_insertion_penalty * (lattice.output_label > 0)
    changes: Dict[str, Any] = {
        "acoustic_score": _float32(acoustic_scale * lattice.acoustic_score.astype(np.float64)),
        "graph_score": _float32(lm_scale * lattice.graph_score.astype(np.float64) - penalty),
        "final_score": _float32(final),
    }
    if isinstance(lattice, WordLattice) and lattice.parts is not None:
        changes["parts"] = _scaled_parts(lattice.parts, PartScales(*[lm_scale] * 4), penalty)
    return lattice.replaced(**changes)


def with_part_scales(lattice: WordLattice, scales: PartScales) -> WordLattice:
    """The lattice whose graph scores are sums of scaled parts; final scores belong to the language model.

    Raises:
      LatticeError: the parts are not known; a scale that is negative or not finite.
    """
    if lattice.parts is None:
        raise LatticeError(f"with_part_scales: the parts of the graph scores of {lattice.utterance!r} are not known")
    if not all(0 <= scale < math.inf for scale in scales):
        raise LatticeError(f"with_part_scales: {scales}; scales are finite and >= 0")
    parts = _scaled_parts(lattice.parts, scales, np.zeros(lattice.num_arcs))
    is_final = ~np.isneginf(lattice.final_score)
    final = np.where(is_final, scales.lm * np.where(is_final, lattice.final_score, 0.0), -np.inf)
    graph = parts.lm + parts.pronunciation + parts.silence + parts.topology
    return replace(lattice, graph_score=graph, final_score=_float32(final), parts=parts)


def _scaled_parts(parts: GraphParts, scales: PartScales, penalty: npt.NDArray[np.float64]) -> GraphParts:
    values = {name: scale * getattr(parts, name).astype(np.float64) for name, scale in scales._asdict().items()}
    values["lm"] = values["lm"] - penalty
    return GraphParts(**{name: _float32(value) for name, value in values.items()})


def _float32(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return values.astype(np.float32)
