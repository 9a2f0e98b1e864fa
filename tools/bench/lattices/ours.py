"""This package's side."""

from __future__ import annotations

from typing import Any, List

from fsaasr.core.scores import Scores
from fsaasr.decode import SearchOptions, decode
from fsaasr.grammar import read_arpa
from fsaasr.graph import load_graph
from fsaasr.lattice import Lattice, WordLattice, mbr_decode, rescore_ngram, scaled
from fsaasr.lattice.formats import LatticeSymbols, read_lattices, write_lattices
from tools.bench.lattices.side import ALL_WORDS, FILES, FRAMES, SCORES, WORDS, Operation, Side
from tools.bench.scores_file import read_scores


class Fsaasr(Side):
    """Lattices of words are deterministic, and their arcs have exactly their words' frames."""

    def load(self) -> None:
        self.graph: Any = load_graph(self.bed.static_graph)
        beams = self.beams
        self.options = SearchOptions(
            search_beam=beams.search,
            lattice_beam=beams.lattice,
            max_active=beams.max_active,
            min_active=beams.min_active,
        )
        scores = read_scores(self.bed.scores)
        self.kept[SCORES] = [
            Scores.from_matrices([matrix], scores.frame_shift, ids=[name])
            for name, matrix in zip(scores.ids, scores.matrices)
        ]
        self.lm = read_arpa(self.bed.arpa) if self.bed.arpa.exists() else None

    def operations(self) -> List[Operation]:
        half = self.beams.lattice / 2
        found = [
            Operation("decode", SCORES, self._decode, FRAMES),
            Operation("determinize", FRAMES, self._determinize, WORDS),
            Operation("decode and determinize", SCORES, lambda scores: self._determinize(self._decode(scores))),
            Operation("best path of frames", FRAMES, lambda lattice: lattice.best_path()),
            Operation("best path of words", WORDS, lambda lattice: lattice.best_path()),
            Operation("10 best of frames", FRAMES, lambda lattice: lattice.nbest(10)),
            Operation("100 best of frames", FRAMES, lambda lattice: lattice.nbest(100)),
            Operation("10 best of words", WORDS, lambda lattice: lattice.nbest(10)),
            Operation("100 best of words", WORDS, lambda lattice: lattice.nbest(100)),
            Operation("scale words", WORDS, lambda lattice: scaled(lattice, 0.5)),
            Operation("prune frames", FRAMES, lambda lattice: lattice.pruned(half)),
            Operation("prune words", WORDS, lambda lattice: lattice.pruned(half)),
            Operation("posteriors of frames", FRAMES, lambda lattice: lattice.arc_posteriors()),
            Operation("minimum Bayes risk", WORDS, mbr_decode),
            Operation("write words", ALL_WORDS, self._write, FILES),
            Operation("read words", FILES, self._read),
        ]
        if self.lm is not None:
            lm = self.lm
            found.append(Operation("n-gram out, n-gram in", WORDS, lambda lattice: rescore_ngram(lattice, lm, lm)))
        return found

    def _decode(self, scores: Scores) -> Lattice:
        (lattice,) = decode(self.graph, scores, self.options, 1)
        return lattice

    def _determinize(self, lattice: Lattice) -> WordLattice:
        return lattice.word_lattice(self.beams.lattice)

    def _write(self, lattices: List[WordLattice]) -> str:
        specifier = f"ark:{self.folder / 'words.ark'}"
        write_lattices(lattices, specifier)
        return specifier

    def _read(self, specifier: str) -> List[Any]:
        return list(read_lattices(specifier, LatticeSymbols.of(self.graph)))

    def arcs(self, lattice: Any) -> int:
        return int(lattice.num_arcs)
