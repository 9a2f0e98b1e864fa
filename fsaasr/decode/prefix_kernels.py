"""The compiled loop of the prefix beam search."""

from __future__ import annotations

from typing import Any, NamedTuple, Tuple

import numpy as np

from fsaasr.core.kernels import njit
from fsaasr.grammar.ngram_kernels import step

INSIDE, DELIMITER, BEGINS, WORD = 0, 1, 2, 3
"""What a token is to words: part of one, between two, the beginning of one (`▁a`), or one by itself."""

OUT = -1
"""Place in the tree of words behind the beginning of no word."""


class Words(NamedTuple):
    """What turns tokens into scored words.

    Attributes:
      role: int8 (V + 1,), of each token.
      characters: int32; those of token v are `characters[offsets[v] : offsets[v + 1]]`, offsets int64 (V + 2,).
      keys, child: int64, int32 (B,): branches of the tree of the words, sorted by key: node * alphabet + character.
      alphabet: number of characters.
      word: int32: the model's word at each node of the tree, -1 for none.
      lm, start: `NgramStates.tables` of the word model, and its state at the beginning.
      unknown: the model's id of `<unk>`, -1 for none.
      scale, unknown_score, word_score: of the model's log probabilities, added to those of unknown words, added to each
        word as it is.
    """

    role: Any
    characters: Any
    offsets: Any
    keys: Any
    child: Any
    alphabet: int
    word: Any
    lm: Any
    start: int
    unknown: int
    scale: float
    unknown_score: float
    word_score: float


class Tokens(NamedTuple):
    """`lm`, `start` as in Words, of a model of tokens; id: int32 (V + 1,), of each token; scale: its weight."""

    lm: Any
    start: int
    id: Any
    scale: float


class Prefixes(NamedTuple):
    """All prefixes made, number 0 the empty one, as arrays: what comes before, the last token, the place in the tree,
    states of the models, and the score that the models give."""

    parent: Any
    token: Any
    place: Any
    state: Any
    token_state: Any
    score: Any


@njit(cache=True, nogil=True)
def _add(a: float, b: float) -> float:
    high, low = max(a, b), min(a, b)
    return high if low == -np.inf else high + np.log1p(np.exp(low - high))


@njit(cache=True, nogil=True)
def _walk(words: Any, place: int, token: int) -> int:
    """Place in the tree behind a token's characters."""
    for k in range(words.offsets[token], words.offsets[token + 1]):
        if place == OUT:
            return OUT
        key = place * np.int64(words.alphabet) + words.characters[k]
        found = np.searchsorted(words.keys, key)
        place = words.child[found] if found < len(words.keys) and words.keys[found] == key else OUT
    return place


@njit(cache=True, nogil=True)
def complete(words: Any, place: int, state: int) -> Tuple[int, float]:
    """State behind the word that ends at `place`, and its weighted score."""
    word = -1 if place == OUT else words.word[place]
    if word >= 0:
        state, score = step(words.lm, state, word)
    elif words.unknown >= 0:
        state, score = step(words.lm, state, words.unknown)
        score += words.unknown_score
    else:
        state, score = 0, words.unknown_score
    return state, words.scale * score + words.word_score


@njit(cache=True, nogil=True)
def _extend(words: Any, tokens: Any, prefixes: Any, i: int, c: int) -> Tuple[int, int, int, float]:
    """Place, states and score behind prefix `i` and token `c`."""
    place, state, score = prefixes.place[i], prefixes.state[i], prefixes.score[i]
    role = words.role[c]
    if role != INSIDE and place != 0:
        state, added = complete(words, place, state)
        place, score = 0, score + added
    if role != DELIMITER:
        place = _walk(words, place, c)
    if role == WORD:
        state, added = complete(words, place, state)
        place, score = 0, score + added
    token_state, added = step(tokens.lm, prefixes.token_state[i], tokens.id[c])
    return place, state, token_state, score + tokens.scale * added


@njit(cache=True, nogil=True)
def _ahead(words: Any, place: int) -> float:
    """What is sure of the word that is being said: that it is unknown."""
    return words.scale * words.unknown_score if place == OUT else 0.0


@njit(cache=True, nogil=True)
def _slot(table: Any, prefixes: Any, parent: int, token: int) -> Any:
    """Where in the hash table the prefix stands, or would stand."""
    mask = len(table) - 1
    slot = (parent * np.int64(1_000_003) + token * np.int64(7_919)) & mask
    while table[slot] >= 0 and not (prefixes.parent[table[slot]] == parent and prefixes.token[table[slot]] == token):
        slot = (slot + 1) & mask
    return slot


class Alive(NamedTuple):
    """Prefixes that live: number, int32; log probability of the alignments that end in blank and in the last token."""

    number: Any
    blank: Any
    token: Any


class Candidates(NamedTuple):
    """Prefixes that may be made: the living one each begins with, its token, the log probability of its alignments,
    and what `_extend` gives."""

    source: Any
    token: Any
    acoustic: Any
    place: Any
    state: Any
    token_state: Any
    score: Any


@njit(cache=True, nogil=True)
def _stay(row: Any, tried: Any, prefixes: Any, alive: Any) -> Any:
    """The living prefixes after a frame that adds nothing to them."""
    blank, token = np.full(len(alive.number), -np.inf), np.full(len(alive.number), -np.inf)
    for i in range(len(alive.number)):
        last = prefixes.token[alive.number[i]]
        for c in tried:
            if c == 0:
                blank[i] = _add(alive.blank[i], alive.token[i]) + row[0]
            elif c == last:
                token[i] = alive.token[i] + row[c]
    return Alive(alive.number, blank, token)


