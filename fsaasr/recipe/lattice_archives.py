"""Lattice files in, lattice files or hypotheses out: one lattice at a time, so archives may be of any size."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Callable, Container, Dict, Iterator, List, Optional, Set, Tuple

from fsaasr.core.errors import LatticeError
from fsaasr.core.files import PathLike, line_writer
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.core.scores import Seconds
from fsaasr.core.symbols import SymbolTable
from fsaasr.evaluate import ErrorReport, oracle_errors
from fsaasr.grammar import NgramModel, read_arpa
from fsaasr.grammar.kenlm_model import KenlmModel, is_kenlm_binary
from fsaasr.graph import load_graph
from fsaasr.hypotheses import numbered, read_speakers, read_transcripts, write_hypotheses, write_nbest
from fsaasr.lattice import (
    BUDGET_SPENT,
    ConfidenceCalibration,
    Lattice,
    Limits,
    Mixing,
    ScoredPaths,
    WordLattice,
    WordLm,
    frame_depth,
    mbr_decode,
    prune,
    rescore_lattice,
    rescore_ngram,
    scaled,
)
from fsaasr.lattice.formats import LatticeSymbols, format_of, read_lattices, write_lattices
from fsaasr.lattice.rescoring.lm_replacement import REPLACE
from fsaasr.recipe.decoding import NOT_FINAL
from fsaasr.recipe.scales import UNSCALED, Scales

HISTORY = 4
"""Last words by which histories differ for a neural model; of those that agree, the best path's stands for all."""


@dataclass(frozen=True)
class Archive:
    """Lattices in a file, and how they are to be read.

    Attributes:
      path: as for `fsaasr.lattice.formats.read_lattices`.
      words: Kaldi's `words.txt`, and graph: a graph file, which names columns, too; where neither is given, labels keep
        what names the file has for them.
      frame_shift: seconds, for files that do not say.
      scales: weights under which paths are compared.
    """

    path: PathLike
    words: Optional[PathLike] = None
    graph: Optional[PathLike] = None
    frame_shift: Seconds = 0.01
    scales: Scales = UNSCALED

    @property
    def weights(self) -> Tuple[float, float, float]:
        """Acoustic scale, scale of graph scores, and word insertion penalty."""
        return self.scales.acoustic_scale, self.scales.lm_scale, self.scales.word_insertion_penalty

    def lattices(self) -> Iterator[ScoredPaths]:
        """All lattices as they are, with progress on a terminal."""
        from tqdm import tqdm

        return iter(tqdm(read_lattices(self.path, self._symbols()), unit="lattice", leave=False, disable=None))

    def word_lattices(self, beam: Optional[float] = None) -> Iterator[WordLattice]:
        """All lattices, those of frames determinized over words, within a beam of the best path."""
        for lattice in self.lattices():
            if isinstance(lattice, Lattice):
                lattice = self._determinized(lattice, beam)
                if BUDGET_SPENT in lattice.flags:
                    found = "has too many word sequences, of which the best ones are taken; prune it before"
                    warnings.warn(f"{self.path}: utterance {lattice.utterance!r} {found}", stacklevel=2)
            if not isinstance(lattice, WordLattice):
                raise LatticeError(f"{self.path}: utterance {lattice.utterance!r} is no lattice of frames or words")
            yield lattice

    def _determinized(self, lattice: Lattice, beam: Optional[float]) -> WordLattice:
        acoustic_scale, lm_scale, penalty = self.weights
        if beam is None or not penalty:
            return lattice.word_lattice(beam, acoustic_scale, lm_scale)
        if not lm_scale:
            return prune(lattice, beam, *self.weights).word_lattice(None, acoustic_scale, lm_scale)
        # Determinization knows of no penalty; among the graph scores it does its work.
        share = penalty / lm_scale
        return scaled(scaled(lattice, 1.0, 1.0, share).word_lattice(beam, acoustic_scale, lm_scale), 1.0, 1.0, -share)

    def _symbols(self) -> Optional[LatticeSymbols]:
        if self.graph is not None:
            return LatticeSymbols.of(load_graph(self.graph), self.frame_shift)
        if self.words is not None:
            return LatticeSymbols.of_words(SymbolTable.read(self.words), self.frame_shift)
        return LatticeSymbols.unknown(self.frame_shift)


