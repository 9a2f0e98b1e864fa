"""What may be said, as lists and templates: acceptors over the labels of a word table, ready to be compiled.

Whatever is decoded on them cannot leave them.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Callable, Dict, Iterable, List, Mapping, Sequence, Union

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable

if TYPE_CHECKING:
    import pynini

Phrases = Iterable[Union[str, Sequence[str]]]
"""Phrases: words with spaces between them, or sequences of words."""


def phrase_list(phrases: Phrases, words: SymbolTable) -> pynini.Fst:
    """Exactly one of some phrases, each as likely as the others (no costs).

    Args:
      phrases: e.g. `["lights on", "lights off"]`; repeats are ignored, and so is an empty phrase's emptiness: it is
        accepted as saying nothing.
      words: the recognizer's words.

    Returns:
      A deterministic, minimal acceptor without epsilons.

    Raises:
      GrammarError: no phrase, or words that the table lacks (named).
    """
    sequences = [phrase.split() if isinstance(phrase, str) else list(phrase) for phrase in phrases]
    if not sequences:
        raise GrammarError("phrase_list: found no phrases; give at least one")
    missing = list(dict.fromkeys(word for sequence in sequences for word in sequence if word not in words))
    if missing:
        raise GrammarError(
            f"phrase_list: the word table lacks {len(missing)} words: {', '.join(map(repr, missing[:10]))}; add them "
            "to the lexicon or take them out of the phrases"
        )
    return _prefix_tree([[words[word] for word in sequence] for sequence in sequences]).optimize()


def without(grammar: pynini.Fst, forbidden: Iterable[str], words: SymbolTable) -> pynini.Fst:
    """What a grammar accepts that holds none of the forbidden words; costs stay.

    Args:
      grammar: acceptor over the labels of `words`, without epsilons.
      forbidden: words; those that the table lacks are not said anyway.
      words: the recognizer's words.

    Raises:
      GrammarError: nothing is left.
    """
    dropped = {words.get(word) for word in forbidden}
    return _something(_filtered(grammar, lambda label: label not in dropped), "without", "forbid fewer words")


def within(grammar: pynini.Fst, vocabulary: Iterable[str], words: SymbolTable) -> pynini.Fst:
    """What a grammar accepts that holds words of the vocabulary only; costs stay.

    Args:
      grammar: acceptor over the labels of `words`, without epsilons.
      vocabulary: words; those that the table lacks are not said anyway.
      words: the recognizer's words.

    Raises:
      GrammarError: nothing is left.
    """
    kept = {words.get(word) for word in vocabulary}
    return _something(_filtered(grammar, lambda label: label in kept), "within", "allow more words")


def requiring(grammar: pynini.Fst, required: Iterable[str], words: SymbolTable) -> pynini.Fst:
    """What a grammar accepts that holds each required word at least once; costs stay.

    Args:
      grammar: acceptor over the labels of `words`, without epsilons.
      required: words. Each doubles the states at most.
      words: the recognizer's words.

    Raises:
      GrammarError: a word that the table lacks; nothing is left.
    """
    import pynini

    result = grammar.copy()
    for word in required:
        if word not in words:
            raise GrammarError(f"requiring: the word table lacks {word!r}; add it to the lexicon")
        said = _contains(words[word], len(words)).arcsort("ilabel")
        result = pynini.intersect(result.arcsort("olabel"), said)
    return _something(result.connect(), "requiring", "require fewer words")


class SlotGrammar:
    """Templates with slots, as in `call {name} [at {hour} o'clock]`.

    A template is words; `{slot}` stands for anything that the slot accepts, `[ ... ]` may be left out, and
    `( ... | ... )` is one or the other. A slot is phrases, templates in turn, or an acceptor.
    """

    def __init__(self, slots: Mapping[str, Union[Phrases, pynini.Fst]], words: SymbolTable) -> None:
        """Takes what slots stand for.

        Args:
          slots: phrases or templates by name, or acceptors over the labels of `words`.
          words: the recognizer's words.
        """
        self._slots = dict(slots)
        self._words = words
        self._built: Dict[str, pynini.Fst] = {}
        self._open: List[str] = []

    def accept(self, *templates: str) -> pynini.Fst:
        """What any of the templates says: a deterministic acceptor without epsilons.

        Raises:
          GrammarError: no template, an unknown slot or word, brackets that do not match, a slot within itself.
        """
        import pynini

        if not templates:
            raise GrammarError("SlotGrammar: found no templates; give at least one")
        return pynini.union(*(self._template(template) for template in templates)).optimize()

    def _template(self, template: str) -> pynini.Fst:
        for sign in "{}[]()|":
            template = template.replace(sign, f" {sign} ")
        tokens = template.split()
        result, rest = self._choice(tokens, "", " ".join(tokens))
        if rest:
            raise self._mismatch(rest[0], " ".join(tokens))
        return result

    def _choice(self, tokens: List[str], until: str, whole: str) -> tuple[pynini.Fst, List[str]]:
        """Alternatives up to the closing bracket, and what stands behind it."""
        import pynini

        options: List[pynini.Fst] = []
        parts: List[pynini.Fst] = [_prefix_tree([[]])]
        while tokens and tokens[0] != until:
            token, tokens = tokens[0], tokens[1:]
            if token == "|":
                options.append(reduce(pynini.concat, parts))
                parts = [_prefix_tree([[]])]
            elif token == "{":
                if len(tokens) < 2 or tokens[1] != "}":
                    raise self._mismatch("{", whole)
                parts.append(self._slot(tokens[0], whole))
                tokens = tokens[2:]
            elif token in "[(":
                inner, tokens = self._choice(tokens, "]" if token == "[" else ")", whole)
                if not tokens:
                    raise self._mismatch(token, whole)
                tokens = tokens[1:]
                parts.append(pynini.union(inner, _prefix_tree([[]])) if token == "[" else inner)
            elif token in "}])":
                raise self._mismatch(token, whole)
            else:
                parts.append(phrase_list([[token]], self._words))
        options.append(reduce(pynini.concat, parts))
        return (pynini.union(*options) if len(options) > 1 else options[0]), tokens

    def _slot(self, name: str, whole: str) -> pynini.Fst:
        import pynini

        if name in self._open:
            raise GrammarError(
                f"SlotGrammar: slot {name!r} stands within itself, by {' > '.join([*self._open, name])}; that is "
                "no finite-state grammar"
            )
        if name not in self._slots:
            raise GrammarError(
                f"SlotGrammar: no slot {name!r}, in template {whole!r}; there are {', '.join(sorted(self._slots))}"
            )
        if name not in self._built:
            value = self._slots[name]
            self._open.append(name)
            try:
                self._built[name] = value if isinstance(value, pynini.Fst) else self._phrases(name, value)
            finally:
                self._open.pop()
        return self._built[name].copy()

    def _phrases(self, name: str, phrases: Phrases) -> pynini.Fst:
        texts = [phrase if isinstance(phrase, str) else " ".join(phrase) for phrase in phrases]
        if not texts:
            raise GrammarError(f"SlotGrammar: slot {name!r} has no phrases; give at least one")
        plain = [text for text in texts if not any(sign in text for sign in "{}[]()|")]
        rich = [self._template(text) for text in texts if any(sign in text for sign in "{}[]()|")]
        return phrase_list(plain, self._words).union(*rich).optimize() if plain else rich[0].union(*rich[1:]).optimize()

    @staticmethod
    def _mismatch(sign: str, whole: str) -> GrammarError:
        return GrammarError(f"SlotGrammar: {sign!r} without its other half, in template {whole!r}; close or drop it")


def _prefix_tree(sequences: Sequence[Sequence[int]]) -> pynini.Fst:
    import pynini
    import pywrapfst

    one = pywrapfst.Weight.one("tropical")
    tree = pynini.Fst()
    tree.set_start(tree.add_state())
    following: Dict[tuple[int, int], int] = {}
    for sequence in sequences:
        state = 0
        for label in sequence:
            if (state, label) not in following:
                following[state, label] = tree.add_state()
                tree.add_arc(state, pywrapfst.Arc(label, label, one, following[state, label]))
            state = following[state, label]
        tree.set_final(state)
    return tree


def _contains(label: int, count: int) -> pynini.Fst:
    """Any sequence of labels 1 .. count - 1 in which `label` occurs."""
    import pynini
    import pywrapfst

    one = pywrapfst.Weight.one("tropical")
    result = pynini.Fst()
    before, after = result.add_state(), result.add_state()
    result.set_start(before).set_final(after)
    for other in range(1, count):
        result.add_arc(before, pywrapfst.Arc(other, other, one, after if other == label else before))
        result.add_arc(after, pywrapfst.Arc(other, other, one, after))
    return result


def _filtered(grammar: pynini.Fst, keep: Callable[[int], bool]) -> pynini.Fst:
    """The grammar with arcs of labels to keep only."""
    import pynini

    result = pynini.Fst()
    for _ in grammar.states():
        result.add_state()
    result.set_start(grammar.start())
    for state in grammar.states():
        result.set_final(state, grammar.final(state))
        for arc in grammar.arcs(state):
            if keep(arc.ilabel):
                result.add_arc(state, arc)
    result.connect()
    return result


def _something(grammar: pynini.Fst, function: str, remedy: str) -> pynini.Fst:
    if grammar.num_states() == 0:
        raise GrammarError(f"{function}: the grammar then accepts nothing; {remedy}")
    grammar.arcsort("ilabel")
    return grammar
