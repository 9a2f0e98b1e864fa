"""Machine instructions that numba has no name for: fetching ahead, counting bits, and what stands at an address."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils as _untyped_cgutils
from numba.extending import intrinsic

_cgutils: Any = _untyped_cgutils
_types: Any = types
_I32, _I64, _BYTE = ir.IntType(32), ir.IntType(64), ir.IntType(8)


def _prefetch(typing: Any, array: Any, index: Any) -> Any:
    """`prefetch(array, index)`: begins to load `array[index]` (C-contiguous, 1-D) into the cache."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), _BYTE.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [_BYTE.as_pointer(), _I32, _I32, _I32])
        function = _cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        # To be read, wanted in all caches, data.
        builder.call(function, [address, _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), code


def _count_bits(typing: Any, mask: Any) -> Any:
    """`count_bits(mask)`: number of ones of a uint64, as int64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), code


def _lowest_bit(typing: Any, mask: Any) -> Any:
    """`lowest_bit(mask)`: place of the lowest one of a uint64 that is not 0, as int64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return types.int64(types.uint64), code


def _pointer(typing: Any, address: Any, kind: Any) -> Any:
    """`pointer(address, np.int32)`: numbers of that type at an address, an int64; nothing keeps their memory alive."""
    result: Any = _types.CPointer(kind.dtype)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(result))

    return result(types.int64, kind), code


def _array_at(typing: Any, address: Any, kind: Any) -> Any:
    """`array_at(address, dtype)`: a C-contiguous, 1-D array there, whose length is not told; nothing keeps it alive."""
    result: Any = _types.Array(kind.dtype, 1, "C", readonly=True)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(result)(context, builder)
        array.data = builder.inttoptr(arguments[0], array.data.type)
        return array._getvalue()

    return result(types.int64, kind), code


prefetch: Any = intrinsic(_prefetch)
count_bits: Any = intrinsic(_count_bits)
lowest_bit: Any = intrinsic(_lowest_bit)
pointer: Any = intrinsic(_pointer)
array_at: Any = intrinsic(_array_at)
