"""JSON lines: all that is known of each hypothesis."""

from __future__ import annotations

import json
from typing import Iterable, List

from fsaasr.core.errors import HypothesisError, HypothesisFileError
from fsaasr.core.files import PathLike, line_writer
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.hypotheses.check import check_values
from fsaasr.hypotheses.text_file import read_unicode


def write_jsonl(hypotheses: Iterable[Hypothesis], path: PathLike) -> None:
    """Writes one hypothesis a line, as they come, as `Hypothesis.to_dict` gives it."""
    with line_writer(path) as write_line:
        for hypothesis in hypotheses:
            write_line(json.dumps(hypothesis.to_dict(), ensure_ascii=False))


def read_jsonl(path: PathLike) -> List[Hypothesis]:
    """Reads what `write_jsonl` wrote.

    Raises:
      HypothesisFileError: a line that holds no hypothesis, with its number.
    """
    hypotheses: List[Hypothesis] = []
    for number, line in enumerate(read_unicode(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            hypotheses.append(check_values(Hypothesis.from_dict(json.loads(line))))
        except (AttributeError, HypothesisError, KeyError, TypeError, ValueError, RecursionError) as error:
            problem = f"no hypothesis as `Hypothesis.to_dict` gives it ({type(error).__name__}: {error})"
            raise HypothesisFileError(path, number, problem) from error
    return hypotheses
