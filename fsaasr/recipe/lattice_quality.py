"""What a system's lattices are worth: oracle errors, minimum Bayes risk, and whether confidences mean what they say."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from fsaasr.core.files import PathLike, write_json
from fsaasr.core.hypothesis import Hypothesis
from fsaasr.corpora import read_cuts
from fsaasr.decode import SearchOptions
from fsaasr.evaluate import CalibrationReport, calibration, judge_words, oracle_errors, word_errors
from fsaasr.features import compute_features
from fsaasr.graph import load_graph
from fsaasr.hypotheses import words_without_times, write_hypotheses
from fsaasr.lattice import ConfidenceCalibration, WordLattice, frame_depth, mbr_decode, prune
from fsaasr.lattice.formats import write_lattices
from fsaasr.models import load_model
from fsaasr.recipe.decoding import System, placements_of, splitter_for, word_lattices
from fsaasr.recipe.fusion import load_fusion
from fsaasr.recipe.scales import Scales
from fsaasr.recipe.searches import searchable

BEAMS = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Lattice beams at which oracle errors are counted."""
QUALITY = "quality.json"

Texts = Dict[str, List[str]]


@dataclass(frozen=True)
class LatticeQuality:
    """Figures of a test set's word lattices, with what was fitted on dev data.

    Attributes:
      utterances, words: size of the test set.
      map_errors, mbr_errors: word errors of best paths, and of what minimum Bayes risk chooses.
      map_expected, mbr_expected: errors to be expected of both, by the lattices' posteriors.
      worse: lattices of which MBR expects more errors than of the best path.
      oracle: errors of the closest paths, by lattice beam.
      depth: arcs that cross a frame, on average.
      power: that calibrates confidences, fitted on dev data; None where dev has no errors to fit it on.
      ece, ece_calibrated: expected calibration error of the MBR output's confidences, before and after; None where it
        has no words.
      cross_entropy: normalized, after; None where all words are correct, or none is.
      bins: of the reliability diagram, after: confidence, accuracy and words; none where there are no words.
      timeless: words without times, in both outputs.
    """

    utterances: int
    words: int
    map_errors: int
    mbr_errors: int
    map_expected: float
    mbr_expected: float
    worse: int
    oracle: Tuple[Tuple[float, int], ...]
    depth: float
    power: Optional[float]
    ece: Optional[float]
    ece_calibrated: Optional[float]
    cross_entropy: Optional[float]
    bins: Tuple[Tuple[Optional[float], Optional[float], int], ...]
    timeless: int


class _Part(NamedTuple):
    """Word lattices of a manifest, and what was said."""

    lattices: List[WordLattice]
    references: Texts


def make_word_lattices(
    model_dir: PathLike,
    graph_path: PathLike,
    parts: Mapping[str, PathLike],
    out_dir: PathLike,
    scales: Scales,
    options: SearchOptions,
    cache_dir: Optional[PathLike] = None,
    fusion: Optional[Mapping[str, str]] = None,
) -> LatticeQuality:
    """Makes word lattices of dev and test data, and measures them.

    Args:
      model_dir, graph_path: the system; the graph is of the model's own lexicon.
      parts: manifests of `dev`, on which confidences are calibrated, and `test`.
      out_dir: receives `dev.lat.jsonl.gz` and `test.lat.jsonl.gz`, `calibration.json`, `mbr.ctm` with the calibrated
        confidences of the test data, and `quality.json`.
      scales: as frozen on dev data; confidences are those under them.
      options: engine and beams.
      cache_dir: where extracted features are kept.
      fusion: as for `load_fusion`.
    """
    out = Path(out_dir)
    model = load_model(model_dir)
    graph = searchable(model, load_graph(graph_path))
    system = System.fitted(model, graph, options, scales, load_fusion(fusion, model.tokens))
    splitter = splitter_for(model, graph, Path(model_dir) / "lang")
    made = {}
    for name, path in parts.items():
        features = compute_features(read_cuts(path), model.features, cache_dir=cache_dir)
        found = system.adapted(features).lattices(features)
        lattices = list(word_lattices(found, options.lattice_beam, scales.lm_scale, splitter))
        write_lattices(lattices, out / f"{name}.lat.jsonl.gz")
        made[name] = _Part(lattices, {utt: text.split() for utt, text in zip(features.ids, features.texts)})
    fitted = fit_calibration(made["dev"].lattices, made["dev"].references, scales)
    quality, hypotheses = measure_quality(made["test"].lattices, made["test"].references, scales, fitted)
    if fitted is not None:
        fitted.save(out / "calibration.json")
    write_hypotheses(hypotheses, out / "mbr.ctm", placements_of(read_cuts(parts["test"])))
    write_json(out / QUALITY, asdict(quality))
    return quality


