"""A word about the wait while loops are compiled, which happens once for each machine and version."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from threading import Timer
from typing import Any, Iterator

_LOG = logging.getLogger("fsaasr")
_PATIENCE = 2.0
_state = {"first": True}


@contextmanager
def announced() -> Iterator[None]:
    """Says through `logging` that loops are being compiled, if the first search of the process takes that long."""
    if not _state["first"]:
        yield
        return
    _state["first"] = False
    timer = Timer(_PATIENCE, _announce)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _announce() -> None:
    from fsaasr.decode import pruned_kernels

    dispatcher: Any = pruned_kernels.advance
    if not dispatcher.signatures:
        _LOG.warning("compiling the search loops for this machine; later processes find them in numba's cache")
