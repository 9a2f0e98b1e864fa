"""Seeded toy class-based language models, and what their sentences should score; shares no code with graphs."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar import NgramModel, estimate_ngram
from fsaasr.lexicon import Lexicon, OptionalSilence, Pronunciation

TOKENS = SymbolTable(["SIL", "a", "b", "c"])
SLOTS = ("$name", "<unk>")


@dataclass(frozen=True)
class Case:
    """A language model that says slots, and what is in them: (word, tokens, probability)."""

    lexicon: Lexicon
    model: NgramModel
    members: dict[str, list[tuple[str, str, float]]]

    def whole_lexicon(self) -> Lexicon:
        """The lexicon with all words of the slots."""
        own = [(entry.word, entry.tokens) for entry in self.lexicon.pronunciations]
        new = {(word, tuple(tokens.split())) for group in self.members.values() for word, tokens, _ in group}
        more = tuple(Pronunciation(*key) for key in sorted(new.difference(own)))
        return Lexicon((*self.lexicon.pronunciations, *more), self.lexicon.silence)


def tokens_of(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(["a", "b", "c"], size=int(rng.integers(1, 4))))


def random_case(seed: int, silence: bool | None = None) -> Case:
    """Words of slots are spelt like words of the lexicon now and then, begin like them, or are the same."""
    rng = np.random.default_rng([seed, 41])
    spelt = {f"w{k}": tokens_of(rng) for k in range(int(rng.integers(2, 4)))}
    entries = tuple(Pronunciation(word, tuple(said.split())) for word, said in spelt.items())
    with_silence = rng.random() < 0.5 if silence is None else silence
    lexicon = Lexicon(entries, OptionalSilence("SIL", 0.25) if with_silence else None)
    vocabulary = [*spelt, "$name"]
    text = [[str(rng.choice(vocabulary)) for _ in range(int(rng.integers(1, 5)))] for _ in range(12)]
    model = estimate_ngram([*text, ["$name"]], int(rng.integers(1, 4)))
    members = {}
    for slot in SLOTS:
        group = {}
        for k in range(int(rng.integers(1, 4))):
            group[f"{slot[1]}{k}"] = str(rng.choice([*spelt.values()])) if rng.random() < 0.3 else tokens_of(rng)
        if slot == "$name" and rng.random() < 0.5:
            group["w0"] = spelt["w0"]
        total = rng.dirichlet(np.ones(len(group)))
        members[slot] = [(word, said, float(p)) for (word, said), p in zip(group.items(), total)]
    return Case(lexicon, model, members)


def arpa_score(model: NgramModel, words: list[str]) -> float:
    """Natural log of a sentence's probability from the model's tables.

    Where it is likelier to back off than to take a listed n-gram, that counts, as in every graph made from a back-off
    model (Kaldi's, too).
    """
    ids = {word: k for k, word in enumerate(model.vocabulary)}
    prob, backoff = {}, {}
    for order in model.orders:
        for gram, log10_prob, log10_backoff in zip(order.ngrams.tolist(), order.log10_prob, order.log10_backoff):
            prob[tuple(gram)], backoff[tuple(gram)] = float(log10_prob), float(log10_backoff)

    def best(context: tuple[int, ...], rest: tuple[int, ...]) -> float:
        if not rest:
            return 0.0
        scores = [-math.inf]
        listed = (*context, rest[0])
        if listed in prob:
            after = listed[max(0, len(listed) - model.order + 1) :]
            while after and after not in prob:
                after = after[1:]
            scores.append(prob[listed] + best(after, rest[1:]))
        if context:
            scores.append(backoff[context] + best(context[1:], rest))
        return max(scores)

    bos = (ids["<s>"],) if model.order > 1 else ()
    return math.log(10) * best(bos, tuple(ids[word] for word in (*words, "</s>")))


def sentences(case: Case, max_words: int) -> dict[tuple[tuple[str, ...], tuple[str, ...]], float]:
    """Best score of each (tokens, words) of up to `max_words` words, by enumeration; silences are tokens."""
    choices = [(e.word, e.word, e.tokens, 0.0) for e in case.lexicon.pronunciations]
    for slot, group in case.members.items():
        choices += [(slot, word, tuple(said.split()), math.log(p)) for word, said, p in group]
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], float] = {}
    silence = case.lexicon.silence
    for length in range(max_words + 1):
        for chosen in itertools.product(choices, repeat=length):
            base = arpa_score(case.model, [c[0] for c in chosen]) + sum(c[3] for c in chosen)
            for pauses in itertools.product([False, True] if silence else [False], repeat=length + 1):
                tokens: tuple[str, ...] = ()
                score = base
                for pause, said in zip(pauses, [(), *(c[2] for c in chosen)]):
                    tokens += said
                    if silence:
                        tokens += ("SIL",) * pause
                        score += math.log(silence.probability if pause else 1 - silence.probability)
                key = (tokens, tuple(c[1] for c in chosen))
                found[key] = max(score, found.get(key, -math.inf))
    return {key: score for key, score in found.items() if score > -math.inf}
