"""Which rules lead back to themselves, and whether they do so at their very end."""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterator, Mapping, Set, Tuple

from fsaasr.grammar.jsgf.expansion import Choice, Expansion, Reference, Rule, Sequence, Tagged, parts


def check_recursion(rules: Mapping[str, Rule]) -> None:
    """Raises GrammarFileError where a rule leads back to itself other than at its end: no finite automaton does."""
    loops = loops_of(rules)
    for name, rule in rules.items():
        last = {id(part) for part in _ends(rule.expansion)}
        for part in parts(rule.expansion):
            if isinstance(part, Reference) and part.name in loops[name] and id(part) not in last:
                own, other = (full.rpartition(".")[2] for full in (name, part.name))
                raise part.place.error(
                    f"rule <{own}> leads back to itself by <{other}>, and not at its very end; that is no finite-state "
                    "grammar. Write a repetition with * or +, or put the reference last"
                )


def loops_of(rules: Mapping[str, Rule]) -> Dict[str, FrozenSet[str]]:
    """For each rule, the rules that it leads to and that lead back to it."""
    direct = {
        name: {part.name for part in parts(rule.expansion) if isinstance(part, Reference)}
        for name, rule in rules.items()
    }
    reached = {name: _reached(name, direct) for name in rules}
    return {name: frozenset(other for other in reached[name] if name in reached[other]) for name in rules}


def _reached(name: str, direct: Mapping[str, Set[str]]) -> Set[str]:
    found: Set[str] = set()
    waiting = list(direct[name])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting += direct[other]
    return found


def _ends(expansion: Expansion) -> Iterator[Expansion]:
    """The parts behind which nothing more of the rule is said; a tag is not said."""
    yield expansion
    last: Tuple[Expansion, ...] = ()
    if isinstance(expansion, Sequence):
        last = expansion.items[-1:]
    elif isinstance(expansion, Choice):
        last = expansion.items
    elif isinstance(expansion, Tagged):
        last = (expansion.item,)
    for item in last:
        yield from _ends(item)
