"""Words that sound alike."""

from __future__ import annotations

from typing import Callable, Collection, Dict, List, NamedTuple, Optional, Tuple

from fsaasr.lexicon.lexicon import Lexicon, Tokens
from fsaasr.lexicon.neighbours import neighbours
from fsaasr.lexicon.pruning import prune_lexicon

Overlap = Callable[[str, str], float]


class ConfusablePair(NamedTuple):
    """Two words, and how they sound alike.

    Attributes:
      word, other: the words, sorted.
      distance: edits between their nearest pronunciations; 0 for homophones.
      tokens, other_tokens: these pronunciations.
      weight: what the language model makes of the pair, see `confusable`; 1 without.
    """

    word: str
    other: str
    distance: int
    tokens: Tokens
    other_tokens: Tokens
    weight: float = 1.0


def confusable(
    lexicon: Lexicon, distance: int = 1, words: Optional[Collection[str]] = None, overlap: Optional[Overlap] = None
) -> List[ConfusablePair]:
    """Pairs of words whose nearest pronunciations are at most so many edits apart.

    Args:
      lexicon: the lexicon.
      distance: largest number of edits; 0 gives homophones. Above 1, all pairs of pronunciations are compared: for
        large lexicons give `words`.
      words: consider pairs of these alone; all of the lexicon if None.
      overlap: weight of a pair, such as `fsaasr.grammar.ContextOverlap`: how often a language model may take one
        for the other. Pairs of weight 0 are left out.

    Returns:
      By falling weight, then nearest first, then those with the most tokens, in which one edit is the least.

    Raises:
      LexiconError: none of the words is in the lexicon, or a negative distance.
    """
    if words is not None:
        lexicon = prune_lexicon(lexicon, vocabulary=set(words))
    by_tokens: Dict[Tokens, List[str]] = {}
    for entry in lexicon.pronunciations:
        by_tokens.setdefault(entry.tokens, []).append(entry.word)
    sequences = list(by_tokens)
    near = [(n, n, 0) for n, said in enumerate(sequences) if len(by_tokens[said]) > 1]
    if distance != 0:
        near.extend(sorted(neighbours(sequences, distance)))
    nearest: Dict[Tuple[str, str], Tuple[int, int, int]] = {}
    for i, j, edits in near:
        for one in by_tokens[sequences[i]]:
            for other in by_tokens[sequences[j]]:
                if one == other:
                    continue
                pair, found = ((one, other), (edits, i, j)) if one < other else ((other, one), (edits, j, i))
                if pair not in nearest or edits < nearest[pair][0]:
                    nearest[pair] = found
    pairs = [
        ConfusablePair(*pair, edits, sequences[i], sequences[j], overlap(*pair) if overlap else 1.0)
        for pair, (edits, i, j) in nearest.items()
    ]
    kept = [pair for pair in pairs if pair.weight > 0]
    return sorted(kept, key=lambda pair: (-pair.weight, pair.distance, -len(pair.tokens + pair.other_tokens), pair[:2]))
