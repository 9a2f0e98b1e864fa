"""Lang directories: a lexicon with its symbol tables, as other tools read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional, Tuple

from fsaasr.core.errors import LexiconError, LexiconFileError
from fsaasr.core.files import PathLike, content_hash, write_json
from fsaasr.lexicon.formats import parse_lexicon, write_lexicon, write_lexicon_silprob
from fsaasr.lexicon.lexicon import Lexicon, OptionalSilence
from fsaasr.lexicon.silprob import parse_silprob
from fsaasr.lexicon.utf8_text import read_utf8

FORMAT = "fsaasr.Lang.1"
LANG_FILES = ("lexiconp.txt", "words.txt", "tokens.txt")
SILPROB_FILES = ("lexiconp_silprob.txt", "silprob.txt")
"""Beside them where the probability of silence depends on the words."""


def write_lang(lexicon: Lexicon, directory: PathLike) -> None:
    """Writes `lexiconp.txt`, `words.txt`, `tokens.txt` and `lang.json` (silence, and hashes of the others).

    Where the probability of silence depends on the words, also `lexiconp_silprob.txt` and `silprob.txt`. `lang.json`
    is written last, so that `read_lang` notices a directory that a killed process left half new.
    """
    directory = Path(directory)
    write_lexicon(lexicon, directory / "lexiconp.txt")
    lexicon.words.write(directory / "words.txt")
    lexicon.tokens.write(directory / "tokens.txt")
    names: Tuple[str, ...] = LANG_FILES
    if lexicon.word_dependent_silence:
        write_lexicon_silprob(lexicon, directory)
        names += SILPROB_FILES
    silence = lexicon.silence
    value = {
        "format": FORMAT,
        "silence": {"token": silence.token, "probability": silence.probability} if silence else None,
        "hashes": {name: content_hash((directory / name).read_bytes()) for name in names},
    }
    write_json(directory / "lang.json", value)
    for name in set(SILPROB_FILES).difference(names):
        (directory / name).unlink(missing_ok=True)


def read_lang(directory: PathLike) -> Lexicon:
    """Reads what `write_lang` wrote.

    Raises:
      LexiconFileError: a file is missing, malformed, or not the one that `lang.json` was written with.
    """
    directory = Path(directory)
    meta = _read_meta(directory / "lang.json")
    weighted = SILPROB_FILES[0] in meta["hashes"]
    texts = {name: read_utf8(directory / name) for name in LANG_FILES + SILPROB_FILES * weighted}
    for name, text in texts.items():
        if content_hash(text) != meta["hashes"].get(name):
            raise LexiconFileError(
                directory / name, None, "changed since the lang directory was written; run write_lang again"
            )
    silence = _silence(meta, directory)
    if weighted and silence is not None:
        path = directory / SILPROB_FILES[1]
        silence = parse_silprob(texts[path.name], silence.token, str(path))
    name = SILPROB_FILES[0] if weighted else LANG_FILES[0]
    return parse_lexicon(texts[name], silence, str(directory / name), "lexiconp_silprob" if weighted else "lexiconp")


def _read_meta(path: Path) -> Any:
    try:
        meta = json.loads(read_utf8(path))
    except ValueError as error:
        raise LexiconFileError(path, None, f"not JSON: {error}; run write_lang again") from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT or not isinstance(meta.get("hashes"), dict):
        raise LexiconFileError(path, None, f"not a lang directory of format {FORMAT}; run write_lang again")
    return meta


def _silence(meta: Any, directory: Path) -> Optional[OptionalSilence]:
    value = meta.get("silence")
    if value is None:
        return None
    try:
        return OptionalSilence(str(value["token"]), float(value["probability"]))
    except (KeyError, TypeError, ValueError, LexiconError) as error:
        raise LexiconFileError(directory / "lang.json", None, f"malformed silence {value!r}: {error}") from error
