"""What a system found, with words that the lexicon lacks spelt, and all of it spelt where no word was found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, List, Sequence, Tuple

from fsaasr.core.hypothesis import Hypothesis
from fsaasr.decode.fallback import FALLBACK, SpellingFallback, spelling_fallback
from fsaasr.decode.fusion import ALONE
from fsaasr.features import FeatureBatch
from fsaasr.graph import Graph, unknown_word
from fsaasr.lexicon import WORD_MARK, Lexicon
from fsaasr.models import AcousticModel
from fsaasr.recipe.searches import searchable
from fsaasr.recipe.word_scores import NO_WORD_SCORES

if TYPE_CHECKING:
    from fsaasr.recipe.decoding import System

ORDER = 3
"""Of the n-gram model of tokens that spells where no word was found."""


def spell_all(
    hypotheses: Sequence[Hypothesis], system: System, features: FeatureBatch, lexicon: Lexicon
) -> List[Hypothesis]:
    """Hypotheses whose unknown words are spelt, and none that is empty although something was said.

    An unknown word's name is its letters or pieces, joined, or its phones with `-` between; `Span.unknown` marks it.
    Where no word was found, but the model hears tokens other than silence, unknown words with their times take its
    place, and `rule` is `fallback`: as `fsaasr.decode.fill_empty`, with models of every family.

    Args:
      hypotheses: of all utterances of `features`, in order.
      system: that found them.
      lexicon: that fits its model, see `lexicon_for`; likely spellings are those of its words.
    """
    empty = [found.utterance for found in hypotheses if not found.words]
    spelt = {}
    if empty:
        fallback = _fallback(system.model, lexicon)
        heard = _best(system, fallback.sounds, features, empty)
        said = [one.utterance for one in heard if any(token.name != fallback.silence for token in one.tokens)]
        found = _best(system, fallback.spelt, features, said) if said else []
        spelt = {one.utterance: replace(one, rule=FALLBACK) for one in found}
    return [spelt.get(found.utterance, found).spelled(joined_spelling) for found in hypotheses]


def joined_spelling(tokens: Sequence[str]) -> str:
    """Letters and pieces as a word, phones with `-` between them."""
    marked = any(token.startswith(WORD_MARK) for token in tokens)
    separator = "" if marked or all(len(token) == 1 for token in tokens) else "-"
    return separator.join(tokens).replace(WORD_MARK, "")


def _fallback(model: AcousticModel, lexicon: Lexicon) -> SpellingFallback:
    spelling = unknown_word(lexicon, ORDER, tokens=model.tokens.names[1:])
    made = spelling_fallback(lexicon, spelling, model.topology, tokens=model.tokens, transitions=model.transitions)
    return replace(made, sounds=searchable(model, made.sounds), spelt=searchable(model, made.spelt))


def _best(system: System, graph: Graph, features: FeatureBatch, names: List[str]) -> Tuple[Hypothesis, ...]:
    """The best path of some utterances through another graph."""
    alone = replace(system, graph=graph, fusion=ALONE, words=NO_WORD_SCORES)
    return tuple(lattice.best_path() for lattice in alone.lattices(features.select(names)))
