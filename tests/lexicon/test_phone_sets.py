"""Phone sets: there and back again, and well-known pronunciations in each."""

from __future__ import annotations

from itertools import permutations

import pytest

from fsaasr.core.errors import LexiconError
from fsaasr.lexicon import PHONE_SETS, Lexicon, OptionalSilence, convert_phones, with_positions
from fsaasr.lexicon.phone_sets import PhoneSet

# The 39 phones of CMUdict (cmudict.phones), vowels first.
VOWELS = ["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"]
CONSONANTS = [
    "B",
    "CH",
    "D",
    "DH",
    "F",
    "G",
    "HH",
    "JH",
    "K",
    "L",
    "M",
    "N",
    "NG",
    "P",
    "R",
    "S",
    "SH",
    "T",
    "TH",
    "V",
    "W",
    "Y",
    "Z",
    "ZH",
]


def one_a_word(phones: list[str]) -> Lexicon:
    return Lexicon.from_text("".join(f"w{n} {phone}\n" for n, phone in enumerate(phones)), OptionalSilence())


def all_phones(name: str) -> Lexicon:
    if name.startswith("arpabet"):
        digits = ("0", "1", "2") if name == "arpabet-stress" else ("",)
        return one_a_word([vowel + digit for vowel in VOWELS for digit in digits] + CONSONANTS)
    return convert_phones(all_phones("arpabet-stress"), "arpabet-stress", name)  # type: ignore[arg-type]


@pytest.mark.parametrize(("source", "target"), [p for p in permutations(PHONE_SETS, 2) if p[1] != "arpabet"])
def test_there_and_back_is_the_same(source: PhoneSet, target: PhoneSet) -> None:
    lexicon = all_phones(source)
    made = convert_phones(lexicon, source, target)
    assert made.silence == lexicon.silence
    assert len(made.tokens) == len(lexicon.tokens)
    assert convert_phones(made, target, source) == lexicon


@pytest.mark.parametrize("target", ["ipa", "xsampa"])
def test_arpabet_without_stress_comes_back_too(target: PhoneSet) -> None:
    assert convert_phones(convert_phones(all_phones("arpabet"), "arpabet", target), target, "arpabet") == all_phones(
        "arpabet"
    )


def test_rarer_phones_have_symbols_of_their_own() -> None:
    lexicon = one_a_word(["IX", "UX", "DX", "NX", "Q", "WH", "EL", "EM", "EN", "ENG"])
    for target in ("ipa", "xsampa"):
        there = convert_phones(lexicon, "arpabet", target)  # type: ignore[arg-type]
        assert convert_phones(there, target, "arpabet") == lexicon  # type: ignore[arg-type]


# Transcriptions of the IPA's handbook for American English (Ladefoged 1999) and of Wells' X-SAMPA (1995).
KNOWN = {
    "arpabet-stress": "HH AH0 L OW1 / CH ER1 CH IH0 NG / B AH1 T ER0 / DH IH1 S / Y AE1 NG K IY0 Z / K AH0 M P Y UW1 T",
    "arpabet": "HH AH L OW / CH ER CH IH NG / B AH T ER / DH IH S / Y AE NG K IY Z / K AH M P Y UW T",
    "ipa": "h ə l ˈoʊ / tʃ ˈɝ tʃ ɪ ŋ / b ˈʌ t ɚ / ð ˈɪ s / j ˈæ ŋ k i z / k ə m p j ˈu t",
    "xsampa": 'h @ l "oU / tS "3` tS I N / b "V t @` / D "I s / j "{ N k i z / k @ m p j "u t',
}


@pytest.mark.parametrize(("source", "target"), [p for p in permutations(PHONE_SETS, 2) if p[0] != "arpabet"])
def test_well_known_words(source: PhoneSet, target: PhoneSet) -> None:
    def lexicon(name: str) -> Lexicon:
        return Lexicon.from_text("".join(f"w{n} {said}\n" for n, said in enumerate(KNOWN[name].split("/"))))

    assert convert_phones(lexicon(source), source, target) == lexicon(target)


def test_places_and_silence_stay() -> None:
    plain = Lexicon.from_text("hello HH AH0 L OW1\n", OptionalSilence("SIL"))
    made = convert_phones(with_positions(plain), "arpabet-stress", "ipa")
    assert made.of("hello")[0].tokens == ("h_B", "ə_I", "l_I", "ˈoʊ_E")
    assert made == with_positions(convert_phones(plain, "arpabet-stress", "ipa"))


def test_what_becomes_equal_is_merged() -> None:
    lexicon = Lexicon.from_text("a 0.5 AH0\na 1.0 AH1\na 0.25 EY1\n", kind="lexiconp")
    made = convert_phones(lexicon, "arpabet-stress", "arpabet")
    assert [(entry.tokens, entry.log_prob == 0) for entry in made.pronunciations] == [(("AH",), True), (("EY",), False)]


def test_what_others_write_is_read() -> None:
    lexicon = Lexicon.from_text("red r e d\ncheese t͡ʃ ˈi z\ngo g ˈo\n")
    assert convert_phones(lexicon, "ipa", "arpabet-stress") == Lexicon.from_text(
        "red R EY0 D\ncheese CH IY1 Z\ngo G OW1\n"
    )


def test_unknown_phones_are_named() -> None:
    lexicon = Lexicon.from_text("fish F IH1 SH\nüber YY B ER0\nloch L AA1 X\n")
    with pytest.raises(LexiconError, match="2 tokens are no phones of arpabet-stress: X YY; 'X' stands in 'loch'"):
        convert_phones(lexicon, "arpabet-stress", "ipa")
    with pytest.raises(LexiconError, match="are no phones of arpabet: AA1;"):
        convert_phones(Lexicon.from_text("a AA1\n"), "arpabet", "ipa")
    with pytest.raises(LexiconError, match="phone set 'IPA', expected one of arpabet, "):
        convert_phones(lexicon, "arpabet", "IPA")  # type: ignore[arg-type]
