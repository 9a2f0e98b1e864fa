"""Lexicons as people keep them: a file, or a lang directory."""

from __future__ import annotations

from pathlib import Path

from fsaasr.core.errors import LexiconError
from fsaasr.core.files import PathLike
from fsaasr.lexicon.formats import read_lexicon, write_lexicon
from fsaasr.lexicon.lang import read_lang, write_lang
from fsaasr.lexicon.lexicon import Lexicon


def load_lexicon(path: PathLike) -> Lexicon:
    """The lexicon of a lang directory, or of a file that `read_lexicon` knows; raises what these raise."""
    return read_lang(path) if Path(path).is_dir() else read_lexicon(path)


def save_lexicon(lexicon: Lexicon, path: PathLike, like: PathLike) -> None:
    """Writes a lexicon, atomically, as what `like` is: a lang directory, or a file in `lexiconp.txt` form.

    Raises:
      LexiconError: a file could not hold the silence probabilities of words.
    """
    if Path(like).is_dir():
        write_lang(lexicon, path)
        return
    if any(entry.silence is not None for entry in lexicon.pronunciations):
        raise LexiconError(
            f"save_lexicon: {path}: words have silence probabilities of their own, which a file in lexiconp.txt form "
            "cannot hold; make a lang directory first (`fsaasr lang`) and work with that"
        )
    write_lexicon(lexicon, path)
