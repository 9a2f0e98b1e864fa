"""Pickled data read as plain values, without the interpreter that runs whatever a pickle says.

A pickle is a program for a stack machine, and two of its instructions call any function of any module by name. This
machine knows the instructions that build plain values, and calls nothing but what its caller put in a table.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from fsaasr.core.errors import FileFormatError
from fsaasr.core.files import PathLike

MAX_BYTES = 1 << 20
"""Far more than the few names and shapes of an FSA take; arrays lie outside of the pickled data."""


class Name(NamedTuple):
    """A global that a pickle names; it is never looked up."""

    module: str
    name: str


@dataclass(eq=False)
class Shell:
    """An object whose class was asked for, and the state that was given to it."""

    name: Name
    state: Any = None


Call = Callable[[Tuple[Any, ...]], Any]


@dataclass(frozen=True)
class Vocabulary:
    """What a pickle may say.

    Attributes:
      calls: for each function that it may call, what that means here; gets the arguments, and raises ValueError
        where they are wrong.
      shells: classes of which it may ask an instance, which here is a `Shell`.
      markers: names that may stand as plain values.
      reference: what a persistent id (torch's reference to a storage) means; raises ValueError likewise.
    """

    calls: Mapping[Name, Call]
    shells: Tuple[Name, ...]
    markers: Tuple[Name, ...]
    reference: Callable[[Any], Any]


def read_pickled(data: bytes, vocabulary: Vocabulary, path: PathLike) -> Any:
    """The value of a pickle of protocol 2 to 5.

    Raises:
      FileFormatError: an instruction that is not plain data, a name that is not in the vocabulary, or damage; names
        the byte, and the name.
    """
    if len(data) > MAX_BYTES:
        raise FileFormatError(path, None, f"{len(data)} bytes of pickled data, expected less than {MAX_BYTES}")
    machine = _Machine(data, vocabulary)
    try:
        return machine.run()
    except (IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
        problem = f"byte {machine.place} of the pickled data: damaged or cut off; fetch or save the file again"
        raise FileFormatError(path, None, problem) from error
    except ValueError as error:
        raise FileFormatError(path, None, f"byte {machine.place} of the pickled data: {error}") from error


class _Machine:
    """The stack, the marks on it, and the memo."""

    def __init__(self, data: bytes, vocabulary: Vocabulary) -> None:
        self.data = data
        self.vocabulary = vocabulary
        self.place = 0
        self.stack: List[Any] = []
        self.marks: List[int] = []
        self.memo: Dict[int, Any] = {}

    def run(self) -> Any:
        """Follows the instructions until the last."""
        while True:
            code = self._take("B")
            if code == _STOP:
                return self.stack[-1]
            instruction = _INSTRUCTIONS.get(code)
            if instruction is None:
                raise ValueError(f"instruction 0x{code:02x} is not one of plain data; the file may be hostile")
            instruction(self)

    def _take(self, layout: str) -> Any:
        (value,) = struct.unpack_from("<" + layout, self.data, self.place)
        self.place += struct.calcsize("<" + layout)
        return value

    def _bytes(self, size: int) -> bytes:
        if size > len(self.data) - self.place:
            raise IndexError("cut off")
        self.place += size
        return self.data[self.place - size : self.place]

    def _skip(self, size: int) -> None:
        self._bytes(size)

    def _line(self) -> str:
        end = self.data.index(b"\n", self.place)
        return self._bytes(end + 1 - self.place)[:-1].decode("utf-8")

    def _since_mark(self) -> List[Any]:
        mark = self.marks.pop()
        values = self.stack[mark:]
        del self.stack[mark:]
        return values

    def _tuple(self, size: int) -> None:
        values = tuple(self.stack[-size:])
        if len(values) < size:
            raise IndexError("empty stack")
        self.stack[-size:] = [values]

    def _extend(self, values: List[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise ValueError("something is appended to what is no list")
        self.stack[-1].extend(values)

    def _set_items(self, values: List[Any]) -> None:
        # Only plain keys: hashing a deeply nested tuple would go as deep on the processor's own stack.
        if type(self.stack[-1]) is not dict or not all(type(key) in (str, int) for key in values[::2]):
            raise ValueError("a dict is expected, with strings or integers as keys")
        self.stack[-1].update(zip(values[::2], values[1::2]))

    def _global(self, name: Name) -> None:
        known = self.vocabulary
        if name not in (*known.calls, *known.shells, *known.markers):
            raise ValueError(
                f"it names {name.module}.{name.name}, which is no part of an FSA; refused, as the file may be hostile"
            )
        self.stack.append(name)

    def _stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise ValueError("it names a global by what is no text")
        self._global(Name(module, name))

    def _call(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        call = self.vocabulary.calls.get(function) if type(function) is Name else None
        if call is None or type(arguments) is not tuple:
            raise ValueError("it calls what is no function of the vocabulary; refused, as the file may be hostile")
        self.stack.append(call(arguments))

    def _new(self) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        if type(name) is not Name or name not in self.vocabulary.shells or arguments != ():
            raise ValueError("it makes an object of no class of the vocabulary; refused, as the file may be hostile")
        self.stack.append(Shell(name))

    def _build(self) -> None:
        state = self.stack.pop()
        if type(self.stack[-1]) is not Shell:
            raise ValueError("it sets the state of what has none; refused, as the file may be hostile")
        self.stack[-1].state = state

    def _remember(self, number: Optional[int] = None) -> None:
        self.memo[len(self.memo) if number is None else number] = self.stack[-1]

    def _push(self, value: Any) -> None:
        self.stack.append(value)


_STOP = ord(".")
_INSTRUCTIONS: Dict[int, Callable[[_Machine], None]] = {
    0x80: lambda m: _check_protocol(m._take("B")),
    0x95: lambda m: m._skip(8),  # a frame's length, which nobody needs
    ord("("): lambda m: m.marks.append(len(m.stack)),
    ord("N"): lambda m: m._push(None),
    0x88: lambda m: m._push(True),
    0x89: lambda m: m._push(False),
    ord("K"): lambda m: m._push(m._take("B")),
    ord("M"): lambda m: m._push(m._take("H")),
    ord("J"): lambda m: m._push(m._take("i")),
    0x8A: lambda m: m._push(int.from_bytes(m._bytes(m._take("B")), "little", signed=True)),
    ord("G"): lambda m: m._push(struct.unpack(">d", m._bytes(8))[0]),
    ord("X"): lambda m: m._push(m._bytes(m._take("I")).decode("utf-8")),
    0x8C: lambda m: m._push(m._bytes(m._take("B")).decode("utf-8")),
    ord(")"): lambda m: m._push(()),
    0x85: lambda m: m._tuple(1),
    0x86: lambda m: m._tuple(2),
    0x87: lambda m: m._tuple(3),
    ord("t"): lambda m: m._push(tuple(m._since_mark())),
    ord("]"): lambda m: m._push([]),
    ord("a"): lambda m: m._extend([m.stack.pop()]),
    ord("e"): lambda m: m._extend(m._since_mark()),
    ord("}"): lambda m: m._push({}),
    ord("u"): lambda m: m._set_items(m._since_mark()),
    ord("s"): lambda m: m._set_items([m.stack.pop(-2), m.stack.pop()]),
    ord("q"): lambda m: m._remember(m._take("B")),
    ord("r"): lambda m: m._remember(m._take("I")),
    0x94: lambda m: m._remember(),
    ord("h"): lambda m: m._push(m.memo[m._take("B")]),
    ord("j"): lambda m: m._push(m.memo[m._take("I")]),
    ord("c"): lambda m: m._global(Name(m._line(), m._line())),
    0x93: lambda m: m._stack_global(),
    ord("R"): lambda m: m._call(),
    0x81: lambda m: m._new(),
    ord("b"): lambda m: m._build(),
    ord("Q"): lambda m: m._push(m.vocabulary.reference(m.stack.pop())),
}


def _check_protocol(protocol: int) -> None:
    if not 2 <= protocol <= 5:
        raise ValueError(f"pickle protocol {protocol}, expected 2 to 5")
