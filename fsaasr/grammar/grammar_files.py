"""Grammars that somebody wrote, of whatever kind: JSGF, a list of phrases, a Python function."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, Tuple

from fsaasr.core.errors import GrammarError, GrammarFileError
from fsaasr.core.files import PathLike
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.constraints import phrase_list
from fsaasr.grammar.jsgf import read_jsgf
from fsaasr.grammar.pynini_grammar import grammar_from_pynini

if TYPE_CHECKING:
    import pynini

JSGF_SUFFIXES = (".jsgf", ".gram", ".jsg")


def load_grammar(source: PathLike, words: SymbolTable) -> pynini.Fst:
    """Reads a grammar as an acceptor over the labels of `words`.

    - `commands.jsgf` (or `.gram`, `.jsg`): a JSGF grammar, any of its public rules; see `read_jsgf`.
    - `phrases.txt`: a phrase a line, exactly one of which is said; see `phrase_list`.
    - `rules.py` or `rules.py:NAME`: the function NAME (`grammar` if none is named) of a Python file, which is run.
      Without parameters it returns a grammar over bytes or named words, as pynini makes them: `grammar_from_pynini`.
      With one, it takes `words` and returns an acceptor over their labels, as `phrase_list` and `SlotGrammar` do.

    Raises:
      GrammarError: another kind of file, no such function, or as the functions above.
    """
    path, function = _split(str(source))
    if path.suffix == ".py":
        return _made(path, function or "grammar", words)
    if function:
        raise GrammarError(f"load_grammar: {source}: only Python files have functions; expected FILE.py:NAME")
    if path.suffix in JSGF_SUFFIXES:
        return read_jsgf(path).accept(words)
    if path.suffix != ".txt":
        raise GrammarFileError(
            path, None, f"unknown kind of grammar; expected {', '.join(JSGF_SUFFIXES)}, .txt (a phrase a line) or .py"
        )
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise GrammarFileError(path, None, f"cannot be read ({error}); expected a phrase a line, UTF-8") from error
    return phrase_list([line for line in lines if line.strip()], words)


def _split(source: str) -> Tuple[Path, str]:
    path, colon, function = source.rpartition(".py:")
    return (Path(path + ".py"), function) if colon else (Path(source), "")


def _made(path: Path, name: str, words: SymbolTable) -> pynini.Fst:
    import pynini

    function = getattr(_module(path), name, None)
    if not callable(function):
        raise GrammarFileError(path, None, f"has no function {name!r}; write `def {name}(): ...` or name another")
    takes_words = bool(inspect.signature(function).parameters)
    made = function(words) if takes_words else function()
    if not isinstance(made, pynini.Fst):
        raise GrammarFileError(path, None, f"{name}() gave {type(made).__name__!r}, expected a pynini.Fst")
    return made if takes_words else grammar_from_pynini(made, words)


def _module(path: Path) -> Any:
    if not path.is_file():
        raise GrammarFileError(path, None, "no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
