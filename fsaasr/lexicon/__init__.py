"""Lexicons: words and their pronunciations, their files, tokenizers and coverage."""

from fsaasr.lexicon.ambiguity import disambiguation
from fsaasr.lexicon.formats import Kind, read_lexicon, strip_stress, write_lexicon
from fsaasr.lexicon.lang import read_lang, write_lang
from fsaasr.lexicon.lexicon import Lexicon, OptionalSilence, Pronunciation
from fsaasr.lexicon.tokenizers import CharacterTokenizer, LexiconTokenizer, SentencePieceTokenizer, Tokenizer
from fsaasr.lexicon.units import character_lexicon, sentencepiece_lexicon

__all__ = [
    "CharacterTokenizer",
    "Kind",
    "Lexicon",
    "LexiconTokenizer",
    "OptionalSilence",
    "Pronunciation",
    "SentencePieceTokenizer",
    "Tokenizer",
    "character_lexicon",
    "disambiguation",
    "read_lang",
    "read_lexicon",
    "sentencepiece_lexicon",
    "strip_stress",
    "write_lang",
    "write_lexicon",
]
