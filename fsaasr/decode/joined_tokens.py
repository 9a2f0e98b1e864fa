"""Hypotheses of models without a lexicon: tokens joined to words; and what an added frame leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional

from fsaasr.core.hypothesis import Hypothesis, Span
from fsaasr.core.scores import Seconds
from fsaasr.lexicon.units import WORD_MARK


def join_tokens(hypothesis: Hypothesis, delimiter: Optional[str], marked: bool) -> Hypothesis:
    """A hypothesis whose words are its tokens joined.

    Args:
      hypothesis: its tokens have names and times.
      delimiter: token between words; belongs to none.
      marked: words begin with `▁`, which does not belong to them.
    """
    words: List[Span] = []
    open_word = False
    for token in hypothesis.tokens:
        if token.name == delimiter:
            open_word = False
            continue
        begins = marked and token.name.startswith(WORD_MARK)
        name = token.name[len(WORD_MARK) :] if begins else token.name
        if open_word and not begins:
            words[-1] = Span(words[-1].name + name, words[-1].start, token.end)
        else:
            words.append(Span(name, token.start, token.end))
        open_word = True
    # `▁` alone begins a word that never came.
    return replace(hypothesis, words=tuple(word for word in words if word.name))


def trim(hypothesis: Hypothesis, delimiter: str, frame_shift: Seconds) -> Hypothesis:
    """The hypothesis without its last frame; words end with their last token that is no delimiter."""
    columns = hypothesis.columns[:-1]
    end = len(columns) * frame_shift
    # The frame that goes holds a delimiter or blank, so no word's own token is touched.
    tokens = tuple(token._replace(end=min(token.end, end)) for token in hypothesis.tokens if token.start < end)
    words = []
    for word in hypothesis.words:
        own = [token.end for token in tokens if word.start <= token.start < word.end and token.name != delimiter]
        words.append(word._replace(end=own[-1]))
    return replace(hypothesis, columns=columns, words=tuple(words), tokens=tokens)


def spell_unknown(hypothesis: Hypothesis, delimiter: Optional[str] = None) -> Hypothesis:
    """The hypothesis with the joined tokens of each unknown word as its name and spelling, `delimiter` left out."""
    words = []
    for word in hypothesis.words:
        own = tuple(token for token in word.spelling or () if token != delimiter)
        name = "".join(own).replace(WORD_MARK, "")
        words.append(word._replace(name=name, spelling=own) if name else word)
    return replace(hypothesis, words=tuple(words))
