"""Speakers' feature transforms, and what a model needs to find and to use them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, Literal, Mapping, Sequence, Tuple

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from fsaasr.core.config import STRICT, config_from_dict, config_to_dict
from fsaasr.core.errors import ConfigError, FileFormatError, ModelError
from fsaasr.core.files import PathLike, atomic_path
from fsaasr.core.scores import FloatArray
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import Columns
from fsaasr.models.diag_gmm import DiagGmm

_FORMAT = "fsaasr.SpeakerTransforms.1"

_PARAMETERS = ("weights", "means", "variances")

TransformKind = Literal["full", "diagonal", "offset", "identity"]


@dataclass(frozen=True)
class AdaptationConfig:
    """How transforms of speakers are estimated, in training and in recognition.

    Attributes:
      full_frames: least frames of speech, silence counted by its weight, for a full matrix, >= 1.
      diagonal_frames: least frames for a scale and an offset a feature, >= 1.
      offset_frames: least frames for offsets alone, >= 1; with fewer the features stay as they are.
      silence_weight: what a frame of silence counts, 0 to 1.
      estimations: how often transforms are estimated from an alignment, each time with the Gaussians' posteriors of
        the features that the last one gives, >= 1.
      recognitions: how often speech is recognized to find its transforms, before it is recognized with them, >= 1;
        the first time with features as they are.
      acoustic_scale, word_insertion_penalty: of these recognitions; see `fsaasr.recipe.Scales`.
    """

    __pydantic_config__ = STRICT

    full_frames: float = 500.0
    diagonal_frames: float = 200.0
    offset_frames: float = 50.0
    silence_weight: float = 0.01
    estimations: int = 2
    recognitions: int = 1
    acoustic_scale: float = 0.1
    word_insertion_penalty: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.offset_frames <= self.diagonal_frames <= self.full_frames:
            raise ConfigError(
                f"AdaptationConfig: offset_frames {self.offset_frames}, diagonal_frames {self.diagonal_frames}, "
                f"full_frames {self.full_frames}; expected 1 <= offset_frames <= diagonal_frames <= full_frames"
            )
        if not (0 <= self.silence_weight <= 1 and self.acoustic_scale > 0):
            raise ConfigError(
                f"AdaptationConfig: silence_weight {self.silence_weight}, acoustic_scale {self.acoustic_scale}; "
                "expected 0 to 1, > 0"
            )
        if self.estimations < 1 or self.recognitions < 1:
            raise ConfigError(
                f"AdaptationConfig: estimations {self.estimations}, recognitions {self.recognitions}; expected >= 1"
            )

    def kind(self, frames: float) -> TransformKind:
        """What so many frames of speech allow."""
        if frames >= self.full_frames:
            return "full"
        if frames >= self.diagonal_frames:
            return "diagonal"
        return "offset" if frames >= self.offset_frames else "identity"


@dataclass(frozen=True, eq=False)
class Adaptation:
    """What speaker adaptive training leaves with a model, so that it can find the transforms of new speakers.

    Attributes:
      unadapted: mixtures for features as they are, with the Gaussians of the model's own, one for one.
      config: how transforms are estimated.
      silence: token whose frames count less; "" for none.
    """

    unadapted: DiagGmm
    config: AdaptationConfig
    silence: str = ""

    def description(self) -> Dict[str, Any]:
        """JSON-ready parts."""
        return {**config_to_dict(self.config), "silence": self.silence}

    def tensors(self) -> Dict[str, npt.NDArray[Any]]:
        """Parameters by name; where a column's Gaussians begin is as in the model's own mixtures."""
        return {f"unadapted.{name}": getattr(self.unadapted, name) for name in _PARAMETERS}

    @classmethod
    def from_parts(
        cls, description: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]], offsets: npt.NDArray[np.int64]
    ) -> Adaptation:
        """Inverse of `description` and `tensors`; raises KeyError where one is missing."""
        values = dict(description)
        silence = values.pop("silence")
        weights, means, variances = (tensors[f"unadapted.{name}"] for name in _PARAMETERS)
        unadapted = DiagGmm(weights, means, variances, offsets)
        return cls(unadapted, config_from_dict(AdaptationConfig, values), silence)


@dataclass(frozen=True, eq=False)
class SpeakerTransforms:
    """An affine transform of the features for each speaker: `x` becomes `matrix @ [x, 1]`.

    Attributes:
      speakers: S names, see `speaker_names`.
      matrices: float32 (S, D, D + 1).
      kinds: of each, what was estimated: `full`, `diagonal`, `offset`, or `identity` where there was too little speech.
      frames: float64 (S,), frames of speech that each was estimated from.

    Raises:
      ModelError: parts that do not fit, a speaker twice, or a matrix that is singular.
    """

    speakers: Tuple[str, ...]
    matrices: FloatArray
    kinds: Tuple[str, ...]
    frames: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        count, dimension = len(self.speakers), self.matrices.shape[1]
        fits = self.matrices.shape == (count, dimension, dimension + 1) and len(self.kinds) == len(self.frames) == count
        if not fits or len(set(self.speakers)) < count:
            raise ModelError(
                f"SpeakerTransforms: {count} speakers with matrices {self.matrices.shape}, {len(self.kinds)} kinds, "
                f"{len(self.frames)} counts; expected (S, D, D + 1) and one each for different speakers"
            )
        if not np.isfinite(self.log_determinants).all():
            worst = self.speakers[int(np.argmin(np.isfinite(self.log_determinants)))]
            raise ModelError(f"SpeakerTransforms: the matrix of speaker {worst!r} is singular; estimate it again")

    @classmethod
    def identities(cls, speakers: Sequence[str], dimension: int) -> SpeakerTransforms:
        """Transforms that change nothing."""
        matrices = np.tile(np.eye(dimension, dimension + 1, dtype=np.float32), (len(speakers), 1, 1))
        return cls(tuple(speakers), matrices, ("identity",) * len(speakers), np.zeros(len(speakers)))

    @property
    def dimension(self) -> int:
        """D."""
        return int(self.matrices.shape[1])

    @cached_property
    def log_determinants(self) -> npt.NDArray[np.float64]:
        """float64 (S,): what a frame's log likelihood gains by the stretch of its space."""
        logarithms: npt.NDArray[np.float64] = np.linalg.slogdet(self.matrices[:, :, :-1].astype(np.float64))[1]
        return logarithms

    def place(self, speaker: str) -> int:
        """Where a speaker stands; raises ModelError for one without a transform."""
        if speaker not in self.speakers:
            raise ModelError(
                f"SpeakerTransforms: no transform of speaker {speaker!r} among {len(self.speakers)}; estimate "
                "transforms on all the utterances that are scored"
            )
        return self.speakers.index(speaker)

    def apply(self, features: FloatArray, speaker: str) -> FloatArray:
        """float32 (T, D) to float32 (T, D); raises ModelError for a speaker without a transform."""
        matrix = self.matrices[self.place(speaker)]
        adapted: FloatArray = features @ matrix[:, :-1].T + matrix[:, -1]
        return adapted

    def save(self, path: PathLike) -> None:
        """Writes a safetensors file."""
        meta = {"format": _FORMAT, "speakers": json.dumps(self.speakers), "kinds": json.dumps(self.kinds)}
        with atomic_path(path) as temporary:
            save_file({"matrices": self.matrices, "frames": self.frames}, temporary, metadata=meta)

    @classmethod
    def load(cls, path: PathLike) -> SpeakerTransforms:
        """Reads what `save` wrote.

        Raises:
          FileFormatError: no such file, or not one of transforms.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                meta = file.metadata() or {}
                matrices, frames = file.get_tensor("matrices"), file.get_tensor("frames")
            if meta.get("format") != _FORMAT:
                raise ValueError(f"format {meta.get('format')}")
            return cls(tuple(json.loads(meta["speakers"])), matrices, tuple(json.loads(meta["kinds"])), frames)
        except (OSError, KeyError, ValueError, SafetensorError, ModelError) as error:
            raise FileFormatError(path, None, f"not a file of transforms ({error}); recognize again") from error


def speaker_names(ids: Sequence[str], speakers: Sequence[str] = ()) -> Tuple[str, ...]:
    """Whose transform each of N utterances gets: its speaker's, or its own where no speaker is known ("")."""
    return tuple(speaker or name for name, speaker in zip(ids, speakers)) if speakers else tuple(ids)


def silence_weights(columns: Columns, tokens: SymbolTable, silence: str, weight: float) -> npt.NDArray[np.float64]:
    """float64 (C,): 1, and `weight` for columns of the silence token."""
    silent = columns.token == tokens[silence] if silence else np.zeros(len(columns.token), dtype=bool)
    weights: npt.NDArray[np.float64] = np.where(silent, weight, 1.0)
    return weights
