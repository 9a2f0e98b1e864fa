"""Exceptions. Every message says what was found, what was expected and how to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple, Type, Union


class FsaasrError(Exception):
    """Base of every error that fsaasr raises on its caller's input."""


class SymbolError(FsaasrError):
    """A symbol or symbol id is unknown, repeated or reserved."""


class ConfigError(FsaasrError):
    """A configuration has an unknown key or a value out of range."""


class ScoresError(FsaasrError):
    """A score matrix is malformed: NaN, wrong shape, zero-length utterance."""


class LexiconError(FsaasrError):
    """A lexicon is malformed, or lacks a word or token that is needed."""


class GrammarError(FsaasrError):
    """A language model or grammar is malformed or inconsistent."""


class GraphError(FsaasrError):
    """A graph is malformed, cannot be built, or does not fit its input."""


class GraphBudgetError(GraphError):
    """Building a graph exceeded its state or time budget."""


class DecodeError(FsaasrError):
    """Search or alignment cannot give a meaningful result."""


class LatticeError(FsaasrError):
    """A lattice is malformed or an operation is undefined on it."""


class CorpusError(FsaasrError):
    """A corpus directory, manifest or recording is missing or malformed."""


class ModelError(FsaasrError):
    """A model directory is malformed or does not fit its input."""


class TrainingError(FsaasrError):
    """Training cannot start or diverged."""


class EvaluationError(FsaasrError):
    """References and hypotheses do not match."""


class HypothesisError(FsaasrError):
    """Hypotheses cannot be written, or not in the form that was asked for."""


class MissingDependencyError(FsaasrError):
    """An optional package is absent or does not fit the others."""


class FileFormatError(FsaasrError):
    """A file's content is not what its format demands.

    Args:
      path: file at fault.
      line: 1-based line number, where there is one.
      problem: what was found and what was expected, with the remedy.
    """

    def __init__(self, path: Union[str, Path], line: Optional[int], problem: str) -> None:
        self.path = str(path)
        self.line = line
        self.problem = problem
        where = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{where}: {problem}")

    def __reduce__(self) -> Tuple[Type[FileFormatError], Tuple[str, Optional[int], str]]:
        """Lets the error come back from another process whole."""
        return type(self), (self.path, self.line, self.problem)


class LexiconFileError(FileFormatError, LexiconError):
    """A line of a lexicon file is malformed."""


class GrammarFileError(FileFormatError, GrammarError):
    """A line of an ARPA or grammar file is malformed."""


class CorpusFileError(FileFormatError, CorpusError):
    """A line of a corpus' table is malformed."""


class LatticeFileError(FileFormatError, LatticeError):
    """A record of a lattice file is malformed."""


class HypothesisFileError(FileFormatError, HypothesisError):
    """A file of hypotheses or transcripts is malformed."""