def _scales(scales: Scales) -> Tuple[float, float, float]:
    # The acoustic scale is in the lattices' scores already.
    return 1.0, scales.lm_scale, scales.word_insertion_penalty


def fit_calibration(
    lattices: Sequence[WordLattice], references: Texts, scales: Scales
) -> Optional[ConfidenceCalibration]:
    """The calibration of MBR confidences; None where all words are correct, so that nothing can be learned."""
    judged = judge_words(references, [mbr_decode(lattice, *_scales(scales)).hypothesis for lattice in lattices])
    if judged.correct.all() or not judged.correct.any():
        return None
    return ConfidenceCalibration.fit(judged.confidence.tolist(), judged.correct.tolist())


def measure_quality(
    lattices: Sequence[WordLattice], references: Texts, scales: Scales, fitted: Optional[ConfidenceCalibration]
) -> Tuple[LatticeQuality, List[Hypothesis]]:
    """Figures of lattices, and the hypotheses of minimum Bayes risk with calibrated confidences."""
    best = [lattice.best_path(*_scales(scales)) for lattice in lattices]
    found = [mbr_decode(lattice, *_scales(scales)) for lattice in lattices]
    raw = [result.hypothesis for result in found]
    calibrated = raw if fitted is None else [fitted(hypothesis) for hypothesis in raw]
    before, after = _calibration(references, raw), _calibration(references, calibrated)
    frames = sum(lattice.num_frames for lattice in lattices)
    quality = LatticeQuality(
        utterances=len(lattices),
        words=sum(map(len, references.values())),
        map_errors=_errors(references, best),
        mbr_errors=_errors(references, raw),
        map_expected=sum(result.map_expected_errors for result in found),
        mbr_expected=sum(result.expected_errors for result in found),
        worse=sum(result.expected_errors > result.map_expected_errors for result in found),
        oracle=tuple((beam, _oracle(lattices, references, beam, scales)) for beam in BEAMS),
        depth=sum(int(frame_depth(lattice).sum()) for lattice in lattices) / frames,
        power=None if fitted is None else fitted.power,
        ece=before.expected_error if before else None,
        ece_calibrated=after.expected_error if after else None,
        cross_entropy=after.cross_entropy if after else None,
        bins=tuple((row.confidence, row.accuracy, row.words) for row in after.bins) if after else (),
        timeless=len(words_without_times([*best, *calibrated])),
    )
    return quality, calibrated


def _calibration(references: Texts, hypotheses: Sequence[Hypothesis]) -> Optional[CalibrationReport]:
    judged = judge_words(references, hypotheses)
    return calibration(judged.confidence.tolist(), judged.correct.tolist()) if len(judged.correct) else None


def _errors(references: Texts, hypotheses: Sequence[Hypothesis]) -> int:
    texts = {hypothesis.utterance: [word.name for word in hypothesis.words] for hypothesis in hypotheses}
    return word_errors(references, texts).errors


def _oracle(lattices: Sequence[WordLattice], references: Texts, beam: float, scales: Scales) -> int:
    kept = (prune(lattice, beam, *_scales(scales)) for lattice in lattices)
    return oracle_errors(kept, references).errors
