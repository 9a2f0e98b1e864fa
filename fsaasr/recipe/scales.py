"""`Scales`: what weighs acoustics, language and words against each other, and its file."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

from fsaasr.core.config import STRICT, config_from_dict
from fsaasr.core.errors import ConfigError, FileFormatError
from fsaasr.core.files import PathLike, write_json


@dataclass(frozen=True)
class Scales:
    """Weights of a path's parts: `acoustic_scale * acoustic + lm_scale * graph - word_insertion_penalty * words`.

    Attributes:
      acoustic_scale: of the frame scores, > 0; applied before the search.
      lm_scale: of all graph scores (LM, pronunciations, silence, transitions), >= 0; applied to the lattice.
      word_insertion_penalty: subtracted once a word, in the lattice; positive values give fewer words.
      prior_scale: of the log priors within the frame scores, >= 0, for a model that has priors; None: the model's own.
      ctc_weight: share of CTC in the scores of an attention model, 0 to 1; None: that of the search options.
      added_scale, subtracted_scale, internal_scale: of the parts of a `FusionSpec`, >= 0; None where there is none.
    """

    __pydantic_config__ = STRICT

    acoustic_scale: float = 1.0
    lm_scale: float = 1.0
    word_insertion_penalty: float = 0.0
    prior_scale: Optional[float] = None
    ctc_weight: Optional[float] = None
    added_scale: Optional[float] = None
    subtracted_scale: Optional[float] = None
    internal_scale: Optional[float] = None

    def __post_init__(self) -> None:
        if not (0 < self.acoustic_scale < math.inf and 0 <= self.lm_scale < math.inf):
            raise ConfigError(
                f"Scales: acoustic_scale {self.acoustic_scale}, lm_scale {self.lm_scale}; expected > 0 and >= 0, finite"
            )
        if not math.isfinite(self.word_insertion_penalty):
            raise ConfigError(f"Scales: word_insertion_penalty {self.word_insertion_penalty}; expected a finite number")
        for name in ("prior_scale", "added_scale", "subtracted_scale", "internal_scale"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise ConfigError(f"Scales: {name} {value}; expected a finite number >= 0, or none")
        if self.ctc_weight is not None and not 0 <= self.ctc_weight <= 1:
            raise ConfigError(f"Scales: ctc_weight {self.ctc_weight}; expected 0 to 1, or none")


UNSCALED = Scales()
"""All parts of a path as they are."""

SCALES = "scales.json"
"""File of a model directory that holds the scales tuned with its graph, and the search options they were tuned with."""


def write_scales(scales: Scales, path: PathLike, **record: object) -> None:
    """Writes scales as JSON, with what else shall stand beside them (how they were found)."""
    write_json(path, {"scales": asdict(scales), **record})


def read_scales(path: PathLike) -> Scales:
    """Reads what `write_scales` wrote.

    Raises:
      FileFormatError: no such file, not JSON, or no scales in it.
      ConfigError: an unknown or impossible scale.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
        scales = dict(value["scales"])
    except OSError as error:
        raise FileFormatError(path, None, f"cannot be read: {error.strerror}; tune first") from error
    except (ValueError, KeyError, TypeError) as error:
        raise FileFormatError(path, None, f"not a file of scales ({error!r}); expected what tuning writes") from error
    return config_from_dict(Scales, scales, str(path))