def copy_lattices(archive: Archive, out: PathLike, determinize: bool = False) -> int:
    """Copies lattices to another file, in the format of its name; `determinize` makes word lattices of all."""
    return write_lattices(archive.word_lattices() if determinize else archive.lattices(), out)


def prune_lattices(archive: Archive, out: PathLike, beam: float, determinize: bool = False) -> int:
    """Writes what lies within a beam of each lattice's best path under the archive's scales."""
    lattices = archive.word_lattices(beam) if determinize else archive.lattices()
    return write_lattices((prune(lattice, beam, *archive.weights) for lattice in lattices), out)


def rescore_lattices(
    archive: Archive,
    out: PathLike,
    arpa: PathLike,
    old_arpa: Optional[PathLike] = None,
    mixing: Mixing = REPLACE,
    beam: Optional[float] = None,
) -> int:
    """Writes lattices with the scores of another language model.

    Args:
      archive: the lattices.
      out: file to write.
      arpa: n-gram model, applied exactly (`fsaasr.lattice.rescore_ngram`), KenLM's binary form among them
        (`KenlmModel`); or directory of a neural one, which tells histories apart by their last `HISTORY` words
        (`fsaasr.lattice.rescore_lattice`).
      old_arpa: n-gram model that the lattices have the scores of, if the parts of their scores are not known.
      mixing: weight of the model beside the old one.
      beam: drops what is further below the best path.
    """
    format_of(out)  # before models are read, not after it
    old = None if old_arpa is None else read_arpa(old_arpa)
    limits = Limits(beam, archive.scales.acoustic_scale, archive.scales.lm_scale)
    rescored = _rescorer(arpa, old, mixing, limits)
    return write_lattices(_told_once(rescored(lattice) for lattice in archive.word_lattices()), out)


def _rescorer(
    model: PathLike, old: Optional[NgramModel], mixing: Mixing, limits: Limits
) -> Callable[[WordLattice], WordLattice]:
    lm: WordLm
    if is_kenlm_binary(model):
        lm = KenlmModel(model)
        history = lm.order - 1  # all that it tells apart
    elif Path(model).is_dir():
        from fsaasr.grammar.neural import load_neural_lm

        lm, history = load_neural_lm(model), HISTORY
    else:
        return partial(rescore_ngram, new=read_arpa(model), old=old, mixing=mixing, limits=limits)

    def rescored(lattice: WordLattice) -> WordLattice:
        known = lattice if old is None else rescore_ngram(lattice, old, old)
        return rescore_lattice(known, lm, history, mixing, limits)

    return rescored


def _told_once(lattices: Iterator[WordLattice]) -> Iterator[WordLattice]:
    """Lattices as they come; what their making warns of is told of the first only, for an archive is of one kind."""
    told = False
    while True:
        with warnings.catch_warnings(record=True) as found:
            lattice = next(lattices, None)
        for one in found[: 0 if told else 1]:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        told = told or bool(found)
        if lattice is None:
            return
        yield lattice


def nbest_of_lattices(archive: Archive, out: PathLike, n: int) -> int:
    """Writes n-best lists, and returns the number of utterances.

    Hypotheses are named `utterance-1`, `utterance-2`, ...; `out` is a file in one of the formats of hypotheses, or a
    folder, by a slash at its end, which receives Kaldi's tables of texts and costs.
    """
    seen: Set[str] = set()

    def lists() -> Iterator[Tuple[str, List[Hypothesis]]]:
        for lattice in archive.lattices():
            _once(archive, lattice, seen)
            seen.add(lattice.utterance)
            yield lattice.utterance, lattice.nbest(n, *archive.weights)

    if str(out).endswith("/"):
        # Tables are sorted, so all wait; what they have no place for does not.
        plain = {name: [replace(one, tokens=(), columns=()) for one in best] for name, best in lists()}
        write_nbest(plain, out)
    else:
        write_hypotheses((one for name, best in lists() for one in numbered({name: best})), out)
    return len(seen)


@dataclass(frozen=True)
class MbrTotals:
    """Sums over an archive: utterances, words of the output, and errors to be expected of it and of best paths."""

    utterances: int
    words: int
    expected_errors: float
    map_expected_errors: float


