"""Symbol tables: names of labels, with epsilon at 0."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from fsaasr.core.errors import FileFormatError, SymbolError
from fsaasr.core.files import PathLike, write_text

EPSILON = "<eps>"
BLANK = "<blk>"


class SymbolTable:
    """An immutable, gapless map between names and labels; label 0 is epsilon.

    Example:
      >>> table = SymbolTable(["a", "b"])
      >>> table["b"], table.name(1), len(table)
      (2, 'a', 3)
    """

    __slots__ = ("_labels", "_names")

    def __init__(self, names: Iterable[str]) -> None:
        """Args:
          names: symbols of labels 1, 2, ...; a leading `<eps>` is accepted and ignored.

        Raises:
          SymbolError: a name is repeated, empty, holds white space, or is `<eps>` beyond label 0.
        """
        listed = list(names)
        if not listed or listed[0] != EPSILON:
            listed = [EPSILON, *listed]
        self._names: Tuple[str, ...] = tuple(listed)
        self._labels: Dict[str, int] = dict(zip(self._names, range(len(self._names))))
        # Many names are checked at once; a graph with a large lexicon is mapped in little more than this time.
        if len(self._labels) == len(self._names) and " ".join(self._names).split() == listed:
            return
        for label, name in enumerate(self._names):
            if not name or any(character.isspace() for character in name):
                raise SymbolError(f"SymbolTable: label {label} is {name!r}; a symbol is non-empty, without spaces")
            if self._labels[name] != label:
                raise SymbolError(
                    f"SymbolTable: symbol {name!r} stands at labels {label} and {self._labels[name]}; "
                    "each symbol may occur once"
                )

    def extended(self, names: Iterable[str]) -> SymbolTable:
        """The table with more symbols behind its own, whose labels stay; only the new ones are looked at.

        Raises:
          SymbolError: a name that the table has, or as the constructor.
        """
        more = SymbolTable(names)._names[1:]
        known = next((name for name in more if name in self._labels), None)
        if known is not None:
            raise SymbolError(f"SymbolTable.extended: symbol {known!r} has label {self._labels[known]} already")
        table = object.__new__(SymbolTable)
        table._names = self._names + more
        table._labels = {**self._labels, **dict(zip(more, range(len(self), len(self) + len(more))))}
        return table

    def __getitem__(self, name: str) -> int:
        """Label of `name`; raises SymbolError where it is unknown."""
        try:
            return self._labels[name]
        except KeyError:
            raise SymbolError(f"SymbolTable: no symbol {name!r} among {len(self)} symbols") from None

    def name(self, label: int) -> str:
        """Name of `label`; raises SymbolError outside 0 .. len - 1."""
        if not 0 <= label < len(self._names):
            raise SymbolError(f"SymbolTable: no label {label}; labels run from 0 to {len(self) - 1}")
        return self._names[label]

    def names_of(self, labels: Sequence[int]) -> List[str]:
        """Names of several labels; raises SymbolError as `name`."""
        if labels and not 0 <= min(labels) <= max(labels) < len(self._names):
            return [self.name(label) for label in labels]
        return [self._names[label] for label in labels]

    def get(self, name: str, default: int = -1) -> int:
        """Label of `name`, or `default` where it is unknown."""
        return self._labels.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._labels

    def __len__(self) -> int:
        """Number of symbols, epsilon included."""
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        """Names in label order, epsilon first."""
        return iter(self._names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SymbolTable) and self._names == other._names

    def __hash__(self) -> int:
        return hash(self._names)

    def __repr__(self) -> str:
        shown = " ".join(self._names[1:6])
        return f"SymbolTable({len(self)} symbols: {shown}{' ...' if len(self) > 6 else ''})"

    @property
    def names(self) -> Tuple[str, ...]:
        """All names in label order, epsilon first."""
        return self._names

    def write(self, path: PathLike) -> None:
        """Writes Kaldi's `words.txt` form: one `name label` a line."""
        write_text(path, "".join(f"{name} {label}\n" for label, name in enumerate(self._names)))

    @classmethod
    def read(cls, path: PathLike) -> SymbolTable:
        """Reads Kaldi's `words.txt` form; lines may come in any order.

        Raises:
          FileFormatError: a malformed line, a repeated or missing label, or label 0 that is not epsilon.
        """
        names: Dict[int, str] = {}
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise FileFormatError(path, None, f"not UTF-8 ({error}); convert it") from error
        for number, line in enumerate(lines, 1):
            fields = line.split()
            if not fields:
                continue
            if len(fields) != 2 or not fields[1].isdecimal():
                raise FileFormatError(path, number, f"found {line!r}, expected `symbol label`")
            label = int(fields[1])
            if label in names:
                raise FileFormatError(path, number, f"label {label} is given to {names[label]!r} and {fields[0]!r}")
            names[label] = fields[0]
        missing: List[int] = [label for label in range(len(names)) if label not in names]
        if missing:
            raise FileFormatError(path, None, f"label {missing[0]} is missing; labels must run from 0 without gaps")
        if names.get(0, EPSILON) not in (EPSILON, "<epsilon>", "-"):
            raise FileFormatError(path, None, f"label 0 is {names[0]!r}, expected {EPSILON}")
        try:
            return cls([EPSILON, *(names[label] for label in range(1, len(names)))])
        except SymbolError as error:
            raise FileFormatError(path, None, str(error)) from error
