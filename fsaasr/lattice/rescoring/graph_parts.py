"""What a graph scored a word lattice's arcs for, recomputed from their frames."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Dict, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from fsaasr.core.errors import LatticeError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import Topology, find_topology, moves
from fsaasr.graph.topology_fst import check_transitions
from fsaasr.lattice.rescoring.word_silence import WordSilence
from fsaasr.lattice.word_lattice import GraphParts, WordLattice
from fsaasr.lexicon import Lexicon

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


def split_graph_scores(
    lattice: WordLattice,
    lexicon: Lexicon,
    transitions: Optional[npt.NDArray[np.float32]] = None,
    topology: Union[str, Topology] = "ctc",
) -> WordLattice:
    """Splits the graph scores of a lattice from a graph of `compile_graph`; their sums are what they were.

    * pronunciation: the lexicon's log probability of the word by the tokens of the arc;
    * topology: to stay in each column and to leave it;
    * silence: log(1 - p) for each word, for no silence behind it, and on each arc from the start, for none before;
      an arc of silence has log p - log(1 - p), so that a path has log p or log(1 - p) for each place; where p depends
      on the words, see `WordSilence`: states at which words with other probabilities meet are there several times;
    * lm: the rest, final scores included.

    The first three are exact arc by arc. A graph's determinization moves weights towards the beginning of words and
    sentences, and that of lattices from silence to words, so `lm` may come early or late: its sum along a path is the
    grammar's score, by the best of its back-off arcs, and on one arc it is not. `rescore_ngram` puts exact scores in
    its place, word by word. Where a lattice reached no final state, its last words may be unfinished, and what they
    lack is the `lm`'s, too.

    Args:
      lattice: with the columns of frames, and their flags.
      lexicon: that of the graph.
      transitions, topology: as `compile_graph` took them; one without transitions needs no other topology's name.

    Raises:
      LatticeError: columns or flags are not known; transitions of another number of columns; a word whose tokens on
        an arc are none of its pronunciations.
    """
    return GraphSplitter(lexicon, lattice.words, lattice.tokens, transitions, topology).split(lattice)


class GraphSplitter:
    """`split_graph_scores` for many lattices of one graph."""

    def __init__(
        self,
        lexicon: Lexicon,
        words: SymbolTable,
        tokens: SymbolTable,
        transitions: Optional[npt.NDArray[np.float32]] = None,
        topology: Union[str, Topology] = "ctc",
    ) -> None:
        """Args:
        lexicon, transitions, topology: as in `split_graph_scores`. words, tokens: those of the graph.

        Raises:
          GraphError: transitions that are not the topology's.
        """
        self.words, self.tokens = words, tokens
        self._moves = _transition_tables(transitions, find_topology(topology), tokens)
        self.word_silence = WordSilence(lexicon) if lexicon.word_dependent_silence else None
        none = math.log(1 - lexicon.silence.probability) if lexicon.silence else 0.0
        self.no_silence, self.silence = none, math.log(lexicon.silence.probability) - none if lexicon.silence else 0.0
        self.trie, self.ends, self.entry = _pronunciations(lexicon, words, tokens)
        self.log_prob = np.array([*(entry.log_prob for entry in lexicon.pronunciations), 0.0])

    def split(self, lattice: WordLattice) -> WordLattice:
        """As `split_graph_scores`."""
        from fsaasr.lattice.rescoring.graph_parts_kernels import read_arcs

        if lattice.columns is None or lattice.column_flags is None:
            self._refuse(
                lattice, "the columns of its frames, or their flags, are not known", "decode with a graph of ours"
            )
        if lattice.words != self.words or lattice.tokens != self.tokens:
            self._refuse(lattice, "its words or tokens are other ones", "give the lexicon and tables of its graph")
        topology, outside, node = read_arcs(
            lattice.column_offsets,
            (lattice.columns, lattice.column_flags),
            lattice.column_token,
            self._transitions(lattice),
            self.trie,
        )
        entry = self._entries(lattice, node)
        if self.word_silence is None:
            is_word = lattice.output_label > 0
            silence = self.silence * outside + self.no_silence * (is_word.astype(np.int64) + (lattice.source == 0))
        else:
            lattice, origin, silence = self.word_silence.split(lattice, entry, outside)
            entry, topology = entry[origin], topology[origin]
        pronunciation = self.log_prob[entry]
        lm = lattice.graph_score - pronunciation - silence - topology
        parts = (part.astype(np.float32) for part in (lm, pronunciation, silence, topology))
        return replace(lattice, parts=GraphParts(*parts))

    def _transitions(self, lattice: WordLattice) -> Tuple[Any, ...]:
        columns = len(lattice.column_token)
        if self._moves is None:
            return np.zeros((columns, 0)), np.zeros((columns, 0), np.int32), np.zeros(columns, np.int32)
        if len(self._moves[0]) != columns:
            self._refuse(lattice, f"transitions of {len(self._moves[0])} columns", f"expected {columns}")
        return self._moves

    def _entries(self, lattice: WordLattice, node: Int64) -> Int64:
        """Number of each arc's pronunciation in the lexicon, -1 where it has no word or an unfinished one."""
        keys = node * len(self.words) + lattice.output_label
        place = np.minimum(np.searchsorted(self.ends, keys), len(self.ends) - 1)
        is_word = lattice.output_label > 0
        found = is_word & (self.ends[place] == keys) & (node >= 0)
        unfinished = lattice.state_frame[lattice.target] == lattice.end_frame
        wrong = is_word & ~found & ~(unfinished & (not lattice.reached_final))
        if wrong.any():
            arc = int(np.argmax(wrong))
            read = lattice.read_path(np.array([arc], dtype=np.int32))
            self._refuse(
                lattice,
                f"arc {arc} has {read.text!r} with the tokens {' '.join(token.name for token in read.tokens)!r}, which "
                "are none of its pronunciations",
                "give the lexicon of the graph",
            )
        return np.where(found, self.entry[place], -1)

    def _refuse(self, lattice: WordLattice, found: str, remedy: str) -> None:
        raise LatticeError(f"split_graph_scores: utterance {lattice.utterance!r}: {found}; {remedy}")


def _transition_tables(
    transitions: Optional[npt.NDArray[np.float32]], topology: Topology, tokens: SymbolTable
) -> Optional[Tuple[Any, ...]]:
    """What `read_arcs` takes; None where there are no transitions."""
    if transitions is None:
        return None
    known = moves(topology, tokens)
    check_transitions(topology, transitions, len(known.state))
    return transitions.astype(np.float64)[known.home], known.target[known.home], known.state


def _pronunciations(lexicon: Lexicon, words: SymbolTable, tokens: SymbolTable) -> Tuple[Tuple[Any, ...], Int64, Int64]:
    """A trie of token sequences, as `read_arcs` takes it; keys `node * words + word`, ascending; their entries."""
    children: Dict[int, int] = {}
    ends: Dict[int, int] = {}
    for number, entry in enumerate(lexicon.pronunciations):
        node = 0
        for token in entry.tokens:
            node = children.setdefault(node * len(tokens) + tokens.get(token, 0), len(children) + 1)
        if entry.word in words:
            ends[node * len(words) + words[entry.word]] = number
    edges = sorted(children.items())
    keys, nodes = (np.array(column, dtype=np.int64) for column in zip(*edges))
    places = sorted(ends)
    numbers = np.array([ends[place] for place in places], dtype=np.int64)
    return (len(tokens), keys, nodes), np.array(places, dtype=np.int64), numbers
