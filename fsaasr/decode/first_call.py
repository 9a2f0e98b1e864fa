"""A word about the wait while loops are compiled, which happens once for each machine and version."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from threading import Timer
from typing import Any, Dict, Iterator

_LOG = logging.getLogger("fsaasr")
_PATIENCE = 2.0
_state: Dict[str, Any] = {"first": True}


@contextmanager
def announced() -> Iterator[None]:
    """Says through `logging` that loops are being compiled, if the first search of the process takes that long."""
    if not _state["first"]:
        yield
        return
    _state["first"] = False
    timer = _state["timer"] = Timer(_PATIENCE, _announce)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _announce() -> None:
    if not _is_compiled():
        _LOG.warning("compiling the search loops for this machine; later processes find them in numba's cache")


def _is_compiled() -> bool:
    from fsaasr.decode import pruned_kernels

    dispatcher: Any = pruned_kernels.advance
    return bool(dispatcher.signatures)
