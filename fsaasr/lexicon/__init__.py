"""Lexicons: words and their pronunciations, their files, tokenizers and coverage."""

from fsaasr.lexicon.ambiguity import disambiguation
from fsaasr.lexicon.coverage_report import CoverageReport, coverage
from fsaasr.lexicon.formats import Kind, read_lexicon, strip_stress, write_lexicon
from fsaasr.lexicon.lang import read_lang, write_lang
from fsaasr.lexicon.lexicon import Lexicon, OptionalSilence, Pronunciation
from fsaasr.lexicon.positions import POSITIONS, phone_of, position_of, with_positions, word_spans
from fsaasr.lexicon.sentencepiece_training import train_sentencepiece
from fsaasr.lexicon.tokenizers import CharacterTokenizer, LexiconTokenizer, SentencePieceTokenizer, Tokenizer
from fsaasr.lexicon.units import WORD_MARK, character_lexicon, sentencepiece_lexicon

__all__ = [
    "POSITIONS",
    "WORD_MARK",
    "CharacterTokenizer",
    "CoverageReport",
    "Kind",
    "Lexicon",
    "LexiconTokenizer",
    "OptionalSilence",
    "Pronunciation",
    "SentencePieceTokenizer",
    "Tokenizer",
    "character_lexicon",
    "coverage",
    "disambiguation",
    "phone_of",
    "position_of",
    "read_lang",
    "read_lexicon",
    "sentencepiece_lexicon",
    "strip_stress",
    "train_sentencepiece",
    "with_positions",
    "word_spans",
    "write_lang",
    "write_lexicon",
]
