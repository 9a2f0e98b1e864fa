"""pynini grammars, over bytes or named words, as acceptors over a word table's labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Iterable, List, Optional

from fsaasr.core.errors import GrammarError
from fsaasr.core.symbols import SymbolTable
from fsaasr.grammar.cycles import has_negative_cycle

if TYPE_CHECKING:
    import pynini
    import pywrapfst

_SPACES = tuple(b" \t\n")
_SHOWN = 10  # unknown words named in a message


def grammar_from_pynini(fst: pynini.Fst, words: SymbolTable, side: Optional[str] = None) -> pynini.Fst:
    """Turns a grammar into an acceptor over the labels of `words`.

    An fst with a symbol table attached is one over words of those names. Any other is one over bytes, as pynini
    builds from strings: words are what stands between spaces; spaces around and repeated ones do not matter.

    Args:
      fst: acceptor or transducer with tropical weights (costs).
      words: the recognizer's words, e.g. `lexicon.words`.
      side: `input` or `output`: the side of a transducer that holds the spoken words.

    Returns:
      An epsilon-free, connected, arc-sorted acceptor without symbol tables. It accepts the same word strings,
      each with the least cost of its paths; deterministic unless costs and cycles rule that out.

    Raises:
      GrammarError: the grammar has words that `words` lacks (named), accepts nothing, holds a cycle that
        consumes no word and has negative cost, is a transducer while `side` is None, or is malformed.
    """
    import pywrapfst

    acceptor = _one_side(fst, side)
    symbols = acceptor.input_symbols()
    mapped = _spelled(acceptor, words) if symbols is None else _renamed(acceptor, symbols, words)
    mapped.set_input_symbols(None).set_output_symbols(None)
    mapped.connect()
    if mapped.start() == pywrapfst.NO_STATE_ID:
        raise GrammarError("grammar_from_pynini: the grammar accepts nothing; it may be a composition that failed")
    if has_negative_cycle(mapped, epsilons_only=True):
        raise GrammarError(
            "grammar_from_pynini: a cycle that consumes no word has negative cost, so no string has a least cost; "
            "give closures costs of at least 0"
        )
    result: pynini.Fst = mapped.optimize().arcsort("ilabel")
    return result


def _one_side(fst: pynini.Fst, side: Optional[str]) -> pynini.Fst:
    import pynini
    import pywrapfst

    if fst.arc_type() != "standard" or not fst.verify():
        raise GrammarError(
            f"grammar_from_pynini: found an fst of arc type {fst.arc_type()!r}"
            f"{'' if fst.verify() else ' that fails verify()'}, expected a sound one of type 'standard'"
        )
    if side not in (None, "input", "output"):
        raise GrammarError(f"grammar_from_pynini: side is {side!r}, expected 'input' or 'output'")
    if side is None and fst.properties(pywrapfst.ACCEPTOR, True) != pywrapfst.ACCEPTOR:
        raise GrammarError("grammar_from_pynini: the fst is a transducer; say which side holds the words with side=")
    return pynini.project(fst, side or "input")


def _unknown(names: Iterable[str], more: bool = False) -> GrammarError:
    shown = ", ".join(repr(name) for name in names)
    return GrammarError(
        f"grammar_from_pynini: the word table lacks the words {shown}{' and others' if more else ''}; "
        "add them to the lexicon, take them out of the grammar, or put the missing spaces between words"
    )


def _renamed(acceptor: pynini.Fst, symbols: pywrapfst.SymbolTableView, words: SymbolTable) -> pynini.Fst:
    """Maps labels by the names that the fst's own symbol table gives them."""
    labels = sorted({arc.ilabel for state in acceptor.states() for arc in acceptor.arcs(state)} - {0})
    pairs = [(label, symbols.find(label) or f"(label {label} without name)") for label in labels]
    missing = [name for _, name in pairs if name not in words]
    if missing:
        raise _unknown(missing[:_SHOWN], len(missing) > _SHOWN)
    mapping = [(label, words[name]) for label, name in pairs]
    acceptor.relabel_pairs(ipairs=mapping, opairs=mapping)
    return acceptor


