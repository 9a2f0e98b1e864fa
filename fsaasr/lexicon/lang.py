"""Lang directories: a lexicon with its symbol tables, as other tools read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

from fsaasr.core.errors import LexiconError, LexiconFileError
from fsaasr.core.files import PathLike, content_hash, write_json, write_text
from fsaasr.lexicon.formats import format_lexicon, parse_lexicon, read_utf8
from fsaasr.lexicon.lexicon import Lexicon, OptionalSilence

FORMAT = "fsaasr.Lang.1"
LANG_FILES = ("lexiconp.txt", "words.txt", "tokens.txt")


def write_lang(lexicon: Lexicon, directory: PathLike) -> None:
    """Writes `lexiconp.txt`, `words.txt`, `tokens.txt` and `lang.json` (silence, and hashes of the others).

    `lang.json` is written last, so that `read_lang` notices a directory that a killed process left half new.
    """
    directory = Path(directory)
    lexicon_text = format_lexicon(lexicon)
    write_text(directory / "lexiconp.txt", lexicon_text)
    lexicon.words.write(directory / "words.txt")
    lexicon.tokens.write(directory / "tokens.txt")
    silence = lexicon.silence
    value = {
        "format": FORMAT,
        "silence": {"token": silence.token, "probability": silence.probability} if silence else None,
        "hashes": {name: content_hash((directory / name).read_bytes()) for name in LANG_FILES},
    }
    write_json(directory / "lang.json", value)


def read_lang(directory: PathLike) -> Lexicon:
    """Reads what `write_lang` wrote.

    Raises:
      LexiconFileError: a file is missing, malformed, or not the one that `lang.json` was written with.
    """
    directory = Path(directory)
    meta = _read_meta(directory / "lang.json")
    texts = {name: read_utf8(directory / name) for name in LANG_FILES}
    for name, text in texts.items():
        if content_hash(text) != meta["hashes"].get(name):
            raise LexiconFileError(
                directory / name, None, "changed since the lang directory was written; run write_lang again"
            )
    lexicon_path = directory / "lexiconp.txt"
    return parse_lexicon(texts["lexiconp.txt"], _silence(meta, directory), str(lexicon_path), "lexiconp")


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
