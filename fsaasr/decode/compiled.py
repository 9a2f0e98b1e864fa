"""How the loops of the pruned search are compiled: numba's decorator with the options that matter, typed."""

from __future__ import annotations

from typing import Any, Callable, TypeVar, cast

from numba.extending import overload

from fsaasr.core.kernels import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])
_njit: Any = njit


def entry(function: _Function) -> _Function:
    """A function that Python calls; compiled once for all processes, and run without the interpreter lock."""
    compiled: _Function = _njit(cache=True, nogil=True)(function)
    return compiled


def internal(function: _Function) -> _Function:
    """A function that only compiled ones call: without a way in from Python, which takes long to compile."""
    compiled: _Function = _njit(cache=True, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    return compiled


def kernel(function: _Function) -> _Function:
    """An internal function that allocates nothing, and so need not count references to the arrays it passes around."""
    compiled: _Function = _njit(cache=True, nogil=True, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)(
        function
    )
    return compiled


def inlined(function: _Function) -> _Function:
    """A part of a function, in its place: a call would hand over a dozen arrays each time."""
    compiled: _Function = _njit(cache=True, nogil=True, inline="always")(function)
    return compiled


def by_type(choose: _Function) -> _Function:
    """A function that kernels call; what it is compiled to, `choose` returns for the types of the arguments."""

    def function(*arguments: Any) -> Any:
        raise NotImplementedError("only compiled functions call this")

    function.__name__, function.__doc__ = choose.__name__, choose.__doc__
    overload(function, jit_options={"nogil": True}, strict=False)(choose)
    return cast(_Function, function)


def inlined_kernel(function: _Function) -> _Function:
    """A part of a kernel."""
    compiled: _Function = _njit(cache=True, nogil=True, _nrt=False, inline="always")(function)
    return compiled
