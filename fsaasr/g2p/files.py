"""Files of grapheme-to-phoneme models: safetensors, with the units as JSON in its header."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from fsaasr.core.errors import FsaasrError, LexiconFileError
from fsaasr.core.files import PathLike, atomic_path
from fsaasr.g2p.alignment import Unit
from fsaasr.g2p.model import G2pModel
from fsaasr.grammar import NgramModel, NgramOrder

FORMAT = "fsaasr.G2pModel.1"
_ARRAYS = ("ngrams", "log10_prob", "log10_backoff")
_BACKWARD = "backward."


def save_g2p(model: G2pModel, path: PathLike) -> None:
    """Writes a model, atomically; `load_g2p` reads the very same."""
    arrays: Dict[str, Any] = {}
    values: Dict[str, Any] = {"units": [[unit.letters, *unit.tokens] for unit in model.units]}
    for prefix, ngram in (("", model.ngram), (_BACKWARD, model.backward)):
        if ngram is not None:
            values[f"{prefix}vocabulary"] = list(ngram.vocabulary)
            for n, order in enumerate(ngram.orders, 1):
                arrays.update({f"{prefix}{n}.{name}": getattr(order, name) for name in _ARRAYS})
    with atomic_path(path) as temporary:
        save_file(arrays, str(temporary), {"format": FORMAT, "model": json.dumps(values)})


def load_g2p(path: PathLike) -> G2pModel:
    """Reads what `save_g2p` wrote; no code in the file is run.

    Raises:
      LexiconFileError: no such file, not a model, or a damaged one.
    """
    if not Path(path).is_file():
        raise LexiconFileError(path, None, "no such file; `fsaasr g2p train` makes one")
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = file.metadata() or {}
            if header.get("format") != FORMAT:
                raise LexiconFileError(path, None, f"not a grapheme-to-phoneme model of format {FORMAT}")
        arrays = load_file(str(path))
        values = json.loads(header["model"])
        units = tuple(Unit(letters, tuple(tokens)) for letters, *tokens in values["units"])
        backward = _ngram(_BACKWARD, values, arrays) if f"{_BACKWARD}vocabulary" in values else None
        return G2pModel(units, _ngram("", values, arrays), backward)
    except LexiconFileError:
        raise
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, FsaasrError) as error:
        raise LexiconFileError(path, None, f"damaged: {error}; train the model again") from error


def _ngram(prefix: str, values: Dict[str, Any], arrays: Dict[str, Any]) -> NgramModel:
    orders: List[NgramOrder] = []
    while f"{prefix}{len(orders) + 1}.ngrams" in arrays:
        orders.append(NgramOrder(*(arrays[f"{prefix}{len(orders) + 1}.{name}"] for name in _ARRAYS)))
    return NgramModel(tuple(values[f"{prefix}vocabulary"]), tuple(orders))
