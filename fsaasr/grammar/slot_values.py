"""What a sentence of a slot grammar puts into its slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Mapping, Sequence, Tuple, Union

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.constraints import Phrases, SlotGrammar, phrase_list

if TYPE_CHECKING:
    import pynini

Values = Tuple[Tuple[str, str], ...]


class SlotReader(SlotGrammar):
    """Reads slots off sentences: `(("name", "bob"), ("hour", "five"))` off `call bob at five`.

    Slots and templates are those of `SlotGrammar`. Made once for some templates, it reads many sentences.
    """

    def __init__(
        self, slots: Mapping[str, Union[Phrases, pynini.Fst]], words: SymbolTable, templates: Sequence[str]
    ) -> None:
        """Takes slots and words as `SlotGrammar`, and what its `accept` would; raises what that raises."""
        super().__init__(slots, words)
        self._names = list(slots)
        self._reader = self.accept(*templates).arcsort("ilabel")

    def read(self, sentence: Union[str, Sequence[str]]) -> Values:
        """The slots of a sentence and what they hold, in the order in which they begin; one within another follows it.

        Of several ways to read it, that of least cost counts, and any of equals.

        Raises:
          GrammarError: no template says the sentence.
        """
        import pynini

        said = sentence.split() if isinstance(sentence, str) else list(sentence)
        known = all(word in self._words for word in said)
        best = pynini.shortestpath(pynini.compose(phrase_list([said], self._words), self._reader)) if known else None
        if best is None or best.num_states() == 0:
            raise GrammarError(f"SlotReader.read: no template says {' '.join(said)!r}")
        found: List[Tuple[str, List[str]]] = []
        open_now: List[int] = []
        for label in best.paths().olabels():
            slot, closing = divmod(label - len(self._words), 2)
            if 0 < label < len(self._words):
                for n in open_now:
                    found[n][1].append(self._words.name(label))
            elif label and closing:
                open_now.pop()
            elif label:
                open_now.append(len(found))
                found.append((self._names[slot], []))
        return tuple((name, " ".join(held)) for name, held in found)

    def _slot(self, name: str, whole: str) -> pynini.Fst:
        """The slot between two marks on the output side."""
        inner = super()._slot(name, whole)
        mark = len(self._words) + 2 * self._names.index(name)
        result = _said_nothing(mark)
        result.concat(inner).concat(_said_nothing(mark + 1))
        return result


def _said_nothing(mark: int) -> pynini.Fst:
    import pynini
    import pywrapfst

    result = pynini.Fst()
    begin, end = result.add_state(), result.add_state()
    result.set_start(begin).set_final(end)
    result.add_arc(begin, pywrapfst.Arc(0, mark, pywrapfst.Weight.one("tropical"), end))
    return result
