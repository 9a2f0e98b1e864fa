"""`JsgfGrammar`: what a grammar accepts, over a recognizer's words, and what its tags make of a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.jsgf.expansion import Place, Reference, Rule, Words, parts

if TYPE_CHECKING:
    import pynini

_SHOWN = 10  # unknown words named in a message


class JsgfGrammar:
    """A grammar with everything that it imports; made by `parse_jsgf` and `read_jsgf`.

    Attributes:
      name: its full name.
      rules: all rules by their full names, those of imported grammars among them.
      public: full names of its own public rules, in the order of the text.
    """

    def __init__(self, name: str, rules: Mapping[str, Rule], public: Tuple[str, ...]) -> None:
        """Keeps what it is given; names are looked up already."""
        self.name, self.rules, self.public = name, dict(rules), public
        self._tagger: Optional[Tuple[Dict[str, int], List[str], pynini.Fst]] = None

    @property
    def words(self) -> Tuple[str, ...]:
        """The words of all rules that the public ones need, sorted."""
        needed: Dict[str, None] = {}
        waiting = list(self.public)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed[name] = None
                waiting += [part.name for part in parts(self.rules[name].expansion) if isinstance(part, Reference)]
        found = (part.words for name in needed for part in parts(self.rules[name].expansion) if isinstance(part, Words))
        return tuple(sorted({word for words in found for word in words}))

    def accept(self, words: SymbolTable, rule: Optional[str] = None) -> pynini.Fst:
        """What the grammar says, as an acceptor over the labels of `words`; tags are left out.

        A weighted alternative costs -log of its share of its choice's weights, others cost nothing; a sentence costs
        what its cheapest way does. `fsaasr.grammar.stochastic` makes probabilities of all choices.

        Args:
          words: the recognizer's words, e.g. `lexicon.words`.
          rule: a rule's name, public or not; any of the public rules if None.

        Returns:
          An acceptor without epsilons, arc-sorted, deterministic unless weights and loops rule that out.

        Raises:
          GrammarError: words that the table lacks (named, with line and column), no such rule, no public rule, a
            grammar that says nothing.
        """
        from fsaasr.grammar.jsgf.automaton import Automaton

        missing: Dict[str, Place] = {}

        def label(word: str, place: Place) -> int:
            if word not in words:
                missing.setdefault(word, place)
            return words.get(word, 0)

        built = Automaton(self.rules, label).of(self._names(rule))
        if missing:
            first = next(iter(missing.values()))
            raise first.error(
                f"the word table lacks {len(missing)} words: {', '.join(map(repr, list(missing)[:_SHOWN]))}; add them "
                "to the lexicon (letter case counts) or take them out of the grammar"
            )
        if built.num_states() == 0:
            raise GrammarError(f"JsgfGrammar: {self.name!r} says nothing; is there a <VOID> in every sentence?")
        result: pynini.Fst = built.optimize().arcsort("ilabel")
        return result

    def tags(self, sentence: Union[str, Sequence[str]]) -> Tuple[str, ...]:
        """The tags of a sentence, those of its cheapest way through the public rules, from left to right.

        A tag stands behind what it is attached to. Of several ways that cost the same, any counts.

        Raises:
          GrammarError: the grammar does not accept the sentence; tags at the ends of rules that lead back to
            themselves.
        """
        import pynini
        import pywrapfst

        said = sentence.split() if isinstance(sentence, str) else list(sentence)
        labels, names, tagger = self._tag_transducer()
        one = pywrapfst.Weight.one("tropical")
        line = pynini.Fst()
        line.set_start(line.add_state())
        for word in said:
            state = line.add_state()
            label = labels.get(word, len(labels) + 1)
            line.add_arc(state - 1, pywrapfst.Arc(label, label, one, state))
        line.set_final(line.num_states() - 1)
        best = pynini.shortestpath(pynini.compose(line, tagger))
        if best.num_states() == 0:
            raise GrammarError(f"JsgfGrammar.tags: {self.name!r} does not accept {' '.join(said)!r}")
        return tuple(names[label - 1] for label in best.paths().olabels() if label)

    def _tag_transducer(self) -> Tuple[Dict[str, int], List[str], pynini.Fst]:
        """Labels of words, names of tags, and the transducer between; made once."""
        from fsaasr.grammar.jsgf.automaton import Automaton

        if self._tagger is None:
            labels: Dict[str, int] = {}
            tags: Dict[str, int] = {}
            automaton = Automaton(
                self.rules,
                lambda word, place: labels.setdefault(word, len(labels) + 1),
                lambda tag: tags.setdefault(tag, len(tags) + 1),
            )
            tagger = automaton.of(self._names(None)).arcsort("ilabel")
            self._tagger = labels, list(tags), tagger
        return self._tagger

    def _names(self, rule: Optional[str]) -> List[str]:
        if rule is None:
            if not self.public:
                raise GrammarError(
                    f"JsgfGrammar: {self.name!r} has no public rule; write `public` before one, or name one"
                )
            return list(self.public)
        full = rule if rule in self.rules else f"{self.name}.{rule}"
        if full not in self.rules:
            own = [name.rpartition(".")[2] for name in self.rules]
            raise GrammarError(f"JsgfGrammar: {self.name!r} has no rule <{rule}>; there are {', '.join(own)}")
        return [full]
