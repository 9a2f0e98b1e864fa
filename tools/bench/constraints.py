"""Word lists and constraints: processor time until they can be used. `python -m tools.bench.constraints`."""

from __future__ import annotations

import argparse
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr import ctc_decoder
from fsaasr.grammar import SlotGrammar, phrase_list, requiring, within, without
from fsaasr.lexicon import Lexicon, Pronunciation
from tools.bench.measure import processor_seconds

LETTERS = "abcdefghijklmnopqrstuvwxyz"
COLUMNS = ["<pad>", "|", *LETTERS]


def words_of(count: int, seed: int = 0) -> List[str]:
    """Different words of 4 to 9 random letters."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choice(list(LETTERS), size=rng.integers(4, 10)))] = None
    return list(found)


def logits_of(word: str) -> npt.NDArray[np.float64]:
    """What a sure model sees of a word, a frame a letter with a blank between."""
    frames = [name for letter in word for name in (letter, "<pad>")] + ["|"]
    return np.array([[8.0 * (name == frame) for name in COLUMNS] for frame in frames])


def timed(work: Callable[[], object]) -> Tuple[float, object]:
    """Processor seconds of some work, and its result."""
    begin = processor_seconds()
    made = work()
    return processor_seconds() - begin, made


def rows_of(words: Sequence[str], rounds: int) -> List[Tuple[str, float]]:
    """Name and median seconds of each way to constrain."""
    table = Lexicon(tuple(Pronunciation(word, tuple(word)) for word in words)).words
    whole = phrase_list(list(words), table)
    half, first = set(words[::2]), words[0]
    usable = logits_of(first)
    ctc_decoder(COLUMNS, list(words[:5]))(usable)  # compiles the search's loops

    def decoded(**given: object) -> None:
        found = ctc_decoder(COLUMNS, list(words), **given)(usable)[0].text  # type: ignore[arg-type]
        if found != first:
            raise RuntimeError(f"found {found!r}, expected {first!r}")

    ways: Dict[str, Callable[[], object]] = {
        "phrase_list": lambda: phrase_list(list(words), table),
        "within (half of the words)": lambda: within(whole, half, table),
        "without (half of the words)": lambda: without(whole, half, table),
        "requiring (one word)": lambda: requiring(whole, [first], table),
        "SlotGrammar (words as a slot)": lambda: SlotGrammar({"word": list(words)}, table).accept(f"{first} {{word}}"),
        "ctc_decoder of the words, first utterance found": decoded,
        "ctc_decoder of phrase_list, first utterance found": lambda: decoded(
            grammar=lambda table: phrase_list(list(words), table)
        ),
    }
    return [(name, float(np.median([timed(way)[0] for _ in range(rounds)]))) for name, way in ways.items()]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.constraints", description=__doc__)
    parser.add_argument("--words", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    for name, seconds in rows_of(words_of(options.words), options.rounds):
        print(f"{seconds:8.3f} s  {name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
