"""How well a grapheme-to-phoneme model says words that it was not trained on."""

from __future__ import annotations

from typing import NamedTuple, Optional

import kaldialign

from fsaasr.g2p.model import BEAM, G2pModel
from fsaasr.lexicon import Lexicon


class G2pErrors(NamedTuple):
    """Errors of first guesses.

    Attributes:
      words, wrong_words: distinct words, and those whose guess is none of their pronunciations.
      tokens, token_errors: of each word's nearest pronunciation, and edits between it and the guess.
    """

    words: int
    wrong_words: int
    tokens: int
    token_errors: int

    @property
    def word_error_rate(self) -> float:
        """Share of wrong words, 0 .. 1."""
        return self.wrong_words / self.words

    @property
    def token_error_rate(self) -> float:
        """Edits for each token of the nearest pronunciations."""
        return self.token_errors / self.tokens


def g2p_errors(
    model: G2pModel, lexicon: Lexicon, beam: Optional[float] = BEAM, skip_unknown: bool = False
) -> G2pErrors:
    """Compares the most probable pronunciation of every word of a lexicon with those that it has.

    Args:
      model: the model. lexicon: reference.
      beam, skip_unknown: as in `G2pModel.pronounce`; raises what that raises.
    """
    wrong = tokens = errors = 0
    words = lexicon.words.names[1:]
    for word in words:
        guess = model.pronounce(word, 1, beam, skip_unknown)[0].tokens
        references = [entry.tokens for entry in lexicon.of(word)]
        edits = [kaldialign.edit_distance(list(reference), list(guess))["total"] for reference in references]
        nearest = min(range(len(references)), key=lambda k: edits[k])
        wrong += edits[nearest] > 0
        errors += edits[nearest]
        tokens += len(references[nearest])
    return G2pErrors(len(words), wrong, tokens, errors)
