"""Kaldi's side, by pykaldi, which wraps Kaldi's own functions.

Its decoder's `get_lattice` determinizes words without a phone-level pass first, which needs a transition model.
"""

from __future__ import annotations

from typing import Any, List

from kaldi.decoder import DecodableMatrixScaled, LatticeFasterDecoder, LatticeFasterDecoderOptions
from kaldi.fstext import StdVectorFst, shortestpath
from kaldi.fstext import utils as fst
from kaldi.lat import functions as lat
from kaldi.lat.sausages import MinimumBayesRisk
from kaldi.lm import ConstArpaLm, ConstArpaLmDeterministicFst
from kaldi.matrix import Matrix
from kaldi.util.io import xopen
from kaldi.util.table import CompactLatticeWriter, SequentialCompactLatticeReader

from tools.bench.lattices.arpa import const_arpa
from tools.bench.lattices.side import ALL_WORDS, FILES, FRAMES, SCORES, WORDS, Operation, Side
from tools.bench.scores_file import read_scores


class Kaldi(Side):
    """Lattices of words are compact lattices, deterministic, but not aligned to words."""

    def load(self) -> None:
        self.graph = StdVectorFst.read(str(self.bed.openfst))
        beams, options = self.beams, LatticeFasterDecoderOptions()
        options.beam, options.lattice_beam = beams.search, beams.lattice
        options.max_active, options.min_active = beams.max_active, beams.min_active
        self.options = options
        scores = read_scores(self.bed.scores)
        self.kept[SCORES] = [Matrix(matrix) for matrix in scores.matrices]
        self.lm = None
        if self.bed.arpa.exists():
            self.lm = ConstArpaLm()
            with xopen(str(const_arpa(self.bed, self.folder))) as stream:
                self.lm.read(stream.stream(), stream.binary)

    def operations(self) -> List[Operation]:
        half = self.beams.lattice / 2
        found = [
            Operation("decode", SCORES, lambda matrix: self._decoder(matrix).get_raw_lattice(), FRAMES),
            Operation("determinize", FRAMES, self._determinize, WORDS),
            Operation("decode and determinize", SCORES, lambda matrix: self._decoder(matrix).get_lattice()),
            Operation("best path of frames", FRAMES, lambda raw: fst.get_linear_symbol_sequence(shortestpath(raw))),
            Operation("best path of words", WORDS, _best_path),
            Operation("10 best of frames", FRAMES, lambda raw: _nbest(self._determinize(raw), 10)),
            Operation("100 best of frames", FRAMES, lambda raw: _nbest(self._determinize(raw), 100)),
            Operation("10 best of words", WORDS, lambda compact: _nbest(compact, 10)),
            Operation("100 best of words", WORDS, lambda compact: _nbest(compact, 100)),
            Operation("scale words", WORDS, _scaled),
            Operation("prune frames", FRAMES, lambda raw: _pruned(raw, half)),
            Operation("prune words", WORDS, lambda compact: _pruned(compact, half)),
            Operation("posteriors of frames", FRAMES, lat.lattice_forward_backward),
            Operation("minimum Bayes risk", WORDS, _mbr),
            Operation("write words", ALL_WORDS, self._write, FILES),
            Operation("read words", FILES, _read),
        ]
        if self.lm is not None:
            found.append(Operation("n-gram out, n-gram in", WORDS, self._rescore))
        return found

    def _decoder(self, matrix: Any) -> Any:
        decoder = LatticeFasterDecoder(self.graph, self.options)
        decoder.decode(DecodableMatrixScaled(matrix, 1.0))
        return decoder

    def _determinize(self, raw: Any) -> Any:
        return lat.determinize_lattice_pruned(raw, self.beams.lattice)

    def _rescore(self, compact: Any) -> Any:
        """As Kaldi's `lattice-lmrescore-const-arpa` with -1 for the old model and with 1 for the new one."""
        for scale in (-1.0, 1.0):
            compact = compact.copy()
            fst.scale_compact_lattice(fst.graph_lattice_scale(1 / scale), compact)
            compact = lat.compose_compact_lattice_deterministic(
                compact.arcsort("olabel"), ConstArpaLmDeterministicFst(self.lm)
            )
            compact = lat.determinize_lattice_pruned(fst.convert_compact_lattice_to_lattice(compact), 1e10)
            fst.scale_compact_lattice(fst.graph_lattice_scale(scale), compact)
        return compact

    def _write(self, lattices: List[Any]) -> str:
        specifier = f"ark:{self.folder / 'words.ark'}"
        with CompactLatticeWriter(specifier) as writer:
            for number, lattice in enumerate(lattices):
                writer[f"utt{number:04d}"] = lattice
        return specifier

    def arcs(self, lattice: Any) -> int:
        return sum(lattice.num_arcs(state) for state in range(lattice.num_states()))


def _best_path(compact: Any) -> Any:
    return fst.get_linear_symbol_sequence(lat.compact_lattice_shortest_path(compact))


def _nbest(compact: Any, count: int) -> List[Any]:
    """As `lattice-to-nbest` and `nbest-to-linear`, but with one cost a path, which is less work."""
    costs = fst.convert_lattice_to_std(fst.convert_compact_lattice_to_lattice(compact))
    paths = fst.nbest_as_fsts(costs, count)
    return [fst.get_linear_symbol_sequence(path) for path in paths]


def _scaled(compact: Any) -> Any:
    copy = compact.copy()
    fst.scale_compact_lattice(fst.lattice_scale(1.0, 0.5), copy)
    return copy


def _pruned(lattice: Any, beam: float) -> Any:
    copy = lattice.copy()
    lat.prune_lattice(beam, copy)
    return copy


def _mbr(compact: Any) -> Any:
    found = MinimumBayesRisk(compact)
    return found.get_one_best(), found.get_sausage_stats(), found.get_one_best_confidences()


def _read(specifier: str) -> List[Any]:
    with SequentialCompactLatticeReader(specifier) as reader:
        return [lattice.copy() for _, lattice in reader]
