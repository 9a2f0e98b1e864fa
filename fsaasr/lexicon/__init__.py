"""Lexicons: words and their pronunciations, their files, tokenizers and coverage."""

from fsaasr.lexicon.ambiguity import disambiguation
from fsaasr.lexicon.coverage_report import CoverageReport, coverage
from fsaasr.lexicon.formats import Kind, read_lexicon, strip_stress, write_lexicon, write_lexicon_silprob
from fsaasr.lexicon.lang import read_lang, write_lang
from fsaasr.lexicon.learned_weights import WeightConfig, learn_weights
from fsaasr.lexicon.lexicon import Lexicon, OptionalSilence, Pronunciation, SilenceWeights
from fsaasr.lexicon.positions import POSITIONS, phone_of, position_of, with_positions, word_spans
from fsaasr.lexicon.pronunciation_counts import PronunciationCounts, count_pronunciations
from fsaasr.lexicon.sentencepiece_training import train_sentencepiece
from fsaasr.lexicon.silprob import read_silprob
from fsaasr.lexicon.tokenizers import CharacterTokenizer, LexiconTokenizer, SentencePieceTokenizer, Tokenizer
from fsaasr.lexicon.units import WORD_MARK, character_lexicon, sentencepiece_lexicon
from fsaasr.lexicon.utf8_text import read_words

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
    "PronunciationCounts",
    "SentencePieceTokenizer",
    "SilenceWeights",
    "Tokenizer",
    "WeightConfig",
    "character_lexicon",
    "count_pronunciations",
    "coverage",
    "disambiguation",
    "learn_weights",
    "phone_of",
    "position_of",
    "read_lang",
    "read_lexicon",
    "read_silprob",
    "read_words",
    "sentencepiece_lexicon",
    "strip_stress",
    "train_sentencepiece",
    "with_positions",
    "word_spans",
    "write_lang",
    "write_lexicon",
    "write_lexicon_silprob",
]