def _spelled(acceptor: pynini.Fst, words: SymbolTable) -> pynini.Fst:
    """Maps bytes between spaces to words, by composition with a transducer that spells the words it needs."""
    import pynini

    used = _used_words(acceptor, words)
    speller = _speller({word: words[word] for word in used})
    return pynini.project(pynini.compose(acceptor.arcsort("olabel"), speller.arcsort("ilabel")), "output")


def _speller(labels: Dict[str, int]) -> pynini.Fst:
    """Spaces, then words with spaces between: bytes in, one word label at each word's first byte out."""
    import pynini
    import pywrapfst

    one = pywrapfst.Weight.one("tropical")
    fst = pynini.Fst()
    gap, end = fst.add_state(), fst.add_state()
    fst.set_start(gap)
    for word, label in labels.items():
        state, out = gap, label
        spelling = word.encode()
        for i, byte in enumerate(spelling):
            following = end if i == len(spelling) - 1 else fst.add_state()
            fst.add_arc(state, pywrapfst.Arc(byte, out, one, following))
            state, out = following, 0
    for space in _SPACES:
        for state in (gap, end):
            fst.add_arc(state, pywrapfst.Arc(space, 0, one, gap))
    fst.set_final(gap).set_final(end)
    return fst


def _used_words(acceptor: pynini.Fst, words: SymbolTable) -> List[str]:
    """The words that occur in any accepted string, all of them in the table."""
    import pynini
    import pywrapfst

    plain = pynini.arcmap(acceptor, map_type="rmweight").arcsort("olabel")
    alphabet = {arc.ilabel for state in plain.states() for arc in plain.arcs(state)} - {0}
    cutter = _cutter(sorted(alphabet)).arcsort("ilabel")
    vocabulary = pynini.compose(plain, cutter).project("output").optimize()
    endless = vocabulary.properties(pywrapfst.ACYCLIC, True) != pywrapfst.ACYCLIC
    if endless:
        vocabulary = pynini.shortestpath(vocabulary, nshortest=len(words) + _SHOWN, unique=True)
    known: List[str] = []
    missing: List[str] = []
    paths = vocabulary.paths()
    while not paths.done() and len(missing) < _SHOWN:
        name = _name(paths.ilabels())
        (known if name in words else missing).append(name)
        paths.next()
    if missing:
        raise _unknown(sorted(missing, key=len), endless or len(missing) == _SHOWN)
    return known


def _name(labels: Iterable[int]) -> str:
    """The word that bytes spell; a label that is no byte, such as pynini's `[tags]`, is shown by its name."""
    import pynini

    generated = pynini.generated_symbols()
    pieces = [bytes([i]) if i < 256 else f"[{generated.find(i) or i}]".encode() for i in labels if i]
    return b"".join(pieces).decode("utf-8", "backslashreplace")


def _cutter(alphabet: Iterable[int]) -> pynini.Fst:
    """Cuts any one word out of a string: deletes the words before, copies it, deletes the words after."""
    import pynini
    import pywrapfst

    one = pywrapfst.Weight.one("tropical")
    fst = pynini.Fst()
    gap, skipped, copied, after = (fst.add_state() for _ in range(4))
    fst.set_start(gap).set_final(copied).set_final(after)
    for label in alphabet:
        if label in _SPACES:
            arcs = [(gap, 0, gap), (skipped, 0, gap), (copied, 0, after)]
        else:
            arcs = [(gap, 0, skipped), (skipped, 0, skipped), (gap, label, copied), (copied, label, copied)]
        for source, out, target in [*arcs, (after, 0, after)]:
            fst.add_arc(source, pywrapfst.Arc(label, out, one, target))
    return fst
