"""Names of rules looked up: which rule of which grammar each reference means."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Mapping, NamedTuple
from typing import Sequence as Listed

from fsaasr.grammar.jsgf.expansion import Choice, Expansion, Reference, Repeat, Rule, Sequence, Tagged, parts
from fsaasr.grammar.jsgf.grammar import JsgfGrammar
from fsaasr.grammar.jsgf.lexer import Token
from fsaasr.grammar.jsgf.recursion import check_recursion


class Draft(NamedTuple):
    """A grammar as its text has it: names are not looked up yet."""

    name: str
    imports: List[Token]
    rules: List[Rule]


def resolved(draft: Draft, library: Mapping[str, JsgfGrammar]) -> JsgfGrammar:
    """The grammar, with all rules that it needs under their full names; raises GrammarFileError as `parse_jsgf`."""
    own = _own_rules(draft)
    rules: Dict[str, Rule] = {}
    for grammar in library.values():
        rules.update(grammar.rules)
    scope = _Scope(draft, own, library)
    for rule in draft.rules:
        names = {part.name: scope.find(part) for part in parts(rule.expansion) if isinstance(part, Reference)}
        rules[rule.name] = replace(rule, expansion=_renamed(rule.expansion, names))
    check_recursion(rules)
    return JsgfGrammar(draft.name, rules, tuple(rule.name for rule in draft.rules if rule.public))


def _own_rules(draft: Draft) -> Dict[str, Rule]:
    own: Dict[str, Rule] = {}
    for rule in draft.rules:
        first = own.setdefault(rule.name, rule)
        if first is not rule:
            raise rule.place.error(
                f"rule <{_last(rule.name)}> is defined on line {first.place.line} already; rename one"
            )
    return own


class _Scope:
    """What names mean in one grammar."""

    def __init__(self, draft: Draft, own: Mapping[str, Rule], library: Mapping[str, JsgfGrammar]) -> None:
        self._grammar, self._own, self._library = draft.name, own, library
        self._imported: List[str] = []
        for token in draft.imports:
            self._imported += self._import(token)

    def find(self, reference: Reference) -> str:
        """The full name of the rule that a reference means."""
        name = reference.name
        if f"{self._grammar}.{name}" in self._own:
            return f"{self._grammar}.{name}"
        everything = [*self._own, *self._imported, *(r for g in self._library.values() for r in g.public)]
        # `rule`, `grammar.rule` and the full name are all ways to say it.
        found = list(dict.fromkeys(full for full in everything if full == name or full.endswith(f".{name}")))
        if "." not in name:
            found = [full for full in found if full in self._imported]
        if len(found) != 1:
            problem = f"not defined; there are {_shown([_last(rule) for rule in self._own])}"
            if found:
                problem = f"imported from several grammars: {', '.join(found)}; write its full name"
            raise reference.place.error(f"rule <{name}> is {problem}")
        return found[0]

    def _import(self, token: Token) -> Listed[str]:
        grammar, _, rule = token.text.rpartition(".")
        if grammar not in self._library:
            raise token.place.error(
                f"no grammar {grammar!r} to import from; there are {_shown(list(self._library))}. `read_jsgf` looks "
                "for its file beside this one, `parse_jsgf` takes it as library="
            )
        public = self._library[grammar].public
        if rule == "*":
            return public
        if f"{grammar}.{rule}" not in public:
            names = _shown([_last(name) for name in public])
            raise token.place.error(f"grammar {grammar!r} has no public rule <{rule}>; there are {names}")
        return [f"{grammar}.{rule}"]


def _renamed(expansion: Expansion, names: Mapping[str, str]) -> Expansion:
    if isinstance(expansion, Reference):
        return replace(expansion, name=names[expansion.name])
    if isinstance(expansion, (Sequence, Choice)):
        return replace(expansion, items=tuple(_renamed(item, names) for item in expansion.items))
    if isinstance(expansion, (Repeat, Tagged)):
        return replace(expansion, item=_renamed(expansion.item, names))
    return expansion


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _shown(names: Listed[str]) -> str:
    return ", ".join(names[:10]) or "none"
