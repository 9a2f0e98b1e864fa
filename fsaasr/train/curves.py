"""Training curves as a table."""

from __future__ import annotations

import csv
import io
from typing import Any, Mapping, Sequence

from fsaasr.core.files import PathLike, write_text


def write_curves(history: Sequence[Mapping[str, Any]], path: PathLike) -> None:
    """Writes a CSV file with a line for each epoch, atomically.

    Args:
      history: records of a training; what a record lacks stays empty, lists are separated by spaces.
      path: the file.
    """
    columns = list(dict.fromkeys(key for record in history for key in record))
    stream = io.StringIO()
    table = csv.DictWriter(stream, columns, lineterminator="\n")
    table.writeheader()
    table.writerows({key: _cell(value) for key, value in record.items()} for record in history)
    write_text(path, stream.getvalue())


def _cell(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
