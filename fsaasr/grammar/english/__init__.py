"""What English speakers say for numbers, dates, times, amounts and spelled words, and back again. Needs pynini."""

from fsaasr.grammar.english.clock import clock_times
from fsaasr.grammar.english.dates import dates, years
from fsaasr.grammar.english.letters import letters
from fsaasr.grammar.english.money import amounts
from fsaasr.grammar.english.numbers import cardinals, ordinals
from fsaasr.grammar.english.read_text import TextReader
from fsaasr.grammar.english.verbalizer import Verbalizer

__all__ = [
    "TextReader",
    "Verbalizer",
    "amounts",
    "cardinals",
    "clock_times",
    "dates",
    "letters",
    "ordinals",
    "years",
]
