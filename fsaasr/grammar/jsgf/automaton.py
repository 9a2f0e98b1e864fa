"""JSGF rules as automata, by Thompson's construction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Callable, Dict, FrozenSet, List, Mapping, NamedTuple, Optional

from fsaasr.core.errors import GrammarError
from fsaasr.grammar.jsgf.expansion import (
    Choice,
    Expansion,
    Place,
    Reference,
    Repeat,
    Rule,
    Sequence,
    Tagged,
    Words,
)
from fsaasr.grammar.jsgf.recursion import loops_of

if TYPE_CHECKING:
    import pynini

MAX_STATES = 2_000_000
"""A grammar that needs more is refused: rules are copied wherever they are referred to."""

Label = Callable[[str, Place], int]


class _Loop(NamedTuple):
    """Rules that lead to one another, built once for a reference from outside.

    Attributes:
      members: their names. entries: the states at which those met so far begin. end: where all of them end.
    """

    members: FrozenSet[str]
    entries: Dict[str, int]
    end: int


class Automaton:
    """Builds one automaton.

    Args:
      rules: all that may be referred to.
      label: of a word.
      tag_label: of a tag on the output side; None leaves tags out.
    """

    def __init__(
        self, rules: Mapping[str, Rule], label: Label, tag_label: Optional[Callable[[str], int]] = None
    ) -> None:
        import pynini

        self._rules, self._label, self._tag_label = rules, label, tag_label
        self._loops = loops_of(rules)
        self._fst = pynini.Fst()

    def of(self, names: List[str]) -> pynini.Fst:
        """Any of the rules of these names, as a transducer from words to tags, or an acceptor; with epsilons."""
        start, end = self._state(), self._state()
        self._fst.set_start(start).set_final(end)
        for name in names:
            self._rule(name, start, end)
        self._fst.connect()
        return self._fst

    def _state(self) -> int:
        state: int = self._fst.add_state()
        if state >= MAX_STATES:
            raise GrammarError(
                f"JsgfGrammar: the grammar needs more than {MAX_STATES} states; rules are copied wherever they are "
                "referred to: refer less often to large ones"
            )
        return state

    def _arc(self, source: int, target: int, word: int = 0, out: int = 0, cost: float = 0.0) -> None:
        import pywrapfst

        weight = pywrapfst.Weight("tropical", cost)
        self._fst.add_arc(source, pywrapfst.Arc(word, word if self._tag_label is None else out, weight, target))

    def _rule(self, name: str, source: int, target: int) -> None:
        """A rule from outside of its loop, if it is in one."""
        loop = _Loop(self._loops[name], {}, target)
        if loop.members:
            # Own states: what else begins or ends at the others is not part of the loop.
            loop = loop._replace(end=self._state())
            self._arc(loop.end, target)
            loop.entries[name] = self._state()
            self._arc(source, loop.entries[name])
            self._build(self._rules[name].expansion, loop.entries[name], loop.end, loop)
        else:
            self._build(self._rules[name].expansion, source, target, loop)

    def _build(self, expansion: Expansion, source: int, target: int, loop: _Loop) -> None:
        if isinstance(expansion, Words):
            self._words(expansion, source, target)
        elif isinstance(expansion, Reference):
            self._reference(expansion, source, target, loop)
        elif isinstance(expansion, Sequence):
            self._sequence(expansion, source, target, loop)
        elif isinstance(expansion, Choice):
            self._choice(expansion, source, target, loop)
        elif isinstance(expansion, Repeat):
            self._repeat(expansion, source, target, loop)
        else:
            self._tagged(expansion, source, target, loop)

    def _words(self, expansion: Words, source: int, target: int) -> None:
        for n, word in enumerate(expansion.words, 1):
            following = target if n == len(expansion.words) else self._state()
            self._arc(source, following, self._label(word, expansion.place))
            source = following

    def _reference(self, reference: Reference, source: int, target: int, loop: _Loop) -> None:
        name = reference.name
        if name not in loop.members:
            self._rule(name, source, target)
            return
        if target != loop.end:
            raise reference.place.error(
                "a rule that leads back to itself ends with a tag, so its tags have no finite-state form; move the tag"
            )
        if name not in loop.entries:
            loop.entries[name] = self._state()
            self._build(self._rules[name].expansion, loop.entries[name], loop.end, loop)
        self._arc(source, loop.entries[name])

    def _sequence(self, expansion: Sequence, source: int, target: int, loop: _Loop) -> None:
        if not expansion.items:
            self._arc(source, target)
        for n, item in enumerate(expansion.items, 1):
            following = target if n == len(expansion.items) else self._state()
            self._build(item, source, following, loop)
            source = following

    def _choice(self, expansion: Choice, source: int, target: int, loop: _Loop) -> None:
        weights = expansion.weights or (1.0,) * len(expansion.items)
        total = sum(weights) if expansion.weights else 1.0
        for item, weight in zip(expansion.items, weights):
            if weight:
                begin = self._state()
                self._arc(source, begin, cost=-math.log(weight / total))
                self._build(item, begin, target, loop)

    def _repeat(self, expansion: Repeat, source: int, target: int, loop: _Loop) -> None:
        begin, end = self._state(), self._state()
        self._arc(source, begin)
        self._build(expansion.item, begin, end, loop)
        self._arc(end, begin)
        self._arc(end, target)
        if not expansion.lower:
            self._arc(source, target)

    def _tagged(self, expansion: Tagged, source: int, target: int, loop: _Loop) -> None:
        if self._tag_label is None:
            self._build(expansion.item, source, target, loop)
            return
        end = self._state()
        self._build(expansion.item, source, end, loop)
        self._arc(end, target, out=self._tag_label(expansion.tag))
