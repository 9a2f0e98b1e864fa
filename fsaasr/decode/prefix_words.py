"""Tables that the prefix beam search reads: what tokens are to words, the tree of a model's words, the models."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.decode.prefix_kernels import BEGINS, DELIMITER, INSIDE, WORD, Tokens, Words
from fsaasr.grammar import FailureAutomaton, NgramModel, NgramOrder, NgramStates
from fsaasr.lexicon.token_tables import TokenTable
from fsaasr.lexicon.units import WORD_MARK

NOT_SAID = frozenset(("<s>", "</s>", "<unk>", "<UNK>"))


def without_words() -> NgramModel:
    """A model that gives everything the probability 1: in place of none."""
    return NgramModel(("<unk>", "<s>", "</s>"), (NgramOrder(np.arange(3)[:, None], np.zeros(3), np.zeros(3)),))


def word_tables(
    table: TokenTable,
    model: Optional[NgramModel],
    word_tokens: bool,
    scale: float,
    unknown_score: float,
    word_score: float,
) -> Words:
    """What tells words and scores them.

    Args:
      table: the tokens.
      model: n-gram model of words, or None.
      word_tokens: each token is a word, as phones are to a model of phones.
      scale, unknown_score, word_score: see `Words`; of no effect without a model but for `word_score`.
    """
    names = table.tokens.names[1:]
    alphabet: Dict[str, int] = {}
    spelled: List[List[int]] = [[], *(_characters(name, table, word_tokens, alphabet) for name in names)]
    roles = [INSIDE, *(_role(name, table, word_tokens) for name in names)]
    known = model or without_words()
    vocabulary = () if model is None else known.vocabulary
    keys, child, word = _tree(vocabulary, alphabet, word_tokens)
    states = NgramStates.of(known)
    return Words(
        np.array(roles, dtype=np.int8),
        np.array([character for characters in spelled for character in characters], dtype=np.int32),
        np.cumsum([0, *map(len, spelled)]).astype(np.int64),
        keys,
        child,
        len(alphabet) + 1,
        word,
        states.tables,
        states.start,
        -1 if known.unknown_id is None else int(known.unknown_id),
        float(scale if model else 0.0),
        float(unknown_score),
        float(word_score),
    )


def token_tables(table: TokenTable, model: Optional[NgramModel], scale: float) -> Tokens:
    """An n-gram model of tokens; raises GrammarError where it lacks tokens and has no `<unk>`."""
    states = NgramStates.of(model or without_words())
    ids = states.ids_of(table.tokens.names[1:])
    return Tokens(
        states.tables, states.start, np.concatenate([[0], ids]).astype(np.int32), float(scale if model else 0.0)
    )


def hotword_tables(automaton: FailureAutomaton) -> Tokens:
    """Hotwords spelt with the tokens, in place of a model of tokens: arrays of the same types."""
    first, last, fail, fail_score, word, score, following = (np.array(array) for array in automaton.tables)
    arrays = (first, last, fail, fail_score.astype(np.float64), word, score.astype(np.float64), following)
    ids = np.arange(len(automaton.words), dtype=np.int32)
    return Tokens(arrays, automaton.start, ids, 1.0)


def _characters(name: str, table: TokenTable, word_tokens: bool, alphabet: Dict[str, int]) -> List[int]:
    if name == table.delimiter:
        return []
    spelling = [name] if word_tokens else list(name[len(WORD_MARK) :] if name.startswith(WORD_MARK) else name)
    return [alphabet.setdefault(character, len(alphabet)) for character in spelling]


def _role(name: str, table: TokenTable, word_tokens: bool) -> int:
    if name == table.delimiter:
        return DELIMITER
    if word_tokens:
        return WORD
    return BEGINS if table.marks_words and name.startswith(WORD_MARK) else INSIDE


def _tree(
    vocabulary: Tuple[str, ...], alphabet: Dict[str, int], word_tokens: bool
) -> Tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Branches by key, sorted, the node that each leads to, and the word at each node; words that no tokens spell are
    left out: nothing can lead there."""
    size = len(alphabet) + 1
    branches: Dict[int, int] = {}
    words: Dict[int, int] = {}
    for number, word in enumerate(vocabulary):
        if word in NOT_SAID:
            continue
        characters = [alphabet.get(character, -1) for character in ([word] if word_tokens else word)]
        if min(characters) < 0:
            continue
        node = 0
        for character in characters:
            node = branches.setdefault(node * size + character, len(branches) + 1)
        words[node] = number
    order: Any = sorted(branches)
    at_node = np.full(len(branches) + 1, -1, dtype=np.int32)
    at_node[list(words)] = list(words.values())
    return (
        np.array(order, dtype=np.int64),
        np.array([branches[key] for key in order], dtype=np.int32),
        at_node,
    )