def mbr_of_lattices(
    archive: Archive,
    out: PathLike,
    networks: Optional[PathLike] = None,
    calibration: Optional[PathLike] = None,
) -> MbrTotals:
    """Writes the words with the fewest expected errors, and their confidences, calibrated where a file says how.

    Args:
      archive: lattices.
      out: file in one of the formats of hypotheses.
      networks: receives the confusion networks as JSON lines.
      calibration: what `ConfidenceCalibration.save` wrote.
    """
    calibrate = None if calibration is None else ConfidenceCalibration.load(calibration)
    hypotheses: Dict[str, Hypothesis] = {}
    totals = MbrTotals(0, 0, 0.0, 0.0)
    with line_writer(networks) as write_line:
        for lattice in archive.word_lattices():
            _once(archive, lattice, hypotheses)
            found = mbr_decode(lattice, *archive.weights)
            hypotheses[lattice.utterance] = calibrate(found.hypothesis) if calibrate else found.hypothesis
            write_line(json.dumps(found.network.to_dict(), ensure_ascii=False))
            totals = MbrTotals(
                totals.utterances + 1,
                totals.words + len(found.hypothesis.words),
                totals.expected_errors + found.expected_errors,
                totals.map_expected_errors + found.map_expected_errors,
            )
        write_hypotheses(hypotheses.values(), out)
    return totals


def oracle_of_lattices(
    archive: Archive, references: PathLike, utt2spk: Optional[PathLike] = None, beam: Optional[float] = None
) -> ErrorReport:
    """Errors of the paths, within a beam of the best one, that come closest to references, in Kaldi's text form."""
    speakers = None if utt2spk is None else read_speakers(utt2spk)
    lattices = archive.lattices()
    if beam is not None:
        lattices = (prune(lattice, beam, *archive.weights) for lattice in lattices)
    return oracle_errors(lattices, read_transcripts(references), speakers)


@dataclass(frozen=True)
class ArchiveSizes:
    """Sums over an archive.

    Attributes:
      lattices, frames, states, arcs: numbers of each; seconds: of audio.
      words: words of best paths, and word_arcs: arcs that have a word.
      crossings: arcs that cross a frame, summed over frames.
      flags: lattices of each kind of trouble.
    """

    lattices: int = 0
    frames: int = 0
    seconds: float = 0.0
    states: int = 0
    arcs: int = 0
    words: int = 0
    word_arcs: int = 0
    crossings: int = 0
    flags: Tuple[Tuple[str, int], ...] = ()

    def to_text(self) -> str:
        """A line each."""
        depth = self.crossings / max(self.frames, 1)
        lines = [
            f"lattices  {self.lattices}",
            f"audio     {self.seconds:.1f} s, {self.frames} frames",
            f"states    {self.states}",
            f"arcs      {self.arcs}, {self.word_arcs} of them words",
            f"depth     {depth:.2f} arcs a frame",
            f"density   {self.word_arcs / max(self.words, 1):.2f} word arcs a word of the best paths",
        ]
        return "\n".join([*lines, *(f"{flag:9s} {count}" for flag, count in self.flags)])


def measure_lattices(archive: Archive) -> ArchiveSizes:
    """Sizes of all lattices of an archive, and what befell them."""
    total: Counter[str] = Counter()
    flags: Counter[str] = Counter()
    seconds = 0.0
    for lattice in archive.lattices():
        total["lattices"] += 1
        total["frames"] += lattice.num_frames
        total["states"] += lattice.num_states
        total["arcs"] += lattice.num_arcs
        total["words"] += len(lattice.best_path(*archive.weights).words)
        total["word_arcs"] += int((lattice.output_label > 0).sum())
        total["crossings"] += int(frame_depth(lattice).sum())
        flags.update(lattice.flags)
        if not lattice.reached_final:
            flags[NOT_FINAL] += 1
        seconds += lattice.num_frames * lattice.frame_shift
    return ArchiveSizes(**total, seconds=seconds, flags=tuple(sorted(flags.items())))


def _once(archive: Archive, lattice: ScoredPaths, seen: Container[str]) -> None:
    if lattice.utterance in seen:
        raise LatticeError(f"{archive.path}: utterance {lattice.utterance!r} has two lattices; expected one each")
