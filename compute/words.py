"""Reading bytes and eight-byte words at any offset from a kernel, without numba's test for negative indices.

The arrays passed here must have at least eight bytes after the last offset asked for; nothing checks it.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    data = context.make_array(signature.args[0])(context, builder, args[0]).data
    return builder.gep(data, [args[1]])


@intrinsic
def byte_at(_typing: Any, data: Any, at: Any) -> Any:
    """Return the byte at an offset as int64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.load(_address(context, builder, signature, args)), _WORD)

    return types.int64(data, at), generate


@intrinsic
def word_at(_typing: Any, data: Any, at: Any) -> Any:
    """Return eight bytes from an offset as uint64, the first one lowest."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = builder.bitcast(_address(context, builder, signature, args), _WORD.as_pointer())
        return builder.load(address, align=1)

    return types.uint64(data, at), generate


@intrinsic
def trailing_zeros(_typing: Any, word: Any) -> Any:
    """Return how many low bits of a word are zero, 64 for zero, as int64."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(word), generate