@njit(cache=True, nogil=True)
def _spread(row: Any, tried: Any, words: Any, tokens: Any, prefixes: Any, finder: Any, before: Any, stay: Any) -> Any:
    """Prefixes of one more token; what becomes a living prefix is added to it in `stay`.

    Args:
      finder: hash table of the prefixes, and the place of each prefix among the living ones, -1 for the others.
      before: the living prefixes before the frame.
    """
    table, position = finder
    room = len(before.number) * len(tried)
    made = Candidates(
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room),
    )
    count = 0
    for i in range(len(before.number)):
        number = before.number[i]
        last = prefixes.token[number]
        total = _add(before.blank[i], before.token[i])
        for c in tried:
            value = (before.blank[i] if c == last else total) + row[c]
            if c == 0 or value == -np.inf:
                continue
            known = table[_slot(table, prefixes, number, c)]
            place = i if c == last and words.role[c] == DELIMITER else (position[known] if known >= 0 else -1)
            if place >= 0:
                stay.token[place] = _add(stay.token[place], value)
                continue
            made.source[count], made.token[count], made.acoustic[count] = i, c, value
            extended = _extend(words, tokens, prefixes, number, c)
            made.place[count], made.state[count], made.token_state[count], made.score[count] = extended
            count += 1
    return made, count


@njit(cache=True, nogil=True)
def _ranking(words: Any, prefixes: Any, stay: Any, made: Any, count: int, limits: Any) -> Any:
    """The best of the living prefixes (by place) and the candidates (behind those), within the limits."""
    beam, prune = limits
    alive = len(stay.number)
    rank = np.empty(alive + count)
    for i in range(alive):
        n = stay.number[i]
        rank[i] = _add(stay.blank[i], stay.token[i]) + prefixes.score[n] + _ahead(words, prefixes.place[n])
    for k in range(count):
        rank[alive + k] = made.acoustic[k] + made.score[k] + _ahead(words, made.place[k])
    order = np.argsort(-rank, kind="mergesort")[:beam]
    return order[rank[order] >= rank[order[0]] - prune]


@njit(cache=True, nogil=True)
def _keep(order: Any, prefixes: Any, table: Any, count: int, stay: Any, made: Any) -> Any:
    """The prefixes that live on, new ones with numbers from `count` on; and how many there are now."""
    alive = len(stay.number)
    number, blank, token = np.empty(len(order), np.int32), np.empty(len(order)), np.empty(len(order))
    for j in range(len(order)):
        if order[j] < alive:
            i = order[j]
            number[j], blank[j], token[j] = stay.number[i], stay.blank[i], stay.token[i]
            continue
        k = order[j] - alive
        parent = stay.number[made.source[k]]
        slot = _slot(table, prefixes, parent, made.token[k])
        if table[slot] < 0:
            table[slot] = count
            prefixes.parent[count], prefixes.token[count] = parent, made.token[k]
            prefixes.place[count], prefixes.state[count] = made.place[k], made.state[k]
            prefixes.token_state[count], prefixes.score[count] = made.token_state[k], made.score[k]
            count += 1
        number[j], blank[j], token[j] = table[slot], -np.inf, made.acoustic[k]
    return Alive(number, blank, token), count


@njit(cache=True, nogil=True)
def _empty(room: int, words: Any, tokens: Any, delimiter: int) -> Any:
    """Room for prefixes, the empty one made, and their hash table."""
    prefixes = Prefixes(
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.float64),
    )
    # A delimiter before any word changes nothing, as if one stood there already.
    prefixes.parent[0], prefixes.token[0], prefixes.place[0] = -1, delimiter, 0
    prefixes.state[0], prefixes.token_state[0], prefixes.score[0] = words.start, tokens.start, 0.0
    size = 1
    while size < 2 * room:
        size *= 2
    return prefixes, np.full(size, -1, np.int32)


@njit(cache=True, nogil=True)
def search(matrix: Any, words: Any, tokens: Any, limits: Any, token_prune: float) -> Any:
    """Prefix beam search (Hannun et al. 2014): the probabilities of all alignments of a prefix add up.

    Args:
      matrix: float32 (T, 1 + V) log posteriors, blank first.
      limits: prefixes kept a frame, and how far behind the best one may be.
      token_prune: log posterior below which a column is not tried, unless it is the frame's best.

    Returns:
      Prefixes; of those alive at the end: numbers, log probabilities of their alignments.
    """
    frames, columns = matrix.shape
    room = frames * limits[0] + 1
    delimiter = 0
    for c in range(1, columns):
        if words.role[c] == DELIMITER:
            delimiter = c
    prefixes, table = _empty(room, words, tokens, delimiter)
    position = np.full(room, -1, np.int32)
    count = 1
    alive = Alive(np.zeros(1, np.int32), np.zeros(1), np.full(1, -np.inf))
    for t in range(frames):
        row = matrix[t]
        tried = np.flatnonzero((row >= token_prune) | (np.arange(columns) == np.argmax(row)))
        position[alive.number] = np.arange(len(alive.number))
        stay = _stay(row, tried, prefixes, alive)
        made, new = _spread(row, tried, words, tokens, prefixes, (table, position), alive, stay)
        position[alive.number] = -1
        order = _ranking(words, prefixes, stay, made, new, limits)
        alive, count = _keep(order, prefixes, table, count, stay, made)
    total = np.empty(len(alive.number))
    for i in range(len(alive.number)):
        total[i] = _add(alive.blank[i], alive.token[i])
    return prefixes, alive.number, total
