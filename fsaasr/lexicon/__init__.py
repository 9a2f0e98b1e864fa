"""Lexicons: words and their pronunciations, their files, tokenizers and coverage."""

from fsaasr.lexicon.ambiguity import disambiguation
from fsaasr.lexicon.confusable import ConfusablePair, confusable
from fsaasr.lexicon.coverage_report import CoverageReport, coverage
from fsaasr.lexicon.formats import Kind, read_lexicon, strip_stress, write_lexicon, write_lexicon_silprob
from fsaasr.lexicon.lang import read_lang, write_lang
from fsaasr.lexicon.learned_weights import WeightConfig, learn_weights
from fsaasr.lexicon.lexicon import Lexicon, OptionalSilence, Pronunciation, SilenceWeights
from fsaasr.lexicon.lexicon_report import LexiconReport, lexicon_report
from fsaasr.lexicon.merging import differing_words, merge_lexicons
from fsaasr.lexicon.neighbours import neighbours
from fsaasr.lexicon.phone_sets import PHONE_SETS, convert_phones
from fsaasr.lexicon.positions import POSITIONS, phone_of, position_of, with_positions, word_spans
from fsaasr.lexicon.pronunciation_counts import PronunciationCounts, count_pronunciations
from fsaasr.lexicon.pruning import prune_lexicon
from fsaasr.lexicon.sentencepiece_training import train_sentencepiece
from fsaasr.lexicon.silprob import read_silprob
from fsaasr.lexicon.sources import load_lexicon, save_lexicon
from fsaasr.lexicon.tokenizers import CharacterTokenizer, LexiconTokenizer, SentencePieceTokenizer, Tokenizer
from fsaasr.lexicon.units import WORD_MARK, character_lexicon, sentencepiece_lexicon
from fsaasr.lexicon.utf8_text import count_words, read_words

__all__ = [
    "PHONE_SETS",
    "POSITIONS",
    "WORD_MARK",
    "CharacterTokenizer",
    "ConfusablePair",
    "CoverageReport",
    "Kind",
    "Lexicon",
    "LexiconReport",
    "LexiconTokenizer",
    "OptionalSilence",
    "Pronunciation",
    "PronunciationCounts",
    "SentencePieceTokenizer",
    "SilenceWeights",
    "Tokenizer",
    "WeightConfig",
    "character_lexicon",
    "confusable",
    "convert_phones",
    "count_pronunciations",
    "count_words",
    "coverage",
    "differing_words",
    "disambiguation",
    "learn_weights",
    "lexicon_report",
    "load_lexicon",
    "merge_lexicons",
    "neighbours",
    "phone_of",
    "position_of",
    "prune_lexicon",
    "read_lang",
    "read_lexicon",
    "read_silprob",
    "read_words",
    "save_lexicon",
    "sentencepiece_lexicon",
    "strip_stress",
    "train_sentencepiece",
    "with_positions",
    "word_spans",
    "write_lang",
    "write_lexicon",
    "write_lexicon_silprob",
]
