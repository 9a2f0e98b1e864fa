"""What a system found, with words that the lexicon lacks spelt, and all of it spelt where no word was found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Dict, List, Sequence, Tuple

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


@dataclass(frozen=True, eq=False)
class UnknownSpelling:
    """Spells what has no word: words that the lexicon lacks, and speech in which no word was found.

    An unknown word's name is its letters or pieces, joined, or its phones with `-` between; `Span.unknown` marks it.

    Attributes:
      model: that hears the words.
      lexicon: that fits it, see `lexicon_for`; likely spellings are those of its words.
    """

    model: AcousticModel
    lexicon: Lexicon

    def named(self, hypothesis: Hypothesis) -> Hypothesis:
        """The hypothesis with the spellings of its unknown words as their names."""
        return hypothesis.spelled(joined_spelling)

    def wordless(self, names: Sequence[str], system: System, features: FeatureBatch) -> Dict[str, Hypothesis]:
        """How utterances are spelt in which a system found no word; only those in which something was said.

        Something was said where the model hears tokens other than silence. Unknown words with their times take the
        place of nothing, and `rule` is `fallback`: as `fsaasr.decode.fill_empty`, with models of every family.

        Args:
          names: of the utterances.
          system: that searched them.
          features: of these utterances, and perhaps of others.
        """
        if not names:
            return {}
        heard = _best(system, self._graphs.sounds, features, names)
        said = [one.utterance for one in heard if any(token.name != self._graphs.silence for token in one.tokens)]
        found = _best(system, self._graphs.spelt, features, said) if said else ()
        return {one.utterance: self.named(replace(one, rule=FALLBACK)) for one in found}

    def all(self, hypotheses: Sequence[Hypothesis], system: System, features: FeatureBatch) -> List[Hypothesis]:
        """Hypotheses, in order, whose unknown words are spelt, and none that is empty although something was said."""
        empty = [found.utterance for found in hypotheses if not found.words]
        spelt = self.wordless(empty, system, features)
        return [spelt.get(found.utterance, self.named(found)) for found in hypotheses]

    @cached_property
    def _graphs(self) -> SpellingFallback:
        model, tokens = self.model, self.model.tokens
        unknown = unknown_word(self.lexicon, ORDER, tokens=tokens.names[1:])
        made = spelling_fallback(self.lexicon, unknown, model.topology, tokens=tokens, transitions=model.transitions)
        return replace(made, sounds=searchable(model, made.sounds), spelt=searchable(model, made.spelt))


def joined_spelling(tokens: Sequence[str]) -> str:
    """Letters and pieces as a word, phones with `-` between them."""
    marked = any(token.startswith(WORD_MARK) for token in tokens)
    separator = "" if marked or all(len(token) == 1 for token in tokens) else "-"
    return separator.join(tokens).replace(WORD_MARK, "")


def _best(system: System, graph: Graph, features: FeatureBatch, names: Sequence[str]) -> Tuple[Hypothesis, ...]:
    """The best path of some utterances through another graph."""
    alone = replace(system, graph=graph, fusion=ALONE, words=NO_WORD_SCORES)
    return tuple(lattice.best_path() for lattice in alone.lattices(features.select(names)))
