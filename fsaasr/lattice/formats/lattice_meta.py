"""What a lattice is beside its arrays, as a dict for JSON: for formats that have a place for one."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping

import numpy as np

from fsaasr.core.symbols import SymbolTable
from fsaasr.lattice.formats.symbols import LatticeSymbols
from fsaasr.lattice.scored_paths import ScoredPaths

_KINDS = ("Lattice", "WordLattice")


def meta_of(lattice: ScoredPaths) -> Dict[str, Any]:
    """Type, utterance, frame shift and symbols of a lattice."""
    return {
        "type": type(lattice).__name__,
        "utterance": lattice.utterance,
        "frame_shift": lattice.frame_shift,
        "reached_final": lattice.reached_final,
        "flagged": getattr(lattice, "arc_flags", getattr(lattice, "column_flags", None)) is not None,
        "words": lattice.words.names,
        "tokens": lattice.tokens.names,
        "column_token": lattice.column_token.tolist(),
    }


def check_meta(meta: Mapping[str, Any]) -> None:
    """Raises ValueError or KeyError where what is no symbol is malformed."""
    is_plain = type(meta["utterance"]) is str and all(type(meta[name]) is bool for name in ("reached_final", "flagged"))
    if meta["type"] not in _KINDS or not is_plain:
        raise ValueError("the lattice's type, utterance, reached_final or flagged is malformed")


def symbols_of(meta: Mapping[str, Any]) -> LatticeSymbols:
    """The symbols; raises ValueError, TypeError, KeyError or SymbolError where they are malformed."""
    shift = float(meta["frame_shift"])
    words, tokens = (SymbolTable(_strings(meta[name])) for name in ("words", "tokens"))
    columns = meta["column_token"]
    if not 0 < shift < math.inf:
        raise ValueError(f"a frame shift of {shift} s")
    if not isinstance(columns, list) or not all(type(token) is int and 0 <= token < len(tokens) for token in columns):
        raise ValueError("column_token is no list of tokens")
    return LatticeSymbols(words, tokens, np.array(columns, dtype=np.int32), shift)


def _strings(value: Any) -> List[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("words and tokens are lists of strings")
    return value
