"""Random grammars as text, and what they say by enumeration: nothing here is the package's."""

from __future__ import annotations

import math
from typing import Any, Dict, Sequence, Tuple

import numpy as np

WORDS = ["a", "b", "c"]
Language = Dict[Tuple[str, ...], float]
"""Sentences and the cost of their cheapest way."""

LONGEST = 4


def random_tree(rng: np.random.Generator, rules: Sequence[str], depth: int = 3) -> Any:
    """A word, `<rule>`, ("seq" or "or", trees), ("weighted", (weight, tree) ...), ("opt", "*", "+" or "{t}", tree)."""
    kinds = {"leaf": 0.3, "seq": 0.2, "or": 0.15, "weighted": 0.1, "opt": 0.1, "*": 0.05, "+": 0.05, "{t}": 0.05}
    kind = rng.choice(list(kinds), p=list(kinds.values()))
    if depth == 0 or kind == "leaf":
        return str(rng.choice([*WORDS, *WORDS, "<NULL>", "<VOID>", *(f"<{rule}>" for rule in [*rules, *rules])]))
    parts = [random_tree(rng, rules, depth - 1) for _ in range(rng.integers(2, 4))]
    if kind == "weighted":
        return (str(kind), *((float(rng.choice([0.25, 1.0, 3.0])), part) for part in parts))
    return (str(kind), *parts) if kind in ("seq", "or") else (str(kind), parts[0])


def text_of(tree: Any) -> str:
    """A tree as JSGF."""
    if isinstance(tree, str):
        return tree
    kind, *rest = tree
    if kind == "seq":
        return " ".join(text_of(part) if isinstance(part, str) else f"({text_of(part)})" for part in rest)
    if kind == "or":
        return "|".join(text_of(part) if part[0] in ("seq", "<", *WORDS) else f"({text_of(part)})" for part in rest)
    if kind == "weighted":
        return " | ".join(f"/{weight}/ ({text_of(part)})" for weight, part in rest)
    return f"[{text_of(rest[0])}]" if kind == "opt" else f"({text_of(rest[0])}){kind}"


def joined(one: Language, other: Language) -> Language:
    found: Language = {}
    for first, cost in one.items():
        for second, more in other.items():
            if len(first) + len(second) <= LONGEST:
                found[first + second] = min(found.get(first + second, math.inf), cost + more)
    return found


def either(*languages: Language) -> Language:
    return {key: min(one[key] for one in languages if key in one) for key in set().union(*languages)}


def language(tree: Any, rules: Dict[str, Language]) -> Language:
    """All sentences of up to `LONGEST` words, where a rule says what `rules` has of it."""
    if isinstance(tree, str):
        return {"<NULL>": {(): 0.0}, "<VOID>": {}}.get(tree) or (
            rules[tree[1:-1]] if tree[0] == "<" and tree != "<VOID>" else {} if tree == "<VOID>" else {(tree,): 0.0}
        )
    kind, *rest = tree
    if kind == "seq":
        found: Language = {(): 0.0}
        for part in rest:
            found = joined(found, language(part, rules))
        return found
    if kind == "or":
        return either(*(language(part, rules) for part in rest))
    if kind == "weighted":
        total = sum(weight for weight, _ in rest)
        shares = [(-math.log(weight / total), language(part, rules)) for weight, part in rest]
        return either(*({key: cost + more for key, more in said.items()} for cost, said in shares))
    once = language(rest[0], rules)
    if kind == "{t}":
        return once
    if kind == "opt":
        return either(once, {(): 0.0})
    found = once if kind == "+" else either(once, {(): 0.0})
    for _ in range(LONGEST):
        found = either(found, joined(found, once))
    return found


def least_fixed_point(trees: Dict[str, Any]) -> Dict[str, Language]:
    """What rules that may lead to themselves say: from nothing, until no sentence is new and no cost falls."""
    rules: Dict[str, Language] = {name: {} for name in trees}
    while True:
        following = {name: language(tree, rules) for name, tree in trees.items()}
        if all(_same(following[name], rules[name]) for name in trees):
            return following
        rules = following


def _same(one: Language, other: Language) -> bool:
    return one.keys() == other.keys() and all(abs(one[key] - other[key]) < 1e-9 for key in one)
