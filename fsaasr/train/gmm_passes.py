"""Passes of expectation and maximisation over a GMM-HMM's data, with a checkpoint after each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from fsaasr.core.files import PathLike
from fsaasr.core.scores import FloatArray
from fsaasr.models.diag_gmm import DiagGmm
from fsaasr.models.speaker_adaptation import SpeakerTransforms
from fsaasr.train.aligned_frames import AlignedFrames, align_frames, aligned_expectation
from fsaasr.train.checkpoint import Tensors, load_checkpoint, save_checkpoint
from fsaasr.train.expectation import HmmUtterance, expectation
from fsaasr.train.gmm_config import GmmTrainConfig
from fsaasr.train.gmm_statistics import GmmStatistics, grow, maximise, maximise_transitions
from fsaasr.train.speaker_adapter import SpeakerAdapter

CHECKPOINT = "gmm.safetensors"


@dataclass(frozen=True, eq=False)
class GmmState:
    """A GMM-HMM between two passes.

    Attributes:
      gmm, transitions: the parameters.
      floor: float64 (F,), least variances.
      history: of each pass so far: `gaussians` and `log_likelihood`, a frame, of the model that it began with; of the
        last pass `column_frames` and `column_gaussians`, how many each score column has, too.
      transforms: of the training speakers; None without speaker adaptation.
    """

    gmm: DiagGmm
    transitions: FloatArray
    floor: npt.NDArray[np.float64]
    history: Tuple[Dict[str, Any], ...] = ()
    transforms: Optional[SpeakerTransforms] = None


def run_passes(
    start: GmmState,
    utterances: List[HmmUtterance],
    config: GmmTrainConfig,
    *,
    adapter: Optional[SpeakerAdapter] = None,
    work_dir: Optional[PathLike] = None,
    identity: str = "",
    threads: int = 1,
) -> GmmState:
    """Runs the passes that `config` asks for.

    Args:
      start: where to begin, where no checkpoint is found.
      utterances: what to train on.
      config: how.
      adapter: renews the transforms of speakers with each alignment but the first; None leaves features as they are.
      work_dir: where to keep a checkpoint after every pass, and to look for one of the same `identity`; None for none.
      identity: fingerprint of everything that the result depends on.
      threads: the result does not depend on it.

    Raises:
      TrainingError: a checkpoint of another run.
      DecodeError: an utterance with fewer frames than its transcript has states; names it.
    """
    from tqdm import tqdm

    path = Path(work_dir) / CHECKPOINT if work_dir is not None else None
    state = _restored(path, identity) or start
    aligned: Optional[AlignedFrames] = None
    # disable=None: a bar on a terminal only.
    for iteration in tqdm(
        range(len(state.history), config.iterations), desc="GMM-HMM", unit="pass", leave=False, disable=None
    ):
        if config.realign_every == 1 and adapter is None:
            statistics = expectation(state.gmm, state.transitions, utterances, config.method, threads)
        else:
            if aligned is None or iteration % config.realign_every == 0:
                state, aligned = _aligned(state, utterances, iteration, adapter, threads)
            statistics = aligned_expectation(state.gmm, state.transitions, aligned)
        state = _maximised(state, statistics, iteration, config)
        # Only where the next pass aligns anew can a killed run go on to the same model.
        if path is not None and ((iteration + 1) % config.realign_every == 0 or iteration + 1 == config.iterations):
            _save(path, state, identity)
    return state


def _aligned(
    state: GmmState,
    utterances: List[HmmUtterance],
    iteration: int,
    adapter: Optional[SpeakerAdapter],
    threads: int,
) -> Tuple[GmmState, AlignedFrames]:
    if adapter is None or state.transforms is None:
        return state, align_frames(state.gmm, state.transitions, utterances, threads)
    adapted = adapter.utterances(utterances, state.transforms)
    aligned = align_frames(state.gmm, state.transitions, adapted, threads)
    transforms = state.transforms
    # The first Gaussians, one a column, know less than the model that gave the first transforms.
    if iteration > 0:
        transforms = adapter.renewed(state.gmm, aligned, transforms)
    return replace(state, transforms=transforms), adapter.frames(aligned, transforms)


def _maximised(state: GmmState, statistics: GmmStatistics, iteration: int, config: GmmTrainConfig) -> GmmState:
    gmm = maximise(statistics, state.floor, config.min_occupancy)
    wanted = config.gaussians_at(iteration, gmm.num_columns)
    if wanted > gmm.num_gaussians and iteration < config.iterations - 1:
        gmm = grow(gmm, statistics.column_occupancy, wanted, config.power, config.split_min_count)
    entry: Dict[str, Any] = {
        "iteration": iteration,
        "gaussians": state.gmm.num_gaussians,
        "log_likelihood": statistics.total / statistics.frames,
    }
    if iteration + 1 == config.iterations:
        entry["column_frames"] = np.round(statistics.column_occupancy, 1).tolist()
        entry["column_gaussians"] = np.diff(gmm.offsets).tolist()
    transitions = maximise_transitions(statistics, state.transitions, config.min_occupancy)
    return replace(state, gmm=gmm, transitions=transitions, history=(*state.history, entry))


def _save(path: Path, state: GmmState, identity: str) -> None:
    gmm = state.gmm
    tensors: Tensors = {
        "weights": gmm.weights,
        "means": gmm.means,
        "variances": gmm.variances,
        "offsets": gmm.offsets,
        "transitions": state.transitions,
        "floor": state.floor,
    }
    values: Dict[str, Any] = {"history": state.history}
    if state.transforms is not None:
        tensors.update(matrices=state.transforms.matrices, frames=state.transforms.frames)
        values.update(speakers=state.transforms.speakers, kinds=state.transforms.kinds)
    save_checkpoint(path, tensors, values, identity)


def _restored(path: Optional[Path], identity: str) -> Optional[GmmState]:
    found = load_checkpoint(path, identity) if path is not None else None
    if found is None:
        return None
    tensors, values = found
    gmm = DiagGmm(*(tensors[name] for name in ("weights", "means", "variances", "offsets")))
    transforms = None
    if "speakers" in values:
        speakers, kinds = tuple(values["speakers"]), tuple(values["kinds"])
        transforms = SpeakerTransforms(speakers, tensors["matrices"], kinds, tensors["frames"])
    return GmmState(gmm, tensors["transitions"], tensors["floor"], tuple(values["history"]), transforms)


def unseen_columns(utterances: List[HmmUtterance]) -> Tuple[str, ...]:
    """Names of the score columns that no transcript can visit."""
    graphs = {id(utterance.graph): utterance.graph for utterance in utterances}
    seen = {int(column) for graph in graphs.values() for column in np.unique(graph.column)}
    names = utterances[0].graph.graph.column_names
    return tuple(name for column, name in enumerate(names) if column not in seen)
