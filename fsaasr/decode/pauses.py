"""Where to cut what is long: in the middle of pauses between words."""

from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

from fsaasr.core.errors import DecodeError
from fsaasr.core.hypothesis import Span
from fsaasr.core.scores import Seconds


class Piece(NamedTuple):
    """Words that follow one another, from the middle of the pause before to the middle of the pause after."""

    words: Tuple[Span, ...]
    start: Seconds
    end: Seconds


def cut_at_pauses(
    words: Sequence[Span], duration: Seconds, pause: Seconds = 0.3, seconds: Seconds = 10.0
) -> List[Piece]:
    """Cuts words into pieces, which together are all words and all time.

    Args:
      words: with times, in order.
      duration: of it all.
      pause: shortest time between two words in which a cut may lie.
      seconds: a piece ends with the first pause after so long; longer pieces have no pause where one was wanted.

    Returns:
      At least one piece, and a single one if there are no words.

    Raises:
      DecodeError: `pause` or `seconds` that is not above 0.
    """
    if not (pause > 0 and seconds > 0):
        raise DecodeError(f"cut_at_pauses: pause {pause} s, pieces of {seconds} s; expected both > 0")
    pieces: List[Piece] = []
    first, start = 0, 0.0
    for number, (word, following) in enumerate(zip(words, words[1:]), 1):
        middle = (word.end + following.start) / 2
        # The slack is for times that are multiples of a frame.
        if following.start - word.end >= pause - 1e-6 and middle - start >= seconds:
            pieces.append(Piece(tuple(words[first:number]), start, middle))
            first, start = number, middle
    return [*pieces, Piece(tuple(words[first:]), start, duration)]
