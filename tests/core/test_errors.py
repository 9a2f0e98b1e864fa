from __future__ import annotations

import inspect
import pickle

import pytest

from fsaasr.core import FileFormatError, FsaasrError, GraphBudgetError, GraphError, LexiconError, errors

EXCEPTIONS = [member for _, member in inspect.getmembers(errors, inspect.isclass) if issubclass(member, Exception)]
CLASSES = [member for member in EXCEPTIONS if not issubclass(member, Warning)]


@pytest.mark.parametrize("kind", CLASSES)
def test_one_base_catches_every_error(kind: type[Exception]) -> None:
    assert issubclass(kind, FsaasrError)
    assert kind.__doc__


def test_a_files_error_tells_where() -> None:
    error = FileFormatError("a/lexicon.txt", 3, "found no tokens, expected one or more")
    assert str(error) == "a/lexicon.txt:3: found no tokens, expected one or more"
    assert (error.path, error.line, error.problem) == ("a/lexicon.txt", 3, "found no tokens, expected one or more")
    assert str(FileFormatError("a", None, "is empty")) == "a: is empty"


def test_a_files_error_is_also_an_error_of_its_subject() -> None:
    assert issubclass(errors.LexiconFileError, LexiconError)
    assert issubclass(errors.GrammarFileError, errors.GrammarError)
    assert issubclass(errors.CorpusFileError, errors.CorpusError)
    assert issubclass(GraphBudgetError, GraphError)


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if issubclass(kind, FileFormatError)])
def test_a_files_error_crosses_processes(kind: type[FileFormatError]) -> None:
    again = pickle.loads(pickle.dumps(kind("a", 3, "is bad")))
    assert (type(again), str(again), again.line) == (kind, "a:3: is bad", 3)
