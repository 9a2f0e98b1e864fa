"""Phone sets of English: ARPAbet with and without stress, IPA, X-SAMPA."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Callable, Dict, List, Literal, Optional, Tuple

from fsaasr.core.errors import LexiconError
from fsaasr.lexicon.lexicon import Lexicon, Pronunciation, Tokens
from fsaasr.lexicon.positions import position_of

PhoneSet = Literal["arpabet", "arpabet-stress", "ipa", "xsampa"]
PHONE_SETS: Tuple[PhoneSet, ...] = ("arpabet", "arpabet-stress", "ipa", "xsampa")

# ARPAbet, IPA, X-SAMPA. Vowels take a stress digit in ARPAbet and a mark before them elsewhere; those of the second
# table say the unstressed ones that have letters of their own.
_VOWELS = """
    AA ɑ A    AE æ {    AH ʌ V    AO ɔ O    AW aʊ aU    AY aɪ aI    EH ɛ E    ER ɝ 3`
    EY eɪ eI  IH ɪ I    IY i i    OW oʊ oU  OY ɔɪ OI    UH ʊ U      UW u u
"""
_UNSTRESSED = "AH ə @  ER ɚ @`"
_CONSONANTS = r"""
    B b b     CH tʃ tS  D d d     DH ð D    F f f     G ɡ g     HH h h    JH dʒ dZ   K k k     L l l
    M m m     N n n     NG ŋ N    P p p     R ɹ r\    S s s     SH ʃ S    T t t      TH θ T    V v v
    W w w     Y j j     Z z z     ZH ʒ Z
    IX ɨ 1    UX ʉ }    DX ɾ 4    NX ɾ̃ 4~   Q ʔ ?     WH ʍ W    EL l̩ l=   EM m̩ m=    EN n̩ n=   ENG ŋ̍ N=
"""
_READ_TOO = {
    "ipa": {"g": "ɡ", "r": "ɹ", "t͡ʃ": "tʃ", "d͡ʒ": "dʒ", "t͜ʃ": "tʃ", "d͜ʒ": "dʒ", "e": "eɪ", "o": "oʊ", "ɜ": "ɝ"},
    "xsampa": {"r": "r\\", "e": "eI", "o": "oU", "3": "3`", "h\\": "h"},
}
_MARKS = {"ipa": {"1": "ˈ", "2": "ˌ"}, "xsampa": {"1": '"', "2": "%"}}
_ARPABET = re.compile(r"([A-Z]+)([0-2]?)")


class _Sound:
    """A phone of any set: its ARPAbet letters, and its stress, empty where the source says none."""

    __slots__ = ("phone", "stress")

    def __init__(self, phone: str, stress: str = "") -> None:
        self.phone, self.stress = phone, stress


def _rows(table: str, column: int) -> Dict[str, str]:
    """From ARPAbet to a column of a table."""
    fields = unicodedata.normalize("NFC", table).split()
    return dict(zip(fields[::3], fields[column::3]))


def convert_phones(lexicon: Lexicon, source: PhoneSet, target: PhoneSet) -> Lexicon:
    """The lexicon in another phone set; silence stays, and so do the places of phones in words (`AH_B`).

    From ARPAbet with stress to IPA and X-SAMPA, a mark before a vowel says its stress (`ˈæ`), and AH0 and ER0 are `ə`
    and `ɚ`; back again, it is the very same. Without stress, AH and ER are `ʌ` and `ɝ`. What to and fro does not give
    back: `ə` and `ɚ` to ARPAbet without stress (AH, ER); AX and AXR, which are read as AH0 and ER0; symbols that are
    read as others' (`r` as `ɹ`, `t͡ʃ` as `tʃ`, British `e`, `o` as `eɪ`, `oʊ`). To ARPAbet with stress, vowels without
    mark are unstressed. Pronunciations that become equal are merged into the most probable, the first of equals.

    Args:
      lexicon: its tokens are phones of `source`.
      source, target: of `PHONE_SETS`.

    Raises:
      LexiconError: another phone set; phones that the source set lacks (all are named, with a word).
    """
    for name in (source, target):
        if name not in PHONE_SETS:
            raise LexiconError(f"convert_phones: phone set {name!r}, expected one of {', '.join(PHONE_SETS)}")
    read, write = _reader(source), _writer(target)
    silence = lexicon.silence.token if lexicon.silence else None
    names: Dict[str, str] = {}
    unknown: List[str] = []
    for token in lexicon.tokens.names[1:]:
        place = position_of(token) or ""
        sound = read(token[: len(token) - len(place)])
        if token == silence:
            names[token] = token
        elif sound is None:
            unknown.append(token)
        else:
            names[token] = write(sound) + place
    if unknown:
        entry = next(entry for entry in lexicon.pronunciations if unknown[0] in entry.tokens)
        raise LexiconError(
            f"convert_phones: {len(unknown)} tokens are no phones of {source}: {' '.join(unknown)}; {unknown[0]!r} "
            f"stands in {entry.word!r}; name the set that they are of, or respell them"
        )
    merged: Dict[Tuple[str, Tokens], Pronunciation] = {}
    for entry in lexicon.pronunciations:
        made = replace(entry, tokens=tuple(names[token] for token in entry.tokens))
        if made.log_prob > merged.setdefault((made.word, made.tokens), made).log_prob:
            merged[made.word, made.tokens] = made
    return Lexicon(tuple(merged.values()), lexicon.silence)


def _reader(name: PhoneSet) -> Callable[[str], Optional[_Sound]]:
    vowels, consonants = _rows(_VOWELS, 1), _rows(_CONSONANTS, 1)
    if name.startswith("arpabet"):
        weak = {"AX": "AH", "AXR": "ER"}

        def read_arpabet(token: str) -> Optional[_Sound]:
            match = _ARPABET.fullmatch(token)
            phone, stress = match.groups() if match else ("", "")
            if phone in weak and not stress:
                return _Sound(weak[phone], "0")
            if phone in vowels and bool(stress) == (name == "arpabet-stress"):
                return _Sound(phone, stress)
            return _Sound(phone) if phone in consonants and not stress else None

        return read_arpabet
    column = 1 if name == "ipa" else 2
    sounds = {written: _Sound(phone) for phone, written in _rows(_CONSONANTS, column).items()}
    for phone, written in _rows(_VOWELS, column).items():
        sounds[written] = _Sound(phone)
        sounds.update({mark + written: _Sound(phone, stress) for stress, mark in _MARKS[name].items()})
    sounds.update({written: _Sound(phone, "0") for phone, written in _rows(_UNSTRESSED, column).items()})
    for read, written in _READ_TOO[name].items():
        for mark in ("", *_MARKS[name].values()):
            if mark + written in sounds:
                sounds[mark + unicodedata.normalize("NFC", read)] = sounds[mark + written]
    return lambda token: sounds.get(unicodedata.normalize("NFC", token))


def _writer(name: PhoneSet) -> Callable[[_Sound], str]:
    vowels = _rows(_VOWELS, 1)
    if name == "arpabet":
        return lambda sound: sound.phone
    if name == "arpabet-stress":
        return lambda sound: sound.phone + (sound.stress or "0") * (sound.phone in vowels)
    column = 1 if name == "ipa" else 2
    written = {**_rows(_VOWELS, column), **_rows(_CONSONANTS, column)}
    weak = _rows(_UNSTRESSED, column)

    def write(sound: _Sound) -> str:
        if sound.stress == "0" and sound.phone in weak:
            return weak[sound.phone]
        return _MARKS[name].get(sound.stress, "") + written[sound.phone]

    return write
