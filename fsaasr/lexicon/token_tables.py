"""Token tables of other toolkits: what the columns of a CTC model's output mean."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Tuple, Union

from fsaasr.core.errors import FileFormatError, LexiconError
from fsaasr.core.files import PathLike
from fsaasr.core.symbols import SymbolTable
from fsaasr.lexicon.units import WORD_MARK

BLANK_NAMES = ("<blk>", "<blank>", "<b>", "[blank]", "<ctc_blank>", "<pad>", "[PAD]")
"""Names of blank, the likeliest first: Hugging Face's CTC models take the padding token for it."""

CONTROL_NAMES = frozenset(("<s>", "</s>", "<unk>", "<pad>", "<sos/eos>", "<sos>", "<eos>", "<mask>", "[UNK]", "[PAD]"))
"""Tokens that no word is spelt with; their columns are left out."""

DELIMITERS = ("|", " ")
"""Names of a token between words."""

SPACE = "<space>"
"""Name here of a delimiter that is a space."""

TokenSource = Union[PathLike, Sequence[str], SymbolTable]


@dataclass(frozen=True)
class TokenTable:
    """The columns of a CTC model's output.

    Attributes:
      names: of C columns; a space is called `<space>`.
      blank: column of blank.
      delimiter: name of the token that stands between words, or None.
      control: names that are no tokens of words, blank aside.

    Raises:
      LexiconError: blank is no column, or a name occurs twice.
    """

    names: Tuple[str, ...]
    blank: int
    delimiter: Optional[str] = None
    control: FrozenSet[str] = CONTROL_NAMES

    def __post_init__(self) -> None:
        if not 0 <= self.blank < len(self.names):
            raise LexiconError(f"TokenTable: blank is column {self.blank}; expected 0 to {len(self.names) - 1}")
        repeated = sorted(name for name in set(self.names) if self.names.count(name) > 1)
        if repeated:
            raise LexiconError(f"TokenTable: {repeated[0]!r} is the name of several columns; each needs its own")
        if self.delimiter is not None and self.delimiter not in self.names:
            raise LexiconError(f"TokenTable: no column is the delimiter {self.delimiter!r}; give its name, or None")

    @property
    def columns(self) -> List[int]:
        """Blank's column, then those of the tokens, in order: what `Scores` have of a matrix with these columns."""
        skipped = self.control | {self.names[self.blank]}
        return [self.blank, *(n for n, name in enumerate(self.names) if n != self.blank and name not in skipped)]

    @property
    def tokens(self) -> SymbolTable:
        """The tokens, without blank."""
        return SymbolTable(self.names[n] for n in self.columns[1:])

    @property
    def marks_words(self) -> bool:
        """Whether words begin with `▁`, as pieces of sentencepiece do."""
        return any(name.startswith(WORD_MARK) for name in self.names)


def read_token_table(
    source: TokenSource, blank: Union[int, str, None] = None, delimiter: Union[str, None] = None
) -> TokenTable:
    """Reads the token table of a CTC model of any toolkit.

    Args:
      source: names in the order of the columns, or a file: `vocab.json` (Hugging Face: names and columns, or a list of
        names), a sentencepiece `.model` (blank behind the pieces, as NeMo has it, if no piece is named like one), or
        text with a name a line (ESPnet, torchaudio), or a name and its column a line (k2, icefall).
      blank: column or name; found by name if None.
      delimiter: name of the token between words; `|` or a space where there is one and words have no `▁`, if None.
        The empty string means that there is none.

    Raises:
      FileFormatError: a file that cannot be read, or holds no table.
      LexiconError: no column is named like blank; a name that occurs twice; no such delimiter.
    """
    names = _names(source)
    column = _blank_column(names, blank, isinstance(source, (str, Path)) and str(source).endswith(".model"))
    if column == len(names):
        names = [*names, BLANK_NAMES[0]]
    if delimiter is None:
        marked = any(name.startswith(WORD_MARK) for name in names)
        delimiter = "" if marked else next((name for name in DELIMITERS if name in names), "")
    shown = [SPACE if name == " " else name for name in names]
    return TokenTable(tuple(shown), column, (SPACE if delimiter == " " else delimiter) or None)


def _blank_column(names: Sequence[str], blank: Union[int, str, None], appended: bool) -> int:
    if isinstance(blank, int):
        # -1 is the last one, as elsewhere in Python.
        return blank + len(names) if blank < 0 else blank
    wanted = BLANK_NAMES if blank is None else (blank,)
    found = [name for name in wanted if name in names]
    if found:
        return list(names).index(found[0])
    if appended and blank is None:
        return len(names)
    raise LexiconError(
        f"read_token_table: no column is named {' or '.join(map(repr, wanted))}; give blank=, its column or its name"
    )


def _names(source: TokenSource) -> List[str]:
    if isinstance(source, SymbolTable):
        return list(source.names[1:])
    if not isinstance(source, (str, Path)):
        return [str(name) for name in source]
    path = Path(source)
    if path.suffix == ".model":
        return _piece_names(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(path, None, f"cannot be read ({error}); expected a table of tokens") from error
    if path.suffix != ".json":
        return _names_of_lines(path, text)
    try:
        value: Any = json.loads(text)
    except ValueError as error:
        raise FileFormatError(path, None, f"not JSON ({error}); expected names and columns") from error
    if isinstance(value, list):
        return [str(name) for name in value]
    return _in_order(path, value if isinstance(value, dict) else {})


def _names_of_lines(path: Path, text: str) -> List[str]:
    lines = [line for line in text.split("\n") if line.strip() or line == " "]
    fields = [line.split() for line in lines]
    numbered = [len(parts) == 2 and parts[1].isdecimal() for parts in fields]
    if all(numbered) and lines:
        return _in_order(path, {parts[0]: int(parts[1]) for parts in fields})
    for number, parts in enumerate(fields, 1):
        if len(parts) > 1:
            raise FileFormatError(path, number, f"found {lines[number - 1]!r}, expected a token, or token and column")
    return [parts[0] if parts else " " for parts in fields]


def _in_order(path: Path, columns: Dict[str, Any]) -> List[str]:
    names: List[str] = sorted(columns, key=lambda name: int(columns[name]))
    if not names or [columns[name] for name in names] != list(range(len(names))):
        raise FileFormatError(
            path,
            None,
            f"{len(names)} tokens, not of columns 0 to {len(names) - 1}, once each; complete it",
        )
    return names


def _piece_names(path: Path) -> List[str]:
    from fsaasr.lexicon.tokenizers import SentencePieceTokenizer

    return SentencePieceTokenizer(path).all_pieces
